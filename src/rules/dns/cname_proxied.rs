use super::shown;
use crate::evidence::{Answer, Kind, Outcome, Question, answer_at};
use crate::facts::Facts;
use crate::facts::domain::Asked;
use crate::facts::organization::same_by_list;
use crate::facts::reverse::addresses;
use crate::knowledge::{DnsHost, host};
use crate::remedy::Remedy;
use crate::rules::spf::support::short;
use crate::rules::{Confidence, Finding, Gap, Gaps, Severity, Verdict, rule};
use std::net::IpAddr;

rule! {
    /// A web proxy stands before a name that mail needs
    ///
    /// ## What we saw
    /// A mail server, a DKIM key or a bounce domain answers with addresses of a web proxy of the DNS host, instead of the
    /// server's own address or the alias that the sending service asked for.
    ///
    /// ## Why mail suffers
    /// The proxy takes only web traffic. Mail that is delivered to it is lost in silence, and who asks for the key or the
    /// bounce domain's records gets none.
    ///
    /// ## How to fix it
    /// At the DNS host switch the record to "DNS only" (at Cloudflare: the grey cloud).
    ///
    /// ## How to check
    /// Ask for the name: the answer shows the server's own address, or the alias to the service.
    pub RULE = "cname-proxied", Dns, High, judge,
    ["https://developers.cloudflare.com/dns/proxy-status/", "https://developers.cloudflare.com/dns/troubleshooting/email-issues/"]
}

fn judge(facts: &Facts) -> Verdict {
    let from = facts.reading.from_domain();
    let mail_from = facts.identities.mail_from.as_ref().and_then(|m| m.value.domain());
    let Some(own) = from.or(mail_from) else { return Verdict::NotApplicable };
    let mut found = Vec::new();
    let mut looked = false;
    let servers = facts.domain.mx.iter().flat_map(|m| &m.servers).filter(|s| s.own && !s.ips.is_empty());
    for server in servers {
        looked = true;
        if let Some(host) = proxy(&server.ips) {
            found.push(finding(facts, host, &server.host, &format!("is a mail server of {own}")));
        }
    }
    // A bounce domain has records of a service; the domain in From may just be a website.
    if let Some(bounce) = mail_from.filter(|m| from != Some(*m) && same_by_list(m, own) && !takes_mail(facts, m)) {
        let ips = here(facts, bounce);
        looked |= !ips.is_empty();
        if let Some(host) = proxy(&ips) {
            found.push(finding(facts, host, bounce, "is the bounce domain of this mail").leads_to(&["spf-missing"]));
        }
    }
    for key in &facts.keys {
        let (name, Some(answer)) = (&key.name, answer_at(&facts.evidence.answers, &key.name, Kind::A)) else {
            continue;
        };
        looked = true;
        if let Some(host) = proxy(&addresses(answer).collect::<Vec<_>>()).filter(|_| !is_there(facts, name)) {
            found.push(
                finding(facts, host, name, "is the name of a DKIM key").about(name).leads_to(&["dkim-key-not-found"]),
            );
        }
    }
    let gaps: Gaps = dark(facts).collect();
    match looked || !gaps.is_empty() {
        true => Verdict::of(found, gaps),
        false => Verdict::NotApplicable,
    }
}

/// Own mail servers whose addresses nobody told.
fn dark(facts: &Facts) -> impl Iterator<Item = Gap> + '_ {
    let servers = facts.domain.mx.iter().flat_map(|m| &m.servers).filter(|s| s.own && s.ips.is_empty());
    let failed = servers.filter_map(|s| Some((&s.host, s.addresses.iter().find_map(Asked::open)?)));
    failed.map(|(host, question)| Gap::dns(format!("Is {host} behind a web proxy?"), question))
}

/// It has mail servers, or nobody has asked for them.
fn takes_mail(facts: &Facts, name: &str) -> bool {
    answer_at(&facts.evidence.answers, name, Kind::Mx).is_none_or(|a| a.outcome == Outcome::Records)
}

fn here(facts: &Facts, name: &str) -> Vec<IpAddr> {
    let answers = [Kind::A, Kind::Aaaa].map(|kind| answer_at(&facts.evidence.answers, name, kind));
    answers.into_iter().flatten().flat_map(addresses).collect()
}

fn is_there(facts: &Facts, name: &str) -> bool {
    let answer: Option<&Answer> = answer_at(&facts.evidence.answers, name, Kind::Txt);
    answer.is_none_or(|a| a.outcome == Outcome::Records || a.outcome.failed())
}

/// The DNS host whose proxy all these addresses are.
fn proxy(ips: &[IpAddr]) -> Option<&'static DnsHost> {
    let first = host::of_proxy(*ips.first()?)?;
    ips.iter().all(|ip| host::of_proxy(*ip).is_some_and(|h| h.id == first.id)).then_some(first)
}

fn finding(facts: &Facts, host: &DnsHost, name: &str, role: &str) -> Finding {
    let question = Question::new(name, Kind::A);
    Finding::new(&RULE, format!("{} is behind a web proxy of {}", short(name), host.name))
        .sure(Confidence::Likely, "its addresses are those of the proxy; only a paid service there passes on mail")
        .severity(Severity::High)
        .explain(format!(
            "{name} {role}, and answers with addresses of the web proxy of {}. The proxy passes on web traffic only: nothing \
             that mail needs gets through.",
            host.name
        ))
        .exhibit(shown::exhibit(facts, &question, "addresses of the proxy"))
        .fix(
            Remedy::new(format!("Switch the record of {name} to “DNS only”."))
                .step(format!("{}: find {name} and switch its proxy off.", host.open))
                .step("The real address of the server is then public; that cannot be avoided for a mail server."),
        )
        .check(question.dig(), "the server's own address, or the alias to the service")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{found, judge, message};
    use super::*;

    const MX: &str = "example.com MX 10 mail.example.com\n";

    #[test]
    fn a_mail_server_behind_a_proxy() {
        let zone = format!("{MX}mail.example.com A 104.16.1.1\nmail.example.com AAAA 2606:4700::1");
        let finding = found(&RULE, "example.com", Some(&zone));
        assert!(finding.explanation.contains("mail server of example.com"));
    }

    #[test]
    fn a_key_behind_a_proxy() {
        let paste = message("a@example.com", "b@example.com").replace(
            "From:",
            "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s1; h=from; bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=YQ==\r\nFrom:",
        );
        let zone = "example.com NS ada.ns.cloudflare.com\ns1._domainkey.example.com A 104.16.1.1";
        let finding = found(&RULE, &paste, Some(zone));
        assert!(finding.explanation.contains("DKIM key"));
        assert_eq!(finding.leads_to, ["dkim-key-not-found"]);
    }

    #[test]
    fn it_passes_and_does_not_apply() {
        let own = format!("{MX}mail.example.com A 192.0.2.1");
        assert!(matches!(judge(&RULE, "example.com", Some(&own)), Verdict::Pass));
        // A website may stand behind a proxy, and a stranger's mail server is a stranger's.
        let web = "example.com A 104.16.1.1";
        assert!(matches!(judge(&RULE, "example.com", Some(web)), Verdict::NotApplicable));
        let foreign = "example.com MX 10 mx.other.test\nmx.other.test A 104.16.1.1";
        assert!(matches!(judge(&RULE, "example.com", Some(foreign)), Verdict::NotApplicable));
        assert!(matches!(judge(&RULE, "example.com", Some("example.com SERVFAIL")), Verdict::NotApplicable));
        let dark = format!("{MX}mail.example.com SERVFAIL");
        let Verdict::Unknown(gaps) = judge(&RULE, "example.com", Some(&dark)) else { panic!("nobody told") };
        assert_eq!(gaps[0].question(), "Is mail.example.com behind a web proxy?");
    }
}
