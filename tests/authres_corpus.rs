//! The reader against values collected by other projects, with the reading they should have.
//!
//! Runs where `POSTDOC_CORPUS` names a folder with `strings/authentication-results.jsonl`.

#![allow(clippy::unwrap_used)]

use postdoc::facts::authres::{Departure, read_value};
use serde_json::{Value, json};

#[test]
fn collected_values_are_read_as_expected() {
    let Some(corpus) = std::env::var_os("POSTDOC_CORPUS") else { return };
    let path = std::path::Path::new(&corpus).join("strings/authentication-results.jsonl");
    let lines = std::fs::read_to_string(&path).unwrap();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for line in lines.lines().filter(|l| !l.trim().is_empty()) {
        let row: Value = serde_json::from_str(line).unwrap();
        let value = row["value"].as_str().unwrap();
        let mut expected = row["expected"].clone();
        expected["departures"] = departures_of(&expected["departures"]);
        let got = as_json(value);
        if got != expected {
            wrong.push(format!("{}\n  value    {value}\n  expected {expected}\n  got      {got}", row["source"]));
        }
        seen += 1;
    }
    assert!(seen > 0, "{} is empty", path.display());
    assert!(wrong.is_empty(), "{} of {seen} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Our reading in the words of the expectations.
fn as_json(value: &str) -> Value {
    let read = read_value(value.as_bytes(), 0);
    let results: Vec<Value> = read
        .results
        .iter()
        .map(|r| {
            let props: Vec<Value> = r
                .props
                .iter()
                .map(|p| match &p.ptype[..] {
                    "" => json!([p.property, p.value]),
                    ptype => json!([format!("{ptype}.{}", p.property), p.value]),
                })
                .collect();
            let reason = r.reason.as_ref().map(|s| s.value.clone());
            json!({ "method": r.method, "result": r.result, "reason": reason, "props": props })
        })
        .collect();
    let mut departures: Vec<String> = read.departures.iter().map(|d| format!("{d:?}")).collect();
    departures.sort();
    json!({
        "authserv_id": read.authserv_id.map(|a| a.value),
        "instance": read.instance,
        "none": read.none,
        "results": results,
        "departures": departures,
    })
}

/// The expectations' names for departures, in ours. Several DKIM results are no departure
/// (RFC 8601 §2.2), so `multiple_dkim` has none.
fn departures_of(names: &Value) -> Value {
    let mut ours: Vec<String> = names
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|name| {
            let departure = match name.as_str().unwrap().split(':').next().unwrap() {
                "authserv_in_the_middle" => Departure::AuthservIdInTheMiddle,
                "bare_property" => Departure::BareProperty,
                "empty_value" => Departure::EmptyValue,
                "multiple_dkim" => return None,
                "no_authserv_id" => Departure::NoAuthservId,
                "no_space_before_comment" => Departure::NoSpaceBeforeComment,
                "property_in_own_segment" => Departure::PropertyInOwnSegment,
                "stray_word" => Departure::StrayWord,
                "trailing_semicolon" => Departure::TrailingSemicolon,
                "unknown_method" => Departure::UnknownMethod,
                "unquoted_reason" => Departure::UnquotedReason,
                "unregistered_result" => Departure::UnregisteredResult,
                other => panic!("no departure is called {other}"),
            };
            Some(format!("{departure:?}"))
        })
        .collect();
    ours.sort();
    ours.dedup();
    json!(ours)
}
