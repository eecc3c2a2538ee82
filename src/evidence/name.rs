//! A name that is asked for.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A name in DNS: lower-case A-labels without a trailing dot; the root is the empty string. A question goes where its answer
/// is waited for, to every rule: its name is shared, not copied.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Name(Arc<str>);

impl Name {
    /// The name in lower case, without its trailing dot.
    pub fn new(name: &str) -> Name {
        let name = name.strip_suffix('.').unwrap_or(name);
        match Name::is_normal(name) {
            true => Name(name.into()),
            false => Name(name.to_ascii_lowercase().into()),
        }
    }

    /// Is it written as names are here?
    pub(super) fn is_normal(name: &str) -> bool {
        // Without an early exit, so that it is vectorised.
        !name.ends_with('.') && !name.bytes().fold(false, |any, b| any | b.is_ascii_uppercase())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Name {
    fn from(name: &str) -> Name {
        Name::new(name)
    }
}

impl From<String> for Name {
    fn from(name: String) -> Name {
        Name::new(&name)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.to_string()
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl PartialEq<String> for Name {
    fn eq(&self, other: &String) -> bool {
        **self == **other
    }
}

impl PartialEq<Name> for String {
    fn eq(&self, other: &Name) -> bool {
        **self == **other
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_it_is_written_it_is_one_name() {
        for written in ["example.com", "Example.COM", "example.com."] {
            assert_eq!(Name::from(written), Name::new("example.com"));
            assert_eq!(serde_json::from_str::<Name>(&format!("{written:?}")).unwrap(), "example.com");
        }
        assert_eq!(Name::new("."), "");
    }
}
