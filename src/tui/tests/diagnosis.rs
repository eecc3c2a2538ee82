//! From a paste or a domain to a verdict, and what is done with it.

use super::*;

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
    let form = drawn(&mut app, 80, 24);
    assert!(form.contains("try an address") && !form.contains("authserv-id"), "{form}");
    let effects = ctrl(&mut app, 'd');
    let [Effect::Run(_, opened)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(opened.said.ip, Some("192.0.2.7".parse().unwrap()));
    assert_eq!(app.screen(), Screen::Spf);
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
fn a_pasted_header_is_diagnosed_wherever_it_is_pasted() {
    for keys in ["2", "3", "5", "7", "?", "/"] {
        let mut app = app(UNICODE);
        press(&mut app, keys);
        let effects = update(&mut app, Msg::Paste(testing::HEADER.into()));
        assert!(matches!(effects.last(), Some(Effect::Open(_, Source::Text { .. }))), "{keys}: {effects:?}");
    }
    // What is typed in the form is still there.
    let mut app = app(UNICODE);
    press(&mut app, "3ann@acme.example");
    update(&mut app, Msg::Paste(testing::HEADER.into()));
    let now = app.ticket;
    update(&mut app, Msg::Opened(now, Ok(Box::new(testing::opened()))));
    assert_eq!(app.screen(), Screen::Verdict);
    esc(&mut app);
    assert_eq!(app.screen(), Screen::SendForm);
    assert!(drawn(&mut app, 80, 24).contains("ann@acme.example"));
}

#[test]
fn a_paste_is_named_by_what_it_is() {
    for (kind, name) in [(InputKind::Headers, "pasted header"), (InputKind::Report, "pasted report")] {
        let mut app = app(UNICODE);
        let effects = update(&mut app, Msg::Paste("From: a@example.com\n".into()));
        let Some(Effect::Open(ticket, Source::Text { name: asked, .. })) = effects.last() else {
            panic!("{effects:?}")
        };
        let mut input = testing::input_of(b"From: a@example.com\n", kind);
        input.name = asked.clone();
        let run = update(&mut app, Msg::Opened(*ticket, Ok(Box::new(Opened::new(input, Default::default())))));
        assert!(matches!(&run[..], [Effect::Run(_, opened)] if opened.input.name == name), "{run:?}");
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
    // The paste that was meant takes its place.
    ctrl(&mut app, 'u');
    assert!(app.editor.is_empty());
    ctrl(&mut app, '_');
    press(&mut app, "!");
    assert_eq!(app.editor.text(), "hello there!", "what is typed stands behind the paste");
    stroke(&mut app, KeyCode::Backspace, KeyModifiers::NONE);
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
fn v_asks_again_for_what_a_finding_rests_on_and_says_what_came_of_it() {
    let verified = |after: crate::diagnose::Diagnosis| {
        let mut app = checked(UNICODE);
        let case = app.case.as_mut().unwrap();
        let line = |case: &crate::tui::case::Case, rule: &str| {
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
    assert!(text.starts_with("Since last time: 1 finding gone"), "{text}");
}

#[test]
fn an_example_is_not_asked_about() {
    let mut app = diagnosed(UNICODE);
    app.case.as_mut().unwrap().opened.invented = true;
    assert!(press(&mut app, "v").is_empty());
    assert!(app.status.as_ref().unwrap().text.contains("DNS of its own"));
}
