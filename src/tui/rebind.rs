//! The key table as the user wants it: other keys for some actions, and no key with two meanings.

use super::keys::{Action, Binding, Key, Places, table};
use crate::config::{self, BadConfig, Config, Preset};
use crossterm::event::KeyCode;

/// What the preset `emacs` adds.
const EMACS: &[(Action, char)] =
    &[(Action::Down, 'n'), (Action::Up, 'p'), (Action::PageDown, 'v'), (Action::Back, 'g'), (Action::Filter, 's')];

/// The table with the settings of `[keys]`; `text` is the file, for complaints.
pub fn rebound(config: &Config, text: &str) -> Result<Option<Vec<Binding>>, BadConfig> {
    if config.keys.actions.is_empty() && config.keys.preset.unwrap_or_default() == Preset::Default {
        return Ok(None);
    }
    let mut new: Vec<Binding> = table().iter().map(Binding::clone).collect();
    if config.keys.preset == Some(Preset::Emacs) {
        EMACS.iter().for_each(|(action, c)| add(&mut new, *action, Key::ctrl(*c)));
    }
    for (name, keys) in &config.keys.actions {
        let complain = |what: String| config::complain(text, name, &what);
        let action = actions().find(|action| action.name() == *name);
        let Some(action) = action.filter(|a| !FIXED.contains(a)) else {
            return Err(complain(format!("there is no action {name:?} to bind: `postdoc keys -v` lists them")));
        };
        new.iter_mut().for_each(|binding| binding.keys.to_mut().retain(|(_, does)| *does != action));
        for key in keys.names() {
            let Some(key) = Key::named(key) else {
                return Err(complain(format!("{key:?} is no key: expected y, ctrl-y, f5, enter, tab, space, up …")));
            };
            add(&mut new, action, key);
        }
        if let Some((key, other, place)) = clash(&new, action) {
            let (key, other) = (key.show(), other.name());
            return Err(complain(format!("{key} is bound to {other} too ({place}): give {other} another key")));
        }
    }
    new.iter_mut().for_each(|binding| binding.shown = binding.shown.min(binding.keys.len()).max(1));
    Ok(Some(new))
}

/// There must always be a way out.
const FIXED: &[Action] = &[Action::Interrupt];

/// Every action that the table has a line for, once.
pub fn actions() -> impl Iterator<Item = Action> {
    let mut seen = Vec::new();
    let all = table().iter().flat_map(|b| std::iter::once(b.action).chain(b.keys.iter().map(|(_, action)| *action)));
    all.filter(move |action| {
        let new = !seen.contains(action);
        seen.push(*action);
        new
    })
}

/// Wherever the action can be told, except that what types goes on typing.
fn add(bindings: &mut [Binding], action: Action, key: Key) {
    let types = !key.ctrl && matches!(key.code, KeyCode::Char(_));
    for binding in bindings {
        let one_types = Places::NAMED.iter().any(|(place, _)| Places::TYPING.has(*place) && binding.places.has(*place));
        let offered = binding.action == action || pair(binding).contains(&action);
        if offered && !(types && one_types) && !binding.keys.contains(&(key, action)) {
            binding.keys.to_mut().insert(0, (key, action));
        }
    }
}

/// The actions that the line of the default table holds.
fn pair(binding: &Binding) -> Vec<Action> {
    let same = table().iter().find(|b| b.action == binding.action && b.places == binding.places);
    same.into_iter().flat_map(|b| b.keys.iter()).map(|(_, action)| *action).collect()
}

/// A key of the action that means something else at the same place.
fn clash(bindings: &[Binding], action: Action) -> Option<(Key, Action, &'static str)> {
    for (place, name) in Places::NAMED {
        let here = || bindings.iter().filter(|b| b.places.has(*place)).flat_map(|b| b.keys.iter());
        for (key, _) in here().filter(|(_, does)| *does == action) {
            if let Some((_, other)) = here().find(|(k, does)| k == key && *does != action) {
                return Some((*key, *other, name));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(keys: &str) -> Result<Vec<Binding>, String> {
        let text = format!("[keys]\n{keys}");
        let config = Config::read(&text).unwrap();
        rebound(&config, &text).map(Option::unwrap).map_err(|e| e.to_string())
    }

    fn does(bindings: &[Binding], place: Places, key: &str) -> Option<Action> {
        let key = Key::named(key).unwrap();
        let here = bindings.iter().filter(|b| b.places.has(place)).flat_map(|b| b.keys.iter());
        here.into_iter().find(|(k, _)| *k == key).map(|(_, action)| *action)
    }

    #[test]
    fn an_action_gets_its_keys_in_place_of_the_old_ones() {
        let new = of("copy_value = [\"ctrl-y\", \"f6\"]\n").unwrap();
        assert_eq!(does(&new, Places::VERDICT, "ctrl-y"), Some(Action::CopyValue));
        assert_eq!(does(&new, Places::VERDICT, "f6"), Some(Action::CopyValue));
        assert_eq!(does(&new, Places::VERDICT, "y"), None);
        assert_eq!(does(&new, Places::VERDICT, "j"), Some(Action::Down));
        let none = of("redact = \"\"\n").unwrap();
        assert_eq!(does(&none, Places::VERDICT, "x"), None);
    }

    #[test]
    fn what_types_goes_on_typing() {
        let new = of("help = [\"H\", \"f1\"]\n").unwrap();
        assert_eq!(does(&new, Places::VERDICT, "H"), Some(Action::Help));
        assert_eq!(does(&new, Places::INPUT, "H"), None);
        assert_eq!(does(&new, Places::INPUT, "f1"), Some(Action::Help));
    }

    #[test]
    fn emacs_adds_and_takes_nothing() {
        let new = of("preset = \"emacs\"\n").unwrap();
        assert_eq!(does(&new, Places::VERDICT, "ctrl-n"), Some(Action::Down));
        assert_eq!(does(&new, Places::VERDICT, "j"), Some(Action::Down));
    }

    #[test]
    fn conflicts_and_slips_name_their_line() {
        let clash = of("# mine\ncopy_value = \"q\"\n").unwrap_err();
        assert!(clash.starts_with("line 3: q is bound to quit too"), "{clash}");
        assert!(of("copy_valu = \"y\"\n").unwrap_err().contains("no action \"copy_valu\""));
        assert!(of("copy_value = \"hyper-y\"\n").unwrap_err().contains("is no key"));
        assert!(of("interrupt = \"f9\"\n").unwrap_err().contains("no action"));
    }

    #[test]
    fn every_action_has_a_name_of_its_own() {
        let names: Vec<String> = actions().map(Action::name).collect();
        let unique: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
        assert!(names.iter().any(|n| n == "view_verdict") && names.iter().any(|n| n == "copy_as"), "{names:?}");
    }
}
