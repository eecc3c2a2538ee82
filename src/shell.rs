//! Commands that are handed over to be pasted into a shell. Names in them come from strangers: a record, a report or a
//! message must not run anything.

use std::fmt::Display;

/// A command of literal parts and arguments; every argument becomes one word of a POSIX shell.
macro_rules! command {
    ($form:literal $(, $argument:expr)* $(,)?) => {
        format!($form $(, $crate::shell::word(&$argument))*)
    };
}
pub(crate) use command;

/// One word of a POSIX shell that is this text, whatever it holds. A name that looks like an option is escaped as DNS
/// writes it (RFC 1035 §5.1), which tools that ask for names undo.
pub fn word(text: impl Display) -> String {
    let text = text.to_string();
    let calm = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | ':' | '/' | '@' | '%' | '+' | '=' | ',' | '-');
    let option = text.starts_with('-');
    if !text.is_empty() && text.chars().all(calm) && !option {
        return text;
    }
    let escape = if option { "\\" } else { "" };
    format!("'{escape}{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_as_they_are() {
        for name in
            ["_dmarc.example.com", "s1._domainkey.bücher.example", "2001:db8::1", "ann@example.com", "192.0.2.0/24"]
        {
            assert_eq!(word(name), name);
        }
    }

    #[test]
    fn what_a_shell_would_run_is_one_word() {
        assert_eq!(word("x;id>pwned;y.example"), "'x;id>pwned;y.example'");
        assert_eq!(word("$(id).example"), "'$(id).example'");
        assert_eq!(word("`id`.example"), "'`id`.example'");
        assert_eq!(word("a'b"), r"'a'\''b'");
        assert_eq!(word("a b\nc"), "'a b\nc'");
        assert_eq!(word(""), "''");
        assert_eq!(command!("dig +short TXT {}", "_spf.$(id)"), "dig +short TXT '_spf.$(id)'");
    }

    #[test]
    fn a_name_is_no_option() {
        assert_eq!(word("-f/etc/passwd"), r"'\-f/etc/passwd'");
    }

    #[test]
    fn the_shell_agrees() {
        let hostile = ["a'b", "$(echo x)", "`echo x`", "a;b|c&d", "\\", "\"", "a  b", "*", "~", "#", "!x", "<a>"];
        let script = format!("printf '%s\\n' {}", hostile.map(word).join(" "));
        let Ok(out) = std::process::Command::new("sh").arg("-c").arg(script).output() else { return };
        assert_eq!(String::from_utf8(out.stdout).unwrap().lines().collect::<Vec<_>>(), hostile);
    }
}
