//! A change batch of Amazon Route 53: one a hosted zone.

use super::{Export, Sheet, document, sort_out};
use crate::evidence::Data;
use crate::remedy::Change;
use serde_json::{Value, json};

/// Writes the batch; whole sets, for Route 53 knows no other.
pub(super) fn batch(sheet: &Sheet, export: &mut Export, line: bool) -> usize {
    let (done, _) = sort_out(sheet, export, |change| Ok(action(change)));
    if done.is_empty() {
        return 0;
    }
    for (change, _) in done.iter().filter(|(change, _)| change.after.is_empty()) {
        export.warnings.push(format!(
            "Route 53 deletes {} {} only with the TTL that is published: put it in place of {} if it is another.",
            change.name, change.kind, change.ttl
        ));
    }
    // What goes makes room for what comes: a CNAME stands alone.
    let (gone, kept): (Vec<_>, Vec<_>) = done.iter().partition(|(change, _)| change.after.is_empty());
    let changes: Vec<&Value> = gone.iter().chain(&kept).map(|(_, action)| action).collect();
    let batch = json!({ "Comment": format!("mail records of {}", sheet.home.zone), "Changes": changes });
    document(&batch, line, export);
    done.len()
}

fn action(change: &Change) -> Value {
    let (action, data) = match change.after.is_empty() {
        true => ("DELETE", &change.before),
        false => ("UPSERT", &change.after),
    };
    json!({
        "Action": action,
        "ResourceRecordSet": {
            "Name": format!("{}.", change.name),
            "Type": change.kind.word(),
            "TTL": change.ttl,
            "ResourceRecords": data.iter().map(|data| json!({ "Value": value(data) })).collect::<Vec<_>>(),
        }
    })
}

fn value(data: &Data) -> String {
    match data {
        Data::Txt(strings) => strings.iter().map(|s| format!("\"{}\"", escaped(s))).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// A character-string as Route 53 writes it: its escapes are octal, unlike those of zone files.
pub(super) fn escaped(string: &[u8]) -> String {
    let escape = |byte: &u8| match byte {
        b'"' | b'\\' => format!("\\{}", char::from(*byte)),
        b' '..=b'~' => char::from(*byte).to_string(),
        other => format!("\\{other:03o}"),
    };
    string.iter().map(escape).collect()
}
