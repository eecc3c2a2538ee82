//! TXT records that are lists of tags under a version, as TLS-RPT, MTA-STS and BIMI write them.

use super::Asked;
use crate::evidence::Kind;
use crate::facts::lookup::Lookup;
use crate::facts::tags::{Tag, TagList};
use crate::span::Span;

/// Records of one name that are read; a name with more is nonsense anyhow.
const RECORDS: usize = 8;

/// What is published at one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    pub asked: Asked,
    /// Those that begin with the version.
    pub records: Vec<Tagged>,
    /// Those that mean to, and do not: readers pass them over.
    pub almost: Vec<Tagged>,
    /// The name is an alias: the record stands at this one.
    pub alias: Option<String>,
}

/// One record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tagged {
    /// Index among the answer's TXT records.
    pub index: usize,
    pub text: String,
    pub tags: TagList,
    /// What a linter sees, in order of place.
    pub flaws: Vec<Flaw>,
}

/// Something wrong in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The offending characters, where there are any.
    pub span: Option<Span>,
    /// One clause without a full stop.
    pub text: String,
    /// Readers must ignore the whole for this.
    pub fatal: bool,
}

impl Flaw {
    pub fn new(span: Option<Span>, text: impl Into<String>) -> Flaw {
        Flaw { span, text: text.into(), fatal: false }
    }

    pub fn fatal(span: Option<Span>, text: impl Into<String>) -> Flaw {
        Flaw { fatal: true, ..Flaw::new(span, text) }
    }
}

impl Published {
    /// The one record that counts: several are none (RFC 8460 §3, RFC 8461 §3.1).
    pub fn record(&self) -> Option<&Tagged> {
        match &self.records[..] {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Asks for the records of `version` at a name and looks each over with `lint`.
    pub fn read(lookup: &Lookup, name: &str, version: &str, lint: impl Fn(&mut Tagged)) -> Published {
        let (asked, answer) = Asked::ask(lookup, name, Kind::Txt);
        let alias = answer.and_then(|a| a.alias()).map(str::to_owned);
        let mut at = Published { asked, records: Vec::new(), almost: Vec::new(), alias };
        let texts = answer.into_iter().flat_map(|a| a.texts()).enumerate();
        let looked = texts
            .filter_map(|(index, text)| Some((begins(&text, version), Tagged::look(&text, index, version, &lint)?)));
        for (counts, record) in looked.take(RECORDS) {
            if counts { at.records.push(record) } else { at.almost.push(record) }
        }
        at
    }
}

/// `v=VERSION`, then the first semicolon or the end.
fn begins(text: &[u8], version: &str) -> bool {
    let Some(rest) = text.strip_prefix(b"v=").and_then(|t| t.strip_prefix(version.as_bytes())) else { return false };
    matches!(rest.trim_ascii_start().first(), None | Some(b';'))
}

/// Its first letters and digits are those of the version, whatever stands between and around them.
fn means(text: &[u8], version: &str) -> bool {
    let word = |bytes: &[u8], count: usize| -> Vec<u8> {
        bytes.iter().filter(|b| b.is_ascii_alphanumeric()).take(count).map(u8::to_ascii_lowercase).collect()
    };
    let whole = ["v", version].concat();
    let near = text.get(..64).unwrap_or(text);
    word(near, whole.len()) == word(whole.as_bytes(), whole.len())
        || word(near, version.len()) == word(version.as_bytes(), version.len())
        || misnumbered(near, version)
}

/// `v=TLSRPT1`, `v=STSv2`: the word is right, and the number is not.
fn misnumbered(text: &[u8], version: &str) -> bool {
    let stem = version.trim_end_matches(|c: char| c.is_ascii_digit() || c == 'v');
    let Some(rest) = text.get(2..).filter(|_| text[..2].eq_ignore_ascii_case(b"v=")) else { return false };
    let first = rest.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
    let Some((word, number)) = first.split_at_checked(stem.len()) else { return false };
    word.eq_ignore_ascii_case(stem.as_bytes()) && number.iter().all(|b| b.is_ascii_digit() || b"vV.".contains(b))
}

impl Tagged {
    fn split(text: &[u8], index: usize) -> Tagged {
        let text = String::from_utf8_lossy(text).into_owned();
        let tags = TagList::split(text.as_bytes(), Span::new(0, text.len()));
        Tagged { index, text, tags, flaws: Vec::new() }
    }

    /// A text that begins with the version, or means to, looked over with `lint`; `None` for any other.
    pub fn look(text: &[u8], index: usize, version: &str, lint: impl Fn(&mut Tagged)) -> Option<Tagged> {
        if !means(text, version) {
            return None;
        }
        let mut record = Tagged::split(text, index);
        if begins(text, version) {
            record.doubles();
            lint(&mut record);
            record.flaws.sort_by_key(|f| f.span);
        } else {
            let text = format!("it does not begin with exactly v={version};");
            record.flaws.push(Flaw::fatal(Some(Span::new(0, record.text.len().min(version.len() + 3))), text));
        }
        Some(record)
    }

    /// The first tag called `name`.
    pub fn tag(&self, name: &str) -> Option<Tag> {
        self.tags.get(self.text.as_bytes(), name)
    }

    /// Its value.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.tag(name).map(|t| self.under(t.value))
    }

    /// The characters under a span.
    pub fn under(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// Readers ignore it.
    pub fn is_void(&self) -> bool {
        self.flaws.iter().any(|f| f.fatal)
    }

    /// Tags that are no tags, or stand there twice.
    fn doubles(&mut self) {
        let tags = self.tags.tags.clone();
        for (n, tag) in tags.iter().enumerate() {
            let name = self.under(tag.name).to_owned();
            if !tag.has_equals {
                self.flaws.push(Flaw::new(Some(tag.name), "is no tag: it has no ="));
            } else if tags.get(..n).unwrap_or_default().iter().any(|t| self.under(t.name) == name) {
                self.flaws.push(Flaw::new(Some(tag.name), format!("{name}= stands here a second time")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::zone::Zone;
    use crate::evidence::{Answers, Question};

    fn read(zone: &str) -> Published {
        let mut answers = Answers::new();
        let question = Question::new("x.test", Kind::Txt);
        let answer = Zone::parse(zone).unwrap().answer(&question, jiff::Timestamp::UNIX_EPOCH);
        answers.insert(question, answer);
        Published::read(&Lookup::new(&answers), "x.test", "STSv1", |_| {})
    }

    #[test]
    fn what_begins_right_what_means_to_and_what_is_something_else() {
        let at = read(
            "x.test TXT \"v=STSv1; id=1;\"\nx.test TXT \"v=spf1 -all\"\nx.test TXT \"V=stsv1; id=2\"\nx.test TXT \"STSv1; id=3\"",
        );
        assert_eq!(at.records.iter().map(|r| r.value("id").unwrap()).collect::<Vec<_>>(), ["1"]);
        assert_eq!(at.almost.len(), 2);
        assert!(at.almost.iter().all(Tagged::is_void));
        for near in ["v=STS1; id=1", "v=STS; id=1", "v=stsv2"] {
            assert_eq!(read(&format!("x.test TXT \"{near}\"")).almost.len(), 1, "{near}");
        }
        assert!(read("x.test TXT \"v=STScopes; id=1\"").almost.is_empty());
    }

    #[test]
    fn two_are_none_and_tags_may_be_double() {
        let at = read("x.test TXT \"v=STSv1; id=1; id=2; odd\"");
        assert_eq!(at.record().unwrap().flaws.len(), 2);
        assert!(read("x.test TXT \"v=STSv1; id=1\"\nx.test TXT \"v=STSv1; id=2\"").record().is_none());
    }

    #[test]
    fn a_failure_is_no_absence() {
        let at = read("x.test SERVFAIL");
        assert!(at.records.is_empty() && !at.asked.answered() && at.asked.open().is_some());
        assert!(read("").asked.answered());
    }
}
