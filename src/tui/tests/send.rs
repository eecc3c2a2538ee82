//! Messages that are written, asked about and sent.

use super::*;

#[test]
fn a_message_is_written_shown_sent_and_its_refusal_diagnosed() {
    let mut app = app(UNICODE);
    press(&mut app, "3");
    assert_eq!(app.screen(), Screen::SendForm);
    for text in ["ann@acme.example", "me@gmail.example", "smtp.acme.example:465", "", "", "", "ann", "", "hunter2"] {
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
    app.sending.form.at = 7;
    press(&mut app, "ann");
    enter(&mut app);
    enter(&mut app);
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
fn the_form_of_a_message_says_what_the_command_line_can() {
    let mut app = app(UNICODE);
    app.screens.push(Screen::SendForm);
    let fill = |app: &mut App, texts: &[&str]| {
        for text in texts {
            press(app, text);
            enter(app);
        }
    };
    fill(&mut app, &["ann@acme.example", "me@gmail.example", "direct", "", "", "ca.pem", "", "192.0.2"]);
    assert!(ctrl(&mut app, 'd').is_empty() && app.sending.form.at == 10);
    assert!(app.status.as_ref().unwrap().text.contains("is no IP address"), "{:?}", app.status);
    fill(&mut app, &[".4", "<>", "mta.acme.example", "", "Hello", "-", "https://acme.example/u"]);
    fill(&mut app, &["s1.pem", "s1", "mail.acme.example"]);
    assert!(app.status.as_ref().unwrap().text.contains("would be the keyboard"), "{:?}", app.status);
    ctrl(&mut app, 'u');
    press(&mut app, "body.txt");
    let effects = ctrl(&mut app, 'd');
    let [Effect::Compose(letter)] = &effects[..] else { panic!("{effects:?}") };
    let draft = &letter.drafts[0];
    assert_eq!((draft.source, &draft.mail_from), (Some("192.0.2.4".parse().unwrap()), &None));
    assert_eq!(
        (letter.body.as_deref(), letter.authorities.as_deref()),
        (Some("body.txt".as_ref()), Some("ca.pem".as_ref()))
    );
    let key = letter.key.as_ref().unwrap();
    assert_eq!((&key.selector[..], key.domain.as_deref()), ("s1", Some("mail.acme.example")));
    // A message of one's own is sent as it is: what would be written into a test is asked no more, nor said.
    app.sending.form.at = 13;
    press(&mut app, "own.eml");
    assert!(!drawn(&mut app, 80, 40).contains("body file"));
    let effects = ctrl(&mut app, 'd');
    let [Effect::Compose(letter)] = &effects[..] else { panic!("{effects:?}") };
    assert!(letter.body.is_none() && letter.file.is_some());
}
