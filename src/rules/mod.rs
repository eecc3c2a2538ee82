//! What is wrong: one rule a file, facts in, verdict out.
//!
//! A rule's doc comment is the user's explanation: `postdoc explain <rule>`, the detail screen
//! and the documentation all show that one text. How to add a rule: CONTRIBUTING.md.

pub mod finding;

mod aligned;
pub mod bounce;
pub mod content;
pub mod dkim;
pub mod dmarc;
pub mod dns;
pub mod headers;
pub mod mx;
mod on_the_way;
pub mod proof;
pub mod receiver;
pub mod report;
pub mod reputation;
pub mod requirement;
mod since;
pub mod source;
pub mod spf;
mod stranger;
#[cfg(test)]
mod testing;

pub use finding::{Check, Confidence, Exhibit, Finding, Gap, Gaps, Place, Severity, Verdict};
pub use proof::{Proof, State};
pub use reputation::YOUNG;

use crate::facts::Facts;

/// What a rule is about; also the groups of `postdoc rules`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    Dmarc,
    Dkim,
    Spf,
    /// Source address and HELO.
    Source,
    /// Whether a domain can take mail, and where its records stand.
    Dns,
    Headers,
    /// The domain's own mail hosts, asked over SMTP.
    Mx,
    /// What the receiver's filter says.
    Receiver,
    /// Blocklists, and the age of the domain.
    Reputation,
    /// What receivers report of a domain's mail.
    Report,
    /// What a bounce, a reply or a feedback report says.
    Bounce,
    /// What stands in the message: its form, links, attachments.
    Content,
}

impl Group {
    pub fn word(self) -> &'static str {
        match self {
            Group::Dmarc => "dmarc",
            Group::Dkim => "dkim",
            Group::Spf => "spf",
            Group::Source => "source",
            Group::Dns => "dns",
            Group::Headers => "headers",
            Group::Mx => "mx",
            Group::Receiver => "receiver",
            Group::Reputation => "reputation",
            Group::Report => "report",
            Group::Bounce => "bounce",
            Group::Content => "content",
        }
    }
}

/// One rule.
pub struct Rule {
    /// Stable, lower case with hyphens: scripts rely on it.
    pub id: &'static str,
    pub group: Group,
    /// The usual severity; a finding may differ and says why.
    pub severity: Severity,
    /// Markdown: a first line that names the fault, then the sections `## What we saw`,
    /// `## Why mail suffers`, `## How to fix it`, `## How to check`.
    pub doc: &'static str,
    /// Standards and vendors' pages.
    pub sources: &'static [&'static str],
    pub judge: fn(&Facts) -> Verdict,
}

impl Rule {
    /// The first line of the doc: the fault in a few words.
    pub fn title(&self) -> &'static str {
        self.doc.trim_start().lines().next().unwrap_or(self.id).trim()
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        self.id == other.id
    }
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

/// Declares a rule; the doc comment above the name becomes [`Rule::doc`].
///
/// ```ignore
/// rule! {
///     /// The key a signature names is not in DNS
///     ///
///     /// ## What we saw
///     /// …
///     pub RULE = "dkim-key-not-found", Dkim, Critical, judge,
///     ["RFC 6376 §3.6.2", "RFC 6376 §6.1.2"]
/// }
/// ```
macro_rules! rule {
    ($(#[doc = $doc:literal])* pub $name:ident = $id:literal, $group:ident, $severity:ident, $judge:ident, [$($source:literal),+ $(,)?]) => {
        $(#[doc = $doc])*
        pub static $name: $crate::rules::Rule = $crate::rules::Rule {
            id: $id,
            group: $crate::rules::Group::$group,
            severity: $crate::rules::Severity::$severity,
            doc: concat!($($doc, "\n"),*),
            sources: &[$($source),+],
            judge: $judge,
        };
    };
}
pub(crate) use rule;

/// Every rule, in the order in which equal findings are shown: a sender that SPF refuses or that
/// published it wrongly is told so before it is told to sign.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [
        dmarc::RULES,
        spf::RULES,
        dkim::RULES,
        source::RULES,
        dns::RULES,
        headers::RULES,
        receiver::RULES,
        mx::RULES,
        reputation::RULES,
        report::RULES,
        bounce::RULES,
        content::RULES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().find(|r| r.id == id)
}
