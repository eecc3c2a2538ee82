//! Why these fields, in one sentence.

use super::{Boundary, Group, Walk, Why};

impl Walk<'_> {
    pub(super) fn because(&self, group: &Group, out: &Boundary) -> String {
        let name = self.name(group.first, out);
        let from = out
            .hop
            .and_then(|n| self.hop(n))
            .and_then(|h| {
                let (ip, name) = (h.ip.as_ref()?, h.reverse_name.as_ref().or(h.helo.as_ref()));
                Some(name.map_or_else(|| ip.value.to_string(), |name| name.value.clone()))
            })
            .map_or(String::new(), |from| [", which took the message over from ", &from].concat());
        match group.why {
            Why::Topmost => ["The topmost field was written by ", &name, &from, "."].concat(),
            Why::AtTheEnd => format!("{name} received the message last and writes its field at the end of the header."),
            Why::HandedOn => {
                let last = out.handed_on.as_deref().unwrap_or("The server that had the message last");
                format!("{last} wrote no field; the nearest verdict was written by {name}{from}.")
            }
            Why::Nameless => format!("The topmost field bears no name; it was written by {name}{from}."),
        }
    }

    pub(super) fn name(&self, first: usize, out: &Boundary) -> String {
        match self.reading.authres.get(first).and_then(|a| a.authserv_id.as_ref()) {
            Some(id) => id.value.clone(),
            None if out.receiver.as_deref() == Some("microsoft") => "Microsoft".to_owned(),
            None => "the receiving server".to_owned(),
        }
    }
}
