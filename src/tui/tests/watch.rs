//! Changes that are watched until they are everywhere.

use super::*;

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
    assert!(press(&mut app, " ").is_empty());
    assert!(app.status.as_ref().unwrap().text.contains("is over"));
    app.status = None;
    assert!(!drawn(&mut app, 100, 24).contains("pause"), "nothing is left to pause");
    assert!(matches!(&ctrl(&mut app, 'c')[..], [Effect::Quit]));
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
