//! Records to publish: copied, typed into a form, edited.

use super::*;

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
    crate::tui::screen::form::choose(&mut app, "cloudflare");
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
    crate::tui::screen::form::choose(&mut app, "route53");
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
    let rerun = crate::tui::screen::form::choose(&mut app, "godaddy");
    assert!(matches!(&rerun[..], [Effect::Run(_, opened)] if opened.said.dns_host.as_deref() == Some("godaddy")));
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
