//! The MTA-STS policy file (RFC 8461 §3.2).

use super::tagged::Flaw;
use crate::span::{Span, Spanned};

/// Lines that are read; a policy has a handful.
const LINES: usize = 200;

/// A policy as its host serves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    pub text: String,
    pub mode: Option<Spanned<Mode>>,
    /// Seconds.
    pub max_age: Option<u64>,
    /// Patterns for MX host names, lower case.
    pub mx: Vec<Spanned<String>>,
    pub flaws: Vec<Flaw>,
}

/// What a sender does when TLS fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    Enforce,
    Testing,
    None,
}

impl Mode {
    pub fn word(self) -> &'static str {
        match self {
            Mode::Enforce => "enforce",
            Mode::Testing => "testing",
            Mode::None => "none",
        }
    }
}

impl Policy {
    /// Senders ignore the policy.
    pub fn is_void(&self) -> bool {
        self.flaws.iter().any(|f| f.fatal)
    }

    /// Does a pattern allow this MX host? A star stands for exactly one label, the leftmost (RFC 8461 §4.1).
    pub fn allows(&self, host: &str) -> bool {
        self.mx.iter().any(|m| match m.value.strip_prefix("*.") {
            Some(rest) => host.split_once('.').is_some_and(|(_, parent)| parent == rest),
            None => m.value == host,
        })
    }
}

/// Reads a policy; `content_type` is the header the host sent.
pub fn read(body: &str, content_type: Option<&str>) -> Policy {
    let mut policy = Policy { text: body.to_owned(), ..Policy::default() };
    let plain = |t: &str| t.split(';').next().is_some_and(|t| t.trim().eq_ignore_ascii_case("text/plain"));
    if !content_type.is_some_and(plain) {
        let given = content_type.unwrap_or("nothing");
        policy.flaws.push(Flaw::new(None, format!("the host calls it {given} instead of text/plain")));
    }
    let (mut version, mut at) = (false, 0);
    for line in body.split('\n').take(LINES) {
        let (start, line) = (at, line.strip_suffix('\r').unwrap_or(line));
        at += body.get(at..).and_then(|b| b.find('\n')).map_or(body.len() - at, |n| n + 1);
        let whole = Span::new(start, start + line.len());
        if line.trim().is_empty() {
            continue;
        }
        let Some((key, value)) = line.split_once(':') else {
            policy.flaws.push(Flaw::new(Some(whole), "is no line of the form key: value"));
            continue;
        };
        let lead = key.len() + 1 + (value.len() - value.trim_start().len());
        let (key, value) = (key.trim(), value.trim());
        let span = Span::new(start + lead, start + lead + value.len());
        match key {
            "version" if !version => {
                version = true;
                if value != "STSv1" {
                    policy.flaws.push(Flaw::fatal(Some(span), "version must be STSv1"));
                }
            }
            "mode" if policy.mode.is_none() => match mode(value) {
                Some(mode) => policy.mode = Some(Spanned::new(mode, span)),
                None => policy.flaws.push(Flaw::fatal(Some(span), "mode must be enforce, testing or none")),
            },
            "max_age" if policy.max_age.is_none() => policy.age(value, span),
            "mx" => policy.pattern(value, span),
            "version" | "mode" | "max_age" => {
                policy.flaws.push(Flaw::new(Some(whole), format!("{key} stands here a second time and is ignored")));
            }
            // RFC 8461 §3.2 leaves room for extensions.
            _ => {}
        }
    }
    policy.whole(version);
    policy.flaws.sort_by_key(|f| f.span);
    policy
}

fn mode(word: &str) -> Option<Mode> {
    [Mode::Enforce, Mode::Testing, Mode::None].into_iter().find(|m| m.word() == word)
}

impl Policy {
    /// At most a year and a bit; under a day it protects nobody (RFC 8461 §3.2).
    fn age(&mut self, value: &str, span: Span) {
        match value.parse::<u64>().ok().filter(|_| value.bytes().all(|b| b.is_ascii_digit())) {
            Some(age) => {
                self.max_age = Some(age);
                if age > 31_557_600 {
                    self.flaws.push(Flaw::new(Some(span), "max_age is more than the 31557600 seconds allowed"));
                } else if age < 86_400 {
                    self.flaws.push(Flaw::new(Some(span), "max_age is less than a day, which protects hardly anybody"));
                }
            }
            None => self.flaws.push(Flaw::fatal(Some(span), "max_age must be a number of seconds")),
        }
    }

    fn pattern(&mut self, value: &str, span: Span) {
        let value = value.to_ascii_lowercase();
        let name = value.strip_prefix("*.").unwrap_or(&value);
        let host = name.contains('.')
            && name.split('.').all(|l| {
                (1..=63).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            });
        if !host {
            self.flaws.push(Flaw::new(Some(span), "is no host name, nor *. before one"));
        }
        self.mx.push(Spanned::new(value, span));
    }

    fn whole(&mut self, version: bool) {
        let needs_mx = self.mode.as_ref().is_none_or(|m| m.value != Mode::None);
        for (missing, key) in [
            (!version, "version"),
            (self.mode.is_none() && !self.flaws.iter().any(|f| f.text.starts_with("mode ")), "mode"),
            (self.max_age.is_none() && !self.flaws.iter().any(|f| f.text.starts_with("max_age ")), "max_age"),
            (self.mx.is_empty() && needs_mx, "mx"),
        ] {
            if missing {
                self.flaws.push(Flaw::fatal(None, format!("the line {key}: is missing")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "version: STSv1\r\nmode: enforce\r\nmx: mx1.x.test\r\nmx: *.mail.test\r\nmax_age: 604800\r\n";

    fn faults(body: &str) -> Vec<(String, bool)> {
        read(body, Some("text/plain")).flaws.into_iter().map(|f| (f.text, f.fatal)).collect()
    }

    #[test]
    fn a_good_policy_allows_its_hosts_and_no_others() {
        let policy = read(GOOD, Some("text/plain; charset=utf-8"));
        assert_eq!((policy.flaws.len(), policy.max_age), (0, Some(604_800)));
        for (host, allowed) in
            [("mx1.x.test", true), ("a.mail.test", true), ("a.b.mail.test", false), ("mail.test", false)]
        {
            assert_eq!(policy.allows(host), allowed, "{host}");
        }
        assert_eq!(policy.mx[1].span.of(GOOD.as_bytes()), b"*.mail.test");
    }

    #[test]
    fn what_is_missing_or_wrong_voids_it() {
        assert!(faults("version: STSv1\nmode: on\nmx: a.test\nmax_age: 86400")[0].1);
        assert_eq!(faults("<html>nothing here</html>").iter().filter(|(_, fatal)| *fatal).count(), 4);
        assert_eq!(faults("version: STSv1\nmode: none\nmax_age: 86400"), []);
        assert_eq!(faults("version: STSv1\nmode: testing\nmx: a.test\nmax_age: 60").len(), 1);
        assert!(read(GOOD, Some("text/html")).flaws.iter().any(|f| f.text.contains("text/html")));
    }
}
