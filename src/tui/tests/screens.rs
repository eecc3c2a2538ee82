//! Screens as pictures, at every size, in every look, with hostile text in them.

use super::*;

#[test]
fn pictures() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _bound = settings.bind_to_scope();
    for (name, tell) in STORIES {
        let mut sizes = vec![(80, 24), (100, 30), (60, 18), (200, 50)];
        // The wide one shows the header, which is signed as of now.
        sizes.truncate(if *name == "practice_diagnosis" { 3 } else { 4 });
        if name.starts_with("verdict") {
            sizes.push((30, 10));
        }
        let mut pictures = String::new();
        for (width, height) in sizes {
            pictures += &format!("{width}x{height}\n{}", drawn(&mut story(UNICODE, *tell), width, height));
        }
        pictures += &format!("80x24, ascii, mono\n{}", drawn(&mut story(ASCII, *tell), 80, 24));
        insta::assert_snapshot!(*name, pictures);
    }
}

#[test]
fn every_screen_at_every_size() {
    for (name, tell) in STORIES {
        let mut app = story(UNICODE, *tell);
        // Both sides of every width and height at which a layout changes, and the extremes.
        let widths = [1, 2, 7, 29, 30, 59, 60, 75, 76, 99, 100, 199, 200];
        let heights = [1, 2, 3, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 21, 22, 23, 24, 29, 30];
        let pairs = widths.iter().flat_map(|&width| heights.map(|height| (width, height)));
        for (width, height) in pairs.chain([(1, 200), (500, 1), (500, 200)]) {
            let text = drawn(&mut app, width, height);
            assert!(text.lines().all(|l| l.width() <= width as usize), "{name} at {width}x{height}");
        }
    }
}

#[test]
fn ascii_is_ascii() {
    for (name, tell) in STORIES {
        let text = drawn(&mut story(ASCII, *tell), 100, 30);
        assert!(text.is_ascii(), "{name}:\n{text}");
    }
}

#[test]
fn no_colour_in_mono_and_none_in_the_marked_row() {
    use ratatui::style::{Color, Modifier};
    for (name, tell) in STORIES {
        for (look, mono) in [(UNICODE, false), (ASCII, true)] {
            let mut app = story(look, *tell);
            let mut terminal = Terminal::new(TestBackend::new(100, 30)).unwrap();
            terminal.draw(|frame| crate::tui::view::draw(&mut app, frame)).unwrap();
            for cell in &terminal.backend().buffer().content {
                let coloured = cell.fg != Color::Reset || cell.bg != Color::Reset;
                assert!(!(coloured && mono), "{name}: colour in mono");
                assert!(!(coloured && cell.modifier.contains(Modifier::REVERSED)), "{name}: colour in a reversed row");
            }
        }
    }
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let evil = "\u{1b}[2J\u{202e}evil\u{200b}\u{9b}31m";
    for (name, tell) in STORIES {
        let mut app = diagnosed(UNICODE);
        let header = format!("{}X-Evil: {evil}\n", testing::HEADER);
        let case = app.case.as_mut().unwrap();
        case.opened.input = Arc::new(testing::input_of(header.as_bytes(), InputKind::Headers));
        if let Some(diagnosis) = &mut case.diagnosis {
            diagnosis.verdict.headline = evil.into();
            for finding in &mut diagnosis.findings {
                finding.title = evil.into();
                finding.explanation = evil.into();
            }
        }
        app.editor.set(&header);
        app.recent[0].name = evil.into();
        tell(&mut app);
        app.say(evil);
        let mut terminal = Terminal::new(TestBackend::new(100, 60)).unwrap();
        terminal.draw(|frame| crate::tui::view::draw(&mut app, frame)).unwrap();
        for cell in &terminal.backend().buffer().content {
            let bad = |c: char| c.is_control() || matches!(c, '\u{200b}' | '\u{202e}');
            assert!(!cell.symbol().contains(bad), "{name}: {:?}", cell.symbol());
        }
    }
}

#[test]
fn redaction_hides_people_on_every_screen() {
    for (name, tell) in STORIES {
        let mut app = diagnosed(UNICODE);
        press(&mut app, "x");
        tell(&mut app);
        if !app.redact || app.screens.contains(&Screen::Input) {
            continue;
        }
        let text = drawn(&mut app, 200, 60);
        for word in ["billing@", "Acme Billing", "Invoice 8842", "bounce+8842", "10.2.0.7"] {
            assert!(!text.contains(word), "{name} shows {word}:\n{text}");
        }
    }
}

#[test]
fn a_key_costs_few_bytes() {
    use ratatui::backend::CrosstermBackend;
    use ratatui::{TerminalOptions, Viewport};
    use std::cell::RefCell;
    use std::rc::Rc;
    #[derive(Clone, Default)]
    struct Wire(Rc<RefCell<Vec<u8>>>);
    impl std::io::Write for Wire {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let wire = Wire::default();
    let viewport = Viewport::Fixed(ratatui::layout::Rect::new(0, 0, 80, 24));
    let options = TerminalOptions { viewport };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(wire.clone()), options).unwrap();
    let mut app = diagnosed(UNICODE);
    terminal.draw(|frame| crate::tui::view::draw(&mut app, frame)).unwrap();
    for key in ["j", "j", "k", "z"] {
        wire.0.borrow_mut().clear();
        press(&mut app, key);
        terminal.draw(|frame| crate::tui::view::draw(&mut app, frame)).unwrap();
        assert!(wire.0.borrow().len() < 400, "{key} cost {} bytes", wire.0.borrow().len());
    }
    wire.0.borrow_mut().clear();
    terminal.draw(|frame| crate::tui::view::draw(&mut app, frame)).unwrap();
    assert!(wire.0.borrow().len() < 40, "an unchanged frame costs next to nothing");
    assert_eq!(keys::find(Places::VERDICT, Key { code: KeyCode::Char('j'), ctrl: false }), Some(Action::Down));
}
