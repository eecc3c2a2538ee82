//! What only the user knows, and the engine is told.

use super::*;

#[test]
fn the_form_says_what_was_typed() {
    let mut app = diagnosed(UNICODE);
    press(&mut app, "t");
    press(&mut app, "http://acme.example/x");
    assert!(ctrl(&mut app, 'd').is_empty() && drawn(&mut app, 80, 24).contains("a domain, like example.com"));
    ctrl(&mut app, 'u');
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
    assert!(opened.rspamd_password.is_none());
}

#[test]
fn the_password_of_rspamd_is_handed_over_and_stands_nowhere() {
    let mut app = app(UNICODE);
    app.case = Some(testing::opinionated());
    app.screens = vec![Screen::Home, Screen::Verdict];
    press(&mut app, "t");
    (0..23).for_each(|_| drop(stroke(&mut app, KeyCode::Down, KeyModifiers::NONE)));
    update(&mut app, Msg::Paste("hunter22\n".into()));
    stroke(&mut app, KeyCode::Backspace, KeyModifiers::NONE);
    let picture = drawn(&mut app, 80, 24);
    assert!(picture.contains("(hidden, 7 characters)") && !picture.contains("hunter"), "{picture}");
    let effects = enter(&mut app);
    let [Effect::Run(_, opened)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(opened.rspamd_password.as_ref().unwrap().expose(), "hunter2");
    let said = serde_json::to_string(&opened.said).unwrap();
    assert!(!format!("{effects:?} {:?} {said}", app.case).contains("hunter2"));
    // It is that of this case, for as long as that is open.
    let again = press(&mut app, "r");
    assert!(matches!(&again[..], [Effect::Run(_, opened)] if opened.rspamd_password.is_some()), "{again:?}");
    press(&mut app, "t");
    assert!(drawn(&mut app, 80, 24).contains("(hidden, 7 characters)"));
    // A password of nobody is asked about.
    stroke(&mut app, KeyCode::Up, KeyModifiers::NONE);
    ctrl(&mut app, 'u');
    assert!(ctrl(&mut app, 'd').is_empty() && drawn(&mut app, 80, 24).contains("of which Rspamd?"));
}
