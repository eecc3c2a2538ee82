//! The lessons of the practice world.

use super::*;

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
    let lesson = app.screens.pop();
    assert_eq!(drawn(&mut app, 80, 24).matches("✓ cured").count(), 1, "the list shows how far one is");
    app.screens.extend(lesson);
    let effects = enter(&mut app);
    let [Effect::Unfetch, Effect::Cancel, Effect::Lesson(l)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(l.id, lessons[1].id);
    // Outside of the practice world its keys do nothing.
    assert!(press(&mut diagnosed(UNICODE), "um").is_empty());
}

#[test]
fn everything_of_the_practice_world_is_marked_and_nothing_is_watched_there() {
    let mut app = app(UNICODE);
    test_written(&mut app);
    assert!(drawn(&mut app, 40, 10).contains("PRACTICE"), "{}", drawn(&mut app, 40, 10));
    test_read(&mut app);
    for (width, height) in [(40, 10), (80, 24)] {
        let screen = drawn(&mut app, width, height);
        assert!(screen.contains("PRACTICE") && !screen.contains("w watch"), "{screen}");
    }
    assert!(press(&mut app, "w").is_empty());
    assert_eq!(app.screen(), Screen::Verdict);
    assert!(app.status.as_ref().unwrap().text.contains("at once"), "{:?}", app.status);
    app.screens.push(Screen::Practice);
    let effects = crate::tui::onboards::practise(&mut app, &crate::practice::setups()[0]);
    set_up(&mut app, &effects);
    press(&mut app, "e");
    assert!(app.screen() == Screen::OnboardForm && drawn(&mut app, 80, 24).contains("PRACTICE"));
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
