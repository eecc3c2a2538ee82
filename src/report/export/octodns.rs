//! OctoDNS's YAML: the sets of a zone by their names, to be put into the zone's file.

use super::{Export, Sheet, difference, label, plain, quoted, remark, sort_out, unsupported};
use crate::evidence::{Data, Kind};
use crate::remedy::Change;
use std::collections::BTreeMap;

pub(super) fn write(sheet: &Sheet, export: &mut Export) -> usize {
    let (done, left) = sort_out(sheet, export, |change| Ok((label(sheet.home, change, "")?, set(change)?)));
    let mut names: BTreeMap<String, (&str, Vec<&str>)> = BTreeMap::new();
    let mut comments = String::new();
    for (change, (label, set)) in &done {
        for gone in difference(change).0 {
            let what = if change.after.is_empty() { "remove" } else { "takes the place of" };
            comments.push_str(&format!("# {what}: {} {} {}\n", change.name, change.kind, remark(gone)));
        }
        if !set.is_empty() {
            names.entry(natural(label)).or_insert((label, Vec::new())).1.push(set);
        }
    }
    comments.extend(left.iter().map(|why| format!("# {why}\n")));
    export.text.push_str(&format!(
        "---\n# For {}.yaml: put these into the file that is there; alone they would delete all else.\n{comments}",
        sheet.home.zone
    ));
    for (label, sets) in names.values() {
        export.text.push_str(&format!("{}:\n{}", quoted(label), sets.concat()));
    }
    done.len()
}

/// OctoDNS wants names in natural order (`s2` before `s10`), and keys by the alphabet.
fn natural(label: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    for c in label.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if !digits.is_empty() {
            out.push_str(&format!("{:0>20}", std::mem::take(&mut digits)));
        }
        out.push(c);
    }
    out
}

/// The whole set; empty where none is left.
fn set(change: &Change) -> Result<String, String> {
    let values = change.after.iter().map(|data| value(change, data)).collect::<Result<Vec<_>, _>>()?;
    let values = match (&values[..], change.kind) {
        ([], _) => return Ok(String::new()),
        ([one], Kind::Cname) => format!("    value: {one}\n"),
        (several, _) => {
            let lines: Vec<String> = several.iter().map(|v| format!("      - {v}\n")).collect();
            format!("    values:\n{}", lines.concat())
        }
    };
    Ok(format!("  - ttl: {}\n    type: {}\n{values}", change.ttl, change.kind))
}

fn value(change: &Change, data: &Data) -> Result<String, String> {
    Ok(match data {
        Data::Txt(strings) => match plain(strings)? {
            // What a quote or a backslash means there depends on the provider.
            text if text.contains(['"', '\\']) => {
                return Err("OctoDNS has no sure way to write its quotes and backslashes".to_owned());
            }
            text => quoted(&text.replace(';', "\\;")),
        },
        Data::Mx { preference, exchange } => {
            format!("{{exchange: {}, preference: {preference}}}", quoted(&format!("{exchange}.")))
        }
        Data::Caa { flags, tag, value } => {
            let value = quoted(&plain(std::slice::from_ref(value))?);
            format!("{{flags: {flags}, tag: {}, value: {value}}}", quoted(tag))
        }
        Data::Cname(_) | Data::Ns(_) | Data::Ptr(_) | Data::A(_) | Data::Aaaa(_) => quoted(&data.to_string()),
        _ => return Err(unsupported(change)),
    })
}
