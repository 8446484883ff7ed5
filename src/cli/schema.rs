//! `ampacity schema`.

use super::Exit;
use super::output::data;
use crate::scenario;

/// Prints the JSON Schema of scenario files.
pub(super) fn schema() -> anyhow::Result<Exit> {
    let text = serde_json::to_string_pretty(&scenario::schema())?;
    data(&format!("{text}\n"))?;
    Ok(Exit::Passed)
}
