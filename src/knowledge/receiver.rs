//! Mailbox providers and filters: `assets/receivers/*.toml`.

use super::index::{Hosts, Names};
use super::{pattern, shelf};
use crate::evidence::said::Rate;
use crate::facts::antispam::Leaning;
use serde::Deserialize;
use std::sync::LazyLock;

/// One receiver or filter: how it is recognised and the words it writes into headers.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Receiver {
    /// `gmail`, `microsoft`, `yahoo` …: the contract's `receiver.kind`.
    pub id: String,
    pub name: String,
    pub kind: Kind,
    /// authserv-id patterns (`mx.google.com`, `*.messagingengine.com`).
    pub authserv_ids: Vec<String>,
    /// Host patterns of the `by` of its Received fields.
    pub hosts: Vec<String>,
    /// The comment that its software writes behind the server's name, without its parentheses.
    pub software: String,
    /// What its Received fields leave out: where they seem to deny it, nothing is known.
    pub leaves_out: Vec<Noted>,
    /// Where a sender sees its reputation and asks for help.
    pub postmaster: Vec<Link>,
    /// Header vocabulary.
    pub field: Vec<VerdictField>,
    /// What it demands of senders.
    pub requirement: Vec<Requirement>,
    pub source: String,
    pub checked: String,
}

/// What most servers note of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Noted {
    Tls,
    ReverseName,
}

/// A link with a few words.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Link {
    pub url: String,
    pub what: String,
}

/// What kind of receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Runs mailboxes: its own verdict is the one that counts for them.
    #[default]
    Mailbox,
    /// Software on anybody's server.
    Filter,
    /// A filtering service in front of somebody's mailboxes, or behind somebody's senders.
    Gateway,
    /// A convention that many follow; no verdict.
    Convention,
}

/// One demand on senders.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Requirement {
    /// `all`, `bulk`, or who else.
    pub applies: String,
    pub what: String,
    /// What shows whether it is met; `None` where it asks nothing of a message.
    pub needs: Option<Need>,
    /// The limit, where it is one of complaints: what the user states can meet it.
    #[serde(rename = "complaints-below")]
    pub complaints: Option<Rate>,
    /// What happens otherwise: reply codes, the junk folder.
    pub enforced: String,
    /// Day from which it holds, where known.
    pub since: Option<jiff::civil::Date>,
    pub source: String,
    pub confidence: String,
}

/// What shows whether a demand is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    Spf,
    Dkim,
    SpfOrDkim,
    DmarcRecord,
    /// DMARC passes.
    Aligned,
    /// DMARC passes, or the policy does not mind.
    DmarcPolicy,
    /// A reverse name that leads back.
    ReverseName,
    /// One inside the sender's own organization.
    OwnReverseName,
    /// One that is not made of the address.
    NamedHost,
    /// None that is given out to whoever dials in.
    FixedAddress,
    Tls,
    NoGmailFrom,
    Format,
    KeySize,
    DomainsExist,
    OneClick,
    ListUnsubscribe,
    /// Only the receiver's portal tells.
    Portal,
    /// Only the sender's conduct tells.
    Practice,
}

impl Requirement {
    /// Asked of those who send much.
    pub fn is_for_bulk(&self) -> bool {
        self.applies.starts_with("bulk")
    }
}

/// One header field of the vocabulary.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerdictField {
    /// Field names, `*` allowed at the end.
    pub names: Vec<String>,
    pub form: Form,
    /// The key of a field that is one value.
    pub key: String,
    /// Written on mail that goes out: the sender's side.
    pub outbound: bool,
    pub value: Vec<Value>,
}

/// How a field's value is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// One value, blanks and all.
    #[default]
    Word,
    /// The first word; a comment or more may follow.
    First,
    /// `SFV:SPM;SCL:5;`
    Pairs,
    /// `rule=notspam policy=default score=0`
    Assignments,
    /// `Policy=Default;Custom=false`
    Semicolons,
    /// `Gauge=II, Probability=8%`
    Commas,
    /// SpamAssassin's and Barracuda's `No, score=1.2 required=5.0 tests=A,B`.
    SpamStatus,
    /// SpamAssassin's report: prose, a piece of the message, and a table of lines `5.0 URIBL_BLACK words`.
    SpamReport,
    /// MailScanner's `spam, SpamAssassin (score=7.1, required 5, BAYES_99 3.50)`, and Fastmail's `BAYES_50 0.8, SPF_PASS -0.001`.
    MailScanner,
    /// Rspamd's `default: False [1.2 / 15.0]; SYMBOL(0.1)[option];`
    SpamdResult,
    /// No verdict: explained when asked for, never listed.
    Trace,
    /// Results in Authentication-Results, which [`crate::facts::authres`] reads; here only for
    /// their meanings. `compauth=fail reason=000` has the keys `compauth` and `compauth reason`.
    Results,
}

/// One value and its meaning.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Value {
    /// `SFV`; `*` for any; empty for a field that is one word.
    #[serde(default)]
    pub key: String,
    /// Exact, with `*`, or a range of numbers `5..6` (both ends belong to it).
    pub value: String,
    pub meaning: String,
    /// `bad` only where the receiver counts the message as spam or worse, and never from memory.
    pub leaning: Leaning,
    /// Rules whose findings it bears out, where it says what they do.
    #[serde(default)]
    pub rules: Vec<String>,
    pub source: String,
    /// A, B or C.
    pub confidence: String,
}

impl VerdictField {
    /// The row for a key and value; the first that matches, so exact ones stand first.
    pub fn row(&self, key: &str, value: &str) -> Option<&Value> {
        self.value.iter().find(|v| pattern::glob(&v.key, key) && pattern::value(&v.value, value))
    }
}

impl Receiver {
    /// The row for a key and value of a field, by the field's name.
    pub fn row(&self, field: &str, key: &str, value: &str) -> Option<&Value> {
        let named = self.field.iter().filter(|f| f.names.iter().any(|n| pattern::glob(n, field)));
        named.filter_map(|f| f.row(key, value)).next()
    }
}

/// A field of somebody's vocabulary.
pub type Entry = (&'static Receiver, &'static VerdictField);

/// What the vocabulary says of a key and value in this field; a report lists what another field has the words for, and
/// MailScanner and Fastmail what SpamAssassin found.
pub fn row((receiver, field): Entry, key: &str, value: &str) -> Option<&'static Value> {
    let elsewhere = || {
        let whose = match field.form {
            Form::SpamReport => Some(receiver),
            Form::MailScanner => find("spamassassin"),
            _ => None,
        };
        whose?.field.iter().find_map(|f| f.row(key, value))
    };
    field.row(key, value).or_else(elsewhere)
}

static ALL: LazyLock<Vec<Receiver>> = LazyLock::new(|| shelf::load(shelf::RECEIVERS));

static NAMES: LazyLock<Names<Entry>> = LazyLock::new(|| {
    let fields = all().iter().flat_map(|r| r.field.iter().map(move |f| (r, f)));
    Names::new(fields.flat_map(|entry| entry.1.names.iter().map(move |name| (name.as_str(), entry))))
});

static AUTHSERV_IDS: LazyLock<Hosts<&Receiver>> = LazyLock::new(|| hosts_of(|r| &r.authserv_ids));

static HOSTS: LazyLock<Hosts<&Receiver>> = LazyLock::new(|| hosts_of(|r| &r.hosts));

fn hosts_of(patterns: fn(&Receiver) -> &Vec<String>) -> Hosts<&'static Receiver> {
    Hosts::new(all().iter().flat_map(|r| patterns(r).iter().map(move |p| (p.as_str(), r))))
}

/// Who knows a field of this name (any case). A whole name beats one with a star.
pub fn fields_called(name: &[u8]) -> Vec<Entry> {
    let named = NAMES.of(name);
    if named.whole.is_empty() { named.starred } else { named.whole }
}

/// Every receiver, by id.
pub fn all() -> &'static [Receiver] {
    &ALL
}

/// The receiver with this id.
pub fn find(id: &str) -> Option<&'static Receiver> {
    all().iter().find(|r| r.id == id)
}

/// The receiver that writes this authserv-id (lower case).
pub fn of_authserv_id(id: &str) -> Option<&'static Receiver> {
    AUTHSERV_IDS.first(id)
}

/// The receiver that runs this host (lower case).
pub fn of_host(host: &str) -> Option<&'static Receiver> {
    HOSTS.first(host)
}

/// Is this host, or any server of this software (the comment behind its name), known to leave that out?
pub fn leaves_out(host: &str, software: &[u8], what: Noted) -> bool {
    let by_software = || all().iter().find(|r| !r.software.is_empty() && r.software.as_bytes() == software);
    let its = |r: &Receiver| r.leaves_out.contains(&what);
    of_host(host).is_some_and(its) || by_software().is_some_and(its)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(found: Option<&'static Receiver>) -> Option<&'static str> {
        found.map(|r| &*r.id)
    }

    #[test]
    fn authserv_ids() {
        for (name, want) in [
            ("mx.google.com", Some("gmail")),
            // Outlook writes the recipient's domain there on mail going out.
            ("gmail.com", None),
            ("example.com", None),
            ("google.com.example.com", None),
            ("abcd.mail.protection.outlook.com", Some("microsoft")),
            ("am0pr01.prod.outlook.com", Some("microsoft")),
            ("protection.outlook.com", Some("microsoft")),
            ("atlas-production.v2-mail-prod1-gq1.omega.yahoo.com", Some("yahoo")),
            ("mx.aol.com", Some("yahoo")),
            ("dmarc.icloud.com", Some("icloud")),
            ("mx6.messagingengine.com", Some("fastmail")),
            ("mail.protonmail.ch", Some("proton")),
            ("mxs.mail.ru", Some("mail-ru")),
            ("mxfront1.mail.yandex.net", Some("yandex")),
            ("mx.zohomail.com", Some("zoho")),
            ("gmx.net", Some("gmx-webde")),
        ] {
            assert_eq!(id(of_authserv_id(name)), want, "{name}");
        }
    }

    #[test]
    fn hosts() {
        for (name, want) in [
            ("mx.google.com", Some("gmail")),
            ("am6eur05ft009.mail.protection.outlook.com", Some("microsoft")),
            ("mx1.messagingengine.com", Some("fastmail")),
            ("mx.example.com", None),
        ] {
            assert_eq!(id(of_host(name)), want, "{name}");
        }
    }

    #[test]
    fn what_some_servers_leave_out() {
        for (host, software, tls, reverse) in [
            ("mx19", "Coremail", true, true),
            ("mx264.mail.ru", "", true, false),
            ("newxmmxszc1.qq.com", "NewMX", true, true),
            ("mx.example.com", "Postfix", false, false),
            ("mx.google.com", "", false, false),
        ] {
            assert_eq!(leaves_out(host, software.as_bytes(), Noted::Tls), tls, "{host}");
            assert_eq!(leaves_out(host, software.as_bytes(), Noted::ReverseName), reverse, "{host}");
        }
    }

    #[test]
    fn whole_names_beat_stars_and_long_ones_are_nobodys() {
        let ids = |name: &str| fields_called(name.as_bytes()).iter().map(|(r, _)| &*r.id).collect::<Vec<_>>();
        assert_eq!(ids("x-yandex-spam"), ["yandex"]);
        assert_eq!(ids("X-MS-Exchange-CrossTenant-AuthAs"), ["microsoft"]);
        assert!(ids("X-Nothing").is_empty());
        assert!(ids(&"X".repeat(100_000)).is_empty());
    }

    #[test]
    fn a_value_bears_out_rules_that_there_are() {
        let values = all().iter().flat_map(|r| &r.field).flat_map(|f| &f.value);
        let named: Vec<&String> = values.flat_map(|v| &v.rules).collect();
        assert!(named.len() > 20);
        named.iter().for_each(|id| assert!(crate::rules::find(id).is_some(), "{id}"));
    }

    #[test]
    fn ranges_of_microsoft() {
        let microsoft = find("microsoft").unwrap();
        let leaning = |field, key, value| microsoft.row(field, key, value).map(|v| v.leaning);
        for (value, want) in [
            ("-1", Leaning::Neutral),
            ("0", Leaning::Good),
            ("1", Leaning::Good),
            ("5", Leaning::Bad),
            ("6", Leaning::Bad),
            ("9", Leaning::Bad),
        ] {
            assert_eq!(leaning("X-Forefront-Antispam-Report", "SCL", value), Some(want), "SCL {value}");
        }
        // No spam verdict, however high: the organization's threshold decides.
        for (value, want) in [
            ("0", Leaning::Good),
            ("3", Leaning::Good),
            ("4", Leaning::Warn),
            ("7", Leaning::Warn),
            ("9", Leaning::Warn),
        ] {
            assert_eq!(leaning("X-Microsoft-Antispam", "BCL", value), Some(want), "BCL {value}");
        }
    }
}
