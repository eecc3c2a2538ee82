//! The verdict in numbers, from fields that count.

use super::{Field, Item, Leaning};
use crate::knowledge::receiver::{self, Kind};

/// CONTRACT `reported.spam`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Microsoft's spam confidence level, -1 to 9.
    pub scl: Option<i32>,
    /// Microsoft's bulk complaint level, 0 to 9.
    pub bcl: Option<i32>,
    /// Microsoft's spam filter verdict, upper case.
    pub sfv: Option<String>,
    /// Microsoft's category, upper case.
    pub cat: Option<String>,
    pub spamassassin: Option<SpamAssassin>,
    pub rspamd: Option<Rspamd>,
}

/// SpamAssassin's verdict; a score that was left out is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpamAssassin {
    pub score: Option<f64>,
    pub required: Option<f64>,
    pub flagged: Option<bool>,
}

/// Rspamd's verdict.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rspamd {
    pub score: Option<f64>,
    /// The score at which it rejects.
    pub required: Option<f64>,
    pub action: Option<String>,
}

/// Sums up the fields that are the receiver's word ([`counts`]). The topmost field wins, and the organization's own SCL
/// over any in a report.
pub fn summary(fields: &[Field], receiver: Option<&str>) -> Summary {
    let fields: Vec<&Field> = fields.iter().filter(|f| counts(f, receiver)).collect();
    let fields = &fields[..];
    let microsoft = |key: &str| first(fields, "microsoft", key);
    let level = |key: &str| microsoft(key).and_then(|v| v.parse().ok());
    let word = |key: &str| microsoft(key).filter(|v| !v.is_empty()).map(str::to_ascii_uppercase);
    Summary {
        scl: level("organization-SCL").or_else(|| level("SCL")),
        bcl: level("BCL"),
        sfv: word("SFV"),
        cat: word("CAT"),
        spamassassin: spamassassin(fields),
        rspamd: rspamd(fields),
    }
}

fn spamassassin(fields: &[&Field]) -> Option<SpamAssassin> {
    let found = |key| first(fields, "spamassassin", key);
    let flagged = found("").or_else(|| found("flag")).and_then(|v| match &*v.to_ascii_lowercase() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    });
    let single = || found("single-score").and_then(number).map(|score| points(score, found("bar")));
    let score = [found("score"), found("hits")].into_iter().flatten().find_map(number).or_else(single);
    let all = SpamAssassin { score, required: found("required").and_then(number), flagged };
    (all != SpamAssassin::default()).then_some(all)
}

fn rspamd(fields: &[&Field]) -> Option<Rspamd> {
    let found = |key| first(fields, "rspamd", key);
    let action = found("action").filter(|v| !v.is_empty()).map(str::to_ascii_lowercase);
    let score = [found("score"), found("single-score")].into_iter().flatten().find_map(number);
    let all = Rspamd { score, required: found("required").and_then(number), action };
    (all != Rspamd::default()).then_some(all)
}

/// The points of a score alone: cPanel writes ten times as many, as a whole number, and beside it a bar with a mark for
/// each whole point.
fn points(score: f64, bar: Option<&str>) -> f64 {
    let marks = bar.map(|bar| bar.bytes().filter(|b| matches!(b, b'+' | b'-')).count());
    let tenth = score / 10.0;
    let tenfold = score != 0.0 && score.fract() == 0.0 && marks == Some(tenth.abs().trunc() as usize);
    if tenfold { tenth } else { score }
}

/// A finite number.
fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|n: &f64| n.is_finite())
}

/// The topmost value of a vendor's key.
fn first<'f>(fields: &[&'f Field], vendor: &str, key: &str) -> Option<&'f str> {
    let own = fields.iter().filter(|f| f.vendor == vendor);
    own.flat_map(|f| &f.items).find(|i| i.key.eq_ignore_ascii_case(key)).map(|i| i.value.as_str())
}

/// The items that say "spam" (or worse) and are `receiver`'s own word, or that of a filter
/// working for it. `receiver` is the boundary's, `None` where nobody is recognised.
pub fn spam_verdicts<'f>(fields: &'f [Field], receiver: Option<&str>) -> Vec<(&'f Field, &'f Item)> {
    let bad = |i: &&Item| i.meaning.as_ref().is_some_and(|m| m.leaning == Leaning::Bad);
    let counted = || fields.iter().filter(|f| counts(f, receiver));
    let spared = counted().find(|f| spares(f)).map(|f| f.vendor);
    counted()
        .filter(|f| spared != Some(f.vendor))
        .flat_map(|f| f.items.iter().filter(bad).map(move |i| (f, i)))
        .collect()
}

/// Fastmail skips its rules about spam for who is in the recipient's address book, whatever the score.
fn spares(field: &Field) -> bool {
    field.items.iter().any(|i| i.key == "known-sender" && i.value.eq_ignore_ascii_case("yes"))
}

/// Is this field the receiver's word? A mailbox provider speaks for itself and lets nobody else
/// speak; a filter or a gateway speaks for a server that is no provider we know.
pub fn counts(field: &Field, receiver: Option<&str>) -> bool {
    let kind = |id: &str| receiver::find(id).map_or(Kind::Mailbox, |r| r.kind);
    !field.untrusted
        && match receiver {
            Some(id) => id == field.vendor || (kind(id) != Kind::Mailbox && kind(field.vendor) != Kind::Mailbox),
            None => true,
        }
}
