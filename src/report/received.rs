//! What a receiving server tells, as text.

use super::Shown;
use super::human::{Ink, Style};
use super::receiver;
use crate::safe::Safe;
use crate::world::listen::{Received, Total};
use std::net::{IpAddr, SocketAddr};

/// The first lines.
pub fn opening(address: SocketAddr, name: &str, recipients: &[String]) -> String {
    format!("listening on {address} as {name}\nsend to   {}\n\n", Safe::line(recipients.join(", ")))
}

/// What came by which connection.
pub fn message(received: &Received, style: Style, shown: Shown) -> String {
    let mail = &received.mail;
    let from = mail.mail_from.as_deref().unwrap_or("");
    let tls = mail.tls.as_ref().map_or("no TLS".to_owned(), |t| format!("{} {}", t.version, t.cipher));
    let title = format!(
        "message {} from <{}> to <{}>, {tls}",
        received.id,
        shown.line(from),
        shown.line(&mail.recipients.join(">, <"))
    );
    let mut out =
        format!("{}\n{}", style.paint(Ink::Strong, &title), receiver::human(&received.diagnosis, style, shown));
    if received.forged > 0 {
        let fields = if received.forged == 1 { "field that bears" } else { "fields that bear" };
        out.push_str(&format!("  removed {} forged Authentication-Results {fields} our name\n", received.forged));
    }
    if received.cut {
        out.push_str("  cut short: not every question was answered\n");
    }
    out.push('\n');
    out
}

pub fn refused(client: IpAddr, reply: &str) -> String {
    format!("refused {client}: {}\n", Safe::line(reply))
}

/// The last line.
pub fn closing(told: u64, total: &Total) -> String {
    let unfinished = match total.unfinished {
        0 => String::new(),
        1 => ", 1 under way and not taken".to_owned(),
        n => format!(", {n} under way and not taken"),
    };
    let count = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let (connections, refusals) = (count(total.connections, "connection"), count(total.refused, "refusal"));
    format!("{}, {connections}, {refusals}{unfinished}\n", count(told, "message"))
}
