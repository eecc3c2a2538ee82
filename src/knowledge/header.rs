//! What one header field and its value mean, for those who ask about a single line.

use super::receiver::{self, Form, Receiver, Value};
use crate::facts::antispam::{self, form};

/// One value explained.
#[derive(Clone, Debug)]
pub struct Explained {
    /// Who writes such a field.
    pub receiver: &'static Receiver,
    /// Empty for a field that is one word.
    pub key: String,
    pub value: String,
    /// `None`: nobody we know says what it means.
    pub row: Option<&'static Value>,
}

/// Explains a field: every reading by everybody who uses the name, those first who know more of
/// the values. Empty where nobody does.
pub fn explain(name: &str, value: &str) -> Vec<Explained> {
    let stem = antispam::without_mark(name.trim().as_bytes()).0;
    let mut readings: Vec<Vec<Explained>> = Vec::new();
    for (receiver, field) in receiver::fields_called(stem) {
        let explained = |piece: form::Piece| {
            let key = if piece.key.is_empty() { field.key.clone() } else { piece.key };
            let row = receiver::row((receiver, field), &key, &piece.value);
            Explained { receiver, key, value: piece.value, row }
        };
        let mut reading: Vec<_> = form::split(field.form, value.as_bytes(), 0).into_iter().map(explained).collect();
        if field.form == Form::Results {
            // Most of it is plain RFC 8601, which is not this receiver's vocabulary.
            reading.retain(|e| e.row.is_some());
        }
        readings.push(reading);
    }
    readings.sort_by_key(|r| std::cmp::Reverse(r.iter().filter(|e| e.row.is_some()).count()));
    readings.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::antispam::Leaning;

    fn leanings(name: &str, value: &str) -> Vec<(String, String, Option<Leaning>)> {
        explain(name, value).into_iter().map(|e| (e.key, e.value, e.row.map(|r| r.leaning))).collect()
    }

    #[test]
    fn yandex_one_is_clean_and_four_is_spam() {
        assert_eq!(leanings("X-Yandex-Spam", " 1")[0].2, Some(Leaning::Good));
        assert_eq!(leanings("x-yandex-spam", "4")[0].2, Some(Leaning::Bad));
    }

    #[test]
    fn composite_authentication_by_its_reason() {
        let got = leanings(
            "Authentication-Results",
            "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.com; dmarc=fail action=oreject\r\n header.from=example.com;compauth=fail reason=000",
        );
        let has = |key: &str, value: &str| got.iter().any(|g| g.0 == key && g.1 == value && g.2 == Some(Leaning::Bad));
        assert!(has("compauth reason", "000") && has("dmarc action", "oreject"), "{got:?}");
    }

    #[test]
    fn what_the_sender_stamped_is_explained_too() {
        assert_eq!(leanings("X-Forefront-Antispam-Report-Untrusted", "SFV:SPM")[0].2, Some(Leaning::Bad));
    }

    /// Receiver, field and value: what is known of each from its vendor or from several who agree.
    #[test]
    fn every_known_field_is_reached_by_a_line_of_a_header() {
        let rows: Vec<&str> = include_str!("header_rows.tsv").lines().collect();
        assert!(rows.len() > 200);
        let reached = |row: &&&str| {
            let mut columns = row.split('\t');
            let (Some(id), Some(name), Some(value)) = (columns.next(), columns.next(), columns.next()) else {
                return false;
            };
            match name {
                "authserv-id" => receiver::of_authserv_id(value).is_some_and(|r| r.id == id),
                _ => explain(name, value).iter().any(|e| e.receiver.id == id && e.row.is_some()),
            }
        };
        let missed: Vec<&&str> = rows.iter().filter(|row| !reached(row)).collect();
        assert!(missed.is_empty(), "{missed:#?}");
    }

    #[test]
    fn nobody_knows_a_name_of_our_own() {
        assert!(explain("X-Example", "1").is_empty());
    }
}
