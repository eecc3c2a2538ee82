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
    /// Where the word stands that says what happened.
    event: String,
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
    is: Vec<String>,
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
    FORMS.iter().filter(|form| form.has.iter().all(|key| object.get(key).is_some())).find_map(|form| {
        let word = at(object, &form.event)?.as_str()?;
        let is = |words: &[String]| words.iter().any(|w| w == word);
        let shows = |sign: &Option<Sign>| {
            let sign = sign.as_ref()?;
            let value = at(object, &sign.at)?;
            let word = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            sign.is.contains(&word).then_some(())
        };
        let what = match () {
            () if shows(&form.ignored).is_some() => return None,
            () if is(&form.failed) && shows(&form.temporary).is_some() => What::Delayed,
            () if is(&form.failed) => What::Failed,
            () if is(&form.delayed) => What::Delayed,
            () if is(&form.delivered) => What::Delivered,
            () if is(&form.complaint) => What::Complaint,
            () => return None,
        };
        Some((form, what))
    })
}

/// The value at a path of keys.
pub fn at<'v>(object: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(object, |value, key| value.get(key)).filter(|value| !value.is_null())
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
                let mut object = Value::Object(form.has.iter().map(|key| (key.clone(), true.into())).collect());
                object[&form.event] = word.clone().into();
                let (found, what) = of(&object).unwrap();
                assert_eq!(found.name, form.name, "{object}");
                assert_eq!(what == What::Complaint, form.complaint.contains(word), "{object}");
            }
        }
        assert!(FORMS.len() > 8);
    }
}
