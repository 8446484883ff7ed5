//! `ampacity schema`.

use std::io::{self, Write};

use super::Exit;
use crate::scenario;

/// Prints the JSON Schema of scenario files.
pub(super) fn schema() -> anyhow::Result<Exit> {
    let text = serde_json::to_string_pretty(&scenario::schema())?;
    writeln!(io::stdout(), "{text}")?;
    Ok(Exit::Passed)
}
