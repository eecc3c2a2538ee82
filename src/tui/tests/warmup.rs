//! A warm-up, planned and judged.

use super::*;

#[test]
fn a_warm_up_is_planned_kept_and_judged() {
    let mut app = app(UNICODE);
    let kept = warmed_up(&mut app);
    let [Effect::SaveNote { name, text }] = &kept[..] else { panic!("{kept:?}") };
    assert_eq!(name, "warm-up");
    assert_eq!(app.screen(), Screen::WarmUp);
    assert_eq!(app.warmup.plan.as_ref().unwrap().first(), 200);
    let copied = press(&mut app, "y");
    let command = "postdoc warmup plan --target 20000 --start 2026-05-12 --platform sparkpost --domain-age 700 --ip new --audience mixed --share gmail=50 --share yahoo=30";
    assert!(matches!(&copied[..], [Effect::Copy { text, .. }] if text == command), "{copied:?}");
    let again = crate::tui::warmups::WarmUp::of(text, "2026-05-12".parse().unwrap());
    assert_eq!(again.plan, app.warmup.plan);
    // What cannot be read keeps the form, with the mark on the line.
    press(&mut app, "+");
    for text in ["", "", "100", "", "", "200"] {
        press(&mut app, text);
        stroke(&mut app, KeyCode::Down, KeyModifiers::NONE);
    }
    assert!(ctrl(&mut app, 'd').is_empty());
    assert_eq!((app.screen(), app.warmup.day.at), (Screen::WarmUpDay, 2));
    assert!(app.status.as_ref().unwrap().text.contains("more bounced (200) than was sent (100)"));
    ctrl(&mut app, 'u');
    press(&mut app, "5000");
    ctrl(&mut app, 'd');
    assert!(
        app.status.as_ref().unwrap().text.starts_with("Step back: 5000 were sent where 200 were planned"),
        "{:?}",
        app.status
    );
    let saved = press(&mut app, "s");
    assert!(
        matches!(&saved[..], [Effect::SaveReport { text, .. }] if text.contains("| 2026-05-12 | 200 | 5000 |")),
        "{saved:?}"
    );
}

#[test]
fn a_table_and_a_log_are_pasted_on_the_plan_and_on_the_form() {
    let mut app = app(UNICODE);
    warmed_up(&mut app);
    let kept = |effects: &[Effect]| match effects {
        [Effect::SaveNote { text, .. }] => text.clone(),
        other => panic!("{other:?}"),
    };
    let table = "date,receiver,sent,delivered\n2026-05-12,gmail,100,100\n2026-05-12,yahoo,100,40\n";
    press(&mut app, "+");
    let effects = update(&mut app, Msg::Paste(table.into()));
    assert!(kept(&effects).contains(r#"["2026-05-12","Yahoo","100","40","0""#), "{effects:?}");
    assert_eq!((app.screen(), app.warmup.days()), (Screen::WarmUp, 2));
    let said = |app: &App| app.status.as_ref().unwrap().text.clone();
    assert!(said(&app).contains("step back at Yahoo: delivered 40.0 % (40 of 100)"), "{}", said(&app));
    // Once more is a correction; what a line of it cannot mean is said, and nothing is taken.
    update(&mut app, Msg::Paste(table.replace(",40", ",100").replace('\n', "\r")));
    assert_eq!((said(&app).as_str(), app.warmup.days()), ("Go on.", 2));
    assert!(update(&mut app, Msg::Paste(table.replace(",40", ",many"))).is_empty());
    assert!(said(&app).starts_with("Not taken: line 3: "), "{}", said(&app));
    let log = "May 13 10:00:01 mx postfix/smtp[2]: A1: to=<a@gmail.com>, relay=gmail-smtp-in.l.google.com[192.0.2.1]:25, dsn=2.0.0, status=sent (250 ok)\n";
    let effects = update(&mut app, Msg::Paste(log.repeat(3)));
    assert!(kept(&effects).contains(r#"["2026-05-13","Gmail","3","3","0""#), "{effects:?}");
}
