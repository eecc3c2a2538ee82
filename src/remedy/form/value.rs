//! One value, typed the way a host wants it.

use crate::evidence::Data;
use crate::knowledge::DnsHost;
use crate::knowledge::host::{LongTxt, MxPriority, Quotes};

/// Bytes of one character-string (RFC 1035 §3.3).
const STRING: usize = 255;

/// The value without quotes and splits: TXT strings joined (RFC 7208 §3.3).
pub fn bare(data: &Data) -> String {
    match data {
        Data::Txt(strings) => String::from_utf8_lossy(&strings.concat()).into_owned(),
        other => other.to_string(),
    }
}

/// The text for the value field, or why there is none and what to do instead.
pub fn typed(host: &DnsHost, name: &str, data: &Data) -> Result<String, String> {
    match data {
        Data::Txt(strings) => txt(host, name, &strings.concat()),
        Data::Cname(target) | Data::Ns(target) => Ok(dotted(host, target)),
        Data::Mx { exchange, .. } if exchange.is_empty() && host.null_mx == Some(false) => Err(format!(
            "{} takes no null MX (0 .). Leave the MX away; that the domain sends nothing is said by SPF \"v=spf1 -all\" \
             and a DMARC policy of reject. Mail to it then goes to its address records, if it has any (RFC 5321 §5.1).",
            host.name
        )),
        Data::Mx { preference, exchange } => {
            let target = if exchange.is_empty() { ".".to_owned() } else { dotted(host, exchange) };
            Ok(match host.mx_priority {
                MxPriority::InValue => format!("{preference} {target}"),
                MxPriority::OwnField => target,
            })
        }
        other => Ok(other.to_string()),
    }
}

fn dotted(host: &DnsHost, target: &str) -> String {
    if host.target_dot { format!("{target}.") } else { target.to_owned() }
}

fn txt(host: &DnsHost, name: &str, text: &[u8]) -> Result<String, String> {
    if !text.iter().all(|b| matches!(b, b' '..=b'~')) {
        return Err(format!(
            "{name} holds bytes that are no plain text; no form is sure to keep them. A zone file can carry them."
        ));
    }
    let limit = host.txt_limit.unwrap_or(usize::MAX);
    if host.long_txt != LongTxt::Lines && text.len() > limit {
        return Err(too_long(host, name, text, limit));
    }
    let whole = || String::from_utf8_lossy(text).into_owned();
    let pieces = |size: usize| Data::Txt(text.chunks(size).map(<[u8]>::to_vec).collect());
    Ok(match (host.long_txt, host.quotes) {
        (LongTxt::Lines, _) => {
            let lines = text.chunks(limit.clamp(1, STRING)).map(|line| String::from_utf8_lossy(line).into_owned());
            lines.collect::<Vec<_>>().join("\n")
        }
        (LongTxt::Strings, Quotes::No | Quotes::Either) if text.len() <= STRING => whole(),
        (LongTxt::Strings, _) => pieces(STRING).to_string(),
        (_, Quotes::Yes) => pieces(text.len().max(1)).to_string(),
        _ => whole(),
    })
}

/// A key that is cut is worse than none: there is always another way.
fn too_long(host: &DnsHost, name: &str, text: &[u8], limit: usize) -> String {
    let way = if name.split('.').any(|label| label == "_domainkey") {
        "Never cut a key. Let the platform publish it and point a CNAME at its name; or delegate the _domainkey name to \
         a host that takes it (NS records); or sign with a key of 1024 bits, the least that receivers accept \
         (RFC 8301 §3.2)."
    } else if text.starts_with(b"v=spf1") {
        "Move part of the terms into a record at a name of its own and include that."
    } else {
        "It has to be shorter, or another host has to hold it."
    };
    format!("{} takes at most {limit} characters in a TXT value, and {name} needs {}. {way}", host.name, text.len())
}
