//! Screens as pictures, sizes, the key table, and what keys lead to.

pub(super) mod stories;

use super::app::{App, Screen};
use super::keys::{self, Action, Key, Places};
use super::msg::{Effect, Msg, Ticket};
use super::popup::Popup;
use super::testing;
use super::update::update;
use super::world::{CopyReport, Opened, Source};
use crate::evidence::transcript::Stop;
use crate::evidence::{InputKind, Said};
use crate::world::run::Progress;
use crate::world::send::News;
use crossterm::event::{KeyCode, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::sync::Arc;
use stories::*;
use unicode_width::UnicodeWidthStr;

#[test]
fn pictures() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _bound = settings.bind_to_scope();
    for (name, tell) in STORIES {
        let mut sizes = vec![(80, 24), (100, 30), (60, 18), (200, 50)];
        // The wide one shows the header, which is signed as of now.
        sizes.truncate(if *name == "practice_diagnosis" { 3 } else { 4 });
        if name.starts_with("verdict") {
            sizes.push((30, 10));
        }
        let mut pictures = String::new();
        for (width, height) in sizes {
            pictures += &format!("{width}x{height}\n{}", drawn(&mut story(UNICODE, *tell), width, height));
        }
        pictures += &format!("80x24, ascii, mono\n{}", drawn(&mut story(ASCII, *tell), 80, 24));
        insta::assert_snapshot!(*name, pictures);
    }
}

#[test]
fn a_lesson_is_walked_by_the_next_key() {
    let mut app = app(UNICODE);
    let lessons = crate::practice::all();
    let effects = lesson(&mut app);
    assert!(matches!(&effects[..], [Effect::Cancel, Effect::Lesson(l)] if l.id == "spf-missing"), "{effects:?}");
    assert!(press(&mut app, "u").is_empty(), "nothing is known yet");
    assert!(app.status.as_ref().unwrap().text.contains("Send the test"));
    // Written, confirmed, sent, waited for, found: each on the screen that the user's own mail has.
    test_written(&mut app);
    assert_eq!(app.screen(), Screen::Send);
    assert!(enter(&mut app).is_empty(), "only a y sends");
    test_read(&mut app);
    assert_eq!(app.screen(), Screen::Verdict);
    assert!(drawn(&mut app, 80, 24).contains("PRACTICE"));
    let effects = press(&mut app, "u");
    let Some(Effect::Publish(cure)) = effects.last() else { panic!("{effects:?}") };
    let change = &cure.records[0];
    assert_eq!(
        (&change.name[..], change.after[0].to_string()),
        ("shop.example", "\"v=spf1 ip4:203.0.113.9 ~all\"".to_owned())
    );
    // Not wider: beside the list stands the header then, signed at the time of this run.
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("practice_diagnosis", drawn(&mut app, 80, 24)));
    test_read_again(&mut app);
    assert_eq!(app.screen(), Screen::Verdict);
    esc(&mut app);
    assert_eq!(app.screen(), Screen::Lesson);
    assert!(press(&mut app, "u").is_empty(), "nothing is left to publish");
    let effects = enter(&mut app);
    let [Effect::Unfetch, Effect::Cancel, Effect::Lesson(l)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(l.id, lessons[1].id);
    // Outside of the practice world its keys do nothing.
    assert!(press(&mut diagnosed(UNICODE), "um").is_empty());
}

#[test]
fn practice_and_the_users_own_mail_keep_apart() {
    let mut app = app(UNICODE);
    test_read(&mut app);
    assert!(!app.summary().unwrap().contains("resume"), "no case file is spoken of");
    // At home a fetch begins with a form, and what the form was left with.
    app.screens.truncate(1);
    press(&mut app, "7");
    assert_eq!(app.screen(), Screen::FetchForm);
    assert!(!drawn(&mut app, 80, 24).contains("PRACTICE"));
    // The user's own message is waited for: a lesson waits with its test.
    fetched(&mut app, testing::waited());
    lesson(&mut app);
    assert!(enter(&mut app).is_empty());
    assert!(app.status.as_ref().unwrap().text.contains("of your own"), "{:?}", app.status);
    // In the practice world there is no other mailbox.
    let mut app = self::app(UNICODE);
    test_sent(&mut app);
    test_waited_for(&mut app);
    assert!(press(&mut app, "ey").is_empty());
    assert_eq!(app.screen(), Screen::Fetch);
    // A test that did not leave is sent again.
    test_written(&mut app);
    let effects = press(&mut app, "y");
    let Some(Effect::Send(ticket, _)) = effects.last() else { panic!("{effects:?}") };
    update(&mut app, Msg::Sending(*ticket, News::Fault("no receiver".into())));
    assert!(drawn(&mut app, 80, 24).contains("no receiver"));
    assert!(enter(&mut app).is_empty());
    esc(&mut app);
    assert!(matches!(&enter(&mut app)[..], [Effect::WriteTest]));
}

#[test]
fn the_spf_tree_folds_copies_and_tries_an_address() {
    let mut app = diagnosed(UNICODE);
    let ticket = app.ticket;
    update(&mut app, Msg::Progress(ticket, Box::new(testing::surveyed())));
    press(&mut app, "3");
    let open = drawn(&mut app, 120, 40);
    assert!(open.contains("_netblocks.google.com") && open.contains("Google Workspace"), "{open}");
    stroke(&mut app, KeyCode::Left, KeyModifiers::NONE);
    let folded = drawn(&mut app, 120, 40);
    assert!(!folded.contains("▾ include:_netblocks.google.com") && folded.contains("7 hidden"), "{folded}");
    stroke(&mut app, KeyCode::Right, KeyModifiers::NONE);
    assert!(drawn(&mut app, 120, 40).contains("▾ include:_netblocks.google.com"));
    let copied = |effects: Vec<Effect>| match &effects[..] {
        [Effect::Copy { text, .. }] => text.clone(),
        other => panic!("{other:?}"),
    };
    assert!(copied(press(&mut app, "y")).starts_with("v=spf1 include:_spf.google.com "));
    assert_eq!(copied(press(&mut app, "Y")), "dig +short TXT _spf.google.com");
    // Below, the record is another's.
    press(&mut app, "j");
    assert!(copied(press(&mut app, "y")).starts_with("v=spf1 include:_netblocks.google.com "));
    // `t` stands on the address, and what is typed there is evaluated.
    press(&mut app, "t192.0.2.7");
    let effects = ctrl(&mut app, 'd');
    let [Effect::Run(_, opened)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(opened.said.ip, Some("192.0.2.7".parse().unwrap()));
    assert_eq!(app.screen(), Screen::Spf);
}

#[test]
fn every_screen_at_every_size() {
    for (name, tell) in STORIES {
        let mut app = story(UNICODE, *tell);
        // Both sides of every width and height at which a layout changes, and the extremes.
        let widths = [1, 2, 7, 29, 30, 59, 60, 75, 76, 99, 100, 199, 200];
        let heights = [1, 2, 3, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 21, 22, 23, 24, 29, 30];
        let pairs = widths.iter().flat_map(|&width| heights.map(|height| (width, height)));
        for (width, height) in pairs.chain([(1, 200), (500, 1), (500, 200)]) {
            let text = drawn(&mut app, width, height);
            assert!(text.lines().all(|l| l.width() <= width as usize), "{name} at {width}x{height}");
        }
    }
}

#[test]
fn ascii_is_ascii() {
    for (name, tell) in STORIES {
        let text = drawn(&mut story(ASCII, *tell), 100, 30);
        assert!(text.is_ascii(), "{name}:\n{text}");
    }
}

#[test]
fn no_colour_in_mono_and_none_in_the_marked_row() {
    use ratatui::style::{Color, Modifier};
    for (name, tell) in STORIES {
        for (look, mono) in [(UNICODE, false), (ASCII, true)] {
            let mut app = story(look, *tell);
            let mut terminal = Terminal::new(TestBackend::new(100, 30)).unwrap();
            terminal.draw(|frame| super::view::draw(&mut app, frame)).unwrap();
            for cell in &terminal.backend().buffer().content {
                let coloured = cell.fg != Color::Reset || cell.bg != Color::Reset;
                assert!(!(coloured && mono), "{name}: colour in mono");
                assert!(!(coloured && cell.modifier.contains(Modifier::REVERSED)), "{name}: colour in a reversed row");
            }
        }
    }
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let evil = "\u{1b}[2J\u{202e}evil\u{200b}\u{9b}31m";
    for (name, tell) in STORIES {
        let mut app = diagnosed(UNICODE);
        let header = format!("{}X-Evil: {evil}\n", testing::HEADER);
        let case = app.case.as_mut().unwrap();
        case.opened.input = Arc::new(testing::input_of(header.as_bytes(), InputKind::Headers));
        if let Some(diagnosis) = &mut case.diagnosis {
            diagnosis.verdict.headline = evil.into();
            for finding in &mut diagnosis.findings {
                finding.title = evil.into();
                finding.explanation = evil.into();
            }
        }
        app.editor.set(&header);
        app.recent[0].name = evil.into();
        tell(&mut app);
        app.say(evil);
        let mut terminal = Terminal::new(TestBackend::new(100, 60)).unwrap();
        terminal.draw(|frame| super::view::draw(&mut app, frame)).unwrap();
        for cell in &terminal.backend().buffer().content {
            let bad = |c: char| c.is_control() || matches!(c, '\u{200b}' | '\u{202e}');
            assert!(!cell.symbol().contains(bad), "{name}: {:?}", cell.symbol());
        }
    }
}

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
fn paste_verdict_detail_copy() {
    let mut app = app(UNICODE);
    let effects = update(&mut app, Msg::Paste(testing::HEADER.replace('\n', "\r\n")));
    let [Effect::SaveDraft(draft), Effect::Open(ticket, Source::Text { bytes, kind: None, .. })] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!((draft.as_bytes(), &bytes[..]), (testing::HEADER.as_bytes(), testing::HEADER.as_bytes()));
    let run = update(&mut app, Msg::Opened(*ticket, Ok(Box::new(testing::opened()))));
    assert!(matches!(&run[..], [Effect::Run(t, _)] if t == ticket), "{run:?}");
    assert_eq!(app.screen(), Screen::Verdict);
    update(&mut app, Msg::Progress(*ticket, testing::progress(2)));
    assert!(drawn(&mut app, 80, 24).contains("DMARC fails"));
    enter(&mut app);
    assert_eq!(app.screen(), Screen::Detail);
    let copy = press(&mut app, "y");
    let [Effect::Copy { text, what }] = &copy[..] else { panic!("{copy:?}") };
    assert_eq!(text, "s1.acme.dkim.esp.example.");
    let report = CopyReport::Copied { via: "tmux".into() };
    update(&mut app, Msg::Copied { what: what.clone(), bytes: text.len(), report });
    let status = app.status.clone().unwrap().text;
    assert_eq!(status, "Copied \"s1.acme.dkim.esp.example.\" via tmux (25 B). Not there? press P.");
    let all = press(&mut app, "Y");
    assert!(
        matches!(&all[..], [Effect::Copy { text, .. }] if text == "s1._domainkey.acme.example. 3600 IN CNAME s1.acme.dkim.esp.example."),
        "{all:?}"
    );
    let dig = press(&mut app, "c7");
    assert!(matches!(&dig[..], [Effect::Copy { text, .. }] if text == "dig +short CNAME s1._domainkey.acme.example"));
    esc(&mut app);
    assert_eq!(app.screen(), Screen::Verdict);
    esc(&mut app);
    assert_eq!(app.screen(), Screen::Home);
    esc(&mut app);
    assert_eq!(app.screen(), Screen::Home);
}

#[test]
fn a_txt_fix_is_copied_whole_and_without_quotes() {
    let mut app = diagnosed(UNICODE);
    let effects = press(&mut app, "jjy");
    assert!(
        matches!(&effects[..], [Effect::Copy { text, .. }] if text == "v=spf1 include:_spf.google.example ~all"),
        "{effects:?}"
    );
}

#[test]
fn a_web_form_is_filled_paste_after_paste() {
    let mut app = diagnosed(UNICODE);
    press(&mut app, "jjp");
    assert_eq!(app.screen(), Screen::Form);
    super::screen::form::choose(&mut app, "cloudflare");
    let mut copied = Vec::new();
    for _ in 0..5 {
        if let [Effect::Copy { text, .. }] = &press(&mut app, "y")[..] {
            copied.push(text.clone());
        }
        stroke(&mut app, KeyCode::Tab, KeyModifiers::NONE);
    }
    // The last field stays the last.
    let value = "v=spf1 include:_spf.google.example ~all";
    assert_eq!(copied, ["TXT", "@", "3600", value, value]);
    let all = press(&mut app, "Y");
    let text = format!("Type: TXT\nName: @\nTTL: 3600\nContent: {value}\n");
    assert!(matches!(&all[..], [Effect::Copy { text: t, .. }] if *t == text), "{all:?}");
    // An empty field is said, not copied.
    super::screen::form::choose(&mut app, "route53");
    assert!(press(&mut app, "y").is_empty());
    assert!(app.status.clone().unwrap().text.contains("leave it empty"));
}

#[test]
fn the_chosen_dns_host_is_kept_as_evidence() {
    let mut app = diagnosed(UNICODE);
    press(&mut app, "p");
    enter(&mut app);
    press(&mut app, "j");
    let kept = enter(&mut app);
    let [Effect::Keep(diagnosis)] = &kept[..] else { panic!("{kept:?}") };
    let said = diagnosis.facts.evidence.said.dns_host.clone();
    assert!(said.is_some() && app.popup.is_none());
    assert!(drawn(&mut app, 80, 24).contains("as you said"));
    // While questions are open, the run is begun anew with it.
    app.case.as_mut().unwrap().running = 1;
    let rerun = super::screen::form::choose(&mut app, "godaddy");
    assert!(matches!(&rerun[..], [Effect::Run(_, opened)] if opened.said.dns_host.as_deref() == Some("godaddy")));
}

#[test]
fn a_domain_is_checked_however_it_is_typed() {
    for text in ["example.com\n", "example.com"] {
        let mut app = app(UNICODE);
        app.screens.push(Screen::Ask);
        let mut effects = update(&mut app, Msg::Paste(text.into()));
        if !text.ends_with('\n') {
            assert!(effects.is_empty());
            effects = enter(&mut app);
        }
        assert!(
            matches!(&effects[..], [Effect::Open(_, Source::Text { name, .. })] if name == "example.com"),
            "{effects:?}"
        );
    }
}

#[test]
fn stale_answers_are_dropped() {
    let mut app = diagnosed(UNICODE);
    let old = app.ticket;
    let rerun = press(&mut app, "r");
    assert!(matches!(&rerun[..], [Effect::Run(t, _)] if *t > old));
    update(&mut app, Msg::Progress(old, testing::progress(7)));
    assert_eq!(app.case.as_ref().unwrap().running, 0);
    update(&mut app, Msg::Opened(old, Err("too late".into())));
    assert!(!app.log.iter().any(|l| l == "too late"));
    let now = app.ticket;
    update(&mut app, Msg::Progress(now, testing::progress(7)));
    assert_eq!(app.case.as_ref().unwrap().running, 7);
}

#[test]
fn the_mark_stays_on_its_finding_when_answers_reorder_the_list() {
    let mut app = diagnosed(UNICODE);
    press(&mut app, "jj");
    let mut progress = testing::progress(0);
    progress.diagnosis.findings.rotate_left(1);
    let now = app.ticket;
    update(&mut app, Msg::Progress(now, progress));
    let case = app.case.as_ref().unwrap();
    assert_eq!(case.finding(case.marked_target().unwrap()).unwrap().rule.id, "spf-too-many-lookups");
}

#[test]
fn an_unrecognised_paste_keeps_the_text_and_asks() {
    let mut app = app(UNICODE);
    update(&mut app, Msg::Paste("hello there".into()));
    let input = testing::input_of(b"hello there", InputKind::Unknown);
    let opened = Opened::new(input, Default::default());
    let now = app.ticket;
    let effects = update(&mut app, Msg::Opened(now, Ok(Box::new(opened))));
    assert!(effects.is_empty());
    assert_eq!((app.screen(), app.editor.text()), (Screen::Input, "hello there".to_owned()));
    assert!(app.question.contains("1 line, 11 characters"), "{}", app.question);
    stroke(&mut app, KeyCode::Tab, KeyModifiers::NONE);
    stroke(&mut app, KeyCode::Tab, KeyModifiers::NONE);
    let effects = enter(&mut app);
    assert!(
        matches!(effects.last(), Some(Effect::Open(_, Source::Text { kind: Some(InputKind::Headers), .. }))),
        "{effects:?}"
    );
}

#[test]
fn the_draft_is_kept() {
    let mut app = app(UNICODE);
    press(&mut app, "1");
    let effects = press(&mut app, "q?j");
    assert!(matches!(effects.last(), Some(Effect::SaveDraft(text)) if text == "q?j"), "printable keys type");
    esc(&mut app);
    assert_eq!(app.screen(), Screen::Home);
    press(&mut app, "1");
    assert_eq!(app.editor.text(), "q?j");
    let effects = ctrl(&mut app, 'd');
    assert!(matches!(effects.last(), Some(Effect::Open(..))));
}

#[test]
fn nothing_typed_is_nothing_diagnosed() {
    let mut app = app(UNICODE);
    press(&mut app, "1");
    assert!(ctrl(&mut app, 'd').is_empty());
}

#[test]
fn quitting_asks_only_while_something_runs() {
    let mut app = diagnosed(UNICODE);
    assert!(matches!(&press(&mut app, "q")[..], [Effect::Quit]));
    app.case.as_mut().unwrap().running = 2;
    assert!(press(&mut app, "q").is_empty());
    assert!(matches!(app.popup, Some(Popup::Confirm { leave: false })));
    assert!(enter(&mut app).is_empty(), "the harmless answer is the default");
    assert!(app.popup.is_none());
    assert!(matches!(&press(&mut app, "qq")[..], [Effect::Quit]));
}

#[test]
fn ctrl_c_stops_then_leaves() {
    let mut app = diagnosed(UNICODE);
    app.case.as_mut().unwrap().running = 2;
    assert!(matches!(&ctrl(&mut app, 'c')[..], [Effect::Cancel]));
    assert!(!app.runs());
    assert!(matches!(&ctrl(&mut app, 'c')[..], [Effect::Quit]));
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
fn a_pasted_word_in_a_search_box_is_no_diagnosis() {
    let mut app = diagnosed(UNICODE);
    press(&mut app, "?");
    assert!(update(&mut app, Msg::Paste("redact".into())).is_empty());
    assert!(matches!(&app.popup, Some(Popup::Finder(f)) if f.query.text() == "redact"));
}

#[test]
fn the_form_says_what_was_typed() {
    let mut app = diagnosed(UNICODE);
    press(&mut app, "t");
    press(&mut app, "acme.example");
    stroke(&mut app, KeyCode::Down, KeyModifiers::NONE);
    stroke(&mut app, KeyCode::Left, KeyModifiers::NONE);
    for _ in 0..9 {
        stroke(&mut app, KeyCode::Down, KeyModifiers::NONE);
    }
    press(&mut app, "not an ip");
    assert!(ctrl(&mut app, 'd').is_empty());
    assert_eq!(app.screen(), Screen::Stated);
    ctrl(&mut app, 'u');
    press(&mut app, "2001:db8::1");
    stroke(&mut app, KeyCode::End, KeyModifiers::NONE);
    for _ in 0..3 {
        stroke(&mut app, KeyCode::Down, KeyModifiers::NONE);
    }
    stroke(&mut app, KeyCode::Left, KeyModifiers::NONE);
    stroke(&mut app, KeyCode::Down, KeyModifiers::NONE);
    stroke(&mut app, KeyCode::Right, KeyModifiers::NONE);
    let effects = ctrl(&mut app, 'd');
    let [Effect::Run(_, opened)] = &effects[..] else { panic!("{effects:?}") };
    let said = &opened.said;
    assert_eq!(said.configured.from.as_deref(), Some("acme.example"));
    assert_eq!(said.configured.mail_from_type.as_deref(), Some("aligned"));
    assert_eq!(said.ip, Some("2001:db8::1".parse().unwrap()));
    assert_eq!(said.trust.as_deref(), Some("mx.google.example"));
    assert_eq!(said.folder.as_ref().map(|f| f.role), Some(crate::evidence::said::FolderRole::Junk));
    assert_eq!(app.screen(), Screen::Verdict);
}

#[test]
fn the_form_takes_what_is_known_of_the_sending_and_what_is_to_be_asked() {
    let mut app = diagnosed(UNICODE);
    press(&mut app, "t");
    let down = |app: &mut App, n: usize| (0..n).for_each(|_| drop(stroke(app, KeyCode::Down, KeyModifiers::NONE)));
    down(&mut app, 15);
    press(&mut app, "20,000");
    down(&mut app, 1);
    press(&mut app, "0.25");
    down(&mut app, 2);
    stroke(&mut app, KeyCode::Left, KeyModifiers::NONE);
    press(&mut app, "nothing is typed into a choice");
    down(&mut app, 1);
    stroke(&mut app, KeyCode::Right, KeyModifiers::NONE);
    down(&mut app, 2);
    press(&mut app, "nonsense:port");
    assert!(ctrl(&mut app, 'd').is_empty(), "the mark is on the line that cannot be read");
    ctrl(&mut app, 'u');
    press(&mut app, "localhost");
    down(&mut app, 1);
    press(&mut app, "http://127.0.0.1:11333/");
    let effects = ctrl(&mut app, 'd');
    let [Effect::Run(_, opened)] = &effects[..] else { panic!("{effects:?}") };
    let said = &opened.said;
    assert_eq!((said.check.volume, said.check.blocklists, said.check.probe_links), (Some(20_000), true, false));
    assert_eq!(said.sending.complaints.unwrap().to_string(), "0.25");
    assert_eq!((said.sending.bounces, said.sending.feedback_loops), (None, Some(false)));
    assert_eq!(said.filters.spamd.as_deref(), Some("localhost:783"));
    assert_eq!(said.filters.rspamd.as_deref(), Some("http://127.0.0.1:11333"));
}

#[test]
fn evidence_is_walked_in_the_raw_header() {
    let mut app = diagnosed(UNICODE);
    enter(&mut app);
    enter(&mut app);
    assert_eq!((app.screen(), app.case.as_ref().unwrap().exhibit), (Screen::Headers, 1));
    press(&mut app, "n");
    assert_eq!(app.case.as_ref().unwrap().exhibit, 2);
    assert!(drawn(&mut app, 80, 24).contains("▸2   12 From: Acme Billing"));
    press(&mut app, "n");
    assert_eq!(app.case.as_ref().unwrap().exhibit, 1);
    let effects = press(&mut app, "y");
    assert!(
        matches!(&effects[..], [Effect::Copy { text, .. }] if text.starts_with("Authentication-Results: mx.google") && text.ends_with("header.from=acme.example")),
        "{effects:?}"
    );
}

#[test]
fn redaction_hides_people_on_every_screen() {
    for (name, tell) in STORIES {
        let mut app = diagnosed(UNICODE);
        press(&mut app, "x");
        tell(&mut app);
        if !app.redact || app.screens.contains(&Screen::Input) {
            continue;
        }
        let text = drawn(&mut app, 200, 60);
        for word in ["billing@", "Acme Billing", "Invoice 8842", "bounce+8842", "10.2.0.7"] {
            assert!(!text.contains(word), "{name} shows {word}:\n{text}");
        }
    }
}

#[test]
fn a_key_costs_few_bytes() {
    use ratatui::backend::CrosstermBackend;
    use ratatui::{TerminalOptions, Viewport};
    use std::cell::RefCell;
    use std::rc::Rc;
    #[derive(Clone, Default)]
    struct Wire(Rc<RefCell<Vec<u8>>>);
    impl std::io::Write for Wire {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let wire = Wire::default();
    let viewport = Viewport::Fixed(ratatui::layout::Rect::new(0, 0, 80, 24));
    let options = TerminalOptions { viewport };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(wire.clone()), options).unwrap();
    let mut app = diagnosed(UNICODE);
    terminal.draw(|frame| super::view::draw(&mut app, frame)).unwrap();
    for key in ["j", "j", "k", "z"] {
        wire.0.borrow_mut().clear();
        press(&mut app, key);
        terminal.draw(|frame| super::view::draw(&mut app, frame)).unwrap();
        assert!(wire.0.borrow().len() < 400, "{key} cost {} bytes", wire.0.borrow().len());
    }
    wire.0.borrow_mut().clear();
    terminal.draw(|frame| super::view::draw(&mut app, frame)).unwrap();
    assert!(wire.0.borrow().len() < 40, "an unchanged frame costs next to nothing");
    assert_eq!(keys::find(Places::VERDICT, Key { code: KeyCode::Char('j'), ctrl: false }), Some(Action::Down));
}

#[test]
fn w_watches_the_fix_and_goes_on_elsewhere() {
    let mut app = diagnosed(UNICODE);
    let effects = press(&mut app, "w");
    let [Effect::Watch(ticket, wanted)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((wanted.name.as_str(), wanted.kind), ("s1._domainkey.acme.example", crate::evidence::Kind::Cname));
    assert_eq!(wanted.expect.words(), "s1.acme.dkim.esp.example.");
    assert_eq!(app.screen(), Screen::Watch);
    esc(&mut app);
    assert!(drawn(&mut app, 80, 24).contains("1 watch · "));
    assert!(press(&mut app, "w").is_empty(), "the same is not watched twice");
    esc(&mut app);
    assert!(press(&mut app, "q").is_empty(), "quitting would end it");
    press(&mut app, "n");
    let effects = update(&mut app, Msg::Watched(*ticket, Ok(Box::new(testing::agreed()))));
    assert!(matches!(&effects[..], [Effect::Bell]), "{effects:?}");
    assert!(app.status.as_ref().unwrap().text.contains("everyone agrees"));
    assert!(drawn(&mut app, 80, 24).contains("1 watch over · "));
    assert!(matches!(&press(&mut app, "q")[..], [Effect::Quit]), "nothing runs any more");
}

#[test]
fn a_message_is_fetched_and_its_diagnosis_opened() {
    let mut app = app(UNICODE);
    press(&mut app, "7");
    assert_eq!(app.screen(), Screen::FetchForm);
    assert!(ctrl(&mut app, 'd').is_empty());
    assert_eq!(app.status.as_ref().unwrap().text, "a mailbox is missing.");
    press(&mut app, "me@example.com@imap.example.com");
    enter(&mut app);
    press(&mut app, "pl4nted s3cret");
    assert!(!drawn(&mut app, 200, 50).contains("pl4nted"));
    (0..5).for_each(|_| drop(stroke(&mut app, KeyCode::Down, KeyModifiers::NONE)));
    press(&mut app, "7F3A-91C2");
    let effects = ctrl(&mut app, 'd');
    let [Effect::Fetch(ticket, asked), Effect::SaveNote { text, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert!(!text.contains("pl4nted") && text.contains("me@example.com"), "{text}");
    let Some(super::fetches::Typed::Imap { server, secret, .. }) = &asked.typed else { panic!() };
    assert_eq!((server.host.as_str(), server.port), ("imap.example.com", 993));
    let super::fetches::Told::Typed(secret) = secret else { panic!() };
    assert_eq!(secret.expose(), "pl4nted s3cret");
    assert!(!format!("{effects:?}").contains("pl4nted"));
    assert_eq!(app.screen(), Screen::Fetch);
    update(&mut app, Msg::Fetched(*ticket, Ok(Box::new(testing::waited()))));
    let copied = press(&mut app, "y");
    let [Effect::Copy { text, .. }] = &copied[..] else { panic!("{copied:?}") };
    assert_eq!(text, "postdoc fetch --imap imap.example.com:993 --user 'me@example.com' --marker 7F3A-91C2");
    // Elsewhere it goes on, and says so.
    esc(&mut app);
    assert!(drawn(&mut app, 80, 24).contains("waiting for mail"));
    assert!(press(&mut app, "q").is_empty(), "quitting would end it");
    press(&mut app, "n");
    press(&mut app, "7");
    assert!(matches!(&press(&mut app, "+")[..], [Effect::FetchLonger(_)]));
    // One that was found opens as it was judged; nothing is asked again.
    press(&mut app, "j");
    let effects = enter(&mut app);
    let [Effect::Run(_, opened)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(opened.said.folder.as_ref().unwrap().name, "Junk");
    assert!(opened.recorded.is_some());
    assert_eq!(app.screen(), Screen::Verdict);
    let over = update(&mut app, Msg::Fetched(*ticket, Ok(Box::new(testing::waited_in_vain()))));
    assert!(matches!(&over[..], [Effect::Bell]), "{over:?}");
    assert!(app.status.as_ref().unwrap().text.contains("found in 2 of 4"), "{:?}", app.status);
}

#[test]
fn what_the_settings_name_is_offered() {
    let mut app = app(UNICODE);
    app.fetches.offer(testing::saved().mailboxes);
    app.sending.form.offer(testing::saved().servers);
    press(&mut app, "7");
    assert!(drawn(&mut app, 80, 24).contains("[ ] disk"), "{}", drawn(&mut app, 80, 24));
    // Disk, gmail, yahoo: in the order of the alphabet.
    stroke(&mut app, KeyCode::Down, KeyModifiers::NONE);
    press(&mut app, " ");
    stroke(&mut app, KeyCode::Down, KeyModifiers::NONE);
    stroke(&mut app, KeyCode::Right, KeyModifiers::NONE);
    (0..7).for_each(|_| drop(stroke(&mut app, KeyCode::Down, KeyModifiers::NONE)));
    press(&mut app, "7F3A-91C2");
    let effects = ctrl(&mut app, 'd');
    let [Effect::Fetch(_, asked), Effect::SaveNote { .. }] = &effects[..] else {
        panic!("{effects:?} {:?}", app.status)
    };
    assert!(asked.saved == ["gmail", "yahoo"] && asked.typed.is_none(), "{asked:?}");
    let copied = press(&mut app, "y");
    let [Effect::Copy { text, .. }] = &copied[..] else { panic!("{copied:?}") };
    assert_eq!(text, "postdoc fetch --mailbox gmail,yahoo --marker 7F3A-91C2");
    // While it runs, its own screen changes what is asked for; a key leads to the folders.
    press(&mut app, "f");
    press(&mut app, "Lists");
    let effects = ctrl(&mut app, 'd');
    let [Effect::Fetch(_, asked), ..] = &effects[..] else { panic!("{effects:?} {:?}", app.status) };
    assert_eq!(asked.folders, ["Lists"]);
    app.screens.truncate(1);
    press(&mut app, "3");
    enter(&mut app);
    press(&mut app, "me@gmail.example, me@yahoo.example");
    // The server that asks for a password stands first: nothing is sent without one.
    assert!(ctrl(&mut app, 'd').is_empty());
    assert_eq!(app.status.as_ref().unwrap().text, "send from whom? ann@example.com.");
    app.sending.form.at = 2;
    stroke(&mut app, KeyCode::Right, KeyModifiers::NONE);
    let effects = ctrl(&mut app, 'd');
    let [Effect::Compose(letter)] = &effects[..] else { panic!("{effects:?} {:?}", app.status) };
    let to: Vec<String> = letter.drafts.iter().map(|d| d.to.to_string()).collect();
    assert_eq!(to, ["me@gmail.example", "me@yahoo.example"]);
    assert_eq!(letter.drafts[0].from.to_string(), "Ann <ann@acme.example>");
    assert!(format!("{:?}", letter.login).contains("Keyring(\"mail\")"), "{:?}", letter.login);
}

#[test]
fn each_of_several_messages_has_its_session_and_its_mailbox() {
    let mut app = app(UNICODE);
    app.fetches.offer(testing::saved().mailboxes);
    both_sent(&mut app);
    assert!(!app.sending.runs());
    let seen = drawn(&mut app, 80, 24);
    assert!(seen.contains("✓ me@gmail.example  accepted") && seen.contains("✗ me@yahoo.example  refused"), "{seen}");
    let effects = enter(&mut app);
    let [Effect::Open(_, Source::Session(sent))] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(sent.draft.to.to_string(), "me@yahoo.example");
    esc(&mut app);
    app.screens = vec![Screen::Home, Screen::Session];
    press(&mut app, "n");
    let effects = enter(&mut app);
    let [Effect::Open(_, Source::Session(sent))] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(sent.draft.to.to_string(), "me@gmail.example");
    app.screens = vec![Screen::Home, Screen::Session];
    press(&mut app, "w");
    let ticked: Vec<&str> = app.fetches.offers.iter().filter(|o| o.ticked).map(|o| o.name.as_str()).collect();
    assert_eq!((app.screen(), ticked), (Screen::FetchForm, vec!["gmail"]), "what was refused is not waited for");
    let effects = ctrl(&mut app, 'd');
    let [Effect::Fetch(_, asked), ..] = &effects[..] else { panic!("{effects:?} {:?}", app.status) };
    assert_eq!((asked.sent.len(), asked.saved.len()), (1, 1));
}

#[test]
fn ctrl_c_stops_the_fetch_on_its_screen() {
    let mut app = app(UNICODE);
    let ticket = fetched(&mut app, testing::waited());
    press(&mut app, "jj");
    assert!(enter(&mut app).is_empty(), "nothing was found there");
    assert!(matches!(&ctrl(&mut app, 'c')[..], [Effect::Unfetch]));
    assert!(update(&mut app, Msg::Fetched(ticket, Ok(Box::new(testing::waited_in_vain())))).is_empty(), "too late");
    assert!(drawn(&mut app, 80, 24).contains("stopped: found in 2 of 4"));
    let again = press(&mut app, "r");
    assert!(matches!(&again[..], [Effect::Fetch(t, _)] if *t != ticket), "{again:?}");
    update(&mut app, Msg::Fetched(Ticket(ticket.0 + 1), Err("there is no such file".into())));
    assert!(drawn(&mut app, 80, 24).contains("there is no such file"));
}

#[test]
fn mail_is_received_and_each_message_opens_its_diagnosis() {
    let mut app = app(UNICODE);
    super::listens::show(&mut app);
    assert_eq!(app.screen(), Screen::ListenForm);
    assert!(ctrl(&mut app, 'd').is_empty());
    assert!(app.status.as_ref().unwrap().text.contains("name of this server is missing"));
    press(&mut app, "mx.example.net");
    (0..2).for_each(|_| drop(stroke(&mut app, KeyCode::Down, KeyModifiers::NONE)));
    press(&mut app, "nowhere");
    assert!(ctrl(&mut app, 'd').is_empty());
    assert!(app.status.as_ref().unwrap().text.contains("no ADDRESS:PORT"));
    let mut app = self::app(UNICODE);
    let ticket = listening(&mut app);
    let copied = press(&mut app, "Yy");
    let [Effect::Copy { text: command, .. }, Effect::Copy { text: address, .. }] = &copied[..] else {
        panic!("{copied:?}")
    };
    assert_eq!(
        command,
        "postdoc listen --smtp 0.0.0.0:25 --authserv-id mx.example.net --rcpt 'test@mx.example.net' --timeout 3600"
    );
    assert_eq!(address, "test@mx.example.net");
    assert!(enter(&mut app).is_empty(), "nothing has come");
    // Elsewhere it goes on, and says so.
    esc(&mut app);
    let bells: Vec<Effect> =
        testing::listen::told().into_iter().flat_map(|told| update(&mut app, Msg::Told(ticket, Ok(told)))).collect();
    assert!(matches!(&bells[..], [Effect::Bell, Effect::Bell]), "{bells:?}");
    assert!(drawn(&mut app, 80, 24).contains("2 received"));
    assert!(press(&mut app, "q").is_empty(), "quitting would end it");
    assert!(drawn(&mut app, 80, 24).contains("1 server listens here"));
    press(&mut app, "n");
    super::listens::show(&mut app);
    assert_eq!(app.listens.at, 1, "the mark follows what comes");
    press(&mut app, "k");
    let effects = enter(&mut app);
    let [Effect::Leave { .. }, Effect::Run(_, opened)] = &effects[..] else { panic!("{effects:?}") };
    assert!(opened.unsaved && opened.recorded.is_some(), "judged already, and a case from here on");
    assert_eq!(app.screen(), Screen::Verdict);
    super::listens::show(&mut app);
    assert!(matches!(&ctrl(&mut app, 'c')[..], [Effect::Unlisten]));
    assert!(drawn(&mut app, 80, 24).contains("stopped: nothing is taken any more"));
    let over = crate::world::listen::Told::Over(Default::default());
    assert!(update(&mut app, Msg::Told(ticket, Ok(over))).is_empty());
    let again = press(&mut app, "r");
    assert!(matches!(&again[..], [Effect::Listen(t, _)] if *t != ticket), "{again:?}");
}

#[test]
fn w_asks_for_what_it_cannot_know() {
    let mut app = checked(UNICODE);
    press(&mut app, "6");
    assert!(press(&mut app, "w").is_empty());
    assert_eq!(app.screen(), Screen::WatchForm);
    press(&mut app, "x");
    stroke(&mut app, KeyCode::Down, KeyModifiers::NONE);
    press(&mut app, "not/a/server");
    enter(&mut app);
    assert!(enter(&mut app).is_empty());
    assert!(app.status.as_ref().unwrap().text.contains("no name in DNS"));
    ctrl(&mut app, 'u');
    let effects = ctrl(&mut app, 'd');
    let [Effect::Watch(_, wanted)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(wanted.expect.values().len(), 1);
}

#[test]
fn ctrl_c_stops_the_watch_on_the_screen_only() {
    let mut app = diagnosed(UNICODE);
    let effects = press(&mut app, "w");
    let [Effect::Watch(ticket, _)] = &effects[..] else { panic!("{effects:?}") };
    let stopped = ctrl(&mut app, 'c');
    assert!(matches!(&stopped[..], [Effect::Unwatch(t)] if t == ticket), "{stopped:?}");
    assert!(update(&mut app, Msg::Watched(*ticket, Ok(Box::new(testing::agreed())))).is_empty(), "too late");
    assert!(matches!(&ctrl(&mut app, 'c')[..], [Effect::Quit]));
}

#[test]
fn v_asks_again_for_what_a_finding_rests_on_and_says_what_came_of_it() {
    let verified = |after: crate::diagnose::Diagnosis| {
        let mut app = checked(UNICODE);
        let case = app.case.as_mut().unwrap();
        let line = |case: &super::case::Case, rule: &str| {
            case.lines().iter().position(|t| case.finding(*t).is_some_and(|f| f.rule.id == rule))
        };
        case.marked = line(case, "dmarc-policy-none").unwrap();
        let effects = press(&mut app, "v");
        let [Effect::Verify(ticket, evidence)] = &effects[..] else { panic!("{effects:?}") };
        let asked = |name: &str| !evidence.answers.keys().any(|q| q.name == name);
        assert!(asked("_dmarc.example.com") && !asked("example.com"));
        update(&mut app, Msg::Progress(*ticket, Box::new(Progress { diagnosis: after, running: 0 })));
        app.status.unwrap().text
    };
    let cured = verified(testing::cured());
    assert!(cured.starts_with("Now _dmarc.example.com TXT says") && cured.ends_with("the finding is gone."), "{cured}");
    let still = verified(testing::checked());
    assert!(
        still.starts_with("Still the old answer: _dmarc.example.com TXT says") && still.contains("for 5 min at most"),
        "{still}"
    );
    let silent = verified(testing::checked_with("_dmarc.example.com TIMEOUT"));
    assert!(silent.starts_with("Cannot tell: _dmarc.example.com TXT"), "{silent}");
}

#[test]
fn running_again_says_what_changed() {
    let mut app = checked(UNICODE);
    let effects = press(&mut app, "R");
    assert!(matches!(&effects[..], [Effect::Run(_, opened)] if opened.recorded.is_none()), "{effects:?}");
    let ticket = app.ticket;
    update(&mut app, Msg::Progress(ticket, Box::new(Progress { diagnosis: testing::cured(), running: 0 })));
    let text = app.status.unwrap().text;
    assert!(text.starts_with("Since the run before: 1 finding gone"), "{text}");
}

#[test]
fn a_domain_is_set_up_step_by_step() {
    let mut app = app(UNICODE);
    let effects = onboarded(&mut app);
    assert!(
        matches!(&effects[..], [Effect::SaveNote { name, .. }, Effect::Open(..)] if name == "onboarding-example.com"),
        "{effects:?}"
    );
    assert_eq!(app.screen(), Screen::Onboard);
    step_to(&mut app, "spf");
    let copied = press(&mut app, "y");
    assert!(
        matches!(&copied[..], [Effect::Copy { text, .. }] if text == "v=spf1 include:send.example ip4:192.0.2.4 ~all"),
        "{copied:?}"
    );
    let form = press(&mut app, "c");
    assert!(
        matches!(&form[..], [Effect::Copy { text, .. }] if text.contains("Change the entry that is there")),
        "{form:?}"
    );
    let watch = press(&mut app, "w");
    assert!(matches!(&watch[..], [Effect::Watch(_, wanted)] if wanted.name == "example.com"), "{watch:?}");
    esc(&mut app);
    // What has a blank is not copied; all that has none is.
    step_to(&mut app, "dkim:own");
    assert!(press(&mut app, "y").is_empty() && app.status.as_ref().unwrap().text.contains("blank"));
    let all = press(&mut app, "Y");
    assert!(
        matches!(&all[..], [Effect::Copy { text, what }] if text.contains("ip4:192.0.2.4") && !text.contains('<') && what.contains("left out")),
        "{all:?}"
    );
    let skipped = press(&mut app, "S");
    assert!(matches!(&skipped[..], [Effect::SaveNote { text, .. }] if text.contains("dkim:own")), "{skipped:?}");
    assert!(drawn(&mut app, 100, 30).contains("not done"));
    assert!(
        matches!(&press(&mut app, "s")[..], [Effect::SaveReport { name, .. }] if name == "postdoc-onboard-example.com.md")
    );
    assert!(matches!(&press(&mut app, "r")[..], [Effect::Run(..)]));
    // What cannot be read is said, and the mark goes there.
    press(&mut app, "e");
    app.onboard.form.at = 3;
    press(&mut app, " nonsense");
    assert!(ctrl(&mut app, 'd').is_empty());
    assert_eq!((app.screen(), app.onboard.form.at), (Screen::OnboardForm, 3));
}

#[test]
fn several_domains_stand_side_by_side() {
    let mut app = app(UNICODE);
    onboarded(&mut app);
    press(&mut app, "e");
    press(&mut app, " example.org");
    let effects = ctrl(&mut app, 'd');
    let notes = effects.iter().filter(|e| matches!(e, Effect::SaveNote { .. })).count();
    assert_eq!((app.onboard.sheets.len(), notes), (2, 2), "{effects:?}");
    set_up(&mut app, &effects);
    assert!(drawn(&mut app, 100, 30).contains("example.org not asked"));
    let effects = press(&mut app, "n");
    set_up(&mut app, &effects);
    let screen = drawn(&mut app, 100, 30);
    assert!(screen.contains("▸ example.org") && screen.contains("example.com"), "{screen}");
    // Hosts below the other domain are the other's.
    let told = |app: &App| app.onboard.sheet().told.tracking.len();
    assert_eq!((app.onboard.sheet().domain.as_str(), told(&app)), ("example.org", 0));
    // The first one comes back with what it had, and is asked about again.
    let back = press(&mut app, "n");
    assert!(matches!(&back[..], [Effect::Look(..)]), "{back:?}");
    assert_eq!((app.onboard.sheet().domain.as_str(), told(&app)), ("example.com", 1));
    assert!(app.onboard.sheet().list.is_some());
}

#[test]
fn the_zones_servers_are_asked_every_ten_seconds_and_steps_tick_themselves_off() {
    let mut app = app(UNICODE);
    onboarded(&mut app);
    let begun = app.now;
    let later = |app: &mut App, seconds: i64| {
        app.now = begun + jiff::SignedDuration::from_secs(seconds);
        update(app, Msg::Tick)
    };
    assert!(later(&mut app, 9).is_empty());
    let effects = later(&mut app, 10);
    let [Effect::Look(ticket, evidence)] = &effects[..] else { panic!("{effects:?}") };
    assert!(
        !evidence.answers.keys().any(|q| q.server != crate::evidence::Server::Resolver),
        "all of theirs is asked anew"
    );
    assert!(later(&mut app, 11).is_empty(), "one round at a time");
    let said = app.onboard.sheet().told.said("example.com");
    let published = testing::checked_as(said, &format!("{SOA}\nmta.example.com A 192.0.2.4"));
    update(&mut app, Msg::Progress(*ticket, Box::new(Progress { diagnosis: published, running: 0 })));
    assert_eq!(app.status.as_ref().unwrap().text, "Done: The server at 192.0.2.4 has a name.");
    // Elsewhere, and once nobody has pressed a key for an hour, nobody is asked.
    assert!(matches!(&later(&mut app, 60)[..], [Effect::Look(..)]));
    assert!(later(&mut app, 3_700).is_empty());
    assert!(drawn(&mut app, 100, 30).contains("for an hour"));
    press(&mut app, "j");
    assert!(matches!(&later(&mut app, 3_701)[..], [Effect::Look(..)]));
    press(&mut app, "e");
    assert!(later(&mut app, 3_720).is_empty());
}

#[test]
fn what_reaches_out_from_a_step_takes_two_enters() {
    let mut app = app(UNICODE);
    onboarded(&mut app);
    step_to(&mut app, "blocklists");
    assert!(enter(&mut app).is_empty() && app.status.as_ref().unwrap().text.contains("Enter again"));
    // Any other key takes it back.
    press(&mut app, "jk");
    assert!(enter(&mut app).is_empty());
    let effects = enter(&mut app);
    assert!(matches!(&effects[..], [Effect::Look(_, evidence)] if evidence.said.check.blocklists), "{effects:?}");
    step_to(&mut app, "dkim:own");
    enter(&mut app);
    let effects = enter(&mut app);
    assert!(matches!(&effects[..], [Effect::MakeKey(wish)] if wish.file == "s1.example.com.pem"), "{effects:?}");
    let made = super::world::Made { record: "v=DKIM1; k=rsa; p=MIIB".into(), file: "/x/s1.example.com.pem".into() };
    let kept = update(&mut app, Msg::KeyMade(Ok(made)));
    assert!(matches!(&kept[..], [Effect::SaveNote { text, .. }] if text.contains("p=MIIB")), "{kept:?}");
    let copied = press(&mut app, "y");
    assert!(matches!(&copied[..], [Effect::Copy { text, .. }] if text == "v=DKIM1; k=rsa; p=MIIB"), "{copied:?}");
    // What is asked of the owner of the address is copied as a request.
    step_to(&mut app, "ptr:192.0.2.4");
    let copied = press(&mut app, "y");
    let request = "Please set the reverse name (PTR) of 192.0.2.4 to mta.example.com.";
    assert!(matches!(&copied[..], [Effect::Copy { text, .. }] if text == request), "{copied:?}");
    // The test is written in the form of test messages, as this domain.
    step_to(&mut app, "test");
    enter(&mut app);
    assert_eq!(app.screen(), Screen::SendForm);
    assert!(drawn(&mut app, 100, 30).contains("test@example.com"));
}

#[test]
fn a_blank_is_filled_in_where_it_stands() {
    let mut app = app(UNICODE);
    onboarded(&mut app);
    step_to(&mut app, "verification");
    assert!(press(&mut app, "y").is_empty());
    assert_eq!(app.status.as_ref().unwrap().text, "Not copied: Enter first fills in the token that Google shows.");
    enter(&mut app);
    update(&mut app, Msg::Paste("google-site-verification=Abc_1\n".into()));
    let effects = enter(&mut app);
    assert!(
        matches!(&effects[..], [Effect::SaveNote { text, .. }, Effect::Look(..)] if text.contains("Abc_1")),
        "{effects:?}"
    );
    assert!(app.popup.is_none(), "it had one blank");
    let copied = press(&mut app, "y");
    assert!(
        matches!(&copied[..], [Effect::Copy { text, .. }] if text == "google-site-verification=Abc_1"),
        "{copied:?}"
    );
    // What was typed can be changed, and taken back; Esc does neither.
    enter(&mut app);
    assert!(matches!(&app.popup, Some(Popup::Blank(filling)) if filling.line.text() == "Abc_1"));
    press(&mut app, "2");
    esc(&mut app);
    assert!(matches!(&press(&mut app, "y")[..], [Effect::Copy { text, .. }] if text.ends_with("=Abc_1")));
    enter(&mut app);
    ctrl(&mut app, 'u');
    enter(&mut app);
    assert!(press(&mut app, "y").is_empty());
}

#[test]
fn the_test_of_a_new_domain_goes_the_way_of_every_other() {
    let mut app = app(UNICODE);
    app.screens.push(Screen::Practice);
    let setup = &crate::practice::setups()[0];
    let effects = super::onboards::practise(&mut app, setup);
    set_up(&mut app, &effects);
    let effects = press(&mut app, "m");
    assert!(matches!(&effects[..], [Effect::Publish(_), Effect::WriteTest]), "{effects:?}");
    update(&mut app, Msg::Composed(Ok(Box::new(testing::practice::ready(first_lesson(), false)))));
    assert_eq!(app.screen(), Screen::Send);
    assert!(drawn(&mut app, 100, 30).contains(&format!("postdoc › practice › {} › send it?", setup.domain)));
    let effects = press(&mut app, "y");
    taken(&mut app, &effects);
    assert_eq!(app.screen(), Screen::Session);
    let ticket = test_waited_for(&mut app);
    test_found(&mut app, ticket, true);
    assert_eq!(app.screen(), Screen::Verdict);
    assert!(app.case.as_ref().unwrap().before.is_none(), "the check of the domain is no earlier test");
    esc(&mut app);
    assert_eq!(app.screen(), Screen::Onboard);
    assert!(app.onboard.sheet().list.is_some());
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

#[test]
fn a_message_that_passes_proves_the_domain_and_esc_leads_back_to_the_list() {
    let mut app = app(UNICODE);
    onboarded(&mut app);
    let header = "Authentication-Results: mx.google.com; spf=pass smtp.mailfrom=example.com; dkim=pass header.i=@example.com; dmarc=pass header.from=example.com\r\nFrom: a@example.com\r\n\r\n";
    let effects = update(&mut app, Msg::Paste(header.into()));
    let Some(Effect::Open(ticket, _)) = effects.last() else { panic!("{effects:?}") };
    let ticket = *ticket;
    let input = Arc::new(testing::input_of(header.as_bytes(), InputKind::Headers));
    update(&mut app, Msg::Opened(ticket, Ok(Box::new(Opened::new(input.clone(), Said::default())))));
    assert_eq!(app.screen(), Screen::Verdict);
    let evidence = crate::evidence::Evidence::new(input, Said::default(), app.now, true);
    let reading = Arc::new(crate::facts::Reading::read(&evidence.input, &evidence.said));
    let diagnosis = crate::diagnose::diagnose(Arc::new(evidence), reading);
    let effects = update(&mut app, Msg::Progress(ticket, Box::new(Progress { diagnosis, running: 0 })));
    assert!(matches!(&effects[..], [Effect::SaveNote { text, .. }] if text.contains("mx.google.com")), "{effects:?}");
    esc(&mut app);
    assert_eq!(app.screen(), Screen::Onboard);
    let list = app.onboard.sheet().list.as_ref().unwrap();
    let test = list.steps.iter().find(|s| s.id == "test").unwrap();
    assert_eq!(test.state, crate::onboarding::State::Done, "{test:?}");
}

#[test]
fn a_name_alone_brings_back_what_was_said_of_it() {
    let mut app = app(UNICODE);
    press(&mut app, "2");
    assert_eq!(app.screen(), Screen::OnboardForm);
    press(&mut app, "acme.example");
    let effects = enter(&mut app);
    assert!(matches!(&effects[..], [Effect::Recall(domain)] if domain == "acme.example"), "{effects:?}");
    let told =
        crate::onboarding::Told { platforms: vec!["brevo".into()], step: Some("dmarc".into()), ..Default::default() };
    let kept = Some(serde_json::to_string(&told).unwrap());
    let effects = update(&mut app, Msg::Recalled("acme.example".into(), kept));
    set_up(&mut app, &effects);
    let sheet = app.onboard.sheet();
    assert_eq!((sheet.told.platforms.len(), sheet.step().unwrap().id.as_str()), (1, "dmarc"), "the same step again");
    // A name that is written otherwise is understood, and what is none is said to be.
    press(&mut app, "e");
    app.onboard.form.at = 1;
    ctrl(&mut app, 'u');
    press(&mut app, "Amazon-SES nobody");
    assert!(ctrl(&mut app, 'd').is_empty() && app.status.as_ref().unwrap().text.contains("nobody is no platform"));
}

#[test]
fn a_warm_up_is_planned_kept_and_judged() {
    let mut app = app(UNICODE);
    let kept = warmed_up(&mut app);
    let [Effect::SaveNote { name, text }] = &kept[..] else { panic!("{kept:?}") };
    assert_eq!(name, "warm-up");
    assert_eq!(app.screen(), Screen::WarmUp);
    assert_eq!(app.warmup.plan.as_ref().unwrap().first(), 200);
    let copied = press(&mut app, "y");
    let command = "postdoc warmup plan --target 20000 --start 2026-05-12 --platform sparkpost --domain-age 700 --ip new --audience mixed --share gmail=50 --share yahoo=30";
    assert!(matches!(&copied[..], [Effect::Copy { text, .. }] if text == command), "{copied:?}");
    let again = super::warmups::WarmUp::of(text, "2026-05-12".parse().unwrap());
    assert_eq!(again.plan, app.warmup.plan);
    // What cannot be read keeps the form, with the mark on the line.
    press(&mut app, "+");
    for text in ["", "", "100", "", "200"] {
        press(&mut app, text);
        stroke(&mut app, KeyCode::Down, KeyModifiers::NONE);
    }
    assert!(ctrl(&mut app, 'd').is_empty());
    assert_eq!((app.screen(), app.warmup.day.at), (Screen::WarmUpDay, 2));
    assert!(app.status.as_ref().unwrap().text.contains("more bounced (200) than was sent (100)"));
    ctrl(&mut app, 'u');
    press(&mut app, "5000");
    ctrl(&mut app, 'd');
    assert!(
        app.status.as_ref().unwrap().text.starts_with("Step back: 5000 were sent where 200 were planned"),
        "{:?}",
        app.status
    );
    let saved = press(&mut app, "s");
    assert!(
        matches!(&saved[..], [Effect::SaveReport { text, .. }] if text.contains("| 2026-05-12 | 200 | 5000 |")),
        "{saved:?}"
    );
}

#[test]
fn an_example_is_not_asked_about() {
    let mut app = diagnosed(UNICODE);
    app.case.as_mut().unwrap().opened.invented = true;
    assert!(press(&mut app, "v").is_empty());
    assert!(app.status.as_ref().unwrap().text.contains("DNS of its own"));
}

#[test]
fn an_edit_stands_in_every_copy_until_the_proposal_is_taken_again() {
    let mut app = app(UNICODE);
    app.case = Some(testing::proved());
    app.screens = vec![Screen::Home, Screen::Verdict];
    enter(&mut app);
    let copied = |app: &mut App, key: &str| match &press(app, key)[..] {
        [Effect::Copy { text, what }] => (text.clone(), what.clone()),
        other => panic!("{other:?}"),
    };
    let proposal = "v=spf1 ip4:192.0.2.4 mx ~all";
    assert_eq!(copied(&mut app, "y"), (proposal.to_owned(), format!("\"{proposal}\"")));
    let effects = press(&mut app, "e");
    tried(&mut app, effects);
    assert_eq!(app.screen(), Screen::Edit);
    typed(&mut app, " exp=why.example.com");
    let mine = format!("{proposal} exp=why.example.com");
    esc(&mut app);
    let (text, what) = copied(&mut app, "y");
    assert_eq!(text, mine);
    assert!(what.ends_with("(edited by you)"), "{what}");
    let (zone, what) = copied(&mut app, "Y");
    assert!(zone.contains(&mine) && what.ends_with("(edited by you)"), "{zone}: {what}");
    // Asked again, the edit stays as long as the proposal is the same.
    let again = testing::proved().diagnosis.unwrap();
    let ticket = app.ticket;
    let effects = update(&mut app, Msg::Progress(ticket, Box::new(Progress { diagnosis: again, running: 0 })));
    assert!(matches!(&effects[..], [Effect::Try(..)]), "{effects:?}");
    assert_eq!(copied(&mut app, "y").0, mine);
    // An old trial is no news.
    let stale = effects.into_iter().next();
    let effects = press(&mut app, "e");
    let Some(Effect::Try(old, attempt)) = stale else { panic!() };
    update(&mut app, Msg::Tried(old, Box::new(attempt.run())));
    assert!(app.case.as_ref().unwrap().editing.as_ref().unwrap().tried.is_none());
    tried(&mut app, effects);
    let effects = ctrl(&mut app, 'r');
    tried(&mut app, effects);
    esc(&mut app);
    assert_eq!(copied(&mut app, "y"), (proposal.to_owned(), format!("\"{proposal}\"")));
    assert!(app.case.as_ref().unwrap().edits.is_empty());
}

#[test]
fn what_is_no_value_of_the_type_is_not_taken() {
    let mut app = diagnosed(UNICODE);
    enter(&mut app);
    press(&mut app, "e");
    ctrl(&mut app, 'u');
    typed(&mut app, "not a name");
    assert!(drawn(&mut app, 80, 24).contains("no value of a CNAME record yet"));
    esc(&mut app);
    let fix = app.case.as_ref().unwrap().finding(app.case.as_ref().unwrap().target).unwrap().fix.clone().unwrap();
    assert!(!crate::remedy::form::bare(&fix.records[0].after[0]).contains("not a"), "{fix:?}");
}

#[test]
fn a_blank_is_filled_in_by_typing() {
    let mut app = app(UNICODE);
    let mut case = testing::proved();
    let fix = case.diagnosis.as_mut().unwrap().findings[0].fix.as_mut().unwrap();
    fix.records[0].after = vec![crate::remedy::text("v=spf1 ip4:<address> ~all")];
    fix.blanks = vec!["address".into(), "what the portal shows".into()];
    app.case = Some(case);
    app.screens = vec![Screen::Home, Screen::Verdict];
    enter(&mut app);
    press(&mut app, "e");
    typed(&mut app, "192.0.2.7");
    let case = app.case.as_ref().unwrap();
    assert_eq!(case.editing.as_ref().unwrap().line.text(), "v=spf1 ip4:192.0.2.7 ~all");
    assert_eq!(case.finding(case.target).unwrap().fix.as_ref().unwrap().blanks, ["what the portal shows"]);
}

#[test]
fn somebody_else_is_asked_as_well_and_the_old_watch_ends() {
    let mut app = diagnosed(UNICODE);
    let old = watched(&mut app, testing::watched());
    press(&mut app, "+192.0.2.7");
    let effects = ctrl(&mut app, 'd');
    let [Effect::Unwatch(gone), Effect::Watch(new, wanted)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((*gone, app.watches.list.len()), (old, 1));
    assert!(*new != old && wanted.resolvers == ["192.0.2.7:53".parse().unwrap()]);
    assert!(app.watches.list[0].command().ends_with(" --resolver 192.0.2.7:53"));
    // The same once more is the same watch.
    press(&mut app, "+");
    assert!(ctrl(&mut app, 'd').is_empty());
    let effects = press(&mut app, " ");
    assert!(matches!(&effects[..], [Effect::Rest(ticket, true)] if ticket == new), "{effects:?}");
    assert!(matches!(&press(&mut app, " ")[..], [Effect::Rest(_, false)]));
}

#[test]
fn a_message_is_written_shown_sent_and_its_refusal_diagnosed() {
    let mut app = app(UNICODE);
    press(&mut app, "3");
    assert_eq!(app.screen(), Screen::SendForm);
    for text in ["ann@acme.example", "me@gmail.example", "smtp.acme.example:465", "", "", "ann", "", "hunter2"] {
        press(&mut app, text);
        enter(&mut app);
    }
    let effects = ctrl(&mut app, 'd');
    let [Effect::Compose(letter)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(letter.drafts[0].security, crate::send::Security::Implicit);
    assert_eq!(letter.drafts[0].mail_from.as_ref().unwrap().to_string(), "ann@acme.example");
    assert!(!format!("{effects:?} {:?}", app.sending).contains("hunter2"));
    update(&mut app, Msg::Composed(Ok(Box::new(testing::ready(false)))));
    assert_eq!(app.screen(), Screen::Send);
    // The first yes is about the recipient.
    assert!(press(&mut app, "y").is_empty());
    assert!(drawn(&mut app, 80, 24).contains("Send this?"));
    let effects = press(&mut app, "y");
    let [Effect::Send(ticket, _)] = &effects[..] else { panic!("{effects:?}") };
    let ticket = *ticket;
    assert!(app.runs() && app.screen() == Screen::Session);
    assert!(press(&mut app, "y").iter().all(|e| !matches!(e, Effect::Send(..))), "not twice");
    update(&mut app, Msg::Sending(ticket, News::State(0, Box::new(testing::session(5, None)))));
    assert!(drawn(&mut app, 80, 24).contains("gives up in"));
    // The work goes on elsewhere, and a bell tells of its end.
    esc(&mut app);
    let state = testing::session(13, Some(no_such_user()));
    let effects = update(&mut app, Msg::Sending(ticket, News::State(0, Box::new(state))));
    assert!(matches!(&effects[..], [Effect::Bell]) && !app.runs());
    press(&mut app, ":send a test");
    assert!(app.status.is_none());
    esc(&mut app);
    app.screens.push(Screen::Session);
    let effects = enter(&mut app);
    let [Effect::Open(_, Source::Session(sent))] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(sent.transcript.stop, Some(no_such_user()));
    // A state that comes late is an old one's.
    update(&mut app, Msg::Sending(ticket, News::State(0, Box::new(testing::session(5, None)))));
    assert!(!app.sending.runs());
}

#[test]
fn a_typed_secret_stands_on_no_screen_and_is_forgotten() {
    let mut app = app(UNICODE);
    app.screens.push(Screen::SendForm);
    app.sending.form.at = 8;
    press(&mut app, "hunter2");
    update(&mut app, Msg::Paste("moresecret\n".into()));
    stroke(&mut app, KeyCode::Backspace, KeyModifiers::NONE);
    for (width, height) in [(80, 24), (200, 50)] {
        let picture = drawn(&mut app, width, height);
        assert!(
            !picture.contains("hunter2")
                && !picture.contains("moresecre")
                && picture.contains("(hidden, 16 characters)")
        );
    }
    handed_over(&mut app, testing::session(5, None));
    esc(&mut app);
    assert!(drawn(&mut app, 80, 24).contains("wiped after use"));
}

#[test]
fn a_session_is_stopped_by_its_key_and_by_ctrl_c() {
    for key in ['s', 'c'] {
        let mut app = app(UNICODE);
        let ticket = handed_over(&mut app, testing::session(5, None));
        let effects = if key == 's' { press(&mut app, "s") } else { ctrl(&mut app, 'c') };
        assert!(matches!(&effects[..], [Effect::Unsend(t)] if *t == ticket), "{effects:?}");
        // It is over when its last state comes.
        assert!(app.runs());
        update(&mut app, Msg::Sending(ticket, News::State(0, Box::new(testing::session(5, Some(Stop::Cancelled))))));
        assert!(!app.runs() && drawn(&mut app, 80, 24).contains("You stopped it before the message had left."));
    }
}

#[test]
fn what_keeps_a_message_from_being_written_is_said() {
    let mut app = app(UNICODE);
    app.screens.push(Screen::SendForm);
    for (keys, line, why) in
        [("", 0, "send from whom?"), ("ann@acme.example", 1, "is no address"), ("me@gmail.example", 3, "expected HOST")]
    {
        press(&mut app, keys);
        assert!(ctrl(&mut app, 'd').is_empty());
        assert_eq!(app.sending.form.at, line);
        assert!(app.status.as_ref().unwrap().text.contains(why), "{:?}", app.status);
    }
    press(&mut app, "direct");
    assert!(matches!(&ctrl(&mut app, 'd')[..], [Effect::Compose(_)]));
    update(&mut app, Msg::Composed(Err("m.eml: no such file".into())));
    assert!(app.screen() == Screen::SendForm && app.status.as_ref().unwrap().text.contains("no such file"));
    let mut app = self::app(UNICODE);
    written(&mut app, true);
    let Some(Effect::Send(ticket, _)) = press(&mut app, "y").pop() else { panic!() };
    update(&mut app, Msg::Sending(ticket, News::Fault("the command ended with exit status: 1: locked".into())));
    assert!(drawn(&mut app, 80, 24).contains("Nothing was sent: the command ended with exit status: 1: locked."));
}

#[test]
fn evidence_on_the_path_ticks_steps_and_esc_leads_back_to_it() {
    let mut app = app(UNICODE);
    press(&mut app, "8");
    assert_eq!(app.screen(), Screen::Troubles);
    press(&mut app, "2");
    assert_eq!(app.screen(), Screen::Trouble);
    let asked = drawn(&mut app, 80, 24);
    assert!(asked.contains("Paste it now, right here") && asked.contains("Why: The receiver wrote there"), "{asked}");
    // Through the editor, to see that it is not in the way back.
    enter(&mut app);
    assert_eq!(app.screen(), Screen::Input);
    app.editor.set(testing::HEADER);
    let effects = ctrl(&mut app, 'd');
    let Some(Effect::Open(ticket, _)) = effects.last() else { panic!("{effects:?}") };
    update(&mut app, Msg::Opened(*ticket, Ok(Box::new(testing::opened()))));
    update(&mut app, Msg::Progress(*ticket, testing::progress(0)));
    assert_eq!(app.screen(), Screen::Verdict);
    esc(&mut app);
    assert_eq!(app.screen(), Screen::Trouble);
    let told = drawn(&mut app, 80, 24);
    assert!(told.contains("✗ CAUSE") && told.contains("A message of acme.example"), "{told}");
    assert!(enter(&mut app).is_empty(), "the case is open already");
    assert_eq!(app.screen(), Screen::Detail);
    assert_eq!(app.screens[..3], [Screen::Home, Screen::Troubles, Screen::Trouble]);
    esc(&mut app);
    esc(&mut app);
    assert_eq!(app.screen(), Screen::Trouble);
    // Another case came since: what was held is shown as it was, and is no run of that case.
    app.case = Some(testing::of_report());
    let effects = enter(&mut app);
    assert!(matches!(&effects[..], [Effect::Cancel, Effect::Leave { practice: false }]), "{effects:?}");
    assert_eq!(app.screen(), Screen::Detail);
    assert!(app.case.as_ref().unwrap().opened.recorded.is_some());
    esc(&mut app);
    esc(&mut app);
    press(&mut app, "r");
    assert!(app.troubles.held.is_empty() && drawn(&mut app, 80, 24).contains("Nothing is known yet"));
}

#[test]
fn an_answer_is_taken_and_can_be_taken_back() {
    let mut app = app(UNICODE);
    app.screens = vec![Screen::Home, Screen::Troubles];
    press(&mut app, "6");
    press(&mut app, "jjj");
    enter(&mut app);
    assert_eq!(app.troubles.answers.get("consent").map(String::as_str), Some("yes"));
    press(&mut app, "jj");
    enter(&mut app);
    assert!(app.troubles.answers.is_empty());
}

#[test]
fn each_lesson_is_explained_on_the_path_from_its_symptom() {
    for (lesson, symptom) in [
        ("spf-missing", "unknown"),
        ("spf-wrong-address", "worked-before"),
        ("spf-softfail", "one-receiver"),
        ("spf-two-records", "worked-before"),
        ("spf-too-many-lookups", "worked-before"),
        ("dkim-key-missing", "unknown"),
        ("dkim-wrong-key", "unknown"),
        ("dkim-revoked", "worked-before"),
        ("dmarc-missing", "one-receiver"),
        ("dmarc-unaligned", "in-spam"),
        ("dmarc-strict", "in-spam"),
        ("forwarded", "in-spam"),
        ("list-footer", "in-spam"),
        ("no-ptr", "one-receiver"),
    ] {
        let mut app = app(UNICODE);
        let found = crate::practice::find(lesson).unwrap();
        app.case = Some(testing::practice::tested(found, false));
        app.screens = vec![Screen::Home, Screen::Practice, Screen::Lesson, Screen::Verdict];
        super::update::act(&mut app, Action::Troubles);
        super::troubles::begin(&mut app, crate::troubleshoot::find(symptom).unwrap());
        let path = super::troubles::walked(&app).unwrap();
        let cause = path.conclusion.cause.unwrap_or_else(|| panic!("{lesson}: {}", path.conclusion.text));
        assert_eq!(cause.rule.id, found.rule, "{lesson}: {}", path.conclusion.text);
        let picture = drawn(&mut app, 100, 30);
        assert!(picture.contains("PRACTICE"), "{picture}");
        // Enter opens the finding, whose fix the lesson publishes.
        enter(&mut app);
        assert_eq!(app.screen(), Screen::Detail);
        app.practice.lesson = Some(found);
        assert!(matches!(press(&mut app, "u").last(), Some(Effect::Publish(_))), "{lesson}");
        // What is the user's own never meets it.
        app.case = diagnosed(UNICODE).case;
        super::update::act(&mut app, Action::Troubles);
        assert!(!super::troubles::practises(&app), "{lesson}");
    }
    assert_eq!(crate::practice::all().len(), 14);
}
