//! The theme: a preset, or a preset with colours of one's own.

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// `theme = "dark"`, or `[theme]` with what differs from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    pub preset: Option<Preset>,
    pub colours: Colours,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    Auto,
    Light,
    Dark,
    Ansi,
    Mono,
}

/// What has a colour; `None` is that of the preset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Colours {
    pub pass: Option<Colour>,
    pub fail: Option<Colour>,
    pub warn: Option<Colour>,
    pub note: Option<Colour>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Of the terminal's palette; the first 16 have names.
    Indexed(u8),
    Rgb(u8, u8, u8),
}

const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

impl std::str::FromStr for Colour {
    type Err = String;

    /// `cyan`, `bright-red`, `0` to `255`, `#ff8700`.
    fn from_str(text: &str) -> Result<Colour, String> {
        let lower = text.trim().to_ascii_lowercase();
        let named = NAMES.iter().position(|name| *name == lower).and_then(|n| u8::try_from(n).ok());
        let hex = || {
            let digits = lower.strip_prefix('#').filter(|d| d.len() == 6 && d.is_ascii())?;
            let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
            Some(Colour::Rgb(part(0)?, part(2)?, part(4)?))
        };
        let indexed = named.or_else(|| lower.parse().ok()).map(Colour::Indexed);
        indexed.or_else(hex).ok_or_else(|| {
            format!("{text:?} is no colour: expected a name like cyan or bright-red, 0 to 255, or #ff8700")
        })
    }
}

impl<'de> Deserialize<'de> for Colour {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Colour, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Colour;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a colour: \"cyan\", 208 or \"#ff8700\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Colour, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Colour, E> {
                self.visit_str(&number.to_string())
            }
        }
        from.deserialize_any(Text)
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Table {
    preset: Option<Preset>,
    pass: Option<Colour>,
    fail: Option<Colour>,
    warn: Option<Colour>,
    note: Option<Colour>,
}

impl<'de> Deserialize<'de> for Theme {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Theme, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Theme;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("the name of a theme, or a table [theme]")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Theme, E> {
                let preset = Preset::deserialize(StrDeserializer::new(name))?;
                Ok(Theme { preset: Some(preset), ..Theme::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Theme, A::Error> {
                let Table { preset, pass, fail, warn, note } = Table::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Theme { preset, colours: Colours { pass, fail, warn, note } })
            }
        }
        from.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::config::theme::{Colour, Preset};

    #[test]
    fn a_preset_or_a_preset_with_colours() {
        let of = |text: &str| Config::read(text).unwrap().theme.unwrap();
        assert_eq!(of("theme = \"dark\"").preset, Some(Preset::Dark));
        let own = of("[theme]\npreset = \"light\"\nfail = \"#ff8700\"\nwarn = 208\npass = \"bright-cyan\"\n");
        assert_eq!(own.preset, Some(Preset::Light));
        assert_eq!(own.colours.fail, Some(Colour::Rgb(0xff, 0x87, 0)));
        assert_eq!((own.colours.warn, own.colours.pass), (Some(Colour::Indexed(208)), Some(Colour::Indexed(14))));
        assert_eq!(own.colours.note, None);
    }

    #[test]
    fn a_slip_is_told_with_its_line() {
        for (text, line, part) in [
            ("[theme]\nfail = \"#ff87\"\n", "line 2", "is no colour"),
            ("[theme]\nwarn = 999\n", "line 2", "is no colour"),
            ("[theme]\nfaill = \"red\"\n", "line 2", "unknown field `faill`"),
            ("offline = true\ntheme = \"pink\"\n", "line 2", "unknown variant `pink`"),
        ] {
            let error = Config::read(text).unwrap_err().to_string();
            assert!(error.contains(line) && error.contains(part), "{text}: {error}");
        }
    }
}
