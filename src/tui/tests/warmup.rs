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
    for text in ["", "", "100", "", "200"] {
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
