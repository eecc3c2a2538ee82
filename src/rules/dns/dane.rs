//! What is wrong with the TLSA records of a domain's own mail servers (RFC 7672).

use super::mta_sts_or_dane_broken::RULE;
use super::shown;
use crate::evidence::{Kind, Question};
use crate::facts::Facts;
use crate::facts::domain::certificate::Certificate;
use crate::facts::domain::dnssec::Security;
use crate::facts::domain::mx::{Mx, Server};
use crate::facts::domain::tlsa::{Pin, Tlsa};
use crate::facts::record::Pasted;
use crate::remedy::Remedy;
use crate::rules::spf::support::short;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict};
use crate::shell::command;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// Has any own server TLSA records? A stranger's are the stranger's to mend.
pub(super) fn look(facts: &Facts, mx: &Mx, found: &mut Vec<Finding>, gaps: &mut Gaps) -> bool {
    let asked = mx.servers.iter().filter(|s| s.own).filter_map(|s| Some((s, s.tlsa.as_ref()?)));
    // A sender that gets no answer here keeps its mail back (RFC 7672 §2.1.1).
    let failed = asked.clone().filter(|(_, t)| t.asked.outcome.is_some_and(|o| o.failed()));
    gaps.extend(failed.map(|(s, t)| Gap::dns(format!("Has {} TLSA records?", s.host), &t.asked.question)));
    let with: Vec<_> = asked.filter(|(_, t)| !t.records.is_empty()).collect();
    let bad = with.iter().find_map(|(server, tlsa)| {
        let useless = unsigned(facts, server, tlsa).or_else(|| useless(facts, server, tlsa));
        useless.or_else(|| unlike(facts, server, tlsa, gaps))
    });
    found.extend(bad);
    !with.is_empty()
}

/// The host shows a certificate that none of its records names: senders that look do not deliver (RFC 7672 §2.1).
fn unlike(facts: &Facts, server: &Server, tlsa: &Tlsa, gaps: &mut Gaps) -> Option<Finding> {
    if !tlsa.asked.authentic {
        return None;
    }
    let hosts = facts.domain.probes.iter().flat_map(|p| &p.hosts);
    let shown = hosts.filter(|h| h.name == server.host).find_map(|h| Some((h, h.talk()?.tls.as_ref()?)));
    let Some((host, tls)) = shown.filter(|(_, tls)| !tls.chain.is_empty()) else {
        let domain = facts.reading.from_domain().unwrap_or_default();
        let question = format!("Do the TLSA records of {} name the certificate that it shows?", server.host);
        gaps.push(Gap::new(question, command!("postdoc check {} --probe-mx", domain)));
        return None;
    };
    let chain: Option<Vec<Certificate>> = tls.chain.iter().map(|c| Certificate::read(c)).collect();
    let chain = chain?;
    if tlsa.records.iter().filter(|r| r.flaw.is_none()).any(|r| r.fits(&chain) != Some(false)) {
        return None;
    }
    let right = chain.first().map(|own| HEXLOWER.encode(&Sha256::digest(&own.key)))?;
    Some(
        finding(&server.host, "name another certificate")
            .severity(Severity::High)
            .explain(format!(
                "On port 25 {} shows a certificate that none of its TLSA records names. Senders that honour DANE, Microsoft and \
                 many in Germany and the Netherlands among them, keep their mail back and in the end return it.",
                server.host
            ))
            .exhibit(shown::exhibit(facts, &tlsa.asked.question, "what DNS says"))
            .exhibit(Exhibit::fetched(&host.errand, format!("its key: 3 1 1 {right}"), "what the host shows"))
            .fix(
                Remedy::new("Publish a record for the key in use beside the old one; delete the old one when the new has spread.")
                    .step(format!("If the certificate on port 25 is the right one: {} TLSA 3 1 1 {right}", tlsa.asked.question.name))
                    .step("Let renewals keep the key (certbot: --reuse-key), or publish the record of the next key before each change."),
            )
            .check(
                command!("postdoc check {} --probe-mx", facts.reading.from_domain().unwrap_or_default()),
                "no word of TLSA",
            ),
    )
}

/// Senders take TLSA only from a signed zone (RFC 7672 §2.2).
fn unsigned(facts: &Facts, server: &Server, tlsa: &Tlsa) -> Option<Finding> {
    let dnssec = facts.domain.dnssec.as_ref()?;
    let plain = matches!(dnssec.state, Security::Unsigned | Security::Unanchored);
    let inside = server.host.ends_with(&format!(".{}", dnssec.ds.question.name));
    (plain && inside && !tlsa.asked.authentic).then(|| {
        finding(&server.host, "are not signed")
            .explain(format!(
                "{} has TLSA records, but the zone is not signed. Senders take them only from a signed zone, so they protect nobody.",
                server.host
            ))
            .exhibit(shown::exhibit(facts, &tlsa.asked.question, "not signed"))
            .exhibit(shown::exhibit(facts, &dnssec.ds.question, "the zone above knows no keys"))
            .fix(Remedy::new("Have the zone signed (DNSSEC), or delete the TLSA records.").step(
                "Where the DNS host offers DNSSEC, switch it on and enter the DS record at the registrar; else delete them.",
            ))
            .check(command!("dig +dnssec TLSA {}", tlsa.asked.question.name), "the flag ad, or no records")
    })
}

fn useless(facts: &Facts, server: &Server, tlsa: &Tlsa) -> Option<Finding> {
    let question = &tlsa.asked.question;
    unusable(&server.host, &tlsa.records, question, |_, flaw| shown::exhibit(facts, question, flaw))
}

/// Pasted records of a mail host; whether they name its key only the host can tell. Other services take usages that mail
/// does not (RFC 7672 §3.1.3).
pub(super) fn pasted(pasted: &Pasted) -> Verdict {
    let name = pasted.name.as_deref().filter(|_| pasted.kind == Kind::Tlsa);
    let Some((name, host)) = name.and_then(|n| Some((n, n.strip_prefix("_25._tcp.")?))) else {
        return Verdict::NotApplicable;
    };
    let pins: Vec<Pin> = pasted.entries.iter().filter_map(|e| Pin::read(&e.data)).collect();
    let exhibit = |n: usize, flaw| Exhibit::input(pasted.entries[n].span, flaw);
    let found = unusable(host, &pins, &Question::new(name, Kind::Tlsa), exhibit);
    let found = found.map(|f| f.sure(Confidence::Certain, "the record is in what you pasted"));
    Verdict::of(found.into_iter().collect(), Gaps::new())
}

/// Records of which one at least is of no use to any sender, shown by its number and what is wrong with it.
fn unusable(
    host: &str,
    records: &[Pin],
    question: &Question,
    exhibit: impl FnOnce(usize, &'static str) -> Exhibit,
) -> Option<Finding> {
    let (n, flaw) = records.iter().enumerate().find_map(|(n, r)| Some((n, r.flaw?)))?;
    let (what, which) = match records.iter().all(|r| r.flaw.is_some()) {
        true => ("are of no use", "no sender can use them"),
        false => ("are in part of no use", "one of them no sender can use"),
    };
    Some(
        finding(host, what)
            .explain(format!("{host} has TLSA records, and {which}: {flaw}."))
            .exhibit(exhibit(n, flaw))
            .fix(
                Remedy::new("Publish a record `3 1 1` for the key of the certificate in use.")
                    .step("Make it on the mail server, from the certificate it shows on port 25: `openssl x509 -in cert.pem -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum`.")
                    .step("Publish the record of a new key before the server begins to use it."),
            )
            .check(question.dig(), "3 1 1 and 64 hexadecimal digits"),
    )
}

fn finding(host: &str, what: &str) -> Finding {
    Finding::new(&RULE, format!("The TLSA records of {} {what}", short(host)))
        .severity(Severity::Low)
        .sure(Confidence::Certain, "this is what DNS says today")
}
