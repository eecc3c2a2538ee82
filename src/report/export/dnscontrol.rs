//! DNSControl's `dnsconfig.js`.

use super::{Sheet, Writer, difference, label, plain, quoted, remark, unsupported};
use crate::evidence::Data;
use crate::facts::home::Home;
use crate::remedy::Change;

pub(super) const WRITER: Writer = Writer { comment: "//", open, change, between: ",\n", close };

/// `D_EXTEND` adds to the domain that is there: a `D` with these records alone would delete all others.
fn open(sheet: &Sheet) -> String {
    format!("D_EXTEND({},\n", quoted(&sheet.home.zone))
}

fn change(home: &Home, change: &Change) -> Result<String, String> {
    let label = quoted(&label(home, change, "@")?);
    let (gone, new) = difference(change);
    let gone = gone.iter().map(|data| format!("    // take out: {} {} {}\n", change.name, change.kind, remark(data)));
    let new = new.iter().map(|data| record(change, data, &label)).collect::<Result<Vec<_>, _>>()?;
    Ok(gone.collect::<String>().trim_end_matches(if new.is_empty() { "\n" } else { "" }).to_owned() + &new.join(",\n"))
}

fn record(change: &Change, data: &Data, label: &str) -> Result<String, String> {
    let arguments = match data {
        Data::Mx { preference, exchange } => format!("{preference}, {}", quoted(&format!("{exchange}."))),
        // It splits long texts itself.
        Data::Txt(strings) => quoted(&plain(strings)?),
        Data::Caa { flags, tag, value } => {
            let critical = if *flags == 128 { ", CAA_CRITICAL" } else { "" };
            if !matches!(flags, 0 | 128) {
                return Err("DNSControl knows no such flag".to_owned());
            }
            format!("{}, {}{critical}", quoted(tag), quoted(&plain(std::slice::from_ref(value))?))
        }
        Data::Cname(_) | Data::Ns(_) | Data::Ptr(_) | Data::A(_) | Data::Aaaa(_) => quoted(&data.to_string()),
        _ => return Err(unsupported(change)),
    };
    Ok(format!("    {}({label}, {arguments}, TTL({}))", change.kind, change.ttl))
}

fn close(_: &Sheet) -> String {
    "\n);\n".to_owned()
}
