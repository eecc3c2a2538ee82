//! The body of `POST /zones/…/dns_records/batch` at Cloudflare.

use super::{Export, Sheet, difference, document, sort_out, unsupported};
use crate::evidence::{Data, Kind};
use crate::remedy::Change;
use serde_json::{Map, Value, json};

/// Writes the batch. What is there already has an id that only the account knows: a marked blank
/// stands for it, and Cloudflare refuses the whole batch until it is filled in.
pub(super) fn batch(sheet: &Sheet, export: &mut Export, line: bool) -> usize {
    let (done, _) = sort_out(sheet, export, parts);
    if done.is_empty() {
        return 0;
    }
    let mut batch = Map::new();
    for (change, parts) in &done {
        let (gone, new) = difference(change);
        for n in 0..gone.len().max(new.len()) {
            let id = gone.get(n).map(|old| format!("<id of the {} record at {}: {old}>", change.kind, change.name));
            let (list, mut item) = match (&id, parts.get(n)) {
                (Some(_), Some(item)) => ("patches", item.clone()),
                (Some(_), None) => ("deletes", json!({})),
                (None, Some(item)) => ("posts", item.clone()),
                (None, None) => continue,
            };
            if let Some(id) = id {
                export
                    .warnings
                    .push(format!("Fill in the {} (the list of records has it).", id.trim_matches(['<', '>'])));
                item["id"] = json!(id);
            }
            if let Value::Array(items) = batch.entry(list).or_insert_with(|| json!([])) {
                items.push(item);
            }
        }
    }
    document(&Value::Object(batch), line, export);
    done.len()
}

/// One object for each value that comes.
fn parts(change: &Change) -> Result<Vec<Value>, String> {
    difference(change).1.iter().map(|data| part(change, data)).collect()
}

fn part(change: &Change, data: &Data) -> Result<Value, String> {
    let mut item = json!({ "type": change.kind.word(), "name": change.name, "ttl": change.ttl });
    match data {
        Data::Mx { preference, exchange } => {
            item["priority"] = json!(preference);
            item["content"] = json!(if exchange.is_empty() { "." } else { exchange });
        }
        Data::Cname(target) | Data::Ns(target) | Data::Ptr(target) => item["content"] = json!(target),
        Data::Caa { flags, tag, value } => {
            let value = std::str::from_utf8(value).map_err(|_| "its value is no text".to_owned())?;
            item["data"] = json!({ "flags": flags, "tag": tag, "value": value });
        }
        // In presentation form, which leaves no doubt about strings and escapes.
        Data::Txt(_) | Data::A(_) | Data::Aaaa(_) => item["content"] = json!(data.to_string()),
        _ => return Err(unsupported(change)),
    }
    if matches!(change.kind, Kind::A | Kind::Aaaa | Kind::Cname) {
        item["proxied"] = json!(false);
    }
    Ok(item)
}
