//! Where text goes: data to standard output, everything else to standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use anyhow::Context;
use clap::{ColorChoice, ValueEnum};

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb.
    Auto,
    /// Also into files and pipes.
    Always,
    /// Nowhere.
    Never,
}

impl Colour {
    /// Whether to colour what goes to standard output.
    pub(super) fn on_stdout(self) -> bool {
        self.wanted(io::stdout().is_terminal(), &|name| std::env::var(name).ok())
    }

    /// Whether to colour what goes to standard error.
    pub(super) fn on_stderr(self) -> bool {
        self.wanted(io::stderr().is_terminal(), &|name| std::env::var(name).ok())
    }

    /// What `--color` asks for, before the arguments are understood: wrong ones are reported in
    /// colour, too, or not.
    pub(super) fn asked_for(words: impl Iterator<Item = String>) -> ColorChoice {
        let mut choice = ColorChoice::Auto;
        let mut expected = false;
        for word in words.take_while(|word| word != "--") {
            let value = if expected { Some(&*word) } else { word.strip_prefix("--color=") };
            match value {
                Some("always") => choice = ColorChoice::Always,
                Some("never") => choice = ColorChoice::Never,
                _ => {}
            }
            expected = word == "--color";
        }
        choice
    }

    fn wanted(self, terminal: bool, variable: &dyn Fn(&str) -> Option<String>) -> bool {
        match self {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                terminal
                    && variable("NO_COLOR").is_none_or(|it| it.is_empty())
                    && variable("TERM").is_none_or(|it| it != "dumb")
            }
        }
    }
}

/// Prints data. A closed pipe is an error here; [`super::main`] knows that it is none.
///
/// # Errors
/// When standard output takes no more, as on a full disk.
pub(super) fn data(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("cannot write to standard output")
}

/// Prints a line that is no data. When nobody takes it there is nobody left to tell.
pub(super) fn note(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_for_terminals_unless_the_environment_or_the_user_says_otherwise() {
        let nothing = |_: &str| None;
        let set = |wanted: &'static str, value: &'static str| {
            move |name: &str| (name == wanted).then(|| value.to_owned())
        };
        assert!(Colour::Auto.wanted(true, &nothing));
        assert!(!Colour::Auto.wanted(false, &nothing));
        assert!(!Colour::Auto.wanted(true, &set("NO_COLOR", "1")));
        assert!(Colour::Auto.wanted(true, &set("NO_COLOR", "")), "empty counts as absent");
        assert!(!Colour::Auto.wanted(true, &set("TERM", "dumb")));
        assert!(Colour::Always.wanted(false, &set("NO_COLOR", "1")), "who asks gets it");
        assert!(!Colour::Never.wanted(true, &nothing));
    }

    #[test]
    fn the_wish_for_colour_is_found_in_either_spelling() {
        let asked = |line: &str| Colour::asked_for(line.split(' ').map(str::to_owned));
        assert_eq!(asked("run --color never"), ColorChoice::Never);
        assert_eq!(asked("--color=always rnu"), ColorChoice::Always);
        assert_eq!(asked("run x.toml"), ColorChoice::Auto);
        assert_eq!(asked("run -- --color=never"), ColorChoice::Auto);
    }
}
