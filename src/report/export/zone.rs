//! Lines of a zone file (RFC 1035 §5.1), for one's own server and for Cloudflare's import.

use super::{Sheet, Writer, difference, remark};
use crate::evidence::Data;
use crate::facts::home::Home;
use crate::remedy::Change;

pub(super) const LINES: Writer = Writer { comment: ";", open: |_| String::new(), change, between: "\n", close };

pub(super) const IMPORT: Writer = Writer { open: import, ..LINES };

/// An import only adds: what is to go has to be deleted by hand.
fn import(_: &Sheet) -> String {
    "; Cloudflare: DNS › Records › Import and Export. Leave \"Proxy imported DNS records\" unticked.\n\
     ; An import only adds: first delete what is named to be removed.\n"
        .to_owned()
}

/// What goes as a comment, what comes as a line; what stays is in the zone already.
fn change(_: &Home, change: &Change) -> Result<String, String> {
    let (gone, new) = difference(change);
    let gone = gone.iter().map(|data| format!("; remove: {}. IN {} {}", change.name, change.kind, remark(data)));
    Ok(gone.chain(new.into_iter().map(|data| line(change, data))).collect::<Vec<_>>().join("\n"))
}

/// `name. TTL IN TYPE data`
pub fn line(change: &Change, data: &Data) -> String {
    format!("{}. {} IN {} {data}", change.name, change.ttl, change.kind)
}

/// `name. IN TYPE data`: what is published, for however long.
pub fn published(change: &Change, data: &Data) -> String {
    format!("{}. IN {} {data}", change.name, change.kind)
}

fn close(_: &Sheet) -> String {
    "\n".to_owned()
}
