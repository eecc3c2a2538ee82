//! The record table of a checked domain: one row a question that matters, whoever shows it.

use crate::diagnose::Diagnosis;
use crate::evidence::said::Part;
use crate::evidence::{Answer, Data, Kind, Outcome, Question};
use crate::facts::dkim::{KeyRecord, PublicKey};
use crate::facts::domain::dnssec::Security;
use crate::facts::domain::tagged::Tagged;
use crate::facts::domain::wildcard;
use crate::facts::reverse::{Reverse, reverse_question};
use crate::facts::spf::record::Record as Spf;
use crate::rules::{Place, Severity};

/// What a row is about; also its key in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Ns,
    Mx,
    A,
    Aaaa,
    Spf,
    Dkim,
    Dmarc,
    MtaSts,
    TlsRpt,
    Bimi,
    Caa,
    Dnssec,
    Ptr,
}

impl Subject {
    /// Mail flows without it.
    fn is_optional(self) -> bool {
        matches!(self, Subject::MtaSts | Subject::TlsRpt | Subject::Bimi | Subject::Caa)
    }

    /// Can a text be a record of this kind? Other texts at its name count as none (RFC 7208 §4.5, RFC 8461 §3.1,
    /// RFC 8460 §3).
    fn takes(self, text: &[u8]) -> bool {
        let version = match self {
            Subject::Spf => return Spf::is(text),
            Subject::MtaSts => "STSv1",
            Subject::TlsRpt => "TLSRPTv1",
            Subject::Bimi => "BIMI1",
            _ => return true,
        };
        Tagged::look(text, 0, version, |_| {}).is_some()
    }

    /// The part of a check it belongs to.
    fn part(self) -> Part {
        match self {
            Subject::Ns => Part::Ns,
            Subject::Mx | Subject::A | Subject::Aaaa => Part::Mx,
            Subject::Spf => Part::Spf,
            Subject::Dkim => Part::Dkim,
            Subject::Dmarc => Part::Dmarc,
            Subject::MtaSts => Part::MtaSts,
            Subject::TlsRpt => Part::TlsRpt,
            Subject::Bimi => Part::Bimi,
            Subject::Caa => Part::Caa,
            Subject::Dnssec => Part::Dnssec,
            Subject::Ptr => Part::Ptr,
        }
    }

    /// For the first column.
    pub fn label(self) -> &'static str {
        match self {
            Subject::Ns => "NS",
            Subject::Mx => "MX",
            Subject::A => "A",
            Subject::Aaaa => "AAAA",
            Subject::Spf => "SPF",
            Subject::Dkim => "DKIM",
            Subject::Dmarc => "DMARC",
            Subject::MtaSts => "MTA-STS",
            Subject::TlsRpt => "TLS-RPT",
            Subject::Bimi => "BIMI",
            Subject::Caa => "CAA",
            Subject::Dnssec => "DNSSEC",
            Subject::Ptr => "PTR",
        }
    }
}

/// How a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// A finding of this severity points at it; of a reverse name that does not resolve back also without one.
    Found(Severity),
    /// Published, and no rule objects.
    Good,
    /// Not there, and no rule misses it.
    Absent,
    /// The question failed.
    Unknown,
    /// Not answered yet, or not asked.
    Open,
}

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    pub subject: Subject,
    pub question: Question,
    /// `None`: no answer at hand.
    pub answer: Option<Answer>,
    pub standing: Standing,
    /// What the answer means to a receiver, in a few words.
    pub meaning: String,
}

impl Row {
    /// The records that this row is about, without the CNAMEs that led to them.
    pub fn records(&self) -> impl Iterator<Item = &Data> {
        let (kind, subject) = (self.question.kind, self.subject);
        self.answer.iter().flat_map(|a| &a.records).map(|r| &r.data).filter(move |data| match data {
            Data::Txt(strings) => kind == Kind::Txt && subject.takes(&strings.concat()),
            data => data.kind() == Some(kind),
        })
    }

    /// The outcome, where a name that has other TXT but no such record counts as having none.
    pub fn outcome(&self) -> Option<Outcome> {
        let outcome = self.answer.as_ref()?.outcome;
        let none = outcome == Outcome::Records && self.records().next().is_none();
        Some(if none { Outcome::NoData } else { outcome })
    }
}

/// All rows of a checked domain, in the order of telling; empty where the input is no domain.
pub fn rows(d: &Diagnosis) -> Vec<Row> {
    let facts = &d.facts;
    let Some(subject) = &facts.reading.subject else { return Vec::new() };
    let mut asked = Vec::new();
    if let Some(domain) = subject.domain() {
        asked.extend(of_domain(d, domain));
    }
    let said = &facts.evidence.said;
    let sources = facts.identities.source_ip.iter().map(|ip| ip.value).chain(said.check.ips.iter().copied());
    let mut reverse: Vec<_> = sources.map(reverse_question).collect();
    let answered = facts.evidence.answers.keys().filter(|q| q.kind == Kind::Ptr);
    reverse.extend(answered.cloned());
    reverse.sort();
    reverse.dedup();
    asked.extend(reverse.into_iter().map(|q| (Subject::Ptr, q)));
    asked.retain(|(subject, _)| said.check.wants(subject.part()));
    asked.into_iter().filter_map(|(subject, question)| row(d, subject, question)).collect()
}

fn of_domain(d: &Diagnosis, domain: &str) -> Vec<(Subject, Question)> {
    let facts = &d.facts;
    let at = |name: &str, kind| Question::new(name, kind);
    let below = |label: &str| Question::new(&format!("{label}.{domain}"), Kind::Txt);
    let zone = facts.domain.zone.as_ref().and_then(|z| z.apex.as_deref()).unwrap_or(domain);
    let mut all = vec![
        (Subject::Ns, at(zone, Kind::Ns)),
        (Subject::Mx, at(domain, Kind::Mx)),
        (Subject::A, at(domain, Kind::A)),
        (Subject::Aaaa, at(domain, Kind::Aaaa)),
        (Subject::Spf, at(domain, Kind::Txt)),
    ];
    let keys = format!("._domainkey.{domain}");
    let said = &facts.evidence.said.check.selectors;
    let named =
        |q: &Question| q.name.strip_suffix(&keys).is_some_and(|s| said.iter().any(|n| n.eq_ignore_ascii_case(s)));
    // `_policy` and `_adsp` are no selectors but the places of dead standards.
    let old = |q: &Question| facts.domain.obsolete.iter().any(|old| old.asked.question == *q);
    let nobody = wildcard::unused_key(domain);
    let starred = |q: &Question| q.name == nobody || facts.domain.keys.at(&q.name).is_some_and(|s| s.wildcard);
    let found = |q: &Question, a: &Answer| {
        let there = named(q) || (!starred(q) && !a.records.is_empty());
        q.kind == Kind::Txt && q.name.ends_with(&keys) && !old(q) && there
    };
    all.extend(facts.evidence.answers.iter().filter(|(q, a)| found(q, a)).map(|(q, _)| (Subject::Dkim, q.clone())));
    let above = facts.domain.keys.above.iter().filter(|s| s.is_found() && !s.wildcard);
    all.extend(above.map(|s| (Subject::Dkim, at(&s.key.name, Kind::Txt))));
    let dmarc = facts.dmarc.governing().or(facts.dmarc.steps.first());
    all.extend(dmarc.map(|step| (Subject::Dmarc, step.question().clone())));
    all.extend([
        (Subject::MtaSts, below("_mta-sts")),
        (Subject::TlsRpt, below("_smtp._tls")),
        (Subject::Bimi, below("default._bimi")),
        (Subject::Caa, at(domain, Kind::Caa)),
    ]);
    all.extend(facts.domain.dnssec.as_ref().map(|d| (Subject::Dnssec, d.ds.question.clone())));
    all
}

/// `None` where it was neither asked nor is going to be.
fn row(d: &Diagnosis, subject: Subject, question: Question) -> Option<Row> {
    let evidence = &d.facts.evidence;
    let answer = evidence.answers.get(&question).cloned();
    if answer.is_none() && !d.facts.missing.contains(&question) {
        return None;
    }
    let mut row = Row { subject, question, answer, standing: Standing::Open, meaning: String::new() };
    row.standing = standing(d, &row);
    row.meaning = meaning(d, &row);
    Some(row)
}

fn standing(d: &Diagnosis, row: &Row) -> Standing {
    let Some(outcome) = row.outcome() else { return Standing::Open };
    if row.subject == Subject::Dnssec && outcome == Outcome::NoData {
        return Standing::Absent;
    }
    let about = |q: &Question| *q == row.question;
    let worst = d.every_finding().filter(|f| {
        let shown = f.exhibits.iter().any(|e| matches!(&e.place, Place::Dns { question, .. } if about(question)));
        let mended = f.fix.iter().flat_map(|fix| &fix.records);
        let mended = mended.into_iter().any(|c| c.name == row.question.name && c.kind == row.question.kind);
        (shown || mended) && group(row.subject, f.rule.group)
    });
    match worst.map(|f| f.severity).max() {
        Some(severity) => Standing::Found(severity),
        None if outcome.failed() => Standing::Unknown,
        // No fault where no mail is sent from there, and nothing to be content with.
        None if reverse(d, row).is_some_and(|r| r.names.iter().any(|n| n.confirmed == Some(false))) => {
            Standing::Found(Severity::Info)
        }
        // It may be withdrawn on purpose, and vouches for nothing.
        None if revoked(d, row) => Standing::Found(Severity::Info),
        None if outcome == Outcome::Records && !keyless(d, row) => Standing::Good,
        None => Standing::Absent,
    }
}

/// What stands at the name of a key is none (RFC 6376 §3.6.1).
fn keyless(d: &Diagnosis, row: &Row) -> bool {
    let key = d.facts.domain.keys.at(&row.question.name).filter(|_| row.subject == Subject::Dkim);
    key.is_some_and(|s| !s.records().iter().any(KeyRecord::means_to_be_a_key))
}

/// SPF and verification tokens share a name: a finding marks only the row it is about.
fn group(subject: Subject, group: crate::rules::Group) -> bool {
    use crate::rules::Group;
    match subject {
        Subject::Spf => !matches!(group, Group::Dkim | Group::Dmarc),
        Subject::Dkim => group != Group::Spf,
        _ => true,
    }
}

fn meaning(d: &Diagnosis, row: &Row) -> String {
    let Some(outcome) = row.outcome() else {
        return if d.facts.evidence.offline { "not asked (--offline)".into() } else { "asking".into() };
    };
    if let (Subject::Dnssec, Some(dnssec)) = (row.subject, &d.facts.domain.dnssec) {
        return security(&dnssec.state).into();
    }
    match outcome {
        Outcome::Records => published(d, row),
        Outcome::NoData if row.subject == Subject::Spf => "no record that begins v=spf1".into(),
        Outcome::NoData | Outcome::NxDomain if row.subject.is_optional() => "none (optional)".into(),
        Outcome::NoData => "none".into(),
        Outcome::NxDomain => "no such name".into(),
        failed => outcome_words(failed).into(),
    }
}

fn security(state: &Security) -> &'static str {
    match state {
        Security::Unknown(_) => "cannot tell",
        Security::Signed => "signed, and the resolver found it good",
        Security::Unsigned => "not signed (optional)",
        Security::Unanchored => "has keys, but the zone above does not say so: as good as unsigned",
        Security::Unvalidated => "signed; this resolver does not say whether it verifies",
        Security::Bogus { .. } => "the signatures do not verify: resolvers that check them get nothing",
    }
}

/// What a failed question came to.
pub fn outcome_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Records => "records",
        Outcome::NoData => "no records of this type",
        Outcome::NxDomain => "no such name",
        Outcome::ServFail => "cannot tell: the server failed",
        Outcome::Refused => "cannot tell: the server refused",
        Outcome::Timeout => "cannot tell: no answer",
        Outcome::Truncated => "cannot tell: the answer came cut short",
    }
}

fn published(d: &Diagnosis, row: &Row) -> String {
    let all = |f: fn(&Data) -> Option<String>| row.records().filter_map(f).collect::<Vec<_>>().join(", ");
    match row.subject {
        Subject::Mx => {
            let mut hosts: Vec<_> = row.records().filter_map(mx).collect();
            hosts.sort();
            if matches!(&hosts[..], [(_, only)] if only.is_empty()) {
                return "takes no mail (null MX)".into();
            }
            let called = |host: String| if host.is_empty() { ".".to_owned() } else { host };
            hosts
                .into_iter()
                .map(|(preference, host)| format!("{preference} {}", called(host)))
                .collect::<Vec<_>>()
                .join(", ")
        }
        Subject::Spf => match row.records().filter_map(text).collect::<Vec<_>>().as_slice() {
            [one] => one.clone(),
            several => format!("{} SPF records", several.len()),
        },
        Subject::Dmarc => {
            let at = d.facts.dmarc.governing().map(|s| s.domain.clone());
            let from = d.facts.reading.from_domain().unwrap_or_default();
            let inherited = at.filter(|at| at != from).map_or(String::new(), |at| format!(" (from {at})"));
            match d.facts.dmarc.effective {
                Some((policy, tag)) => format!("{tag}={} applies{inherited}", policy.word()),
                None => all(text),
            }
        }
        Subject::Ptr => {
            let reverse = reverse(d, row);
            let confirmed = |name: &str| match reverse.and_then(|r| r.names.iter().find(|n| n.name == name)) {
                Some(n) if n.confirmed == Some(true) => ", which resolves back",
                Some(n) if n.confirmed == Some(false) => ", which does not resolve back",
                _ => "",
            };
            let names: Vec<String> =
                row.records().filter_map(host).map(|name| format!("{name}{}", confirmed(&name))).collect();
            let several = if names.len() > 1 { " (several names: a receiver may look at any one of them)" } else { "" };
            names.join("; ") + several
        }
        Subject::Dkim if revoked(d, row) => "revoked (empty p=)".into(),
        Subject::Dkim if keyless(d, row) && starred(d, row) => "no key (a wildcard answers)".into(),
        Subject::Dkim => match row.answer.as_ref().and_then(Answer::alias) {
            Some(target) => format!("→ {target}"),
            None => all(text),
        },
        Subject::Ns | Subject::A | Subject::Aaaa => all(host),
        Subject::MtaSts | Subject::TlsRpt | Subject::Bimi | Subject::Caa | Subject::Dnssec => all(text),
    }
}

/// A wildcard answers in the stead of the key (RFC 4592 §3.3.1).
fn starred(d: &Diagnosis, row: &Row) -> bool {
    d.facts.domain.keys.at(&row.question.name).is_some_and(|s| s.wildcard)
}

/// The key of a row is withdrawn (RFC 6376 §3.6.1).
fn revoked(d: &Diagnosis, row: &Row) -> bool {
    let key = d.facts.domain.keys.at(&row.question.name).filter(|_| row.subject == Subject::Dkim);
    key.is_some_and(|s| s.is_found() && s.records().iter().all(|r| r.public == PublicKey::Revoked))
}

/// The reverse names that a row is about.
fn reverse<'d>(d: &'d Diagnosis, row: &Row) -> Option<&'d Reverse> {
    let own = d.facts.domain.mx.iter().flat_map(|mx| &mx.servers).flat_map(|s| &s.reverse);
    let named = d.facts.domain.sources.iter().filter_map(|s| s.reverse.as_ref());
    d.facts.reverse.iter().chain(own).chain(named).find(|r| r.question == row.question)
}

fn mx(data: &Data) -> Option<(u16, String)> {
    match data {
        Data::Mx { preference, exchange } => Some((*preference, exchange.clone())),
        _ => None,
    }
}

fn text(data: &Data) -> Option<String> {
    Some(match data {
        Data::Txt(strings) => String::from_utf8_lossy(&strings.concat()).into_owned(),
        other => other.to_string(),
    })
}

fn host(data: &Data) -> Option<String> {
    Some(match data {
        Data::Ns(name) | Data::Ptr(name) | Data::Cname(name) => name.clone(),
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::zone::Zone;
    use crate::evidence::{Evidence, Input, InputKind, Said};
    use crate::facts::Reading;

    fn told(zone: &str, selectors: &[&str]) -> Vec<(Subject, Standing, String)> {
        let input = Input::read("test", &b"example.com"[..], Some(InputKind::Domain)).unwrap();
        let mut said = Said::default();
        said.check.selectors = selectors.iter().map(|s| (*s).to_owned()).collect();
        let evidence = Evidence::new(input, said, jiff::Timestamp::UNIX_EPOCH, false);
        let zone = format!("example.com MX 1 mx.example.com\nmx.example.com A 192.0.2.1\n{zone}");
        let evidence = crate::samples::settle(evidence, &Zone::parse(&zone).unwrap());
        let reading = Reading::read(&evidence.input, &evidence.said);
        let rows = rows(&crate::diagnose::diagnose(evidence.into(), reading.into()));
        let optional = |s| matches!(s, Subject::Dkim | Subject::MtaSts | Subject::TlsRpt | Subject::Bimi);
        rows.into_iter().filter(|r| optional(r.subject)).map(|r| (r.subject, r.standing, r.meaning)).collect()
    }

    #[test]
    fn what_a_wildcard_answers_is_no_record_of_the_name() {
        let none = [Subject::MtaSts, Subject::TlsRpt, Subject::Bimi]
            .map(|subject| (subject, Standing::Absent, "none (optional)".to_owned()));
        for text in ["v=spf1 -all", "hello"] {
            let star = format!("*.example.com TXT \"{text}\"");
            assert_eq!(told(&star, &[]), none, "{text}");
            let named = (Subject::Dkim, Standing::Found(Severity::High), "no key (a wildcard answers)".to_owned());
            assert_eq!(told(&star, &["s7"])[0], named, "{text}");
        }
        let alias = "*.example.com CNAME parking.example.net\nparking.example.net TXT \"v=spf1 -all\"";
        assert_eq!(told(alias, &[]), none);
        // A key and a policy of their own.
        let own = "s1._domainkey.example.com TXT \"v=DKIM1; p=\"\n_smtp._tls.example.com TXT \"v=TLSRPTv1; rua=mailto:a@example.com\"";
        let rows = told(&format!("*.example.com TXT \"hello\"\n{own}"), &[]);
        assert_eq!((rows[0].0, rows[0].2.as_str()), (Subject::Dkim, "revoked (empty p=)"));
        assert!(rows.iter().any(|(s, standing, _)| (*s, *standing) == (Subject::TlsRpt, Standing::Good)), "{rows:?}");
    }
}
