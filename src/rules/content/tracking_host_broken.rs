use crate::facts::Facts;
use crate::facts::linked::{Host, State};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule};

rule! {
    /// A host that the message links to does not exist
    ///
    /// ## What we saw
    /// A link of the message, or its List-Unsubscribe, names a host of yours that has no address in DNS.
    ///
    /// ## Why mail suffers
    /// Filters follow links, and a dead one costs trust. Where it is the way to unsubscribe, readers press "spam", and Gmail and Yahoo
    /// take one-click for missing. An alias that leads to a name nobody holds can be taken over by a stranger.
    ///
    /// ## How to fix it
    /// Publish the record that the sending platform shows for its tracking or unsubscribe domain, with a certificate for that very
    /// name, or take the setting out at the platform.
    ///
    /// ## How to check
    /// The name has an address, and the link opens over https.
    pub RULE = "tracking-host-broken", Content, Medium, judge,
    ["RFC 8058 §3.1", "RFC 1034 §3.6.2"]
}

fn judge(facts: &Facts) -> Verdict {
    let hosts = &facts.linked;
    if hosts.is_empty() || facts.reading.bounce.is_some() {
        return Verdict::NotApplicable;
    }
    let findings: Vec<Finding> = hosts.iter().filter_map(dead).collect();
    let gaps = hosts.iter().filter_map(|host| match &host.state {
        State::Unasked(q) | State::Failed(q) => {
            Some(Gap::dns(format!("Does {}, which the message links to, exist?", host.name), q))
        }
        _ => None,
    });
    Verdict::of(findings, gaps.collect())
}

fn dead(host: &Host) -> Option<Finding> {
    let State::Dead { question, alias } = &host.state else { return None };
    let name = &host.name;
    let leads = alias.as_ref().map(|a| format!("It is an alias of {a}, which has none. ")).unwrap_or_default();
    let what = match host.unsubscribes {
        Some(_) => "List-Unsubscribe leads there, so nobody can unsubscribe with one click.",
        None => "A link of the message leads there, so it opens nothing.",
    };
    let finding = Finding::new(&RULE, crate::safe::clip(&format!("The linked host {name} does not exist"), 70))
        .severity(if host.unsubscribes.is_some() { Severity::High } else { RULE.severity })
        .sure(
            Confidence::Certain,
            "DNS has no address at the name now; when the message was sent it may have been there",
        )
        .explain(format!("{name} has no address in DNS. {leads}{what}"))
        .exhibit(Exhibit::dns(question, "no address", None, "nothing to connect to"));
    let finding = match host.unsubscribes {
        Some(span) => finding.exhibit(Exhibit::input(span, "leads there")),
        None => finding.exhibit(Exhibit::body("link in the body", name.clone(), "leads there")),
    };
    let fix = Remedy::new(format!("Publish {name} as your sending platform shows it, or link to a host that exists."));
    let fix = match alias {
        Some(alias) => fix.step(format!(
            "Correct the alias at {name}, or delete it: {alias} can be taken over by whoever registers it."
        )),
        None => {
            fix.step("In the platform's settings for the tracking or link domain, look up the CNAME it wants there.")
        }
    };
    Some(finding.fix(fix).leads_to(&["cname-broken"]).check(question.dig(), "an address"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::zone::Zone;
    use crate::evidence::{Evidence, Input, InputKind, Said};
    use crate::facts::Reading;
    use crate::rules::content::testing::{HTML, message, only};
    use std::sync::Arc;

    fn judged(fields: &str, body: &str, zone: Option<&str>) -> Verdict {
        let input = Input::read("test", message(fields, body).into_bytes(), Some(InputKind::Message)).unwrap();
        let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, zone.is_none());
        let evidence = match zone {
            Some(zone) => crate::samples::settle(evidence, &Zone::parse(zone).unwrap()),
            None => evidence,
        };
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        judge(&Facts::gather(Arc::new(evidence), reading))
    }

    const LINK: &str = "<a href=\"https://click.example.com/1\">x</a>";

    #[test]
    fn it_fires_passes_is_silent_and_cannot_know() {
        let body = only(judged(HTML, LINK, Some("www.example.com A 192.0.2.1")));
        assert_eq!(
            (body.severity, body.title.as_str()),
            (Severity::Medium, "The linked host click.example.com does not exist")
        );
        let header = only(judged("List-Unsubscribe: <https://u.mailer.example/1>\r\n", "x\r\n", Some("")));
        assert_eq!(header.severity, Severity::High);
        let alias = only(judged(HTML, LINK, Some("click.example.com CNAME gone.esp.example")));
        assert!(alias.explanation.contains("alias of gone.esp.example"), "{}", alias.explanation);
        assert!(matches!(judged(HTML, LINK, Some("click.example.com AAAA 2001:db8::1")), Verdict::Pass));
        // Of strangers nothing is asked.
        assert!(matches!(judged(HTML, "<a href=\"https://a.example.net/\">x</a>", Some("")), Verdict::NotApplicable));
        assert!(matches!(judged(HTML, LINK, None), Verdict::Unknown(_)));
    }
}
