//! The states of the app that are drawn and tried: each a story told by keys, and the hands that tell it.

use crate::evidence::InputKind;
use crate::evidence::transcript::Stop;
use crate::tui::app::{App, Screen};
use crate::tui::msg::{Effect, Msg, Ticket};
use crate::tui::testing;
use crate::tui::theme::{Choice, Look, Theme};
use crate::tui::update::update;
use crate::tui::world::{Opened, Recent, Sample, Source};
use crate::world::run::Progress;
use crate::world::send::News;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use unicode_width::UnicodeWidthStr;

pub(in crate::tui) const UNICODE: Look = Look { theme: Choice::Fixed(Theme::Dark), ascii: false, motion: true };
pub(in crate::tui) const ASCII: Look = Look { theme: Choice::Fixed(Theme::Mono), ascii: true, motion: false };

pub(in crate::tui) fn app(look: Look) -> App {
    let mut app = App::new(look, "2026-05-12T14:02:00Z".parse().unwrap());
    app.recent = vec![Recent {
        id: "3f9c".into(),
        name: "acme.example".into(),
        state: crate::triage::State::Fail,
        headline: "DMARC not aligned".into(),
        at: "2026-05-12T14:02:00Z".parse().unwrap(),
        rules: vec!["dmarc-unaligned".into()],
    }];
    app.samples = vec![
        Sample { id: "esp".into(), title: "The platform signs, not you".into() },
        Sample { id: "spf".into(), title: "SPF needs too many lookups".into() },
    ];
    app
}

/// An app that stands on the verdict of the usual case.
pub(in crate::tui) fn diagnosed(look: Look) -> App {
    let mut app = app(look);
    app.editor.set(testing::HEADER);
    let effects = update(&mut app, Msg::Paste(testing::HEADER.into()));
    let ticket = match effects.last() {
        Some(Effect::Open(ticket, _)) => *ticket,
        other => panic!("{other:?}"),
    };
    update(&mut app, Msg::Opened(ticket, Ok(Box::new(testing::opened()))));
    update(&mut app, Msg::Progress(ticket, testing::progress(0)));
    app
}

pub(in crate::tui) fn press(app: &mut App, keys: &str) -> Vec<Effect> {
    keys.chars().flat_map(|c| stroke(app, KeyCode::Char(c), KeyModifiers::NONE)).collect()
}

pub(in crate::tui) fn stroke(app: &mut App, code: KeyCode, modifiers: KeyModifiers) -> Vec<Effect> {
    update(app, Msg::Key(KeyEvent::new(code, modifiers)))
}

pub(in crate::tui) fn enter(app: &mut App) -> Vec<Effect> {
    stroke(app, KeyCode::Enter, KeyModifiers::NONE)
}

pub(in crate::tui) fn esc(app: &mut App) -> Vec<Effect> {
    stroke(app, KeyCode::Esc, KeyModifiers::NONE)
}

pub(in crate::tui) fn ctrl(app: &mut App, c: char) -> Vec<Effect> {
    stroke(app, KeyCode::Char(c), KeyModifiers::CONTROL)
}

pub(in crate::tui) fn drawn(app: &mut App, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| crate::tui::view::draw(app, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let mut out = String::new();
    for y in 0..height {
        let mut line = String::new();
        let mut x = 0;
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += (symbol.width() as u16).max(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A domain with keys in several states, and a policy that two kinds of receivers read differently.
pub(in crate::tui) const DOMAIN: &str = "
    example.com 300 TXT \"v=spf1 include:sendgrid.net -all\"
    sendgrid.net TXT \"v=spf1 ip4:192.0.2.0/24 -all\"
    s1._domainkey.example.com CNAME s1.domainkey.u123.wl001.sendgrid.net
    s1.domainkey.u123.wl001.sendgrid.net 1800 TXT \"k=rsa; t=s; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCr6B4UFfDlKxtJAQVBjmG8EHRrNNQdi+zUkFTGvV2/p91EmRcOiPCQYjy4qXKtxgZ9n01n7nDM/k2qTU7TRu+gtjtAxZc0x+elyhzmzxO9wjlYKjxEu599tnSjUGeX\"
    mail._domainkey.example.com TXT \"v=DKIM1; p=\"
    k1._domainkey.example.com SERVFAIL 22
    _dmarc.example.com TXT \"v=DMARC1; p=reject; sp=none; t=y; pct=20; rua=mailto:dmarc@example.com,mailto:a@reports.test; ruf=mailto:b@silent.test\"
    example.com._report._dmarc.reports.test TXT \"v=DMARC1\"
    silent.test TIMEOUT
";

pub(in crate::tui) type Story = (&'static str, fn(&mut App));

/// A checked domain in an invented world.
pub(in crate::tui) fn checked(look: Look) -> App {
    let mut app = app(look);
    let input = testing::input_of(b"example.com", InputKind::Domain);
    let opened = Opened::new(input, Default::default());
    let ticket = app.next_ticket();
    update(&mut app, Msg::Opened(ticket, Ok(Box::new(opened))));
    let diagnosis = testing::checked();
    update(&mut app, Msg::Progress(ticket, Box::new(Progress { diagnosis, running: 0 })));
    app
}

/// Every screen and popup, by the keys that lead there from the verdict.
pub(in crate::tui) const STORIES: &[Story] = &[
    ("home", |app| app.screens.truncate(1)),
    ("cases", |app| {
        app.screens.truncate(1);
        let mut passed = app.recent[0].clone();
        (passed.id, passed.name, passed.state) = ("8a01".into(), "shop.example".into(), crate::triage::State::Pass);
        passed.headline = "SPF, DKIM and DMARC pass.".into();
        passed.rules.clear();
        app.recent.push(passed);
        press(app, "/");
    }),
    ("cases_search", |app| {
        app.screens.truncate(1);
        press(app, "/acme unaligned");
    }),
    ("samples", |app| app.screens = vec![Screen::Home, Screen::Samples]),
    ("input", |app| app.screens = vec![Screen::Home, Screen::Input]),
    ("input_asks", |app| {
        app.screens.truncate(1);
        let input = testing::input_of(b"hello there", InputKind::Unknown);
        crate::tui::screen::input::ask(app, &input);
    }),
    ("verdict", |_| {}),
    ("verdict_words", |app| drop(press(app, "i"))),
    ("verdict_filter", |app| drop(press(app, "/spf"))),
    ("verdict_searching", |app| {
        let case = app.case.as_mut().unwrap();
        case.running = 1;
        case.opened.input.effort().pretend(1_200, 5_000);
    }),
    ("verdict_running", |app| app.case.as_mut().unwrap().running = 3),
    ("detail", |app| drop(enter(app))),
    ("detail_more", |app| {
        enter(app);
        press(app, "i");
    }),
    ("detail_dns", |app| {
        enter(app);
        press(app, "nn");
    }),
    ("open_questions", |app| {
        press(app, "Gk");
        enter(app);
    }),
    ("passed", |app| {
        press(app, "G");
        enter(app);
    }),
    ("spf", |app| drop(press(app, "3"))),
    ("spf_survey", |app| {
        let ticket = app.ticket;
        update(app, Msg::Progress(ticket, Box::new(testing::surveyed())));
        press(app, "3jjjj");
        stroke(app, KeyCode::Left, KeyModifiers::NONE);
        press(app, "j");
    }),
    ("spf_answer", |app| {
        let ticket = app.ticket;
        update(app, Msg::Progress(ticket, Box::new(testing::surveyed())));
        press(app, "3");
        enter(app);
    }),
    ("dkim", |app| drop(press(app, "4"))),
    ("dkim_sent_copy", |app| {
        app.case = Some(testing::beside());
        press(app, "4");
        (0..8).for_each(|_| drop(press(app, "j")));
    }),
    ("dmarc", |app| {
        press(app, ":two kinds");
        enter(app);
    }),
    ("requirements", |app| {
        *app = checked(app.look);
        press(app, ":guidelines");
        enter(app);
    }),
    ("own_filters", |app| {
        app.case = Some(testing::opinionated());
    }),
    ("filters", |app| {
        app.case = Some(testing::opinionated());
        press(app, ":spamassassin");
        enter(app);
    }),
    ("stated_on_request", |app| {
        app.case = Some(testing::opinionated());
        press(app, "t");
        (0..15).for_each(|_| drop(stroke(app, KeyCode::Down, KeyModifiers::NONE)));
        press(app, "20,000");
        (0..5).for_each(|_| drop(stroke(app, KeyCode::Down, KeyModifiers::NONE)));
        stroke(app, KeyCode::Right, KeyModifiers::NONE);
    }),
    ("stated_password", |app| {
        app.case = Some(testing::opinionated());
        press(app, "t");
        (0..23).for_each(|_| drop(stroke(app, KeyCode::Down, KeyModifiers::NONE)));
        press(app, "hunter2");
    }),
    ("domain_dkim", |app| {
        app.case = Some(testing::of_domain(DOMAIN));
        press(app, "4");
    }),
    ("domain_dkim_answers", |app| {
        app.case = Some(testing::of_domain(DOMAIN));
        press(app, "4ni");
    }),
    ("domain_dmarc", |app| {
        app.case = Some(testing::of_domain(DOMAIN));
        press(app, "5");
    }),
    ("domain_dmarc_answers", |app| {
        app.case = Some(testing::of_domain(DOMAIN));
        press(app, "5i");
    }),
    ("hops", |app| drop(press(app, "5"))),
    ("headers", |app| {
        enter(app);
        enter(app);
    }),
    ("headers_redacted", |app| drop(press(app, "x6"))),
    ("stated", |app| drop(press(app, "t"))),
    ("help", |app| drop(press(app, "?"))),
    ("palette", |app| drop(press(app, ":redact"))),
    ("palette_advice", |app| drop(press(app, ":sender id"))),
    ("copy_as", |app| drop(press(app, "c"))),
    ("proof", |app| {
        app.case = Some(testing::proved());
        enter(app);
    }),
    ("edit", |app| {
        app.case = Some(testing::proved());
        enter(app);
        let effects = press(app, "e");
        tried(app, effects);
    }),
    ("edit_broken", |app| {
        app.case = Some(testing::proved());
        enter(app);
        let effects = press(app, "e");
        tried(app, effects);
        (0..5).for_each(|_| drop(stroke(app, KeyCode::Backspace, KeyModifiers::NONE)));
        typed(app, "/33 ~all");
    }),
    ("edit_kept", |app| {
        app.case = Some(testing::proved());
        enter(app);
        press(app, "e");
        ctrl(app, 'a');
        (0..6).for_each(|_| drop(stroke(app, KeyCode::Right, KeyModifiers::NONE)));
        typed(app, " a:mx.example.com");
        esc(app);
    }),
    ("form", |app| {
        enter(app);
        press(app, "p");
    }),
    ("form_route53", |app| {
        press(app, "jjp");
        crate::tui::screen::form::choose(app, "route53");
        stroke(app, KeyCode::Tab, KeyModifiers::NONE);
    }),
    ("form_hosts", |app| {
        press(app, "p");
        enter(app);
    }),
    ("quit", |app| {
        app.case.as_mut().unwrap().running = 2;
        press(app, "q");
    }),
    ("domain_ask", |app| {
        app.screens = vec![Screen::Home, Screen::Ask];
        press(app, "example.c");
    }),
    ("domain", |app| *app = checked(app.look)),
    ("domain_running", |app| {
        *app = checked(app.look);
        app.case.as_mut().unwrap().running = 4;
    }),
    ("domain_records", |app| {
        *app = checked(app.look);
        press(app, "6jjj");
    }),
    ("report", |app| app.case = Some(testing::of_report())),
    ("report_sources", |app| {
        app.case = Some(testing::of_report());
        press(app, "6j");
    }),
    ("report_finding", |app| {
        app.case = Some(testing::of_report());
        press(app, "6j");
        enter(app);
    }),
    ("domain_wish", |app| {
        *app = checked(app.look);
        press(app, "ts1 google");
        (0..6).for_each(|_| drop(enter(app)));
    }),
    ("watch_form", |app| {
        app.screens = vec![Screen::Home, Screen::WatchForm];
        press(app, "s1._domainkey.example.c");
    }),
    ("watch", |app| {
        watched(app, testing::watched());
    }),
    ("watch_of_four", |app| {
        watched(app, testing::four());
    }),
    ("watch_paused", |app| {
        let mut state = testing::watched();
        state.rest(state.last, true);
        let ticket = watched(app, state.clone());
        press(app, " ");
        update(app, Msg::Watched(ticket, Ok(Box::new(state))));
    }),
    ("watch_added", |app| {
        watched(app, testing::watched());
        press(app, "+192.0.2.7 198.51.100.77 203.0.113.177 192.0.2.99 198.51.100.200 203.0.113.1");
    }),
    ("watches", |app| {
        let over = watched(app, testing::watched());
        update(app, Msg::Watched(over, Ok(Box::new(testing::agreed()))));
        esc(app);
        enter(app);
        press(app, "w");
    }),
    ("watch_over", |app| {
        let over = watched(app, testing::watched());
        esc(app);
        update(app, Msg::Watched(over, Ok(Box::new(testing::agreed()))));
    }),
    ("watch_quit", |app| {
        watched(app, testing::watched());
        press(app, "q");
    }),
    ("changes", |app| {
        *app = checked(app.look);
        press(app, "r");
        let ticket = app.ticket;
        update(app, Msg::Progress(ticket, Box::new(Progress { diagnosis: testing::cured(), running: 0 })));
        press(app, ":what changed");
        enter(app);
    }),
    ("bounce", |app| {
        app.case = Some(testing::of_bounce(include_str!("../../../tests/scenarios/bounce-no-such-mailbox/input")))
    }),
    ("bounce_of_several", |app| {
        app.case = Some(testing::of_bounce(include_str!("../../../tests/scenarios/bounce-full-and-late/input")));
    }),
    ("bounce_for_policy", |app| {
        app.case = Some(testing::of_bounce(include_str!("../../../tests/scenarios/bounce-dmarc-refused/input")));
    }),
    ("onboard_form", |app| {
        app.screens = vec![Screen::Home, Screen::OnboardForm];
        press(app, "acme.exam");
        stroke(app, KeyCode::Down, KeyModifiers::NONE);
    }),
    ("onboard", |app| {
        onboarded(app);
        press(app, "jjjj");
    }),
    ("onboard_spf", |app| {
        onboarded(app);
        press(app, "jjjjjS");
    }),
    ("onboard_blank", |app| {
        onboarded(app);
        step_to(app, "verification");
        enter(app);
        press(app, "Abc_1");
    }),
    ("onboard_several", |app| {
        onboarded(app);
        press(app, "e");
        press(app, " example.org");
        let effects = recalled(app);
        set_up(app, &effects);
        let effects = press(app, "n");
        set_up(app, &effects);
        press(app, "jjj");
    }),
    ("onboard_practice", |app| {
        *app = self::app(app.look);
        app.screens.push(Screen::Practice);
        let effects = crate::tui::onboards::practise(app, &crate::practice::setups()[0]);
        set_up(app, &effects);
    }),
    ("onboard_waits", |app| {
        onboarded(app);
        app.onboard.sheet_mut().list = None;
    }),
    ("warmup_form", |app| {
        app.screens = vec![Screen::Home, Screen::WarmUpForm];
        press(app, "20000");
        enter(app);
        enter(app);
        press(app, "sendg");
    }),
    ("warmup_day", |app| app.screens = vec![Screen::Home, Screen::WarmUpDay]),
    ("warmup", |app| drop(warmed_up(app))),
    ("warmup_advice", |app| {
        warmed_up(app);
        press(app, "+");
        for text in ["", "gmail", "220", "", "28", "", "", "1"] {
            press(app, text);
            enter(app);
        }
        ctrl(app, 'd');
    }),
    ("troubles", |app| app.screens = vec![Screen::Home, Screen::Troubles]),
    ("trouble", |app| {
        app.screens = vec![Screen::Home, Screen::Troubles];
        press(app, "2");
    }),
    ("trouble_cause", |app| {
        press(app, ":find out why");
        enter(app);
        press(app, "2");
    }),
    ("trouble_answers", |app| {
        app.screens = vec![Screen::Home, Screen::Troubles];
        press(app, "6");
        press(app, "jj");
    }),
    ("practice", |app| app.screens = vec![Screen::Home, Screen::Practice]),
    ("practice_lesson", |app| drop(lesson(app))),
    ("practice_written", test_written),
    ("practice_session", test_sent),
    ("practice_mailbox", |app| {
        test_sent(app);
        let ticket = test_waited_for(app);
        let case = testing::practice::tested(crate::practice::find("dmarc-unaligned").unwrap(), false);
        update(app, Msg::Fetched(ticket, Ok(Box::new(testing::practice::waited(Some(&case))))));
    }),
    ("practice_read", |app| {
        test_read(app);
        esc(app);
    }),
    ("practice_published", |app| {
        test_read(app);
        press(app, "u");
        esc(app);
    }),
    ("practice_cured", |app| {
        test_read(app);
        press(app, "u");
        test_read_again(app);
        esc(app);
    }),
    ("fetch_form", |app| {
        app.screens.truncate(1);
        press(app, "7");
        press(app, "me@gmail.com");
        enter(app);
        press(app, "pl4nted-s3cret");
    }),
    ("fetch", |app| {
        fetched(app, testing::waited());
    }),
    ("fetch_refused", |app| {
        fetched(app, testing::waited());
        press(app, "jj");
    }),
    ("fetch_over", |app| {
        let ticket = fetched(app, testing::waited());
        esc(app);
        update(app, Msg::Fetched(ticket, Ok(Box::new(testing::waited_in_vain()))));
        press(app, "7");
        press(app, "jjj");
    }),
    ("listen_form", |app| {
        listening(app);
        press(app, "e");
    }),
    ("listen", |app| {
        listening(app);
    }),
    ("listen_heard", |app| {
        let ticket = listening(app);
        testing::listen::told().into_iter().for_each(|told| drop(update(app, Msg::Told(ticket, Ok(told)))));
    }),
    ("listen_refused", |app| {
        let ticket = listening(app);
        let why = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let why = crate::listen::bind::refused("0.0.0.0:25".parse().unwrap(), &why);
        update(app, Msg::Told(ticket, Err(why)));
    }),
    ("send_form", |app| {
        app.screens = vec![Screen::Home, Screen::SendForm];
        for text in
            ["Ann <ann@acme.example>", "me@gmail.example", "smtp.acme.example", "", "", "", "ann", "", "hunter2"]
        {
            press(app, text);
            enter(app);
        }
    }),
    ("send_form_own", |app| {
        app.screens = vec![Screen::Home, Screen::SendForm];
        for text in ["", "me@gmail.example", "direct", "", "", "", "", "192.0.2.4", "<>", "mta.acme.example"] {
            press(app, text);
            enter(app);
        }
        for text in ["newsletter.eml", "s1.acme.example.pem", "s1"] {
            press(app, text);
            enter(app);
        }
    }),
    ("send_saved", |app| {
        app.sending.form.offer(testing::saved().servers);
        app.screens = vec![Screen::Home, Screen::SendForm];
        enter(app);
        press(app, "me@gmail.example, me@yahoo.example");
        enter(app);
    }),
    ("send_several", |app| {
        app.screens = vec![Screen::Home, Screen::SendForm];
        update(app, Msg::Composed(Ok(Box::new(testing::two()))));
    }),
    ("send_several_over", |app| {
        both_sent(app);
    }),
    ("send_put_off", |app| {
        handed_over(app, testing::put_off());
    }),
    ("fetch_saved", |app| {
        app.fetches.offer(testing::saved().mailboxes);
        both_sent(app);
        press(app, "w");
    }),
    ("send_form_wrong", |app| {
        app.screens = vec![Screen::Home, Screen::SendForm];
        press(app, "ann");
        ctrl(app, 'd');
        (0..4).for_each(|_| drop(enter(app)));
        stroke(app, KeyCode::Right, KeyModifiers::NONE);
        enter(app);
    }),
    ("send_new_recipient", |app| drop(written(app, false))),
    ("send_confirm", |app| {
        written(app, true);
        press(app, "i");
    }),
    ("send_running", |app| {
        handed_over(app, testing::session(12, None));
    }),
    ("send_refused", |app| {
        handed_over(app, testing::session(13, Some(no_such_user())));
    }),
    ("send_stopped", |app| {
        handed_over(app, testing::session(12, Some(Stop::Cancelled)));
    }),
    ("send_arrival", |app| {
        handed_over(app, testing::session(13, None));
        press(app, "w");
    }),
    ("send_quit", |app| {
        handed_over(app, testing::session(12, None));
        press(app, "q");
    }),
    ("log", |app| {
        app.say("Copied something.");
        press(app, ":log");
        enter(app);
    }),
];

/// Types, and has every edit tried at once.
pub(in crate::tui) fn typed(app: &mut App, keys: &str) {
    for c in keys.chars() {
        let effects = press(app, &c.to_string());
        tried(app, effects);
    }
}

pub(in crate::tui) fn tried(app: &mut App, effects: Vec<Effect>) {
    for effect in effects {
        if let Effect::Try(ticket, attempt) = effect {
            update(app, Msg::Tried(ticket, Box::new(attempt.run())));
        }
    }
}

/// Watches what `state` says; answers its ticket.
pub(in crate::tui) fn watched(app: &mut App, state: crate::watch::Watch) -> Ticket {
    app.now = state.last.wall;
    let order = &state.order;
    let wanted = crate::tui::watches::wanted(order.name.clone(), order.kind, order.expect.clone(), vec![]);
    let effects = crate::tui::watches::begin(app, wanted);
    let [Effect::Watch(ticket, _)] = &effects[..] else { panic!("{effects:?}") };
    update(app, Msg::Watched(*ticket, Ok(Box::new(state))));
    *ticket
}

/// The lesson on a missing SPF record, not begun yet.
pub(in crate::tui) fn lesson(app: &mut App) -> Vec<Effect> {
    app.screens = vec![Screen::Home, Screen::Practice];
    enter(app)
}

/// Its test is written, and asked about.
pub(in crate::tui) fn test_written(app: &mut App) {
    lesson(app);
    let effects = enter(app);
    assert!(matches!(&effects[..], [Effect::WriteTest]), "{effects:?}");
    update(app, Msg::Composed(Ok(Box::new(testing::practice::ready(first_lesson(), false)))));
}

/// It was taken; the session is on screen.
pub(in crate::tui) fn test_sent(app: &mut App) {
    test_written(app);
    let effects = press(app, "y");
    taken(app, &effects);
}

pub(in crate::tui) fn taken(app: &mut App, effects: &[Effect]) {
    let Some(Effect::Send(ticket, _)) = effects.last() else { panic!("{effects:?}") };
    update(app, Msg::Sending(*ticket, News::State(0, Box::new(testing::practice::taken()))));
}

/// It is waited for; answers the fetch's ticket.
pub(in crate::tui) fn test_waited_for(app: &mut App) -> Ticket {
    let effects = enter(app);
    let [Effect::Fetch(ticket, asked)] = &effects[..] else { panic!("{effects:?}") };
    assert!(asked.practice);
    update(app, Msg::Fetched(*ticket, Ok(Box::new(testing::practice::waited(None)))));
    *ticket
}

/// It was found, and its diagnosis is open.
pub(in crate::tui) fn test_found(app: &mut App, ticket: Ticket, cured: bool) {
    let case = testing::practice::tested(first_lesson(), cured);
    update(app, Msg::Fetched(ticket, Ok(Box::new(testing::practice::waited(Some(&case))))));
    let effects = enter(app);
    let [Effect::Run(ticket, opened)] = &effects[..] else { panic!("{effects:?}") };
    assert!(opened.practice && opened.recorded.is_some());
    update(app, Msg::Progress(*ticket, Box::new(Progress { diagnosis: case.diagnosis.unwrap(), running: 0 })));
}

pub(in crate::tui) fn first_lesson() -> &'static crate::practice::Lesson {
    crate::practice::find("spf-missing").unwrap()
}

/// Its diagnosis is open.
pub(in crate::tui) fn test_read(app: &mut App) {
    test_sent(app);
    let ticket = test_waited_for(app);
    test_found(app, ticket, false);
}

/// Once more, after the cure: without a question.
pub(in crate::tui) fn test_read_again(app: &mut App) {
    let effects = press(app, "m");
    assert!(matches!(&effects[..], [Effect::WriteTest]), "{effects:?}");
    let ready = testing::practice::ready(first_lesson(), true);
    let effects = update(app, Msg::Composed(Ok(Box::new(ready))));
    taken(app, &effects);
    let ticket = test_waited_for(app);
    test_found(app, ticket, true);
}

/// A message is written, and asked about.
pub(in crate::tui) fn written(app: &mut App, known: bool) -> Vec<Effect> {
    app.screens = vec![Screen::Home, Screen::SendForm];
    update(app, Msg::Composed(Ok(Box::new(testing::ready(known)))))
}

/// It is sent, and the session stands like this; answers its ticket.
pub(in crate::tui) fn handed_over(app: &mut App, state: crate::world::send::Progress) -> Ticket {
    app.now = "2026-05-12T14:02:01Z".parse().unwrap();
    written(app, true);
    let effects = press(app, "y");
    let [Effect::Send(ticket, _)] = &effects[..] else { panic!("{effects:?}") };
    update(app, Msg::Sending(*ticket, News::State(0, Box::new(state))));
    *ticket
}

/// One test to two recipients: one takes it, the other does not.
pub(in crate::tui) fn both_sent(app: &mut App) -> Ticket {
    app.now = "2026-05-12T14:02:01Z".parse().unwrap();
    app.screens = vec![Screen::Home, Screen::SendForm];
    update(app, Msg::Composed(Ok(Box::new(testing::two()))));
    let effects = press(app, "y");
    let [Effect::Send(ticket, _)] = &effects[..] else { panic!("{effects:?}") };
    update(app, Msg::Sending(*ticket, News::State(0, Box::new(testing::session(13, None)))));
    update(app, Msg::Sending(*ticket, News::State(1, Box::new(testing::session(13, Some(no_such_user()))))));
    *ticket
}

pub(in crate::tui) fn no_such_user() -> Stop {
    Stop::Refused { reply: "550 5.1.1 <me@gmail.example>: user unknown".into() }
}

/// The form of a domain of which nothing was told before is done.
pub(in crate::tui) fn recalled(app: &mut App) -> Vec<Effect> {
    match &ctrl(app, 'd')[..] {
        [Effect::Recall(domains)] => {
            let kept = domains.iter().map(|domain| (domain.clone(), None)).collect();
            update(app, Msg::Recalled(kept))
        }
        effects => panic!("{effects:?}"),
    }
}

/// The checklist of a domain that a server of its own is to send for.
pub(in crate::tui) fn onboarded(app: &mut App) -> Vec<Effect> {
    *app = self::app(app.look);
    app.screens.push(Screen::OnboardForm);
    for text in [
        "example.com",
        "",
        "",
        "192.0.2.4=mta.example.com",
        "",
        "",
        "",
        "",
        "",
        "click.example.com=192.0.2.2",
        "",
        "dmarc@example.com",
    ] {
        press(app, text);
        stroke(app, KeyCode::Down, KeyModifiers::NONE);
    }
    let effects = recalled(app);
    set_up(app, &effects);
    effects
}

/// Goes to a step of the checklist.
pub(in crate::tui) fn step_to(app: &mut App, id: &str) {
    let sheet = app.onboard.sheet_mut();
    sheet.at = sheet.list.as_ref().unwrap().steps.iter().position(|s| s.id == id).unwrap();
}

/// The zone of example.com begins here, so that its own servers are asked.
pub(in crate::tui) const SOA: &str = "example.com 3600 SOA ns1.dns.example host.example.com 7 7200 900 1209600 300";

/// The check of a domain that is set up comes home.
pub(in crate::tui) fn set_up(app: &mut App, effects: &[Effect]) {
    let Some(Effect::Open(ticket, Source::Domain { name, said, practice })) = effects.last() else {
        panic!("{effects:?}")
    };
    let (ticket, name, said) = (*ticket, name.clone(), said.clone());
    let opened = Opened::new(testing::input_of(name.as_bytes(), InputKind::Domain), *said.clone());
    update(app, Msg::Opened(ticket, Ok(Box::new(Opened { practice: *practice, ..opened }))));
    let diagnosis = testing::checked_name(&name, *said, SOA);
    update(app, Msg::Progress(ticket, Box::new(Progress { diagnosis, running: 0 })));
}

/// Asks for a message and hears this state; answers the ticket.
pub(in crate::tui) fn fetched(app: &mut App, state: crate::fetch::Wait) -> Ticket {
    app.screens.truncate(1);
    app.now = "2026-05-12T14:02:42Z".parse().unwrap();
    press(app, "7");
    press(app, "mine/Maildir");
    (0..6).for_each(|_| drop(stroke(app, KeyCode::Down, KeyModifiers::NONE)));
    press(app, "7F3A-91C2");
    let effects = ctrl(app, 'd');
    let [Effect::Fetch(ticket, _), Effect::SaveNote { .. }] = &effects[..] else { panic!("{effects:?}") };
    update(app, Msg::Fetched(*ticket, Ok(Box::new(state))));
    *ticket
}

/// A receiving server is open; answers its ticket.
pub(in crate::tui) fn listening(app: &mut App) -> Ticket {
    app.screens.truncate(1);
    app.now = "2026-05-12T14:02:00Z".parse().unwrap();
    crate::tui::listens::show(app);
    press(app, "MX.example.net.");
    let effects = ctrl(app, 'd');
    let [Effect::Listen(ticket, _), Effect::SaveNote { .. }] = &effects[..] else { panic!("{effects:?}") };
    let open = crate::world::listen::Told::Open("0.0.0.0:25".parse().unwrap());
    update(app, Msg::Told(*ticket, Ok(open)));
    app.now = "2026-05-12T14:02:42Z".parse().unwrap();
    *ticket
}

/// A plan for a domain that is known; answers what was asked of the world.
pub(in crate::tui) fn warmed_up(app: &mut App) -> Vec<Effect> {
    app.screens.truncate(1);
    press(app, "6");
    for text in ["20000", "", "sparkpost", "", "", "700", "", "", "gmail=50 yahoo=30"] {
        press(app, text);
        stroke(app, KeyCode::Down, KeyModifiers::NONE);
    }
    ctrl(app, 'd')
}

pub(in crate::tui) fn story(look: Look, tell: fn(&mut App)) -> App {
    let mut app = diagnosed(look);
    tell(&mut app);
    app
}
