//! Everything passes, and still it is spam: who of those that carry reputation is most likely to blame, and by what.

use super::{listings, verdict};
use crate::facts::Facts;
use crate::facts::antispam::{Item, Leaning};
use crate::facts::linked::State;
use crate::facts::platform::{self, Mark};
use crate::knowledge::Receiver;
use crate::rules::{Exhibit, on_the_way};

/// What carries a reputation of its own, apart from the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Identity {
    Address,
    SenderDomain,
    FromDomain,
    FromAddress,
    LinkedDomain,
    LinkedAddress,
    /// Date, Message-ID and their like.
    Fields,
    Content,
}

/// One of them, with what speaks against it.
#[derive(Debug)]
pub struct Suspect {
    pub identity: Identity,
    /// `192.0.2.4`, `example.com`
    pub name: String,
    /// What speaks against it, the weightiest first.
    pub evidence: Vec<String>,
    weight: u32,
}

/// Hosts of links that are named.
const HOSTS: usize = 3;

/// All that carry reputation here, those with the most against them first.
pub fn ranked(facts: &Facts) -> Vec<Suspect> {
    let mut all = named(facts);
    let mut evidence = evidence(facts);
    evidence.sort_by_key(|(_, weight, _)| std::cmp::Reverse(*weight));
    for (identity, weight, words) in evidence {
        let at = all.iter().position(|s| s.identity == identity).unwrap_or_else(|| {
            // The receiver has seen what is not at hand here, such as links of a body.
            all.push(Suspect { identity, name: String::new(), evidence: Vec::new(), weight: 0 });
            all.len() - 1
        });
        all[at].evidence.push(words);
        all[at].weight += weight;
    }
    all.sort_by_key(|s| (std::cmp::Reverse(s.weight), s.identity));
    all
}

/// The six identities, as far as they are known, and the content.
fn named(facts: &Facts) -> Vec<Suspect> {
    let reading = &facts.reading;
    let i = &facts.identities;
    let links = reading.content.iter().flat_map(|c| &c.links);
    let mut domains: Vec<String> = links.map(|l| l.organization()).collect();
    domains.sort();
    domains.dedup();
    let ips = facts.linked.iter().filter_map(|host| match &host.state {
        State::Found(ips) => ips.first(),
        _ => None,
    });
    let few = |all: Vec<String>| (!all.is_empty()).then(|| all.into_iter().take(HOSTS).collect::<Vec<_>>().join(", "));
    let each = [
        (Identity::Address, i.source_ip.as_ref().map(|ip| ip.value.to_string())),
        (Identity::SenderDomain, i.mail_from.as_ref().and_then(|m| m.value.domain()).map(str::to_owned)),
        (Identity::FromDomain, reading.from_domain().map(str::to_owned)),
        (Identity::FromAddress, reading.from.address().map(|a| format!("{}@{}", a.local, a.domain))),
        (Identity::LinkedDomain, few(domains)),
        (Identity::LinkedAddress, few(ips.map(|ip| ip.to_string()).collect())),
        (Identity::Content, Some(String::new())),
    ];
    let suspect = |(identity, name): (Identity, Option<String>)| {
        Some(Suspect { identity, name: name?, evidence: Vec::new(), weight: 0 })
    };
    each.into_iter().filter_map(suspect).collect()
}

fn evidence(facts: &Facts) -> Vec<(Identity, u32, String)> {
    let reading = &facts.reading;
    let mut out: Vec<(Identity, u32, String)> = Vec::new();
    for item in verdict::counted(facts).filter(|i| speaks(i)) {
        let Some(meaning) = &item.meaning else { continue };
        if let Some(mut identity) = about(item) {
            if identity == Identity::LinkedDomain && listings::names_from(facts, item) {
                identity = Identity::FromDomain;
            }
            out.push((identity, weight(item), format!("{}: {}", scored(item), meaning.text)));
        }
    }
    let said = &facts.evidence.said;
    if let Some(rate) = said.sending.complaints.filter(|r| r.0 >= 10) {
        out.push((Identity::FromDomain, 4 * POINT, format!("complaints of {rate} %, by your own count")));
    }
    if let Some(rate) = said.sending.bounces.filter(|r| r.0 > 50) {
        out.push((Identity::FromDomain, 2 * POINT, format!("hard bounces of {rate} %, by your own count")));
    }
    let odd =
        |l: &&crate::facts::content::Link| l.shortener || l.address || l.mixed || l.user.is_some() || l.shown.is_some();
    if let Some(link) = reading.content.iter().flat_map(|c| &c.links).find(odd) {
        out.push((Identity::LinkedDomain, 2 * POINT, format!("a link to {} looks like a trick", link.host)));
    }
    if let Some(host) = facts.linked.iter().find(|h| matches!(h.state, State::Dead { .. })) {
        out.push((Identity::LinkedDomain, 2 * POINT, format!("{} does not exist", host.name)));
    }
    let hit = platform::sending(&facts.platforms, on_the_way::is_relayed(facts)).filter(|h| h.mark != Mark::Passed);
    if let Some(hit) = hit.filter(|h| matches!(h.platform.kind.as_str(), "marketing" | "transactional")) {
        out.push((Identity::Address, POINT, format!("{} usually lets customers share addresses", hit.platform.name)));
    }
    out
}

/// One point, as filters count.
const POINT: u32 = 1000;

/// The points of an item; where it gives none, those of a weighty test.
pub(super) fn weight(item: &Item) -> u32 {
    item.points.map_or(3 * POINT, i32::unsigned_abs)
}

/// Does it count against the message?
pub(super) fn speaks(item: &Item) -> bool {
    matches!(verdict::leaning(item), Some(Leaning::Warn | Leaning::Bad)) && item.points.is_none_or(|p| p > 0)
}

/// `BAYES_99 (3.5 points)`
fn scored(item: &Item) -> String {
    match item.points {
        Some(points) => format!("{} ({})", verdict::written(item), in_points(points)),
        None => verdict::written(item),
    }
}

fn in_points(thousandths: i32) -> String {
    let number = f64::from(thousandths) / 1000.0;
    format!("{number} {}", if thousandths == 1000 { "point" } else { "points" })
}

/// Tests named of those that are not known.
const UNKNOWN: usize = 6;

/// The tests that count against it and are in no vocabulary, the weightiest first.
fn unknown(facts: &Facts) -> Option<String> {
    let counts = |i: &&Item| {
        let is_test = matches!(&*i.key, "test" | "symbol");
        // A test on trial (T_) counts next to nothing.
        is_test && i.meaning.is_none() && i.points.is_none_or(|p| p > 0) && !i.value.starts_with("T_")
    };
    let mut all: Vec<&Item> = verdict::counted(facts).filter(counts).collect();
    if all.is_empty() {
        return None;
    }
    all.sort_by_key(|i| std::cmp::Reverse(i.points));
    let mut names: Vec<String> = all.iter().take(UNKNOWN).map(|i| scored(i)).collect();
    names.extend((all.len() > UNKNOWN).then(|| format!("{} more", all.len() - UNKNOWN)));
    let sum: i32 = all.iter().filter_map(|i| i.points).fold(0, i32::saturating_add);
    let worth = if sum > 0 { format!(" worth {}", in_points(sum)) } else { String::new() };
    let (tests, are) = if all.len() == 1 { ("test", "is") } else { ("tests", "are") };
    Some(format!(" {} {tests}{worth} {are} not known to this program: {}.", all.len(), verdict::list(&names)))
}

/// Whom a filter's item speaks of; the verdict itself speaks of nobody.
fn about(item: &Item) -> Option<Identity> {
    let name = if item.value.chars().next().is_some_and(char::is_alphabetic) {
        item.value.as_str()
    } else {
        item.key.as_str()
    };
    let begins = |all: &[&str]| all.iter().any(|p| name.starts_with(p));
    match item.key.as_str() {
        "sender-reputation" => return Some(Identity::FromDomain),
        "BCL" => return Some(Identity::SenderDomain),
        "IPV" | "PTR" | "CIP" => return Some(Identity::Address),
        "CAT" => return category(&item.value),
        "SFV" | "SCL" | "organization-SCL" | "action" | "flag" | "score" => return None,
        _ => {}
    }
    if begins(&["ME_SENDERREP_"]) {
        Some(Identity::FromDomain)
    } else if begins(&["RCVD_", "RBL_", "RDNS_", "RECEIVED_SPAMHAUS", "FSL_HELO", "HELO_", "HFILTER_H"]) {
        Some(Identity::Address)
    } else if begins(&["URIBL_", "DBL_", "SURBL", "SEM_URIBL", "PHISH", "HTTP_", "R_SUSPICIOUS", "HFILTER_URL"])
        || name.ends_with("_SURBL")
        || name.contains("SURBL_MULTI")
        || begins(&ASF_LINKS)
    {
        Some(Identity::LinkedDomain)
    } else if begins(&["FREEMAIL_", "FROM_", "USER_IN_", "SPOOF_DISPLAY", "HFILTER_FROM"]) || is_false_freemail(name) {
        Some(Identity::FromAddress)
    } else if begins(&["DATE_", "MISSING_", "INVALID_", "FORGED_"]) {
        Some(Identity::Fields)
    } else if begins(&["SPF_", "DKIM_", "DMARC_", "ARC_", "R_SPF_", "R_DKIM_", "T_SPF_"]) {
        None
    } else {
        // What is left of the tests looks at the text, its form or what others reported of it.
        let is_test = matches!(item.key.as_str(), "test" | "symbol") && item.meaning.is_some();
        (is_test || begins(&ASF_CONTENT)).then_some(Identity::Content)
    }
}

/// `FORGED_GMAIL_RCVD`
fn is_false_freemail(name: &str) -> bool {
    name.starts_with("FORGED_") && name.ends_with("_RCVD")
}

/// Options of Microsoft's Advanced Spam Filter as X-CustomSpam names them (learn.microsoft.com, ASF settings in EOP).
const ASF_LINKS: [&str; 3] = ["Numeric IP in URL", "URL redirect to other port", "URL to .biz or .info websites"];
const ASF_CONTENT: [&str; 9] = [
    "Image links to remote sites",
    "Empty Message",
    "Embed tag in html",
    "Javascript or VBscript tags",
    "Form tag in html",
    "IFRAME or FRAME in HTML",
    "Web bug in HTML",
    "Object tag in html",
    "Sensitive word in subject/body",
];

/// What Microsoft's kind of threat speaks of; spam as such may be all of it.
fn category(cat: &str) -> Option<Identity> {
    match cat {
        "BULK" => Some(Identity::SenderDomain),
        "BIMP" | "DIMP" | "GIMP" | "UIMP" => Some(Identity::FromAddress),
        "MALW" | "AMP" | "FTBP" | "SAP" | "PHSH" | "HPHSH" | "HPHISH" => Some(Identity::Content),
        _ => None,
    }
}

impl Suspect {
    /// `the sending address 192.0.2.4`
    pub fn who(&self) -> String {
        let what = match self.identity {
            Identity::Address => "the sending address",
            Identity::SenderDomain => "the envelope's domain",
            Identity::FromDomain => "the From domain",
            Identity::FromAddress => "the From address",
            Identity::LinkedDomain if self.name.is_empty() => "the domains of links",
            Identity::LinkedDomain => "the domains of links:",
            Identity::LinkedAddress => "the addresses behind links:",
            Identity::Fields => "the header's own fields",
            Identity::Content => "the content",
        };
        format!("{what} {}", self.name).trim_end().to_owned()
    }
}

/// The ranked list in a sentence or two, and what of the filter's list could not be read.
pub fn told(facts: &Facts) -> String {
    let suspects = ranked(facts);
    let unknown = unknown(facts);
    let accused: Vec<String> = suspects
        .iter()
        .filter(|s| !s.evidence.is_empty())
        .enumerate()
        .map(|(n, s)| format!("({}) {}: {}", n + 1, s.who(), s.evidence.join("; ")))
        .collect();
    let others: Vec<String> = suspects.iter().filter(|s| s.evidence.is_empty()).map(Suspect::who).collect();
    let first = match accused.is_empty() {
        true if unknown.is_some() => String::new(),
        true => " Nothing at hand says which part of it.".to_owned(),
        false => format!(" The likeliest causes first: {}.", accused.join(". ")),
    };
    let first = first + unknown.as_deref().unwrap_or_default();
    match others.is_empty() {
        true => first,
        false => format!("{first} Reputation of their own have also {}.", verdict::list(&others)),
    }
}

/// What in the header speaks against one of them.
pub fn exhibits<'f>(facts: &'f Facts) -> impl Iterator<Item = Exhibit> + 'f {
    let mut all: Vec<&Item> = verdict::counted(facts).filter(|i| speaks(i) && about(i).is_some()).collect();
    all.sort_by_key(|i| std::cmp::Reverse(weight(i)));
    all.into_iter().take(6).map(verdict::exhibit)
}

/// The published limits of the receiver that judged, for the check.
pub fn limits(judge: Option<&'static Receiver>) -> &'static str {
    match judge.map(|r| r.id.as_str()) {
        Some("gmail") => "no spam verdict; in Postmaster Tools a spam rate below 0.10 %, never 0.30 %, for seven days",
        Some("yahoo") => "no spam verdict; complaints below 0.3 % of what reaches the inbox",
        Some("orange") => "no spam verdict; complaints below 0.3 %",
        _ => "no spam verdict; a spam rate below 0.1 % in the receiver's portal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::receiver::testing::{facts, passed};

    fn of(text: &str) -> Facts {
        let mut facts = facts(text, |r| {
            passed(r);
            r.from = crate::facts::address::From::read(&r.header, text.as_bytes());
        });
        let ip = "192.0.2.4".parse().unwrap();
        let origin = crate::facts::boundary::Origin::Received;
        facts.identities.source_ip = Some(crate::facts::boundary::Identity { value: ip, origin, span: None });
        facts
    }

    #[test]
    fn who_has_most_against_it_comes_first() {
        let facts = of(
            "X-Spam-Status: Yes, score=9 required=5.0 tests=BAYES_99,RCVD_IN_XBL,RDNS_NONE\r\nFrom: ann@example.com\r\n",
        );
        let order: Vec<Identity> =
            ranked(&facts).iter().filter(|s| !s.evidence.is_empty()).map(|s| s.identity).collect();
        assert_eq!(order, [Identity::Address, Identity::Content]);
        let told = told(&facts);
        assert!(
            told.contains("(1) the sending address 192.0.2.4: RCVD_IN_XBL")
                || told.contains("(1) the sending address 192.0.2.4"),
            "{told}"
        );
        assert!(
            told.contains("the From domain example.com") && told.contains("the From address ann@example.com"),
            "{told}"
        );
    }

    #[test]
    fn what_the_receiver_saw_and_we_do_not_have_is_told() {
        for (text, who) in [
            (
                "X-Spamd-Result: default: True [16.20 / 15.00]; URIBL_BLACK(7.5)[a.test]; DBL_SPAM(6.5)[a.test]\r\nX-Rspamd-Action: reject\r\n",
                "(1) the domains of links: URIBL_BLACK (7.5 points): a linked domain is on URIBL; DBL_SPAM",
            ),
            (
                "X-Spam-Status: Yes, score=9 required=5.0 tests=URIBL_BLACK\r\n",
                "(1) the domains of links: URIBL_BLACK: a linked domain is on URIBL",
            ),
            (
                "X-Spam-Status: Yes, score=6 required=5.0 tests=[MISSING_HEADERS=1.2, DATE_IN_PAST_96_XX=3.4]\r\n",
                "(1) the header's own fields: DATE_IN_PAST_96_XX (3.4 points)",
            ),
            (
                "X-Spam-Status: Yes, score=7 required=5.0 tests=[RDNS_NONE=0.793, BAYES_99=3.5]\r\n",
                "(1) the content: BAYES_99 (3.5 points): the text looks like the spam this server has learnt. (2) the sending address 192.0.2.4: RDNS_NONE",
            ),
            (
                "X-Spamd-Result: default: True [8.10 / 15.00]; RDNS_NONE(1.00)[]; FUZZY_DENIED(6.00)[1:a:1.00:txt]\r\n",
                "(1) the content: FUZZY_DENIED (6 points)",
            ),
            (
                "X-Spam-Status: Yes, score=7 required=5.0 tests=RCVD_IN_SBL\r\n",
                "(1) the sending address 192.0.2.4: RCVD_IN_SBL",
            ),
            ("X-Spam-Status: Yes, score=1000 required=5.0 tests=GTUBE\r\n", "(1) the content: GTUBE: "),
            ("X-Forefront-Antispam-Report: SFV:SPM;SCL:9;CAT:MALW\r\n", "(1) the content: CAT:MALW: malware"),
            ("X-Forefront-Antispam-Report: SFV:SPM;SCL:9;CAT:PHSH\r\n", "(1) the content: CAT:PHSH: phishing"),
            (
                "X-Forefront-Antispam-Report: SFV:SPM;CAT:SPM\r\nX-CustomSpam: Image links to remote sites\r\n",
                "(1) the content: Image links to remote sites: which option",
            ),
        ] {
            let told = told(&of(&format!("{text}From: ann@example.com\r\n")));
            assert!(told.contains(who), "{told}");
        }
    }

    #[test]
    fn the_option_of_a_listing_says_whose_it_is() {
        let told_of = |option: &str| {
            told(&of(&format!(
                "X-Spamd-Result: default: True [9.0 / 15.00]; DBL_SPAM(6.5)[{option}]\r\nX-Rspamd-Action: add header\r\nFrom: ann@example.com\r\n"
            )))
        };
        assert!(told_of("example.com:url").contains("(1) the From domain example.com: DBL_SPAM"));
        assert!(told_of("other.test:url").contains("(1) the domains of links: DBL_SPAM"));
    }

    #[test]
    fn what_is_not_known_is_named_by_its_points() {
        let told_of = |text: &str| told(&of(&format!("{text}\r\nFrom: ann@example.com\r\n")));
        let scored = told_of("X-Spam-Status: Yes, score=9 required=5.0 tests=[LOCAL_B=1.2, LOCAL_A=3, LOCAL_GOOD=-1]");
        assert!(
            scored.starts_with(
                " 2 tests worth 4.2 points are not known to this program: LOCAL_A (3 points) and LOCAL_B (1.2 points)."
            ),
            "{scored}"
        );
        let bare = told_of("X-Spam-Status: Yes, score=9 required=5.0 tests=LOCAL_A,BAYES_99");
        assert!(
            bare.contains("(1) the content: BAYES_99")
                && bare.contains("1 test is not known to this program: LOCAL_A."),
            "{bare}"
        );
        let one = told_of("X-Spam-Status: Yes, score=9 required=5.0 tests=[LOCAL_A=1]");
        assert!(one.starts_with(" 1 test worth 1 point is not known to this program: LOCAL_A (1 point)."), "{one}");
        let known =
            told_of("X-Spam-Status: Yes, score=9 required=5.0 tests=[BAYES_99=9, DKIM_VALID=-0.1, HTML_MESSAGE=0.1]");
        assert!(!known.contains("not known"), "{known}");
    }

    #[test]
    fn without_evidence_nobody_is_accused() {
        let told = told(&of("X-Yandex-Spam: 4\r\nFrom: ann@example.com\r\n"));
        assert!(told.starts_with(" Nothing at hand says which part of it."), "{told}");
    }
}
