//! Conventions: every rule is registered, documented and sourced.

use postdoc::rules;
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_rule_file_is_registered_and_named_after_its_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    let mut files = BTreeSet::new();
    for group in std::fs::read_dir(&root).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()) {
        for file in std::fs::read_dir(&group).unwrap().map(|e| e.unwrap().path()) {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            if text.contains("rule! {") {
                let stem = file.file_stem().unwrap().to_string_lossy().replace('_', "-");
                let group = group.file_name().unwrap().to_string_lossy().into_owned();
                files.insert((group, stem));
            }
        }
    }
    let registered: BTreeSet<_> = rules::all().map(|r| (r.group.word().to_owned(), r.id.to_owned())).collect();
    assert_eq!(files, registered);
}

#[test]
fn ids_are_unique_and_well_formed() {
    let mut seen = BTreeSet::new();
    for rule in rules::all() {
        assert!(seen.insert(rule.id), "{} twice", rule.id);
        assert!(rule.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{}", rule.id);
    }
}

#[test]
fn every_rule_explains_itself() {
    for rule in rules::all() {
        let title = rule.title();
        assert!(!title.is_empty() && title.len() <= 90 && !title.ends_with('.'), "{}: {title:?}", rule.id);
        for section in ["## What we saw", "## Why mail suffers", "## How to fix it", "## How to check"] {
            let text = rule.doc.split(section).nth(1).unwrap_or_default();
            let text = text.split("## ").next().unwrap_or_default().trim();
            assert!(text.len() > 30, "{}: {section} says {text:?}", rule.id);
        }
        assert!(!rule.sources.is_empty(), "{}: no sources", rule.id);
    }
}
