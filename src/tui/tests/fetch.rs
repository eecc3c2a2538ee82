//! Messages that are waited for in mailboxes.

use super::*;

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
    let Some(crate::tui::fetches::Typed::Imap { server, secret, .. }) = &asked.typed else { panic!() };
    assert_eq!((server.host.as_str(), server.port), ("imap.example.com", 993));
    let crate::tui::fetches::Told::Typed(secret) = secret else { panic!() };
    assert_eq!(secret.expose(), "pl4nted s3cret");
    assert!(!format!("{effects:?}").contains("pl4nted"));
    assert_eq!(app.screen(), Screen::Fetch);
    update(&mut app, Msg::Fetched(*ticket, Ok(Box::new(testing::waited()))));
    let copied = press(&mut app, "y");
    let [Effect::Copy { text, .. }] = &copied[..] else { panic!("{copied:?}") };
    assert_eq!(text, "postdoc fetch --imap imap.example.com:993 --user me@example.com --marker 7F3A-91C2");
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
    assert_eq!(app.status.as_ref().unwrap().text, "send from whom? An address is missing, like ann@example.com.");
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
    let picture = drawn(&mut app, 80, 24);
    assert!(picture.contains("stopped: found in 2 of 4"), "{picture}");
    assert!(picture.contains("me@yahoo.com    stopped") && !picture.contains("looking again and again"), "{picture}");
    let again = press(&mut app, "r");
    assert!(matches!(&again[..], [Effect::Fetch(t, _)] if *t != ticket), "{again:?}");
    update(&mut app, Msg::Fetched(Ticket(ticket.0 + 1), Err("there is no such file".into())));
    assert!(drawn(&mut app, 80, 24).contains("there is no such file"));
}
