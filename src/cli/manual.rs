//! `ampacity completions SHELL` and `ampacity man`.

use std::io::{self, Write};

use clap::Command;

use super::Exit;

/// Prints the completion script of a shell.
pub(super) fn completions(
    shell: clap_complete::Shell,
    mut command: Command,
) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "ampacity", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Exit::Passed)
}

/// Prints the manual page in troff, every command in it.
pub(super) fn page(mut command: Command) -> anyhow::Result<Exit> {
    command.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help")
    {
        let title = format!("ampacity {}", subcommand.get_name());
        writeln!(page, ".SH {}", title.to_uppercase())?;
        let man = clap_mangen::Man::new(subcommand.clone());
        man.render_synopsis_section(&mut page)?;
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
    }
    io::stdout().write_all(&page)?;
    Ok(Exit::Passed)
}
