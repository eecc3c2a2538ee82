//! Who could have changed a message: the servers that had it between its signing and the verdict on it.

use crate::facts::Reading;
use crate::facts::dkim::Signature;
use crate::facts::organization;
use crate::facts::received::{Hop, servers};
use crate::facts::reported::Dkim;

/// Servers that are named.
const MOST: usize = 8;

/// The servers that could have changed it after this signature was made, oldest first. The signer is among them: a
/// server may sign, and then append its footer. A list's own server is taken for the one.
pub fn suspects(reading: &Reading, index: usize) -> Vec<String> {
    let Some(signature) = reading.signatures.get(index) else { return Vec::new() };
    let after: Vec<(usize, &Hop)> = reading.hops.iter().enumerate().filter(|(_, hop)| above(hop, signature)).collect();
    let id = reading.lists.list_id.as_ref().map(|id| id.value.to_ascii_lowercase());
    let list = id.as_deref().and_then(organization::psl);
    let hops = || after.iter().map(|(_, hop)| *hop);
    let of_list = |by: &&str| list.is_some() && organization::psl(&by.to_ascii_lowercase()) == list;
    if let Some(by) = hops().filter_map(|hop| Some(hop.by.as_ref()?.value.as_str())).find(of_list) {
        return vec![by.to_owned()];
    }
    let all = servers(hops());
    let told = reading.reported.dkim.iter().find(|report| report.signature == Some(index));
    let boundary = reading.boundary.hop.and_then(|n| Some((n, reading.hops.get(n)?.by.as_ref()?.value.as_str())));
    let mut left = match (told, boundary) {
        // It was whole when the receiver took it in.
        (Some(told), Some((n, _))) if told.result == "pass" => {
            let later = after.iter().filter(|(m, _)| *m >= n).filter_map(|(_, hop)| hop.by.as_ref());
            later.map(|by| by.value.clone()).collect()
        }
        // It was not, by the very server that took it in.
        (Some(told), Some((n, by))) if broken(told) && reading.boundary.authserv_id.as_deref() == Some(by) => {
            let later: Vec<&str> =
                reading.hops.iter().skip(n).filter_map(|hop| Some(hop.by.as_ref()?.value.as_str())).collect();
            all.iter().filter(|name| !later.contains(&name.as_str())).cloned().collect()
        }
        _ => Vec::new(),
    };
    if left.is_empty() {
        left = all;
    }
    left.dedup();
    left.truncate(MOST);
    left
}

fn above(hop: &Hop, signature: &Signature) -> bool {
    hop.field < signature.field
}

/// Did the receiver see it changed? A key that it could not read says nothing of that.
fn broken(told: &Dkim) -> bool {
    let detail = told.detail.to_ascii_lowercase();
    let says = ["body hash", "bodyhash", "altered", "modified"].iter().any(|word| detail.contains(word));
    says || (told.result == "fail" && !detail.contains("key"))
}
