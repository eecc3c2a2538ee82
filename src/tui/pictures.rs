//! The README's pictures, drawn from the real screens. `POSTDOC_PICTURES=1 cargo test --lib pictures` makes them anew;
//! otherwise the test sees to it that they show what the app shows.

use super::tests::stories::{STORIES, story};
use super::theme::{Choice, Look, Theme};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use std::fmt::Write as _;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Story, file, columns, rows.
const PICTURES: &[(&str, &str, u16, u16)] = &[
    ("verdict", "verdict", 80, 24),
    ("detail", "finding", 80, 24),
    ("form", "form", 80, 24),
    ("domain_records", "domain", 100, 30),
];

const LOOK: Look = Look { theme: Choice::Fixed(Theme::Dark), ascii: false, motion: false };

/// Pixels of a cell.
const WIDE: f32 = 8.4;
const HIGH: u16 = 18;

const INK: &str = "#d8dade";
const PAPER: &str = "#15171c";

fn svg(buffer: &Buffer) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let (width, height) = (f32::from(columns) * WIDE + 20.0, rows * HIGH + 20);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height}\" font-family=\"ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"14\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n"
    );
    for y in 0..rows {
        let mut x = 0;
        while x < columns {
            let start = x;
            let mut text = String::new();
            while x < columns && look(&buffer[(x, y)]) == look(&buffer[(start, y)]) {
                let symbol = buffer[(x, y)].symbol();
                text.push_str(symbol);
                x += u16::try_from(symbol.width()).unwrap_or(1).max(1);
            }
            run(&mut out, &text, (start, y, x - start), &buffer[(start, y)]);
        }
    }
    out + "</svg>\n"
}

fn look(cell: &Cell) -> (Color, Modifier) {
    (cell.fg, cell.modifier)
}

/// Some cells in a row that look alike.
fn run(out: &mut String, text: &str, (x, y, length): (u16, u16, u16), cell: &Cell) {
    let reversed = cell.modifier.contains(Modifier::REVERSED);
    if text.trim().is_empty() && !reversed {
        return;
    }
    let (left, width) = (f32::from(x) * WIDE + 10.0, f32::from(length) * WIDE);
    let ink = colour(cell.fg);
    if reversed {
        let top = y * HIGH + 10;
        let _ =
            writeln!(out, "<rect x=\"{left:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"{HIGH}\" fill=\"{ink}\"/>");
    }
    let mut style = format!("fill=\"{}\"", if reversed { PAPER } else { &ink });
    for (modifier, attribute) in [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::DIM, " opacity=\".65\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
    ] {
        style.push_str(if cell.modifier.contains(modifier) { attribute } else { "" });
    }
    let escaped = text.trim_end().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // A place for each letter: whatever font is there, columns stay columns.
    let mut at = left;
    let places = text.trim_end().chars().map(|c| {
        let place = format!("{at:.1}");
        at += c.width().map_or(0.0, |w| if w > 1 { 2.0 * WIDE } else { WIDE });
        place
    });
    let places: Vec<String> = places.collect();
    let (places, line) = (places.join(" "), y * HIGH + 24);
    let _ = writeln!(out, "<text x=\"{places}\" y=\"{line}\" xml:space=\"preserve\" {style}>{escaped}</text>");
}

/// The cube of 256 colours as terminals have it.
fn colour(colour: Color) -> String {
    let Color::Indexed(n @ 16..=231) = colour else { return INK.to_owned() };
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    let n = n - 16;
    format!("#{:02x}{:02x}{:02x}", level(n / 36), level(n / 6 % 6), level(n % 6))
}

#[test]
fn pictures_show_the_screens() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/pictures");
    for (name, file, width, height) in PICTURES {
        let (_, tell) = STORIES.iter().find(|(story, _)| story == name).unwrap();
        let mut app = story(LOOK, *tell);
        let mut terminal = Terminal::new(TestBackend::new(*width, *height)).unwrap();
        terminal.draw(|frame| super::view::draw(&mut app, frame)).unwrap();
        let picture = svg(terminal.backend().buffer());
        let path = format!("{folder}/{file}.svg");
        if std::env::var_os("POSTDOC_PICTURES").is_some() {
            std::fs::create_dir_all(folder).unwrap();
            std::fs::write(&path, &picture).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == picture,
            "{file}.svg is not what the screen shows: POSTDOC_PICTURES=1 cargo test --lib pictures"
        );
    }
}
