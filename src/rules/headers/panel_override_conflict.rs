use crate::facts::Facts;
use crate::facts::address::normal_domain;
use crate::facts::organization::psl;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Verdict, rule};
use crate::span::Span;

rule! {
    /// The message differs from what the panel is set to
    ///
    /// ## What we saw
    /// You told us what the sending platform is set to, and the message shows something else:
    /// another From, return address, host name, selector or sending address.
    ///
    /// ## Why mail suffers
    /// Platforms take these values from several places, and a narrower one wins: a template or
    /// a virtual sender overrides the setting you are looking at. Changing the wrong place
    /// changes nothing, and the message goes out under a name your DNS was not made for.
    ///
    /// ## How to fix it
    /// Compare the six places where such a value can be set: sender domain, sender, virtual
    /// sender, reverse address, DKIM selector, and template or campaign. Correct the one whose
    /// value the message shows.
    ///
    /// ## How to check
    /// Send a new message and read its header again: it shows the values you planned.
    pub RULE = "panel-override-conflict", Headers, Medium, judge,
    ["RFC 5321 §4.4", "RFC 6376 §3.5"]
}

/// A setting that the message contradicts.
struct Conflict {
    what: &'static str,
    /// The setting by which the user named it.
    option: &'static str,
    said: String,
    shown: String,
    span: Option<Span>,
    /// The other place whose value the message shows, where the user told us.
    wins: Option<&'static str>,
    /// Can a forwarder have changed what the message shows?
    changes_on_the_way: bool,
}

fn judge(facts: &Facts) -> Verdict {
    if facts.evidence.said.configured == Default::default() {
        return Verdict::NotApplicable;
    }
    let mut conflicts = Vec::new();
    let mut gaps = Gaps::new();
    from(facts, &mut conflicts, &mut gaps);
    mail_from(facts, &mut conflicts, &mut gaps);
    connection(facts, &mut conflicts, &mut gaps);
    selectors(facts, &mut conflicts, &mut gaps);
    if conflicts.is_empty() {
        return Verdict::of(vec![], gaps);
    }
    finding(facts, conflicts).into()
}

fn finding(facts: &Facts, conflicts: Vec<Conflict>) -> Finding {
    let title = match &conflicts[..] {
        [one] => format!("{} is {}, not what is set", one.what, one.shown.chars().take(36).collect::<String>()),
        many => format!("The message differs from the settings in {} values", many.len()),
    };
    let sentences: Vec<_> = conflicts.iter().map(Conflict::sentence).collect();
    let moved = conflicts.iter().all(|c| c.changes_on_the_way) && !facts.reading.lists.forwarder.is_empty();
    let (confidence, because) = match moved {
        true => (Confidence::Possible, "the message was forwarded, and a forwarder changes these values"),
        false => (Confidence::Certain, "your word and the header stand side by side"),
    };
    let shown =
        conflicts.iter().filter_map(|c| Some(Exhibit::input(c.span?, format!("the message shows {}", c.shown))));
    let said = conflicts.iter().map(|c| Exhibit::user(format!("{}: {}", c.option, c.said), "what you said is set"));
    Finding::new(&RULE, title)
        .sure(confidence, because)
        .explain(format!(
            "{} Another place overrides the setting you named: the narrower one wins, usually the template or campaign.",
            sentences.join(" ")
        ))
        .exhibits(said.collect::<Vec<_>>())
        .exhibits(shown.collect::<Vec<_>>())
        .fix(
            Remedy::new("Find the place whose value the message shows, and correct it there.")
                .step("Compare the six places: sender domain; sender; virtual sender; reverse address; DKIM selector; template or campaign.")
                .step(format!("Look for {} in them.", list(conflicts.iter().map(|c| c.shown.as_str()))))
                .step("Correct the value there, or remove it so that the setting you named applies; then send a new test message."),
        )
        .check(
            "send a new test message and diagnose its header",
            format!("the header shows {}", list(conflicts.iter().map(|c| c.said.as_str()))),
        )
}

impl Conflict {
    fn sentence(&self) -> String {
        let place = self.wins.map_or(String::new(), |w| format!(" That is the value of the {w}."));
        format!("{} should be {}, but the message shows {}.{place}", self.what, self.said, self.shown)
    }
}

/// Each once.
fn list<'a>(values: impl Iterator<Item = &'a str>) -> String {
    let mut once: Vec<&str> = Vec::new();
    for value in values {
        if !once.contains(&value) {
            once.push(value);
        }
    }
    once.join(", ")
}

/// Sender, virtual sender and template all speak of From.
fn from(facts: &Facts, conflicts: &mut Vec<Conflict>, gaps: &mut Gaps) {
    let set = &facts.evidence.said.configured;
    let places = [
        ("sender or sender domain", "from", &set.from),
        ("virtual sender", "virtual_sender", &set.virtual_sender),
        ("template or campaign", "template_sender", &set.template_sender),
    ];
    // A virtual sender may also be a mere label, which no header shows.
    let said: Vec<_> = places
        .into_iter()
        .filter_map(|(place, option, value)| Some((place, option, value.as_deref()?.trim())))
        .filter(|(.., value)| value.contains(['@', '.']))
        .collect();
    if said.is_empty() {
        return;
    }
    let Some(address) = facts.reading.from.address() else {
        return gaps.push(gap("Which From did the message go out with?", "a readable From line"));
    };
    let whole = format!("{}@{}", address.local, address.domain);
    // A sender's domain serves the names below it, where mail from there passes.
    let passes = facts.reading.reported.dmarc.as_ref().is_some_and(|d| d.result == "pass");
    let serves = |domain: &str| passes && address.domain.ends_with(&format!(".{domain}"));
    let same = |value: &str| match value.rsplit_once('@') {
        Some((local, domain)) => local.eq_ignore_ascii_case(&address.local) && domain_of(domain) == address.domain,
        None => domain_of(value) == address.domain || serves(&domain_of(value)),
    };
    let wins = said.iter().find(|(.., value)| same(value)).map(|(place, ..)| *place);
    conflicts.extend(said.iter().filter(|(.., value)| !same(value)).map(|(_, option, value)| Conflict {
        what: "From",
        option,
        said: (*value).to_owned(),
        shown: if value.contains('@') { whole.clone() } else { address.domain.clone() },
        span: Some(if value.contains('@') { address.span } else { address.domain_span }),
        wins,
        changes_on_the_way: false,
    }));
}

/// The reverse address. Only domains are compared: the local part changes with each recipient.
fn mail_from(facts: &Facts, conflicts: &mut Vec<Conflict>, gaps: &mut Gaps) {
    let set = &facts.evidence.said.configured;
    let kind = set.mail_from_type.as_deref().map(str::to_ascii_lowercase);
    let kind = kind.as_deref().filter(|k| matches!(*k, "from_email" | "aligned" | "ptr"));
    // A pool is told by its sender or SPF domain, or by a mere label, which no header shows.
    let pool = set.pool.as_deref().map(domain_of).filter(|pool| pool.contains('.'));
    if set.mail_from.is_none() && kind.is_none() && pool.is_none() {
        return;
    }
    let identity = facts.identities.mail_from.as_ref().filter(|m| m.span.is_some());
    let written = facts.reading.return_path.as_ref().and_then(|p| p.address.as_ref());
    let seen = identity
        .and_then(|m| Some((m.value.domain()?, m.span?)))
        .or_else(|| written.map(|a| (a.domain.as_str(), a.domain_span)));
    let Some((domain, span)) = seen else {
        return gaps
            .push(gap("Which MAIL FROM did the message go out with?", "its Return-Path or Authentication-Results"));
    };
    let mut conflict = |option, said: String| {
        conflicts.push(Conflict {
            what: "MAIL FROM",
            option,
            said,
            shown: domain.to_owned(),
            span: Some(span),
            wins: None,
            changes_on_the_way: true,
        });
    };
    if let Some(said) = set.mail_from.as_deref().filter(|said| domain_of(said) != domain) {
        conflict("mail_from", said.trim().to_owned());
    }
    if let Some(pool) = pool.filter(|pool| pool != domain && !domain.ends_with(&format!(".{pool}"))) {
        conflict("pool", pool);
    }
    let Some(kind) = kind else { return };
    let (option, from) = ("mail_from_type", facts.reading.from_domain());
    match (kind, from) {
        ("from_email", Some(from)) if from != domain => {
            conflict(option, format!("from_email, the domain of From ({from})"))
        }
        ("aligned", Some(from)) if !same_organization(from, domain) => {
            conflict(option, format!("aligned with From ({from})"));
        }
        ("ptr", _) => {
            let noted = facts.identities.reverse_name.as_ref().map(|n| n.value.as_str());
            let names = facts.reverse.iter().flat_map(|r| &r.names).map(|n| n.name.as_str()).chain(noted);
            let names: Vec<_> = names.collect();
            if let Some(name) = names.first().filter(|_| !names.iter().any(|n| same_organization(n, domain))) {
                conflict(option, format!("ptr, the reverse name ({name})"));
            }
        }
        _ => {}
    }
}

/// Host name and address of the sending server.
fn connection(facts: &Facts, conflicts: &mut Vec<Conflict>, gaps: &mut Gaps) {
    let set = &facts.evidence.said.configured;
    if let Some(said) = &set.helo {
        match facts.identities.helo.as_ref().filter(|h| h.span.is_some()) {
            None => gaps.push(gap("By which name did the server greet?", "its Received line")),
            Some(seen) if domain_of(&seen.value) == domain_of(said) => {}
            Some(seen) => conflicts.push(Conflict {
                what: "HELO",
                option: "helo",
                said: said.clone(),
                shown: seen.value.clone(),
                span: seen.span,
                wins: None,
                changes_on_the_way: true,
            }),
        }
    }
    if let Some(said) = set.ip {
        match facts.identities.source_ip.as_ref().filter(|ip| ip.span.is_some()) {
            None => gaps.push(gap("From which address was the message sent?", "its Received line")),
            Some(seen) if seen.value.to_canonical() == said.to_canonical() => {}
            Some(seen) => conflicts.push(Conflict {
                what: "The sending address",
                option: "ip",
                said: said.to_string(),
                shown: seen.value.to_string(),
                span: seen.span,
                wins: None,
                changes_on_the_way: true,
            }),
        }
    }
}

/// Each selector that is set must be that of a signature.
fn selectors(facts: &Facts, conflicts: &mut Vec<Conflict>, gaps: &mut Gaps) {
    let set = &facts.evidence.said.configured;
    let seen: Vec<_> = facts.reading.signatures.iter().filter_map(|s| s.selector.as_ref()).collect();
    let said = [("selector", &set.selector), ("secondary_selector", &set.secondary_selector)];
    for (option, said) in said.into_iter().filter_map(|(option, said)| Some((option, said.as_deref()?.trim()))) {
        let Some(first) = seen.first() else {
            return gaps.push(gap("Which selector did the signer use?", "a message with a DKIM-Signature"));
        };
        if seen.iter().any(|s| s.value.eq_ignore_ascii_case(said)) {
            continue;
        }
        conflicts.push(Conflict {
            what: "The DKIM selector",
            option,
            said: said.to_owned(),
            shown: list(seen.iter().map(|s| s.value.as_str())),
            span: Some(first.span),
            wins: None,
            changes_on_the_way: false,
        });
    }
}

/// The domain of an address or domain as the user typed it.
fn domain_of(said: &str) -> String {
    let said = said.trim().trim_end_matches('>');
    let domain = said.rsplit_once('@').map_or(said, |(_, domain)| domain);
    normal_domain(domain.as_bytes()).unwrap_or_else(|| domain.to_ascii_lowercase())
}

fn same_organization(a: &str, b: &str) -> bool {
    a == b || psl(a).is_some_and(|a| psl(b) == Some(a))
}

fn gap(question: &str, needs: &str) -> Gap {
    Gap::new(question.to_owned(), needs.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::said::Configured;
    use crate::facts::dkim::Signature;
    use crate::rules::Place;
    use crate::rules::source::testing::{self, Case, only};
    use crate::span::Spanned;

    /// From jane@example.com, MAIL FROM bounce@example.com, selector s1.
    fn case(configured: Configured) -> Case {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.said.configured = configured;
        case.reading
            .signatures
            .push(Signature { selector: Some(Spanned::new("s1".into(), Span::new(0, 2))), ..Signature::default() });
        case
    }

    fn set(change: impl FnOnce(&mut Configured)) -> Verdict {
        let mut configured = Configured::default();
        change(&mut configured);
        judge(&case(configured).facts())
    }

    fn some(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    #[test]
    fn each_setting_is_compared() {
        let fires: [fn(&mut Configured); 12] = [
            |c| c.pool = some("pool.example.net"),
            |c| c.from = some("example.net"),
            |c| c.from = some("joe@example.com"),
            |c| c.mail_from = some("bounce@example.net"),
            |c| c.mail_from = some("bounces.example.com"),
            |c| c.helo = some("mta1.example.com"),
            |c| c.selector = some("s2"),
            |c| c.secondary_selector = some("ed1"),
            |c| c.ip = "192.0.2.9".parse().ok(),
            |c| c.virtual_sender = some("vip@example.net"),
            |c| c.template_sender = some("promo@example.com"),
            |c| (c.selector, c.helo) = (some("s1"), some("x.example.com")),
        ];
        for (n, change) in fires.into_iter().enumerate() {
            let found = only(set(change));
            assert!(found.exhibits.iter().any(|e| matches!(e.place, Place::User(_))), "{n}");
            assert!(found.exhibits.iter().any(|e| matches!(e.place, Place::Input(_))), "{n}");
        }
        let passes: [fn(&mut Configured); 10] = [
            |c| c.pool = some("example.com"),
            |c| c.pool = some("marketing"),
            |c| c.from = some("Example.com"),
            |c| c.from = some("Jane@example.com"),
            |c| c.mail_from = some("other-local@EXAMPLE.com"),
            |c| c.helo = some("mail.example.com."),
            |c| c.selector = some("S1"),
            |c| c.ip = "::ffff:192.0.2.4".parse().ok(),
            |c| c.virtual_sender = some("vmta7"),
            |c| c.mail_from_type = some("from_email"),
        ];
        for (n, change) in passes.into_iter().enumerate() {
            assert!(matches!(set(change), Verdict::Pass), "{n}");
        }
    }

    #[test]
    fn several_conflicts_make_one_finding_that_names_them_all() {
        let found = only(set(|c| (c.selector, c.mail_from) = (some("s2"), some("b.example.net"))));
        assert_eq!(found.title, "The message differs from the settings in 2 values");
        assert!(found.explanation.contains("s2") && found.explanation.contains("b.example.net"));
        assert_eq!(found.exhibits.len(), 4);
        let steps = found.fix.unwrap().steps;
        for place in ["sender domain", "virtual sender", "reverse address", "selector", "template or campaign"] {
            assert!(steps[0].contains(place), "{place}");
        }
    }

    #[test]
    fn the_place_that_wins_is_named_where_known() {
        let found = only(set(|c| (c.from, c.template_sender) = (some("news@example.net"), some("jane@example.com"))));
        assert!(found.explanation.contains("template or campaign."), "{}", found.explanation);
    }

    #[test]
    fn kinds_of_return_address() {
        let typed = |kind: &str, from_domain: &str| {
            let mut case = case(Configured { mail_from_type: some(kind), ..Configured::default() });
            case.reading.from = testing::from("jane", from_domain);
            matches!(judge(&case.facts()), Verdict::Found(_))
        };
        assert!(typed("from_email", "news.example.com") && typed("aligned", "example.net"));
        assert!(!typed("aligned", "news.example.com") && !typed("custom", "example.net"));
        let mut case = case(Configured { mail_from_type: some("ptr"), ..Configured::default() });
        case.reverse_names(&["mta.provider.test"]);
        assert!(matches!(judge(&case.facts()), Verdict::Found(_)));
        case.reverse_names(&["mta.example.com"]);
        assert!(matches!(judge(&case.facts()), Verdict::Pass));
    }

    #[test]
    fn a_forwarder_may_have_changed_the_return_address() {
        let mut case = case(Configured { mail_from: some("b.example.net"), ..Configured::default() });
        case.reading.lists.forwarder = vec![Span::new(0, 4)];
        assert_eq!(only(judge(&case.facts())).confidence, Confidence::Possible);
    }

    #[test]
    fn nothing_said_is_not_judged_and_nothing_seen_is_unknown() {
        assert!(matches!(set(|_| ()), Verdict::NotApplicable));
        let mut case = case(Configured { selector: some("s1"), ..Configured::default() });
        case.reading.signatures.clear();
        assert!(matches!(judge(&case.facts()), Verdict::Unknown(_)));
    }

    #[test]
    fn a_senders_domain_serves_the_names_below_it() {
        let mut case = case(Configured { from: some("example.com"), ..Configured::default() });
        case.reading.from.mailboxes[0].address.as_mut().unwrap().domain = "promo.example.com".into();
        assert!(matches!(judge(&case.facts()), Verdict::Found(_)), "nothing shows that it passes");
        case.dmarc_pass();
        assert!(matches!(judge(&case.facts()), Verdict::Pass));
        case.said.configured.from = some("jane@example.com");
        assert!(matches!(judge(&case.facts()), Verdict::Found(_)), "an address is meant as it stands");
    }

    #[test]
    fn one_value_that_contradicts_two_settings_is_named_once() {
        let found = only(set(|c| (c.from, c.virtual_sender) = (some("example.net"), some("example.org"))));
        assert!(found.fix.unwrap().steps.contains(&"Look for example.com in them.".to_owned()));
    }
}
