//! A record in the form that a DNS host's web page wants: which fields, in which order, typed how.

mod value;

pub use value::bare;

use super::Change;
use crate::evidence::{Data, Kind};
use crate::knowledge::DnsHost;
use crate::knowledge::host::{MxPriority, Names, Part};

/// What to do at the DNS host to get from the record as it is to the record as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// In the order of doing.
    pub entries: Vec<Entry>,
    /// What goes wrong easily.
    pub notes: Vec<String>,
    /// What this host cannot hold, with the way out; the entry concerned is left out.
    pub obstacles: Vec<String>,
}

/// One entry of the host's list of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub deed: Deed,
    /// The values that stand there now.
    pub old: Vec<String>,
    /// In the form's order; empty where the entry is deleted.
    pub fields: Vec<Field>,
}

/// What is done to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Delete,
    Edit,
    Add,
}

/// One field, ready to be pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub part: Part,
    /// As the form calls it.
    pub label: String,
    pub text: String,
    /// How the text is meant, where it does not say so itself.
    pub hint: &'static str,
    /// It holds a value that only a portal can tell.
    pub blank: bool,
}

impl Entry {
    /// One sentence.
    pub fn what(&self) -> String {
        let old = self.old.iter().map(|o| o.lines().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(" / ");
        match self.deed {
            Deed::Delete => format!("Delete the entry that says: {old}"),
            Deed::Edit => format!("Change the entry that is there, do not add a second one. It says now: {old}"),
            Deed::Add => "Add an entry:".to_owned(),
        }
    }
}

impl Form {
    /// The form for a change in `zone` (its apex, without a trailing dot).
    pub fn of(change: &Change, host: &DnsHost, zone: &str) -> Form {
        let mut form = Form { entries: Vec::new(), notes: Vec::new(), obstacles: Vec::new() };
        if change.kind == Kind::Ptr {
            form.obstacles.push(
                "A reverse name is not set at the host of the domain: whoever gave you the address sets it.".to_owned(),
            );
            return form;
        }
        if name(host, &change.name, zone).is_none() {
            form.obstacles.push(format!("{} does not stand in the zone {zone}: it is set elsewhere.", change.name));
            return form;
        }
        let gone: Vec<&Data> = change.before.iter().filter(|b| !change.after.contains(b)).collect();
        let new: Vec<&Data> = change.after.iter().filter(|a| !change.before.contains(a)).collect();
        match host.sets {
            true if gone.is_empty() && new.is_empty() => {}
            true => form.push(change, host, zone, &change.before.iter().collect::<Vec<_>>(), &all(&change.after)),
            false => {
                for n in 0..gone.len().max(new.len()) {
                    let old: Vec<&Data> = gone.get(n).copied().into_iter().collect();
                    form.push(change, host, zone, &old, &new.get(n).copied().into_iter().collect::<Vec<_>>());
                }
            }
        }
        // What goes makes room for what comes.
        form.entries.sort_by_key(|e| e.deed != Deed::Delete);
        form.note(change, host, zone, &new);
        form
    }

    fn push(&mut self, change: &Change, host: &DnsHost, zone: &str, old: &[&Data], new: &[&Data]) {
        let old: Vec<String> = old.iter().map(|data| value::bare(data)).collect();
        if new.is_empty() {
            return self.entries.push(Entry { deed: Deed::Delete, old, fields: Vec::new() });
        }
        match fields(change, host, zone, new) {
            // The old one stays: better what is there than nothing.
            Err(obstacle) => self.obstacles.push(obstacle),
            Ok(fields) if old.is_empty() => self.entries.push(Entry { deed: Deed::Add, old, fields }),
            Ok(fields) if host.no_edit => {
                self.entries.push(Entry { deed: Deed::Delete, old, fields: Vec::new() });
                self.entries.push(Entry { deed: Deed::Add, old: Vec::new(), fields });
            }
            Ok(fields) => self.entries.push(Entry { deed: Deed::Edit, old, fields }),
        }
    }

    fn note(&mut self, change: &Change, host: &DnsHost, zone: &str, new: &[&Data]) {
        if change.kind == Kind::Cname && !new.is_empty() {
            self.notes.push("A CNAME stands alone: delete whatever else stands at this name first.".to_owned());
        }
        if change.kind == Kind::Caa && !new.is_empty() {
            self.notes
                .push("Most forms have fields of their own for the flag, the tag and the value of a CAA.".to_owned());
        }
        if host.names == Names::Absolute && !self.entries.is_empty() {
            self.notes
                .push(format!("Where the form shows .{zone} behind the name field, type only what stands before it."));
        }
        if new.iter().any(|d| matches!(d, Data::Txt(s) if s.concat().iter().any(|b| matches!(b, b'"' | b'\\')))) {
            self.notes.push("The text itself holds a quote or a backslash: look at what was saved.".to_owned());
        }
        self.notes.extend(host.notes.iter().cloned());
    }
}

fn all(data: &[Data]) -> Vec<&Data> {
    data.iter().collect()
}

/// The name as the form wants it; `None` where it is in another zone.
pub fn name(host: &DnsHost, name: &str, zone: &str) -> Option<String> {
    let below = if name == zone { "" } else { name.strip_suffix(zone)?.strip_suffix('.')? };
    Some(match (host.names, host.apex.as_str()) {
        (Names::Absolute, _) => name.to_owned(),
        (_, "zone") if below.is_empty() => zone.to_owned(),
        (_, apex) if below.is_empty() => apex.to_owned(),
        _ => below.to_owned(),
    })
}

fn fields(change: &Change, host: &DnsHost, zone: &str, data: &[&Data]) -> Result<Vec<Field>, String> {
    let texts = data.iter().map(|d| value::typed(host, &change.name, d)).collect::<Result<Vec<_>, _>>()?;
    let priority = match data {
        [Data::Mx { preference, .. }, ..] if host.mx_priority == MxPriority::OwnField => Some(preference.to_string()),
        _ => None,
    };
    let proxied = host.proxy && matches!(change.kind, Kind::A | Kind::Aaaa | Kind::Cname);
    let blanks = change.blanks();
    let field = |part: &Part| {
        let (text, hint) = match part {
            Part::Type => (change.kind.word().to_owned(), ""),
            Part::Name => match name(host, &change.name, zone).unwrap_or_default() {
                empty if empty.is_empty() => (empty, "leave it empty: the zone itself"),
                apex if apex == "@" => (apex, "the zone itself"),
                other => (other, ""),
            },
            Part::Value => (texts.join("\n"), if texts.len() > 1 { "one value a line" } else { "" }),
            Part::Priority => (priority.clone()?, ""),
            Part::Proxy => (proxied.then(|| "DNS only".to_owned())?, "grey cloud"),
            Part::Ttl => (change.ttl.to_string(), hours(change.ttl)),
        };
        let blank = blanks.iter().any(|b| text.contains(&super::blank(b)));
        Some(Field { part: *part, label: host.label(*part, change.kind).to_owned(), text, hint, blank })
    };
    Ok(host.fields_for(change.kind).iter().filter_map(field).collect())
}

/// What a list of times calls it.
fn hours(seconds: u32) -> &'static str {
    match seconds {
        300 => "5 minutes",
        1800 => "30 minutes",
        3600 => "1 hour",
        14_400 => "4 hours",
        86_400 => "1 day",
        _ => "seconds",
    }
}

#[cfg(test)]
mod tests;
