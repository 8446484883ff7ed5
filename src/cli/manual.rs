//! `ampacity completions SHELL` and `ampacity man`.

use std::io::Write;

use clap::Command;
use clap_mangen::Man;

use super::output::data;
use super::{EXAMPLES, EXIT_CODES, Exit};

/// Prints the completion script of a shell.
pub(super) fn completions(
    shell: clap_complete::Shell,
    mut command: Command,
) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "ampacity", &mut script);
    data(&String::from_utf8(script)?)?;
    Ok(Exit::Passed)
}

/// Prints the manual page in troff, every command in it.
pub(super) fn page(mut command: Command) -> anyhow::Result<Exit> {
    command.build();
    let mut page = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    for subcommand in command.get_subcommands().filter(|it| it.get_name() != "help") {
        let name = subcommand.get_name();
        writeln!(page, ".SH {}", name.to_uppercase())?;
        section(&mut page, subcommand)?;
    }
    writeln!(page, ".SH EXIT STATUS")?;
    for (exit, meaning) in EXIT_CODES {
        writeln!(page, ".TP\n{}\n{meaning}", exit as u8)?;
    }
    writeln!(page, ".SH ENVIRONMENT")?;
    writeln!(page, ".TP\nNO_COLOR\nWhen set and not empty, no colour unless \\-\\-color asks.")?;
    writeln!(page, ".SH EXAMPLES")?;
    for (what, line) in EXAMPLES {
        writeln!(page, ".TP\n{}\n{}", escaped(what), escaped(line))?;
    }
    data(&String::from_utf8(page)?)?;
    Ok(Exit::Passed)
}

/// What a command does, how it is called and what it takes; what all commands take stands above.
fn section(page: &mut Vec<u8>, command: &Command) -> anyhow::Result<()> {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let own = command.clone().mut_args(|argument| {
        let shared = ["help", "color"].contains(&argument.get_id().as_str());
        argument.hide(shared)
    });
    let mut options = Vec::new();
    let man = Man::new(own);
    man.render_options_section(&mut options)?;
    let usage = command.clone().render_usage().to_string();
    writeln!(page, "{}\n.PP", escaped(&about))?;
    writeln!(page, "\\fB{}\\fR", escaped(usage.trim_start_matches("Usage: ")))?;
    // The options follow without a heading of their own.
    let options = String::from_utf8(options)?;
    page.write_all(options.replace(".SH OPTIONS\n", "").as_bytes())?;
    Ok(())
}

/// Text for troff: a hyphen would become a typographic one, a backslash an escape.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}
