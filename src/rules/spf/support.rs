//! What several SPF rules ask of the facts.

use crate::evidence::{Kind, Name, Outcome, Question, answer_at};
use crate::facts::Facts;
use crate::facts::boundary::{MailFrom, Origin};
use crate::facts::lookup::Lookup;
use crate::facts::organization::{self, Agreement, same_by_list};
use crate::facts::platform::{Hit, Mark};
use crate::facts::spf::record::{Qualifier, Record, Term};
use crate::facts::spf::survey::{Survey, survey_text};
use crate::facts::spf::{Branch, Check, Node, ProblemKind, Published, SpfText, Whose};
use crate::knowledge::{Platform, pattern};
use crate::remedy::{self, Change, Remedy, TTL, blank};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Rule, Severity, Verdict, aligned, on_the_way, stranger};
use crate::shell::command;
use crate::span::Span;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::net::IpAddr;

/// Whose server handed the message over.
pub enum Owner {
    /// A forwarder or mailing list; the field that gives it away.
    Forwarder(Option<Span>),
    Platform(&'static Platform),
    /// The sender's own, and why we think so.
    Own(String),
    /// A filtering service that also takes the mail to the domain: most likely the sender's way out.
    Gateway(&'static str),
    /// Nothing ties it to the sender; it goes by this name.
    Stranger(String),
    Unknown,
}

/// What is in the way of a change at a name.
pub enum Obstacle {
    /// The name is a CNAME: its TXT belong to another name.
    Alias(String),
    NotAnswered,
}

/// A domain name short enough for a title.
pub fn short(name: &str) -> String {
    if name.chars().count() <= 34 { name.to_owned() } else { name.chars().take(33).chain(['…']).collect() }
}

/// The MAIL FROM domain, or the HELO name where the reverse path is empty; true for HELO.
pub fn spf_domain(facts: &Facts) -> Option<(&str, bool)> {
    match &facts.identities.mail_from.as_ref()?.value {
        MailFrom::Path { domain, .. } => Some((domain, false)),
        MailFrom::Null => Some((facts.identities.helo.as_ref()?.value.as_str(), true)),
    }
}

pub fn source_ip(facts: &Facts) -> Option<IpAddr> {
    facts.identities.source_ip.as_ref().map(|ip| ip.value.to_canonical())
}

/// Are two names of one organization?
pub fn related(facts: &Facts, a: &str, b: &str) -> bool {
    // Without any DMARC record a tree walk makes each name an organization of its own (RFC 9989
    // §4.10.2); the first record that is published unites them.
    match facts.dmarc.is_absent() {
        true => same_by_list(a, b),
        false => organization::agree(a, b, &facts.alignment.organizations) != Agreement::None,
    }
}

/// Does the owner of the From domain own MAIL FROM, whatever DMARC holds them for? `None` where
/// either is unknown.
pub fn mail_from_owned(facts: &Facts) -> Option<bool> {
    let (domain, _) = spf_domain(facts)?;
    Some(same_by_list(domain, facts.reading.from_domain()?))
}

/// Is MAIL FROM in the From domain's organization? `None` where either is unknown.
pub fn mail_from_aligned(facts: &Facts) -> Option<bool> {
    if let Some(agreement) = facts.alignment.spf.filter(|_| !facts.dmarc.is_absent()) {
        return Some(agreement != Agreement::None);
    }
    let (domain, _) = spf_domain(facts)?;
    Some(related(facts, domain, facts.reading.from_domain()?))
}

/// `usual`, or less where an aligned DKIM signature carries the message anyway.
pub fn weighed(facts: &Facts, usual: Severity, carried: Severity) -> Severity {
    if aligned::dkim(facts).is_some() { carried } else { usual }
}

/// What the receiver said of SPF, if it spoke.
pub fn reported(facts: &Facts) -> Option<&str> {
    facts.reading.reported.spf.as_ref().map(|s| s.result.as_str())
}

/// What the receiver found wrong with a record that it called broken (RFC 7208 §2.6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    Lookups,
    Several,
    /// A mistake in it, or the receiver does not say.
    Other,
}

/// The receiver called the record of this name broken, which DNS has not shown us; with the reason by its comment.
pub fn told_broken(facts: &Facts, at: &Published) -> Option<Broken> {
    let spf = facts.reading.reported.spf.as_ref().filter(|s| s.result == "permerror" && !s.best_guess)?;
    let comment = spf.comment.as_deref().unwrap_or_default().to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|w| comment.contains(w));
    is_unread(facts, at).then(|| match () {
        () if says(&["lookups", "look-ups", "too many dns", "lookup limit", "too many mechanisms"]) => Broken::Lookups,
        () if says(&["multiple", "more than one", "two or more"]) => Broken::Several,
        () => Broken::Other,
    })
}

/// A finding of what the receiver said alone.
pub fn by_word(facts: &Facts, at: &Published, rule: &'static Rule, what: &str, title: String) -> Finding {
    let severity = weighed(facts, Severity::Critical, Severity::Medium);
    // That SPF would pass with a whole record is not known: DMARC has its own word.
    let leads_to: &[&str] = if severity > Severity::Low { &["spf-not-authorized"] } else { &[] };
    Finding::new(rule, title)
        .severity(severity)
        .sure(Confidence::Certain, "The receiver wrote spf=permerror; what stands there today has not been read.")
        .explain(format!(
            "The receiver read the SPF record of {} and called it broken (permerror): {what}. It then uses none of it, so SPF passes for \
             no server.",
            at.domain
        ))
        .exhibits(reported_exhibit(facts, "the receiver's result"))
        .leads_to(leads_to)
}

/// Did the receiver see SPF pass, with a record and not by a guess?
pub fn reported_pass(facts: &Facts) -> bool {
    facts.reading.reported.spf.as_ref().is_some_and(|s| s.result == "pass" && !s.best_guess)
}

/// Rules that fire only because SPF gave no aligned pass.
pub fn consequences(facts: &Facts) -> &'static [&'static str] {
    let decides = mail_from_aligned(facts) == Some(true) && aligned::dkim(facts).is_none();
    if decides { &["dmarc-unaligned"] } else { &[] }
}

/// What shows that a message is the sender's own, or began as that, although SPF refuses its server: a signature that only
/// the sender can have made.
pub fn genuine(facts: &Facts) -> Option<&'static str> {
    let changed = on_the_way::genuine(facts).map(|found| !found.altered.is_empty());
    match (aligned::dkim(facts).is_some(), changed) {
        (true, _) | (false, Some(false)) => Some("the message is genuine, for its signature holds"),
        (false, Some(true)) => {
            Some("it began as yours, for its signature fits once what was changed on the way is undone")
        }
        (false, None) => None,
    }
}

/// Settles whose server it was, by what the message and DNS show.
pub fn owner(facts: &Facts) -> Owner {
    if let Some(span) = facts.reading.relay_mark() {
        return Owner::Forwarder(Some(span));
    }
    let ip = source_ip(facts);
    if ip.is_some() && ip == facts.evidence.said.configured.ip.map(|ip| ip.to_canonical()) {
        return Owner::Own("you named it as your sending address".to_owned());
    }
    let mail_from = spf_domain(facts).map(|(domain, _)| domain);
    let domains = [mail_from, facts.reading.from_domain()];
    let ours = |name: &str| domains.into_iter().flatten().any(|d| same_by_list(name, d));
    let confirmed = facts.reverse.iter().flat_map(|r| &r.names).find(|n| n.confirmed == Some(true) && ours(&n.name));
    if let Some(name) = confirmed {
        return Owner::Own(format!("its confirmed reverse name is {}", name.name));
    }
    if let Some(helo) = facts.helo.as_ref().filter(|h| h.matches_ip == Some(true) && ours(&h.name)) {
        return Owner::Own(format!("it introduced itself as {}, and that name resolves to it", helo.name));
    }
    // Never to be listed (RFC 7208 Appendix D, RFC 7960 §3.2.1), whosever service it is.
    if let Some(span) = on_the_way::forwarded(facts) {
        return Owner::Forwarder(Some(span));
    }
    if recipients_relay(facts).is_some() {
        return Owner::Forwarder(None);
    }
    // A server that bears a stranger's name is not the platform's: the message came by way of it.
    let reverse = facts.identities.reverse_name.as_ref().map(|n| n.value.as_str());
    let client = reverse.or(facts.identities.helo.as_ref().map(|h| h.value.as_str()));
    let stranger = client.filter(|name| organization::psl(name).is_some() && !ours(name));
    let sends = |hit: &&Hit| {
        let its = |name| hit.platform.marks.received.iter().any(|mark| pattern::host(mark, name));
        let server = hit.mark == Mark::ReturnPath || stranger.is_none_or(its);
        // A server under the sender's own name is the sender's gateway, wherever the message was before.
        hit.platform.kind != "self-hosted" && server && hit.mark != Mark::Passed
    };
    match facts.platforms.iter().find(sends).map(|hit| hit.platform) {
        Some(platform) if platform.kind == "forwarding" => Owner::Forwarder(None),
        Some(platform) => Owner::Platform(platform),
        None => match (stranger::gateway(facts), stranger::name(facts)) {
            (Some(gateway), _) => Owner::Gateway(&gateway.name),
            (None, Some(name)) => Owner::Stranger(name.to_owned()),
            (None, None) => Owner::Unknown,
        },
    }
}

/// The name of a server that is the recipient's own, and not the sender's: a message that passed their gateway is judged again
/// behind it. A name that the server only gave itself counts where their servers had the message before.
pub fn recipients_relay(facts: &Facts) -> Option<&str> {
    let (i, reading) = (&facts.identities, &*facts.reading);
    let theirs: SmallVec<[&str; 4]> = reading.recipients().take(16).collect();
    let is_theirs = |name: &str| organization::psl(name).is_some() && theirs.iter().any(|to| same_by_list(name, to));
    let before = reading.hops.iter().take(reading.boundary.hop.unwrap_or(0));
    let passed = || before.filter_map(|hop| hop.by.as_ref()).any(|by| is_theirs(&by.value));
    let name = match (&i.reverse_name, &i.helo) {
        (Some(found), _) => found.value.as_str(),
        (None, Some(given)) if is_theirs(&given.value) && passed() => given.value.as_str(),
        _ => return None,
    };
    let senders = [spf_domain(facts).map(|(domain, _)| domain), reading.from_domain()];
    (is_theirs(name) && !senders.into_iter().flatten().any(|d| same_by_list(name, d))).then_some(name)
}

/// Puts a platform's bounce domain back: the alias that takes bounces and answers for SPF, at a name of its pattern where
/// nothing stands. `None` where it is no such name.
pub fn bounce_alias(facts: &Facts, domain: &str) -> Option<Remedy> {
    let Owner::Platform(platform) = owner(facts) else { return None };
    let from = facts.reading.from_domain()?;
    let above = [Some(from), organization::psl(from)];
    let change = above.into_iter().flatten().find_map(|d| remedy::platform::bounce_alias(platform, d, domain))?;
    // Nothing may stand beside an alias (RFC 1034 §3.6.2).
    let bare = |kind| {
        let answer = answer_at(&facts.evidence.answers, domain, kind);
        answer.is_some_and(|a| !a.outcome.failed() && a.records.is_empty())
    };
    let remedy = Remedy::new(format!("Publish the bounce alias of {} at {domain}.", platform.name))
        .step(format!("{} then takes the bounces back, and its own SPF record answers for this name.", platform.name));
    bare(Kind::Txt).then(|| remedy.marked(change))
}

/// The one term that lets a platform send, where there is no choice between several.
pub fn platform_term(platform: &Platform) -> Option<&str> {
    let [term] = &platform.spf[..] else { return None };
    let record = Record::parse(format!("v=spf1 {term} ~all").as_bytes())?;
    let one = record.directives().count() == 2 && record.terms.len() == 2;
    (one && !record.broken).then_some(term.as_str())
}

/// A platform whose note says what it takes in place of a term: often nothing.
pub fn names_no_include(platform: &Platform) -> bool {
    platform.spf.is_empty() && platform.spf_note.is_some()
}

/// The term for one address.
pub fn ip_term(ip: IpAddr) -> String {
    if ip.is_ipv4() { format!("ip4:{ip}") } else { format!("ip6:{ip}") }
}

/// The SPF records of the domain that SPF judged.
pub fn judged(facts: &Facts) -> Option<&Published> {
    let (domain, helo) = spf_domain(facts)?;
    let whose = if helo { Whose::Helo } else { Whose::MailFrom };
    facts.spf_published.iter().find(|p| p.whose == whose && p.domain == domain)
}

/// Every name with SPF-like records once, the one that SPF judged first.
pub fn names(facts: &Facts) -> impl Iterator<Item = &Published> {
    Names { all: &facts.spf_published, judged: judged(facts), at: None }
}

struct Names<'f> {
    all: &'f [Published],
    judged: Option<&'f Published>,
    /// The next of `all`; `None` before the judged one is told.
    at: Option<usize>,
}

impl<'f> Iterator for Names<'f> {
    type Item = &'f Published;

    // One body for all rules.
    #[inline(never)]
    fn next(&mut self) -> Option<&'f Published> {
        if self.at.is_none() {
            self.at = Some(0);
            if self.judged.is_some() {
                return self.judged;
            }
        }
        let same = |a: &Published, b: &Published| {
            a.domain == b.domain && (a.whose == Whose::Pasted) == (b.whose == Whose::Pasted)
        };
        let (before, rest) = self.all.split_at_checked(self.at?)?;
        for (n, at) in rest.iter().enumerate() {
            let new = !self.judged.into_iter().chain(before).chain(&rest[..n]).any(|told| same(told, at));
            if new {
                self.at = Some(before.len() + n + 1);
                return Some(at);
            }
        }
        self.at = Some(self.all.len());
        None
    }
}

/// Is this the name whose record decided about the message?
pub fn is_judged(facts: &Facts, at: &Published) -> bool {
    at.whose != Whose::Pasted && spf_domain(facts).is_some_and(|(domain, _)| at.domain == domain)
}

pub fn txt(domain: &str) -> Question {
    Question::new(domain, Kind::Txt)
}

/// Is the TXT answer of a name at hand and its own?
pub fn obstacle(facts: &Facts, domain: &str) -> Option<Obstacle> {
    match facts.evidence.answers.get(&txt(domain)) {
        Some(answer) if answer.outcome.failed() => Some(Obstacle::NotAnswered),
        Some(answer) => answer.alias().map(|target| Obstacle::Alias(target.to_owned())),
        None => Some(Obstacle::NotAnswered),
    }
}

/// The receiver's words.
pub fn reported_exhibit(facts: &Facts, label: &'static str) -> Option<Exhibit> {
    facts.reading.reported.spf.as_ref().map(|s| Exhibit::input(s.span, label))
}

/// Where MAIL FROM (or HELO) was read.
pub fn identity_exhibit(facts: &Facts) -> Option<Exhibit> {
    let mail_from = facts.identities.mail_from.as_ref()?;
    let null = mail_from.value == MailFrom::Null;
    let (span, origin) = match (&facts.identities.helo, null) {
        (Some(helo), true) => (helo.span, helo.origin),
        _ => (mail_from.span, mail_from.origin),
    };
    let label = if null { "the name SPF checks" } else { "the address SPF checks" };
    match (span, origin) {
        (Some(span), _) => Some(Exhibit::input(span, label)),
        (None, Origin::User) => Some(Exhibit::user(spf_domain(facts)?.0, label)),
        (None, _) => None,
    }
}

/// Where the address was read.
pub fn ip_exhibit(facts: &Facts) -> Option<Exhibit> {
    let ip = facts.identities.source_ip.as_ref()?;
    let label = "the server that delivered it";
    Some(match ip.span {
        Some(span) => Exhibit::input(span, label),
        None => Exhibit::user(ip.value.to_string(), label),
    })
}

/// A record as published or pasted, with the span of what is wrong in it.
pub fn record_exhibit(
    facts: &Facts,
    at: &Published,
    n: usize,
    span: Option<Span>,
    label: impl Into<Cow<'static, str>>,
) -> Option<Exhibit> {
    text_exhibit(facts, at, at.records.get(n)?, span, label)
}

/// As [`record_exhibit`], for any of the SPF-like texts.
pub fn text_exhibit(
    facts: &Facts,
    at: &Published,
    text: &SpfText,
    span: Option<Span>,
    label: impl Into<Cow<'static, str>>,
) -> Option<Exhibit> {
    if at.whose == Whose::Pasted {
        let entry = facts.reading.record.as_ref()?.entries.get(text.index)?;
        return Some(Exhibit::input(span.map_or(entry.span, |s| entry.place(s)), label));
    }
    Some(Exhibit::dns(&txt(&at.domain), text.text.clone(), span, label))
}

/// The pasted RRset with the entries that `replaced` names changed to `new`, or taken out; true
/// where its name is a blank.
pub fn pasted_change(
    facts: &Facts,
    at: &Published,
    replaced: impl Fn(usize) -> bool,
    new: Option<&str>,
) -> Option<(Change, bool)> {
    let pasted = facts.reading.record.as_ref()?;
    let before: Vec<_> = pasted.entries.iter().map(|e| e.data.clone()).collect();
    let changed = |n| if replaced(n) { new.map(remedy::text) } else { before.get(n).cloned() };
    let after = (0..before.len()).filter_map(changed).collect();
    let nameless = at.domain.is_empty();
    let name = if nameless { blank("your domain") } else { at.domain.to_string() };
    Some((Change { name, kind: Kind::Txt, ttl: TTL, before, after }, nameless))
}

/// One SPF record of the name that is judged, or a pasted one.
pub struct Own<'f> {
    pub at: &'f Published,
    pub text: &'f SpfText,
    pub record: &'f Record,
}

impl Own<'_> {
    /// The bytes of a span of the record.
    pub fn word(&self, span: Span) -> &str {
        self.text.text.get(span.range()).unwrap_or_default()
    }

    /// The record with some of its terms written otherwise; `None` leaves a term out. Every other
    /// term stays as it is.
    pub fn rewritten<'t>(&'t self, change: impl Fn(&'t Term) -> Option<Cow<'t, str>>) -> String {
        let version = self.text.text.get(..6).unwrap_or("v=spf1");
        let terms = self.record.terms.iter().filter_map(change);
        terms.fold(version.to_owned(), |record, term| record + " " + &term)
    }
}

/// Judges the record of the name that SPF judged, and a pasted one, each by its own text. Where a
/// name has several, or one that is broken, other rules speak.
pub fn each_record(facts: &Facts, judge: fn(&Facts, &Own) -> Option<Finding>) -> Verdict {
    let (mut found, mut gaps, mut any) = (Vec::new(), Gaps::new(), false);
    for at in names(facts).filter(|at| at.whose == Whose::Pasted || is_judged(facts, at)) {
        if is_unread(facts, at) {
            gaps.push(unread(&at.domain));
        }
        let [text] = &at.records[..] else { continue };
        let Some(record) = text.sound() else { continue };
        any = true;
        found.extend(judge(facts, &Own { at, text, record }));
    }
    match any || !gaps.is_empty() {
        true => Verdict::of(found, gaps),
        false => Verdict::NotApplicable,
    }
}

/// The usual severity where the record itself is judged; less beside a message that has its own troubles.
pub fn lowered(facts: &Facts, at: &Published, usual: Severity) -> Severity {
    let itself = at.whose == Whose::Pasted || facts.reading.subject.is_some();
    if itself { usual } else { usual.min(Severity::Low) }
}

/// "The SPF record of example.com", or "This SPF record" where the paste bears no name.
pub fn called(at: &Published) -> String {
    if at.domain.is_empty() { "This SPF record".to_owned() } else { format!("The SPF record of {}", short(&at.domain)) }
}

/// The question that shows the record, with a blank where the paste bears no name.
pub fn dig_txt(domain: &str) -> String {
    if domain.is_empty() { "dig +short TXT <your domain>".to_owned() } else { txt(domain).dig() }
}

/// The command that evaluates the record again.
pub fn evaluate(domain: &str) -> String {
    if domain.is_empty() { "postdoc spf <your domain>".to_owned() } else { command!("postdoc spf {}", domain) }
}

/// Does the record let nobody send?
pub fn lists_nobody(record: &str) -> bool {
    Record::parse(record.as_bytes()).is_some_and(|record| !record.broken && shuts_out(&record))
}

/// The same of one that was read.
pub fn shuts_out(record: &Record) -> bool {
    let all = record.all().map(|(all, _)| all.span);
    let in_force = |span: Span| all.is_none_or(|all| span <= all);
    record.redirect().is_none() && !record.directives().any(|(t, d)| in_force(t.span) && d.qualifier == Qualifier::Pass)
}

/// The new record in place of the old one, among the other TXT of the name; never one that shuts everybody out.
pub fn replaced(facts: &Facts, at: &Published, text: &SpfText, new: &str, remedy: Remedy) -> Remedy {
    if lists_nobody(new) && !lists_nobody(&text.text) {
        return remedy.step(
            "Name your servers or services in its place: without it the record would list nobody, and all your mail would fail.",
        );
    }
    if at.whose == Whose::Pasted {
        return match pasted_change(facts, at, |n| n == text.index, Some(new)) {
            Some((change, true)) => remedy.record(change).blank("your domain"),
            Some((change, false)) => remedy.record(change),
            None => remedy.step(format!("The record becomes: {new}")),
        };
    }
    if let Some(Obstacle::Alias(target)) = obstacle(facts, &at.domain) {
        return remedy.step(format!("{} is an alias of {target}: whoever runs {target} must change it.", at.domain));
    }
    let is_it = |bytes: &[u8]| String::from_utf8_lossy(bytes) == text.text;
    match remedy::spf::change(&facts.evidence.answers, &at.domain, is_it, Some(new)) {
        Some(change) => remedy.record(change),
        None => remedy.step(format!("The record becomes: {new}")),
    }
}

/// What a record would cost and hold if it stood at this name, by the answers at hand.
pub fn surveyed(facts: &Facts, domain: &str, record: &str) -> Survey {
    survey_text(&Lookup::new(&facts.evidence.answers), domain, record)
}

/// Would receivers evaluate the record to its end?
pub fn is_sound(survey: &Survey) -> bool {
    survey.problems.iter().all(|p| p.kind == ProblemKind::Dns)
}

/// The survey with the record it is about.
pub fn survey_of(facts: &Facts) -> Option<(&Survey, &Published)> {
    let survey = facts.spf_survey.as_ref()?;
    let is_it = |p: &&Published| match survey.pasted {
        true => p.whose == Whose::Pasted,
        false => p.whose != Whose::Pasted && p.domain == survey.domain,
    };
    Some((survey, facts.spf_published.iter().find(is_it)?))
}

/// The record of a domain in the tree.
pub fn record_in<'t>(node: &'t Node, domain: &str) -> Option<&'t str> {
    if node.domain == domain && node.record.is_some() {
        return node.record.as_deref();
    }
    node.terms.iter().filter_map(|b| b.below.as_deref()).find_map(|below| record_in(below, domain))
}

/// The term of the topmost record by which another record is reached.
pub fn way_to<'t>(tree: &'t Node, domain: &str) -> Option<&'t Branch> {
    fn holds(node: &Node, domain: &str) -> bool {
        node.domain == domain || node.terms.iter().filter_map(|b| b.below.as_deref()).any(|below| holds(below, domain))
    }
    tree.terms.iter().find(|b| b.below.as_deref().is_some_and(|below| holds(below, domain)))
}

/// What an empty or failed answer said.
pub fn outcome_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Records => "no record that begins v=spf1",
        Outcome::NoData => "no TXT records at this name",
        Outcome::NxDomain => "no such name",
        Outcome::ServFail => "the server failed",
        Outcome::Refused => "the server refused",
        Outcome::Timeout => "no answer",
        Outcome::Truncated => "only part of the answer came",
    }
}

/// The one question that every rule on a published record asks.
pub fn unread(domain: &Name) -> Gap {
    Gap::of_name(Question::of(domain, Kind::Txt), |name| format!("What does the SPF record of {name} say?"))
}

/// What keeps the evaluation for the sending server from its end.
pub fn stopped(check: &Check) -> Option<Gap> {
    let words = |domain: &str| format!("Does the SPF record of {domain} allow the sending server?");
    check.unanswered().map(|q| Gap::about(&check.domain, words, q))
}

/// The record of the name that SPF judged is not at hand; those of other names decide nothing.
pub fn is_unread(facts: &Facts, at: &Published) -> bool {
    is_judged(facts, at) && at.outcome.is_none_or(|o| o.failed())
}

/// The gap that a missing or failed answer leaves.
pub fn gap(what: impl Into<Cow<'static, str>>, domain: &str) -> Gap {
    Gap::dns(what, &txt(domain))
}
