//! DNS records as a case file stores them: their data in presentation form.

use super::dns::{Data, Kind, Record};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The type of a stored record; `OTHER` where only its presentation form is known.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Type {
    Other,
    #[serde(untagged)]
    Of(Kind),
}

#[derive(Serialize, Deserialize)]
struct StoredRecord {
    name: String,
    #[serde(rename = "type")]
    kind: Type,
    ttl: u32,
    data: String,
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = self.data.kind().map_or(Type::Other, Type::Of);
        StoredRecord { name: self.name.clone(), kind, ttl: self.ttl, data: self.data.to_string() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Record, D::Error> {
        let StoredRecord { name, kind, ttl, data } = StoredRecord::deserialize(deserializer)?;
        let data = match kind {
            Type::Other => Data::Other(data),
            Type::Of(kind) => {
                Data::parse(kind, &data).ok_or_else(|| D::Error::custom(format!("no {kind} record: {data}")))?
            }
        };
        Ok(Record { name, ttl, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::presentation::tests::data;
    use crate::evidence::{Answer, ExtendedError, Outcome};
    use proptest::prelude::*;

    fn answer(records: Vec<Record>) -> Answer {
        let at = "2026-01-02T03:04:05Z".parse().unwrap();
        Answer { elapsed_ms: 12, ..Answer::new(Outcome::Records, records, at) }
    }

    #[test]
    fn a_record_is_stored_as_a_zone_file_writes_it() {
        let record = Record { name: "example.com".into(), ttl: 300, data: Data::Txt(vec![b"v=spf1 -all".to_vec()]) };
        let json = serde_json::to_value(answer(vec![record])).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "outcome": "records",
                "records": [{ "name": "example.com", "type": "TXT", "ttl": 300, "data": "\"v=spf1 -all\"" }],
                "negative_ttl": null,
                "at": "2026-01-02T03:04:05Z",
                "elapsed_ms": 12,
            })
        );
    }

    #[test]
    fn data_that_does_not_fit_its_type_is_refused() {
        let stored = r#"{ "name": "example.com", "type": "A", "ttl": 1, "data": "example.com." }"#;
        assert!(serde_json::from_str::<Record>(stored).is_err());
    }

    proptest! {
        #[test]
        fn an_answer_comes_back_as_it_went(data in proptest::collection::vec(data(), 0..4)) {
            let records = data.into_iter().map(|data| Record { name: "a.example".into(), ttl: 7, data }).collect();
            let mut answer = answer(records);
            answer.authority.clone_from(&answer.records);
            answer.extended.push(ExtendedError { code: 6, text: String::new() });
            answer.authentic = true;
            let json = serde_json::to_string(&answer).unwrap();
            prop_assert_eq!(serde_json::from_str::<Answer>(&json).unwrap(), answer);
        }
    }
}
