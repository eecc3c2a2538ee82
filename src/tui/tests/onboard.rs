//! The checklist of a new sending domain.

use super::*;

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
    let effects = recalled(&mut app);
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
fn the_verdict_behind_the_checklist_is_asked_for_anew() {
    let mut app = app(UNICODE);
    onboarded(&mut app);
    let same = esc(&mut app);
    assert!(app.screen() == Screen::Verdict && !same.iter().any(|e| matches!(e, Effect::Run(..))), "{same:?}");
    // The checklist has heard the zone's servers since: what a resolver said first is old.
    let mut app = super::app(UNICODE);
    onboarded(&mut app);
    step_to(&mut app, "spf");
    app.now += jiff::SignedDuration::from_secs(10);
    assert!(matches!(&update(&mut app, Msg::Tick)[..], [Effect::Look(..)]));
    let effects = esc(&mut app);
    assert_eq!(app.screen(), Screen::Verdict);
    assert!(matches!(effects.last(), Some(Effect::Run(..))), "{effects:?}");
    assert!(app.status.as_ref().unwrap().text.contains("Asking again"));
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
    let made =
        crate::tui::world::Made { record: "v=DKIM1; k=rsa; p=MIIB".into(), file: "/x/s1.example.com.pem".into() };
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
    assert!(matches!(&effects[..], [Effect::Recall(domains)] if domains == &["acme.example"]), "{effects:?}");
    let told =
        crate::onboarding::Told { platforms: vec!["brevo".into()], step: Some("dmarc".into()), ..Default::default() };
    let kept = Some(serde_json::to_string(&told).unwrap());
    let effects = update(&mut app, Msg::Recalled(vec![("acme.example".into(), kept)]));
    set_up(&mut app, &effects);
    let sheet = app.onboard.sheet();
    assert_eq!((sheet.told.platforms.len(), sheet.step().unwrap().id.as_str()), (1, "dmarc"), "the same step again");
    // The form that one comes back to holds it, and to go on from there loses nothing.
    while app.screen() != Screen::OnboardForm {
        esc(&mut app);
    }
    assert_eq!(app.onboard.form.text(1), "brevo");
    let effects = ctrl(&mut app, 'd');
    assert!(matches!(&effects[..], [Effect::SaveNote { text, .. }, ..] if text.contains("brevo")), "{effects:?}");
    set_up(&mut app, &effects);
    // A name that is written otherwise is understood, and what is none is said to be.
    press(&mut app, "e");
    app.onboard.form.at = 1;
    ctrl(&mut app, 'u');
    press(&mut app, "Amazon-SES nobody");
    assert!(ctrl(&mut app, 'd').is_empty() && app.status.as_ref().unwrap().text.contains("nobody is no platform"));
}

#[test]
fn what_is_said_now_stands_on_what_was_said_before() {
    let mut app = app(UNICODE);
    press(&mut app, "2");
    press(&mut app, "acme.example");
    stroke(&mut app, KeyCode::Down, KeyModifiers::NONE);
    press(&mut app, "sendgrid");
    let effects = ctrl(&mut app, 'd');
    assert!(matches!(&effects[..], [Effect::Recall(_)]), "{effects:?}");
    let before = crate::onboarding::Told {
        platforms: vec!["brevo".into()],
        reports: Some("dmarc@acme.example".into()),
        ..Default::default()
    };
    let kept = Some(serde_json::to_string(&before).unwrap());
    update(&mut app, Msg::Recalled(vec![("acme.example".into(), kept)]));
    let told = &app.onboard.sheet().told;
    assert_eq!((&told.platforms, &told.reports), (&vec!["sendgrid".to_owned()], &before.reports));
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
    let effects = crate::tui::onboards::practise(&mut app, setup);
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
