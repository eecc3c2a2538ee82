//! From a symptom to its cause.

use super::*;

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
        crate::tui::update::act(&mut app, Action::Troubles);
        crate::tui::troubles::begin(&mut app, crate::troubleshoot::find(symptom).unwrap());
        let path = crate::tui::troubles::walked(&app).unwrap();
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
        crate::tui::update::act(&mut app, Action::Troubles);
        assert!(!crate::tui::troubles::practises(&app), "{lesson}");
    }
    assert_eq!(crate::practice::all().len(), 14);
}
