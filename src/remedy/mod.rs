//! What to do: records before and after, the setting to change, what only a portal can tell.

pub mod dkim;
pub mod dmarc;
pub mod form;
pub mod overlay;
pub mod platform;
pub mod spf;
pub mod spf_flat;
pub mod spf_move;
pub mod spf_trial;
pub mod spf_trim;

use crate::evidence::{Data, Kind};

/// A cure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remedy {
    /// One sentence.
    pub summary: String,
    /// Where to click and what to do, in order; may be empty when the records say it all.
    pub steps: Vec<String>,
    pub records: Vec<Change>,
    /// Values that only a portal or the user can tell; each stands in a record or step as a
    /// marked blank ([`blank`]).
    pub blanks: Vec<String>,
    /// Records alone do not cure: mail has to be signed in the name of this domain from then on.
    pub signs_as: Option<String>,
    /// The records are right today and have to be kept up from then on: what that takes. They are the last
    /// resort, and no plan publishes them without being asked.
    pub upkeep: Option<String>,
    /// Some record is as the user wrote it, not as it was proposed.
    pub edited: bool,
}

/// One RRset before and after; an empty `after` means remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Lower-case A-label, no trailing dot.
    pub name: String,
    pub kind: Kind,
    /// Seconds.
    pub ttl: u32,
    pub before: Vec<Data>,
    pub after: Vec<Data>,
}

/// The TTL proposed for new records, seconds.
pub const TTL: u32 = 3600;

impl Remedy {
    // Cold, as findings are.
    #[cold]
    pub fn new(summary: impl Into<String>) -> Remedy {
        Remedy { summary: summary.into(), ..Remedy::default() }
    }

    pub fn step(mut self, step: impl Into<String>) -> Self {
        self.steps.push(step.into());
        self
    }

    pub fn steps(mut self, steps: impl IntoIterator<Item: Into<String>>) -> Self {
        self.steps.extend(steps.into_iter().map(Into::into));
        self
    }

    pub fn record(mut self, change: Change) -> Self {
        self.records.push(change);
        self
    }

    /// Adds a record and notes every blank that stands in it, each once.
    pub fn marked(mut self, change: Change) -> Self {
        for what in change.blanks() {
            if !self.blanks.contains(&what) {
                self.blanks.push(what);
            }
        }
        self.record(change)
    }

    /// Notes that the cure is a setting: mail is signed as `domain`.
    pub fn signing(self, domain: impl Into<String>) -> Self {
        Remedy { signs_as: Some(domain.into()), ..self }
    }

    /// Notes what it takes to keep the records right.
    pub fn kept_up(self, by: impl Into<String>) -> Self {
        Remedy { upkeep: Some(by.into()), ..self }
    }

    /// Notes a value that only `whence` can tell.
    pub fn blank(mut self, whence: impl Into<String>) -> Self {
        self.blanks.push(whence.into());
        self
    }
}

impl Change {
    /// A TXT RRset whose members are whole texts, before and after.
    pub fn txt<B: AsRef<str>, A: AsRef<str>>(name: &str, before: &[B], after: &[A]) -> Change {
        Change {
            name: name.to_owned(),
            kind: Kind::Txt,
            ttl: TTL,
            before: before.iter().map(|t| text(t.as_ref())).collect(),
            after: after.iter().map(|t| text(t.as_ref())).collect(),
        }
    }

    /// A CNAME where nothing was.
    pub fn cname(name: &str, target: &str) -> Change {
        Change {
            name: name.to_owned(),
            kind: Kind::Cname,
            ttl: TTL,
            before: vec![],
            after: vec![Data::Cname(target.to_owned())],
        }
    }
}

impl Change {
    /// What the marked blanks in name and new values stand for, each once. A value that is
    /// published already is no blank, whatever it looks like.
    pub fn blanks(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut look = |text: &str| {
            for (what, _) in text.split('<').skip(1).filter_map(|rest| rest.split_once('>')) {
                if !found.iter().any(|f| f == what) {
                    found.push(what.to_owned());
                }
            }
        };
        look(&self.name);
        for data in self.after.iter().filter(|data| !self.before.contains(data)) {
            match data {
                Data::Cname(target) | Data::Mx { exchange: target, .. } => look(target),
                Data::Txt(strings) => look(&String::from_utf8_lossy(&strings.concat())),
                _ => {}
            }
        }
        found
    }
}

/// A marked blank inside a value: `<public key from your signer>`.
pub fn blank(what: &str) -> String {
    ["<", what, ">"].concat()
}

/// A TXT value cut into character-strings of at most 255 bytes (RFC 1035 §3.3).
pub fn text(value: &str) -> Data {
    Data::Txt(if value.is_empty() { vec![vec![]] } else { value.as_bytes().chunks(255).map(<[u8]>::to_vec).collect() })
}
