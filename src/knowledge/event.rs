//! How senders tell of deliveries in JSON: `assets/events.toml`.

use super::shelf;
use serde::Deserialize;
use serde_json::Value;
use std::sync::LazyLock;

/// One form of an event. Paths are keys with dots between.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Form {
    /// The platform or server that writes it.
    pub name: String,
    /// Keys that an object of this form has.
    has: Vec<String>,
    /// Of these it has one at least.
    #[serde(default)]
    any: Vec<String>,
    /// Where the word stands that says what happened; without one it is a failure.
    event: Option<String>,
    #[serde(default)]
    failed: Vec<String>,
    #[serde(default)]
    delayed: Vec<String>,
    #[serde(default)]
    delivered: Vec<String>,
    #[serde(default)]
    complaint: Vec<String>,
    temporary: Option<Sign>,
    ignored: Option<Sign>,
    /// Given up, though the trouble may be over soon.
    soft: Option<Sign>,
    /// The platform itself did not send it.
    #[serde(default)]
    withheld: Vec<Sign>,
    /// Nor will it send there: the address is on its list.
    #[serde(default)]
    suppressed: Vec<Sign>,
    /// What a platform's own words mean, in words that are known.
    #[serde(default)]
    meaning: Vec<Meaning>,
    pub recipient: Vec<String>,
    #[serde(default)]
    pub sender: Vec<String>,
    /// The reply code, where it stands apart from the reply.
    pub code: Option<String>,
    pub status: Option<String>,
    /// The server's reply, or the platform's own words.
    #[serde(default)]
    pub reply: Vec<String>,
    /// The host whose reply it is.
    pub server: Option<String>,
    /// The address that the message was sent from.
    pub source_ip: Option<String>,
    /// What tells the message from others.
    #[serde(default)]
    pub message: Vec<String>,
    /// When it happened.
    #[serde(default)]
    pub time: Vec<String>,
    /// Where it was learnt.
    pub source: String,
    /// A, B or C.
    pub confidence: String,
}

/// A value that says something.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sign {
    at: String,
    /// The whole of it, whatever the case.
    #[serde(default)]
    is: Vec<String>,
    /// A part of it, in lower case.
    #[serde(default)]
    holds: Vec<String>,
}

impl Sign {
    fn is_in(&self, object: &Value) -> bool {
        let Some(word) = word(object, &self.at) else { return false };
        self.is.iter().any(|is| is.to_lowercase() == word) || self.holds.iter().any(|part| word.contains(part))
    }
}

/// A value in lower case, also a number or a truth.
fn word(object: &Value, path: &str) -> Option<String> {
    let value = at(object, path)?;
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned).to_lowercase())
}

/// What a word means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meaning {
    at: String,
    is: Vec<String>,
    /// As a server would say it.
    means: String,
}

impl Form {
    /// The platform itself did not send it.
    pub fn is_withheld(&self, object: &Value) -> bool {
        self.withheld.iter().any(|sign| sign.is_in(object)) || self.is_suppressed(object)
    }

    /// The address is on the platform's own list.
    pub fn is_suppressed(&self, object: &Value) -> bool {
        self.suppressed.iter().any(|sign| sign.is_in(object))
    }

    /// The trouble may be over soon.
    pub fn is_soft(&self, object: &Value) -> bool {
        self.soft.as_ref().is_some_and(|sign| sign.is_in(object))
    }

    /// What the platform's own word means, as a server would say it.
    pub fn meaning(&'static self, object: &Value) -> Option<&'static str> {
        let is = |m: &&Meaning| word(object, &m.at).is_some_and(|word| m.is.iter().any(|is| is.to_lowercase() == word));
        self.meaning.iter().find(is).map(|m| m.means.as_str())
    }
}

/// What an event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Failed,
    /// It is tried again, or was given up for now.
    Delayed,
    Delivered,
    /// Somebody called it spam.
    Complaint,
}

#[derive(Default, Deserialize)]
struct Book {
    form: Vec<Form>,
}

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| shelf::book::<Book>("events").form);

/// The form of an event, and what it says; `None` for any other object.
pub fn of(object: &Value) -> Option<(&'static Form, What)> {
    let has = |key: &String| object.get(key).is_some();
    let fits = |form: &&Form| form.has.iter().all(has) && (form.any.is_empty() || form.any.iter().any(has));
    FORMS.iter().filter(fits).find_map(|form| {
        let word = form.event.as_ref().map(|path| at(object, path).and_then(Value::as_str));
        let is = |words: &[String]| word.flatten().is_some_and(|word| words.iter().any(|w| w == word));
        let shows = |sign: &Option<Sign>| sign.as_ref().is_some_and(|sign| sign.is_in(object));
        let failed = is(&form.failed) || word.is_none();
        let what = match () {
            () if shows(&form.ignored) => return None,
            () if failed && shows(&form.temporary) => What::Delayed,
            () if failed => What::Failed,
            () if is(&form.delayed) => What::Delayed,
            () if is(&form.delivered) => What::Delivered,
            () if is(&form.complaint) => What::Complaint,
            () => return None,
        };
        Some((form, what))
    })
}

/// The value at a path of keys, and of places in lists.
pub fn at<'v>(object: &'v Value, path: &str) -> Option<&'v Value> {
    let step = |value: &'v Value, key: &str| value.get(key).or_else(|| value.get(key.parse::<usize>().ok()?));
    path.split('.').try_fold(object, step).filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_says_whence_and_can_be_told_from_the_others() {
        for form in FORMS.iter() {
            assert!(form.source.starts_with("https://") && ["A", "B", "C"].contains(&&*form.confidence), "{form:?}");
            let words = [&form.failed, &form.delayed, &form.delivered, &form.complaint].map(|w| w.iter()).into_iter();
            for word in words.flatten() {
                // The least that is of this form.
                let keys = form.has.iter().chain(form.any.first());
                let mut object = Value::Object(keys.map(|key| (key.clone(), true.into())).collect());
                object[form.event.as_ref().unwrap()] = word.clone().into();
                let (found, what) = of(&object).unwrap();
                assert_eq!(found.name, form.name, "{object}");
                assert_eq!(what == What::Complaint, form.complaint.contains(word), "{object}");
            }
        }
        assert!(FORMS.len() > 8);
    }
}
