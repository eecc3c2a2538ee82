//! Sending services, mailbox hosts and mail software: `assets/platforms/*.toml`.

use super::index::{Hosts, Names, last_labels};
use super::{pattern, shelf, typo};
use serde::Deserialize;
use std::sync::LazyLock;

/// One platform. In patterns and names `{domain}` is the sender's domain, `{domain-dashes}` the
/// same with dots as hyphens; `<…>` is a blank that only the portal can fill.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[derive(Default)]
pub struct Platform {
    pub id: String,
    pub name: String,
    /// `marketing`, `transactional`, `mailbox`, `saas`, `forwarding`, `self-hosted`
    pub kind: String,
    /// Terms for the MAIL FROM domain's SPF record: `include:sendgrid.net`.
    pub spf: Vec<String>,
    /// When and where those terms belong, if not at the From domain.
    pub spf_note: Option<String>,
    /// Further terms that name the platform in a record: other regions, retired ones. Never proposed.
    pub spf_known: Vec<String>,
    /// What to publish for DKIM.
    pub dkim: Vec<DkimSetup>,
    /// Further names that its DKIM CNAMEs lead to (`*.` prefix: any subdomain). Never proposed.
    pub dkim_targets: Vec<String>,
    /// Selectors that its guides show and its customers may choose; a check of a domain tries them.
    pub selectors: Vec<String>,
    /// Where to switch on signing with the sender's own domain.
    pub dkim_setting: Option<String>,
    /// Shared `d=` domains (`*.` prefix: any subdomain) that mean custom DKIM is off.
    pub signs_as: Vec<String>,
    /// The record for an own bounce domain; `None` where the platform offers none.
    pub return_path: Option<ReturnPath>,
    /// Where to set it.
    pub return_path_setting: Option<String>,
    /// The host of links, below the sender's domain.
    pub tracking: Option<Tracking>,
    /// The authority that it has its certificates from, as CAA names it: `letsencrypt.org`.
    pub authority: Option<String>,
    /// Fingerprints in a message.
    pub marks: Marks,
    pub mx: Vec<String>,
    /// Verification TXT prefixes.
    pub txt: Vec<String>,
    /// The receiver of the same house, whose servers leave the same marks on mail coming in.
    pub receiver: Option<String>,
    pub notes: Vec<String>,
    /// Where this was learnt, and the day it was checked.
    pub source: String,
    pub checked: String,
    /// A, B or C.
    pub confidence: String,
}

/// One DKIM record to publish.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DkimSetup {
    /// May hold a blank.
    pub selector: String,
    /// `CNAME` or `TXT`
    pub record: String,
    /// CNAME target; may hold placeholders and blanks. `None`: only the portal knows.
    pub target: Option<String>,
    /// Label between `_domainkey` and the domain, where the key does not stand at the domain itself.
    pub below: Option<String>,
}

impl DkimSetup {
    /// The name of the record at a domain; may hold a blank.
    pub fn name(&self, domain: &str) -> String {
        let below = self.below.as_ref().map_or(String::new(), |b| format!("{b}."));
        Platform::fill(&format!("{}._domainkey.{below}{domain}", self.selector), domain)
    }
}

/// The bounce domain's record.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReturnPath {
    /// Label below the domain: `em<number>`, `pm-bounces`.
    pub label: String,
    /// `CNAME`, or `MX` with an SPF record beside it.
    pub record: String,
    pub target: Option<String>,
    /// The SPF record beside an MX.
    pub spf: Option<String>,
}

/// The alias that carries links and pixels under the sender's own name.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tracking {
    /// Label below the domain: `trk`.
    pub label: String,
    /// What its CNAME leads to.
    pub target: String,
    /// Where to set it.
    pub setting: Option<String>,
}

/// What gives a platform away in a message. `*` stands for anything.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Marks {
    /// Domain patterns of the Return-Path; one with `@` is over the whole address.
    pub return_path: Vec<String>,
    /// Host patterns of a Received `from` or `by`.
    pub received: Vec<String>,
    /// Further names that its servers report failures by.
    pub reports: Vec<String>,
    /// Header field names (`X-SG-*`).
    pub fields: Vec<String>,
    /// Last part of Feedback-ID.
    pub feedback_id: Vec<String>,
    /// Start of X-Mailer.
    pub mailer: Vec<String>,
    /// Selectors telling enough to name the platform.
    pub selectors: Vec<String>,
}

static ALL: LazyLock<Vec<Platform>> = LazyLock::new(|| shelf::load(shelf::PLATFORMS));

impl Platform {
    /// A template of this platform with the sender's domain in it; blanks stay.
    pub fn fill(template: &str, domain: &str) -> String {
        template.replace("{domain-dashes}", &domain.replace('.', "-")).replace("{domain}", domain)
    }
}

/// Every platform, by id.
pub fn all() -> &'static [Platform] {
    &ALL
}

/// The platform with this id.
pub fn find(id: &str) -> Option<&'static Platform> {
    all().iter().find(|p| p.id == id)
}

/// The platform that somebody means by this word: its id, or its name however it is written.
///
/// # Errors
/// A sentence for the user, with ids that are near.
pub fn called(word: &str) -> Result<&'static Platform, String> {
    let bare = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let wanted = bare(word);
    let is = |p: &&Platform| bare(&p.id) == wanted || bare(&p.name) == wanted;
    if let Some(platform) = all().iter().find(is) {
        return Ok(platform);
    }
    let near = |p: &&Platform| wanted.len() > 2 && [&p.id, &p.name].iter().any(|n| bare(n).contains(&wanted));
    let near: Vec<&str> = all().iter().filter(near).map(|p| p.id.as_str()).collect();
    match &near[..] {
        [one] => all().iter().find(|p| p.id == *one).ok_or_else(String::new),
        [] => Err(format!("{word} is no platform I know; postdoc check --platform ? lists them")),
        several => Err(format!("{word} may be {}", several.join(", "))),
    }
}

/// The platform whose shared signing domain this `d=` is (lower case).
pub fn that_signs_as(domain: &str) -> Option<&'static Platform> {
    SIGNERS.first(domain)
}

/// All of them.
pub fn that_sign_as(domain: &str) -> Vec<&'static Platform> {
    SIGNERS.of(domain)
}

/// The platforms with a return-path domain like this of their own.
pub fn that_bounce_to(domain: &str) -> Vec<&'static Platform> {
    BOUNCES.of(domain)
}

/// The platforms whose return paths are shaped like this one, under whatever domain.
pub fn that_shape(local: &str, domain: &str) -> impl Iterator<Item = &'static Platform> {
    let shaped = move |mark: &str| {
        mark.split_once('@').is_some_and(|(l, d)| pattern::glob(l, local) && pattern::glob(d, domain))
    };
    that_mark(&SHAPES, shaped)
}

/// The platforms that a selector like this gives away.
pub fn that_select(selector: &str) -> impl Iterator<Item = &'static Platform> {
    that_mark(&SELECTORS, move |mark| pattern::glob(mark, selector))
}

/// The platforms that end a Feedback-ID so.
pub fn that_feed_back(last: &str) -> impl Iterator<Item = &'static Platform> {
    that_mark(&FEEDBACK_IDS, move |mark| mark.eq_ignore_ascii_case(last))
}

/// The platforms that an X-Mailer like this gives away.
pub fn that_mail_with(mailer: &[u8]) -> impl Iterator<Item = &'static Platform> {
    that_mark(&MAILERS, move |mark| mailer.starts_with(mark.as_bytes()))
}

fn that_mark(
    marks: &'static [(&str, &Platform)],
    is: impl Fn(&str) -> bool,
) -> impl Iterator<Item = &'static Platform> {
    marks.iter().filter(move |(mark, _)| is(mark)).map(|(_, platform)| *platform)
}

/// The platforms whose servers go by a name like this.
pub fn that_run(host: &str) -> Vec<&'static Platform> {
    SERVERS.of(host)
}

/// The platforms whose servers report failures by a name like this.
pub fn that_report_as(host: &str) -> Vec<&'static Platform> {
    REPORTERS.of(host)
}

/// The platforms that a header field of this name gives away.
pub fn that_write(field: &[u8]) -> impl Iterator<Item = &'static Platform> {
    let named = FIELDS.of(field);
    named.whole.into_iter().chain(named.starred)
}

static SIGNERS: LazyLock<Hosts<&Platform>> = LazyLock::new(|| Hosts::new(each(|p| &p.signs_as)));

static BOUNCES: LazyLock<Hosts<&Platform>> =
    LazyLock::new(|| Hosts::new(each(|p| &p.marks.return_path).filter(|(mark, _)| !mark.contains('@'))));

static SHAPES: LazyLock<Vec<(&str, &Platform)>> =
    LazyLock::new(|| each(|p| &p.marks.return_path).filter(|(mark, _)| mark.contains('@')).collect());

static SELECTORS: LazyLock<Vec<(&str, &Platform)>> = LazyLock::new(|| each(|p| &p.marks.selectors).collect());

static FEEDBACK_IDS: LazyLock<Vec<(&str, &Platform)>> = LazyLock::new(|| each(|p| &p.marks.feedback_id).collect());

static MAILERS: LazyLock<Vec<(&str, &Platform)>> = LazyLock::new(|| each(|p| &p.marks.mailer).collect());

static SERVERS: LazyLock<Hosts<&Platform>> = LazyLock::new(|| Hosts::new(each(|p| &p.marks.received)));

static REPORTERS: LazyLock<Hosts<&Platform>> = LazyLock::new(|| Hosts::new(each(|p| &p.marks.reports)));

/// Terms as patterns, with their last two labels where these are literal.
static SPF_TERMS: LazyLock<Vec<(Option<u64>, String, &Platform)>> = LazyLock::new(|| {
    let terms = each(|p| &p.spf).chain(each(|p| &p.spf_known)).filter(|(term, _)| term.contains([':', '=']));
    let opened = terms.map(|(term, p)| (open(term), p));
    let mut terms: Vec<_> = opened.map(|(pattern, p)| (last_labels(&pattern), pattern, p)).collect();
    terms.sort_by(|(.., a), (.., b)| a.id.cmp(&b.id));
    terms
});

static FIELDS: LazyLock<Names<&Platform>> = LazyLock::new(|| Names::new(each(|p| &p.marks.fields)));

/// Patterns of every platform, with whose they are.
fn each(patterns: fn(&Platform) -> &Vec<String>) -> impl Iterator<Item = (&'static str, &'static Platform)> {
    all().iter().flat_map(move |p| patterns(p).iter().map(move |pattern| (pattern.as_str(), p)))
}

/// The platform that one SPF term belongs to (`include:_spf.google.com`); a qualifier and case do
/// not matter. Terms without a name (`mx`) belong to nobody. Where several send through one, it is
/// the one's that runs the name.
pub fn of_spf_term(term: &str) -> Option<&'static Platform> {
    let term = term.trim_start_matches(['+', '-', '~', '?']);
    let (_, host) = term.split_once([':', '='])?;
    let own = last_labels(term);
    let matches = |end: &Option<u64>, pattern: &str| (end.is_none() || *end == own) && pattern::glob(pattern, term);
    let claims = || SPF_TERMS.iter().filter(|(end, pattern, _)| matches(end, pattern)).map(|(.., p)| *p);
    claims().find(|p| p.signs_as.iter().any(|d| pattern::host(d, host))).or_else(|| claims().next())
}

/// The `include:` that a misspelt one was meant to be; nothing where no platform's, or more than one, is that near.
pub fn near_spf_term(term: &str) -> Option<&'static str> {
    let host = term.trim_start_matches(['+', '-', '~', '?']).split_once(':')?.1;
    // In a short name every change makes another one.
    let most = (host.len() / 6).min(2);
    let includes = each(|p| &p.spf).filter(|(term, _)| !term.contains(['<', '{', '*']));
    let include = |term: &'static str| Some((term, term.strip_prefix("include:")?));
    let hosts = includes.filter_map(|(term, _)| include(term));
    let mut near: Vec<_> = hosts.filter_map(|(term, name)| Some((typo::distance(host, name, most)?, term))).collect();
    near.sort();
    near.dedup();
    match near[..] {
        [(_, term)] => Some(term),
        [(one, term), (other, _), ..] if one < other => Some(term),
        _ => None,
    }
}

/// The platform that a DKIM record's CNAME leads to (lower case, without a trailing dot).
pub fn of_dkim_target(target: &str) -> Option<&'static Platform> {
    let setup = |s: &DkimSetup| s.leads_to(target);
    let of = |d: &String| pattern::host(d, target) || pattern::host(&format!("*.{d}"), target);
    let house = |p: &Platform| p.signs_as.iter().chain(&p.dkim_targets).any(of);
    let by_setup = || all().iter().find(|p| p.dkim.iter().any(setup));
    by_setup().or_else(|| all().iter().find(|p| house(p)))
}

impl DkimSetup {
    /// The selector is the same for every customer.
    pub fn is_fixed(&self) -> bool {
        !self.selector.contains(['<', '{'])
    }

    /// Is this what the CNAME leads to, whoever the customer?
    pub fn leads_to(&self, target: &str) -> bool {
        // A target that only the portal knows would match anything.
        let told = |t: &&String| open(t).contains(|c: char| c != '*');
        self.record == "CNAME" && self.target.as_ref().filter(told).is_some_and(|t| pattern::glob(&open(t), target))
    }
}

impl PartialEq for Platform {
    fn eq(&self, other: &Platform) -> bool {
        self.id == other.id
    }
}

/// A template as a pattern: whatever is filled in may be anything.
fn open(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut inside = false;
    for c in template.chars() {
        match c {
            '<' | '{' => {
                inside = true;
                out.push('*');
            }
            '>' | '}' => inside = false,
            _ if inside => {}
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(found: Option<&'static Platform>) -> Option<&'static str> {
        found.map(|p| &*p.id)
    }

    #[test]
    fn shared_signing_domains() {
        for (domain, want) in [
            ("example-com.20230601.gappssmtp.com", "google-workspace"),
            ("example.onmicrosoft.com", "microsoft-365"),
            ("amazonses.com", "amazon-ses"),
            ("sendgrid.net", "sendgrid"),
            ("sandbox1234.mailgun.org", "mailgun"),
            ("mcsv.net", "mailchimp"),
            ("akmta.net", "altcraft"),
            ("exacttarget.com", "sfmc"),
        ] {
            assert_eq!(id(that_signs_as(domain)), Some(want), "{domain}");
        }
        assert_eq!(id(that_signs_as("example.com")), None);
        assert_eq!(id(that_signs_as("notsendgrid.net")), None);
    }

    #[test]
    fn spf_terms() {
        for (term, want) in [
            ("include:_spf.google.com", "google-workspace"),
            ("~INCLUDE:spf.protection.outlook.com", "microsoft-365"),
            ("include:sendgrid.net", "sendgrid"),
            ("include:amazonses.com", "amazon-ses"),
            ("include:mailgun.org", "mailgun"),
            ("include:spf.sendinblue.com", "brevo"),
            ("include:1234567.spf04.hubspotemail.net", "hubspot"),
            ("redirect=_spf.yandex.net", "yandex-360"),
            ("include:_spf-eu.ionos.com", "ionos-email"),
        ] {
            assert_eq!(id(of_spf_term(term)), Some(want), "{term}");
        }
        for term in ["mx", "a", "-all", "ip4:192.0.2.1", "include:example.com", ""] {
            assert_eq!(id(of_spf_term(term)), None, "{term}");
        }
    }

    #[test]
    fn dkim_targets() {
        for (target, want) in [
            ("s1.domainkey.u12345.wl067.sendgrid.net", "sendgrid"),
            ("dkim2.mcsv.net", "mailchimp"),
            ("selector1-example-com._domainkey.contoso.onmicrosoft.com", "microsoft-365"),
            ("selector2-example-com._domainkey.contoso.w-v1.dkim.mail.microsoft", "microsoft-365"),
        ] {
            assert_eq!(id(of_dkim_target(target)), Some(want), "{target}");
        }
        assert_eq!(id(of_dkim_target("s1.example.net")), None);
    }

    #[test]
    fn microsoft_targets_are_never_predicted() {
        let microsoft = find("microsoft-365").unwrap();
        assert_eq!(microsoft.dkim.len(), 2);
        assert!(microsoft.dkim.iter().all(|d| d.target.is_none()));
    }

    #[test]
    fn templates_fill_and_open() {
        assert_eq!(
            Platform::fill("b1.{domain-dashes}.dkim.brevo.com", "mail.example.com"),
            "b1.mail-example-com.dkim.brevo.com"
        );
        assert_eq!(open("include:<portal>.spf<NN>.hubspotemail.net"), "include:*.spf*.hubspotemail.net");
    }
}
