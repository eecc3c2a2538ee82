//! Colours, glyphs and the environment's word about both.
//!
//! Default foreground and background everywhere; a colour never stands without its glyph and
//! word, and only those two are coloured. The selected row is reverse video without colour.

use crate::config::theme::{Colour, Colours, Preset};
use crate::config::{self, Config};
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use std::sync::OnceLock;

/// A palette.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Theme {
    Dark,
    Light,
    /// Background unknown: colours readable on both.
    #[default]
    Ansi,
    Mono,
}

/// What a piece of text is; the theme decides how that looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ink {
    #[default]
    Plain,
    Strong,
    /// Secondary.
    Faint,
    Pass,
    Fail,
    Warn,
    Note,
    /// Proof, in the raw text.
    Evidence,
    /// The marked row, whole.
    Marked,
}

impl Theme {
    pub fn style(self, ink: Ink) -> Style {
        let plain = Style::new();
        let own = own(ink);
        let colour = |dark, light, ansi| match self {
            Theme::Mono => plain,
            Theme::Dark => plain.fg(own.unwrap_or(Color::Indexed(dark))),
            Theme::Light => plain.fg(own.unwrap_or(Color::Indexed(light))),
            Theme::Ansi => plain.fg(own.unwrap_or(ansi)),
        };
        match ink {
            Ink::Plain => plain,
            Ink::Strong => plain.add_modifier(Modifier::BOLD),
            Ink::Faint if self == Theme::Mono => plain,
            Ink::Faint => plain.add_modifier(Modifier::DIM),
            Ink::Pass => colour(123, 23, Color::Cyan),
            Ink::Fail => colour(209, 88, Color::Red).add_modifier(Modifier::BOLD),
            Ink::Warn => colour(220, 94, Color::Magenta),
            Ink::Note => colour(111, 20, Color::Blue),
            Ink::Evidence => plain.add_modifier(Modifier::UNDERLINED | Modifier::BOLD),
            Ink::Marked => plain.add_modifier(Modifier::REVERSED),
        }
    }
}

/// The user's colours.
static OWN: OnceLock<Colours> = OnceLock::new();

fn own(ink: Ink) -> Option<Color> {
    let own = OWN.get()?;
    let colour = match ink {
        Ink::Pass => own.pass,
        Ink::Fail => own.fail,
        Ink::Warn => own.warn,
        Ink::Note => own.note,
        _ => None,
    };
    colour.map(|colour| match colour {
        Colour::Indexed(n) => Color::Indexed(n),
        Colour::Rgb(r, g, b) => Color::Rgb(r, g, b),
    })
}

/// `POSTDOC_THEME`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Choice {
    /// Ask the terminal for its background; no answer keeps [`Theme::Ansi`].
    #[default]
    Auto,
    Fixed(Theme),
}

impl Choice {
    /// `auto`, `light`, `dark`, `ansi`, `mono`.
    pub fn named(name: &str) -> Option<Choice> {
        Some(match name {
            "auto" => Choice::Auto,
            "light" => Choice::Fixed(Theme::Light),
            "dark" => Choice::Fixed(Theme::Dark),
            "ansi" => Choice::Fixed(Theme::Ansi),
            "mono" => Choice::Fixed(Theme::Mono),
            _ => return None,
        })
    }
}

/// How the app looks; worked out once from flags and environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub theme: Choice,
    pub ascii: bool,
    /// A spinner may turn.
    pub motion: bool,
}

impl Default for Look {
    fn default() -> Self {
        Look { theme: Choice::Auto, ascii: false, motion: true }
    }
}

/// What the settings say of the look.
static PREFERRED: OnceLock<Vec<(&str, &str)>> = OnceLock::new();

/// Takes the settings' word on the look, once, before anything is shown.
pub fn prefer(config: &Config) {
    let theme = config.theme.and_then(|theme| theme.preset).map(|preset| match preset {
        Preset::Auto => "auto",
        Preset::Light => "light",
        Preset::Dark => "dark",
        Preset::Ansi => "ansi",
        Preset::Mono => "mono",
    });
    OWN.get_or_init(|| config.theme.unwrap_or_default().colours);
    let glyphs = config.glyphs.and_then(|glyphs| match glyphs {
        config::Glyphs::Auto => None,
        config::Glyphs::Unicode => Some("unicode"),
        config::Glyphs::Ascii => Some("ascii"),
    });
    let motion = config.motion.filter(|on| !on).map(|_| "off");
    let all = [("POSTDOC_THEME", theme), ("POSTDOC_GLYPHS", glyphs), ("POSTDOC_MOTION", motion)];
    PREFERRED.get_or_init(|| all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect());
}

/// What the settings have for a variable.
fn preferred(name: &str) -> Option<&'static str> {
    PREFERRED.get()?.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// May glyphs beyond ASCII be printed?
pub fn unicode() -> bool {
    !Look::here(None).ascii
}

/// Each theme with what it colours, for `postdoc doctor --theme`.
pub fn card() -> String {
    const SIGNS: [(Ink, &str); 4] =
        [(Ink::Pass, "✓ PASS"), (Ink::Fail, "✗ FAIL"), (Ink::Warn, "! WARN"), (Ink::Note, "i NOTE")];
    let themes = [("dark", Theme::Dark), ("light", Theme::Light), ("ansi", Theme::Ansi), ("mono", Theme::Mono)];
    let ascii = Look::here(None).ascii;
    let row = |(name, theme): (&str, Theme)| {
        let signs = SIGNS.map(|(ink, sign)| {
            let sign: String = sign.chars().map(|c| if ascii && !c.is_ascii() { self::ascii(c) } else { c }).collect();
            painted(theme.style(ink), &sign)
        });
        format!("{name:10} {}  {}\n", signs.join("  "), painted(theme.style(Ink::Evidence), "evidence"))
    };
    themes.map(row).concat()
}

/// A text with the escape sequences of its style (ECMA-48 SGR).
fn painted(style: Style, text: &str) -> String {
    let mut codes = Vec::new();
    match style.fg {
        Some(Color::Indexed(n)) => codes.push(format!("38;5;{n}")),
        Some(Color::Rgb(r, g, b)) => codes.push(format!("38;2;{r};{g};{b}")),
        Some(Color::Red) => codes.push("31".into()),
        Some(Color::Blue) => codes.push("34".into()),
        Some(Color::Magenta) => codes.push("35".into()),
        Some(Color::Cyan) => codes.push("36".into()),
        _ => {}
    }
    codes.extend(style.add_modifier.contains(Modifier::BOLD).then(|| "1".to_owned()));
    codes.extend(style.add_modifier.contains(Modifier::UNDERLINED).then(|| "4".to_owned()));
    if codes.is_empty() { text.to_owned() } else { format!("\x1b[{}m{text}\x1b[0m", codes.join(";")) }
}

/// The look in words, for `postdoc doctor`.
pub fn describe() -> String {
    let look = Look::here(None);
    let theme = match look.theme {
        Choice::Auto => "asks the terminal",
        Choice::Fixed(Theme::Dark) => "dark",
        Choice::Fixed(Theme::Light) => "light",
        Choice::Fixed(Theme::Ansi) => "ansi",
        Choice::Fixed(Theme::Mono) => "mono",
    };
    let glyphs = if look.ascii { "ascii" } else { "unicode" };
    let own = OWN.get().is_some_and(|own| *own != Colours::default());
    let own = if own { " with own colours" } else { "" };
    format!("theme {theme}{own}, glyphs {glyphs}, motion {}", if look.motion { "on" } else { "off" })
}

impl Look {
    /// From the environment of this process and, where it is silent, the settings.
    pub fn here(color: Option<bool>) -> Look {
        let said = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        Look::from_env(color, |name| said(name).or_else(|| preferred(name).map(str::to_owned)))
    }

    /// From the environment; `color` is `--color always` (true) or `never` (false), if either
    /// was given.
    pub fn from_env(color: Option<bool>, var: impl Fn(&str) -> Option<String>) -> Look {
        let set = |name: &str| var(name).filter(|v| !v.is_empty());
        let term = set("TERM").unwrap_or_default();
        let bare = term == "linux" || term == "dumb";
        let glyphs = set("POSTDOC_GLYPHS");
        let ascii = match glyphs.as_deref() {
            Some("ascii") => true,
            Some("unicode") => false,
            _ => bare || !utf8_locale(&set),
        };
        let forced = |name: &str| set(name).is_some_and(|v| v != "0");
        let coloured = color.unwrap_or_else(|| {
            set("NO_COLOR").is_none()
                && (forced("FORCE_COLOR")
                    || forced("CLICOLOR_FORCE")
                    || (set("CLICOLOR").as_deref() != Some("0") && term != "dumb"))
        });
        let wanted = set("POSTDOC_THEME").and_then(|v| Choice::named(&v));
        let theme = match (wanted, coloured) {
            (_, false) => Choice::Fixed(Theme::Mono),
            (Some(choice), true) => choice,
            (None, true) => Choice::Auto,
        };
        let still = set("NO_MOTION").is_some() || set("POSTDOC_MOTION").as_deref() == Some("off");
        Look { theme, ascii, motion: !still }
    }
}

/// The first of the three that is set decides (POSIX); none at all is the C locale.
fn utf8_locale(set: &impl Fn(&str) -> Option<String>) -> bool {
    if cfg!(windows) || cfg!(target_os = "macos") {
        return true;
    }
    ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| set(name)).is_some_and(|v| {
        let v = v.to_ascii_lowercase();
        v.contains("utf-8") || v.contains("utf8")
    })
}

/// Rewrites a drawn frame so that nothing but ASCII leaves; every cell keeps its column.
pub fn to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            let stand_in = cell.symbol().chars().next().map_or('?', ascii);
            cell.set_char(stand_in);
        }
    }
}

/// One column of ASCII for each glyph of ours; `?` for a stranger's.
fn ascii(c: char) -> char {
    match c {
        '✓' => 'v',
        '✗' => 'x',
        '…' => '~',
        '≠' => '#',
        '▸' | '›' | '→' => '>',
        '◂' | '‹' | '←' => '<',
        '│' => '|',
        '─' | '–' | '—' | '·' | '▾' => '-',
        '┌' | '┐' | '└' | '┘' | '├' | '┤' => '+',
        '━' => '^',
        '█' | '▌' | '▏' => '#',
        '⋮' => ':',
        '↑' => '^',
        '↓' => 'v',
        '“' | '”' => '"',
        '‘' | '’' => '\'',
        '\u{a0}' => ' ',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(vars: &[(&str, &str)]) -> Look {
        let var = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Look::from_env(None, var)
    }

    #[test]
    fn no_color_is_mono_unless_overruled() {
        let utf8 = ("LANG", "de_DE.UTF-8");
        assert_eq!(look(&[utf8]), Look::default());
        assert_eq!(look(&[utf8, ("NO_COLOR", "1")]).theme, Choice::Fixed(Theme::Mono));
        assert_eq!(look(&[utf8, ("NO_COLOR", "")]).theme, Choice::Auto);
        assert_eq!(look(&[utf8, ("CLICOLOR", "0")]).theme, Choice::Fixed(Theme::Mono));
        assert_eq!(look(&[utf8, ("CLICOLOR", "0"), ("FORCE_COLOR", "1")]).theme, Choice::Auto);
        let var = |name: &str| (name == "NO_COLOR").then(|| "1".to_owned());
        assert_eq!(Look::from_env(Some(true), var).theme, Choice::Auto);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn consoles_and_other_locales_get_ascii() {
        assert!(look(&[("LANG", "C")]).ascii);
        assert!(look(&[]).ascii);
        assert!(look(&[("LANG", "en_US.UTF-8"), ("TERM", "linux")]).ascii);
        assert!(look(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]).ascii);
        assert!(!look(&[("LANG", "C"), ("POSTDOC_GLYPHS", "unicode")]).ascii);
    }
}
