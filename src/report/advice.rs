//! What guides say, and what holds.

use crate::knowledge::guide::Advice;

/// One piece of advice, set right.
pub fn text(row: &Advice) -> String {
    let more = row.rule.as_ref().map_or(String::new(), |rule| format!("  More: postdoc explain {rule}\n"));
    format!("“{}”\n  {}\n{more}  Source: {}\n", row.told, row.holds, row.source)
}
