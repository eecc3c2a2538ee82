//! Mail that is received here.

use super::*;

#[test]
fn mail_is_received_and_each_message_opens_its_diagnosis() {
    let mut app = app(UNICODE);
    crate::tui::listens::show(&mut app);
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
        "postdoc listen --smtp 0.0.0.0:25 --authserv-id mx.example.net --rcpt test@mx.example.net --timeout 3600"
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
    crate::tui::listens::show(&mut app);
    assert_eq!(app.listens.at, 1, "the mark follows what comes");
    press(&mut app, "k");
    let effects = enter(&mut app);
    let [Effect::Leave { .. }, Effect::Run(_, opened)] = &effects[..] else { panic!("{effects:?}") };
    assert!(opened.unsaved && opened.recorded.is_some(), "judged already, and a case from here on");
    assert_eq!(app.screen(), Screen::Verdict);
    crate::tui::listens::show(&mut app);
    assert!(matches!(&ctrl(&mut app, 'c')[..], [Effect::Unlisten]));
    assert!(drawn(&mut app, 80, 24).contains("stopped: nothing is taken any more"));
    let over = crate::world::listen::Told::Over(Default::default());
    assert!(update(&mut app, Msg::Told(ticket, Ok(over))).is_empty());
    let again = press(&mut app, "r");
    assert!(matches!(&again[..], [Effect::Listen(t, _)] if *t != ticket), "{again:?}");
}
