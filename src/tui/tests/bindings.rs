//! The key table, the footers that come from it, and what is found by name.

use super::*;

#[test]
fn no_key_means_two_things_in_one_place() {
    for (place, name) in Places::NAMED {
        let mut seen: Vec<Key> = Vec::new();
        for (key, _) in keys::at(*place).flat_map(|b| b.keys.iter()) {
            assert!(!seen.contains(key), "{} is bound twice: {name}", key.show());
            seen.push(*key);
        }
    }
}

#[test]
fn plain_characters_type_where_one_types() {
    for binding in keys::table() {
        let printable = binding.keys.iter().any(|(k, _)| matches!(k.code, KeyCode::Char(_)) && !k.ctrl);
        assert!(!(printable && binding.places.has(Places::TYPING)), "{}", binding.help);
    }
}

#[test]
fn the_table_keeps_the_promises_of_keyboards() {
    for (key, _) in keys::table().iter().flat_map(|b| b.keys.iter()) {
        if let KeyCode::Char(c) = key.code {
            assert!(!"[]{}\\~@|".contains(c), "{c} needs AltGr");
            assert!(!(key.ctrl && "bsqgptnoh".contains(c)), "Ctrl+{c} belongs to multiplexers and flow control");
        }
    }
    for binding in keys::table() {
        assert!(!binding.help.is_empty());
        assert!(binding.shown <= binding.keys.len(), "{}", binding.help);
        assert!(binding.keys.is_empty() || binding.keys.iter().any(|(_, a)| *a == binding.action), "{}", binding.help);
    }
}

#[test]
fn footers_come_from_the_table_and_fit() {
    for (place, name) in Places::NAMED {
        for width in [30, 60, 80, 100] {
            let footer = keys::footer(*place, width, |_| true);
            assert!(footer.width() <= width, "{name}: {footer}");
            for entry in footer.trim().split("  ").filter(|e| !e.is_empty()) {
                let known = keys::at(*place).any(|b| format!("{} {}", b.keys_label(), b.label) == entry);
                assert!(known || entry == "1-6 views", "{name}: {entry}");
            }
        }
    }
}

#[test]
fn places_are_distinct() {
    for (n, (place, name)) in Places::NAMED.iter().enumerate() {
        let twin = Places::NAMED.iter().skip(n + 1).find(|(other, _)| other.has(*place));
        assert_eq!(twin.map(|(_, twin)| twin), None, "{name}");
    }
}

#[test]
fn every_bound_action_is_understood() {
    // running every line of every place must neither panic nor leave the app without a screen
    for (name, tell) in STORIES {
        let mut seen = std::collections::HashSet::new();
        for binding in keys::at(story(UNICODE, *tell).place()) {
            for (key, _) in binding.keys.iter().filter(|(key, _)| seen.insert(*key)) {
                let mut app = story(UNICODE, *tell);
                let modifiers = if key.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
                stroke(&mut app, key.code, modifiers);
                drawn(&mut app, 80, 24);
                assert_eq!(app.screens.first(), Some(&Screen::Home), "{name}: {}", binding.help);
            }
        }
    }
}

#[test]
fn a_letter_without_meaning_says_so() {
    let mut app = diagnosed(UNICODE);
    assert!(press(&mut app, "u").is_empty());
    assert_eq!(app.status.as_ref().unwrap().text, "u does nothing here. ? shows the keys.");
}

#[test]
fn the_palette_finds_by_synonym_and_runs() {
    let mut app = diagnosed(UNICODE);
    press(&mut app, ":timeline");
    enter(&mut app);
    assert_eq!(app.screen(), Screen::Hops);
    press(&mut app, ":'6");
    enter(&mut app);
    assert_eq!(app.screen(), Screen::Headers);
}

#[test]
fn the_palette_takes_domains_addresses_and_codes() {
    for (host, kind) in [("dup.test", InputKind::Domain), ("192.0.2.1", InputKind::Ip)] {
        let mut app = diagnosed(UNICODE);
        press(&mut app, &format!(":{host}"));
        let effects = enter(&mut app);
        let opens = |e: &Effect| matches!(e, Effect::Open(_, Source::Text { name, kind: Some(k), .. }) if name == host && *k == kind);
        assert!(effects.iter().any(opens), "{effects:?}");
        assert!(app.popup.is_none());
    }
    let mut app = diagnosed(UNICODE);
    press(&mut app, ":5.7.26");
    assert!(drawn(&mut app, 100, 30).contains("postdoc explain"), "{}", drawn(&mut app, 100, 30));
    let effects = enter(&mut app);
    assert!(matches!(&effects[..], [Effect::Copy { text, .. }] if text.contains("authentication")), "{effects:?}");
}

#[test]
fn a_pasted_word_in_a_search_box_is_no_diagnosis() {
    let mut app = diagnosed(UNICODE);
    press(&mut app, "?");
    assert!(update(&mut app, Msg::Paste("redact".into())).is_empty());
    assert!(matches!(&app.popup, Some(Popup::Finder(f)) if f.query.text() == "redact"));
}

#[test]
fn what_guides_say_is_found_and_copied() {
    let mut app = diagnosed(UNICODE);
    press(&mut app, ":sender id");
    let effects = enter(&mut app);
    assert!(
        matches!(&effects[..], [Effect::Copy { text, .. }] if text.contains("RFC 6686") && text.contains("dead")),
        "{effects:?}"
    );
    assert!(app.popup.is_none());
}
