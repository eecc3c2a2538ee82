use super::support::{Owner, identity_exhibit, mail_from_aligned, mail_from_owned, owner, short, spf_domain};
use crate::facts::Facts;
use crate::knowledge::Platform;
use crate::remedy::{self, Remedy};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, aligned, rule};
use crate::shell::command;

rule! {
    /// The Return-Path belongs to another organization than From
    ///
    /// ## What we saw
    /// Bounces of this message go to a domain that is not of the From domain's organization, usually to the sending
    /// service.
    ///
    /// ## Why mail suffers
    /// SPF passes only for that other domain, so it does not count for DMARC; only DKIM can. Some readers see "via" or
    /// "on behalf of" beside your name. Where DKIM passes for your own domain, this is harmless.
    ///
    /// ## How to fix it
    /// Set up a bounce domain of your own at the service: a name under your domain that points to it. If the service
    /// offers none, sign with DKIM for your own domain.
    ///
    /// ## How to check
    /// A new message has a Return-Path at a name under the From domain.
    pub RULE = "return-path-foreign-domain", Spf, Medium, judge,
    ["RFC 9989 §5.3", "RFC 7208 §2.4"]
}

// Concatenated: most mail that fails is told this, and formatting costs several times as much.
fn judge(facts: &Facts) -> Verdict {
    let (Some((domain, false)), Some(from)) = (spf_domain(facts), facts.reading.from_domain()) else {
        let left_out = facts.identities.mail_from.is_none() && facts.reading.is_fragment();
        return match facts.reading.from.field.is_some() && left_out {
            true => Verdict::unknown(Gap::whole_header("Whose is the Return-Path of this message?")),
            false => Verdict::NotApplicable,
        };
    };
    match (mail_from_aligned(facts), mail_from_owned(facts)) {
        (None, _) => return Verdict::NotApplicable,
        // Where records part what one owner has, the records are at fault, not the Return-Path.
        (Some(true), _) | (_, Some(true)) => return Verdict::Pass,
        (Some(false), _) => {}
    }
    let owner = owner(facts);
    // A forwarder or list takes the bounces itself, and should.
    let lists = &facts.reading.lists;
    if matches!(owner, Owner::Forwarder(_)) || !lists.list_manager.is_empty() || !lists.forwarder.is_empty() {
        return Verdict::NotApplicable;
    }
    let dkim = aligned::dkim(facts);
    let mut text = [
        "From is at ",
        from,
        ", the Return-Path at ",
        domain,
        ". SPF speaks for ",
        domain,
        " only, so whatever it says does not count for the DMARC of ",
        from,
        ".",
    ]
    .concat();
    match &dkim {
        Some(dkim) => text.push_str(&format!(
            " DKIM passes for {}, so DMARC passes all the same; an own bounce domain would make it stand on two legs.",
            dkim.domain
        )),
        None => text.push_str(" No DKIM signature of the From domain is known to have passed either."),
    }
    let portal = |p: &Platform| own_name(p, from).map(|(name, kind)| command!("dig +short {} {}", kind, name));
    let command = match &owner {
        Owner::Platform(p) => portal(p),
        _ => None,
    };
    let command = command.unwrap_or_else(|| "postdoc diagnose new-message.eml".into());
    let expect = match &owner {
        Owner::Platform(p) if p.return_path.is_none() => ["a new message says dkim=pass for ", from].concat(),
        _ => ["a new message has a Return-Path under ", from, ", and spf=pass for it"].concat(),
    };
    let from_span = facts.reading.from.address().map(|a| Exhibit::input(a.domain_span, "the domain readers see"));
    Finding::new(&RULE, ["The Return-Path at ", &short(domain), " is not yours"].concat())
        .severity(if dkim.is_some() { Severity::Info } else { Severity::Medium })
        .sure(Confidence::Certain, "Both domains are in the message, and they are of different organizations.")
        .explain(text)
        .exhibits(identity_exhibit(facts))
        .exhibits(from_span)
        .fix(fix(&owner, domain, from))
        .check(command, expect)
        .into()
}

/// The name of an own bounce domain, where it holds no blank, and the type of its record.
fn own_name(platform: &crate::knowledge::Platform, from: &str) -> Option<(String, String)> {
    let setup = platform.return_path.as_ref().filter(|s| !s.label.contains(['<', '{']))?;
    Some((format!("{}.{from}", setup.label), setup.record.clone()))
}

fn fix(owner: &Owner, domain: &str, from: &str) -> Remedy {
    let Owner::Platform(platform) = owner else {
        return Remedy::new(["Use a Return-Path under ", from, "."].concat())
            .step(
                [
                    "If ",
                    domain,
                    " belongs to a sending service, look there for a custom bounce domain, return path or MAIL FROM.",
                ]
                .concat(),
            )
            .step(
                [
                    "If your own server sends, set its envelope sender to an address at ",
                    from,
                    ", and list the server in the SPF record of ",
                    from,
                    ".",
                ]
                .concat(),
            );
    };
    let Some(setup) = &platform.return_path else {
        return Remedy::new(format!(
            "Sign with DKIM for {from}: {} is not known to offer a bounce domain of your own.",
            platform.name
        ))
        .step("The Return-Path stays with the service; that does no harm once DKIM passes for your domain.");
    };
    let words = remedy::platform::return_path(platform, from).unwrap_or_default();
    let mut remedy = Remedy::new(format!("Set up a bounce domain of your own at {}.", platform.name));
    if let Some(setting) = &platform.return_path_setting {
        remedy = remedy.step(remedy::platform::place(setting, from));
    }
    remedy = remedy.step(format!("Publish: {words}"));
    if setup.record.eq_ignore_ascii_case("MX") {
        remedy = remedy.step(
            "An MX of this kind wants an SPF record beside it, at the same name, with the include the service names.",
        );
    }
    if words.contains('<') {
        remedy = remedy.blank(format!("the exact name and target, shown in the portal of {}", platform.name));
    }
    remedy
        .step(format!("Confirm the name in the portal of {}; until then it keeps its own Return-Path.", platform.name))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, message, platform};
    use super::*;
    use crate::facts::lists::Lists;
    use crate::knowledge::platform::ReturnPath;
    use crate::span::Span;

    fn foreign() -> Scene {
        message("news@example.com", "bounce@mailer-service.test", "192.0.2.4")
    }

    #[test]
    fn medium_or_informational() {
        let finding = foreign().dkim_pass("mailer-service.test").reported("pass").found(&RULE);
        assert_eq!(finding.severity, Severity::Medium);
        assert_eq!(foreign().dkim_pass("mail.example.com").found(&RULE).severity, Severity::Info);
    }

    #[test]
    fn the_platforms_own_way() {
        let esp = platform(Platform {
            name: "Mailer".to_owned(),
            return_path: Some(ReturnPath {
                label: "bounces".to_owned(),
                record: "CNAME".to_owned(),
                target: Some("{domain-dashes}.mailer.test".to_owned()),
                ..ReturnPath::default()
            }),
            return_path_setting: Some("Settings, Domains".to_owned()),
            ..Platform::default()
        });
        let finding = foreign().platform(esp).found(&RULE);
        let fix = finding.fix.unwrap();
        assert!(fix.steps.iter().any(|s| s.contains("bounces.example.com CNAME example-com.mailer.test")), "{fix:?}");
        assert!(fix.blanks.is_empty());
        assert_eq!(finding.check.unwrap().command, "dig +short CNAME bounces.example.com");
        let none = platform(Platform { name: "Other".to_owned(), ..Platform::default() });
        assert!(foreign().platform(none).found(&RULE).fix.unwrap().summary.contains("DKIM"));
    }

    #[test]
    fn quiet_otherwise() {
        Scene::default().not_applicable(&RULE);
        assert_eq!(foreign().without_mail_from().unknown(&RULE)[0].needs.words(), Gap::WHOLE_HEADER);
        message("a@example.com", "b@bounce.example.com", "").passes(&RULE);
        message("a@example.com", "", "192.0.2.4").helo("mta.example.com").not_applicable(&RULE);
        let mut list = foreign();
        list.reading.lists = Lists { list_manager: vec![Span::new(0, 1)], ..Lists::default() };
        list.not_applicable(&RULE);
    }

    #[test]
    fn a_bounce_domain_that_a_platform_does_not_offer_is_not_waited_for() {
        let text = "Return-Path: <1axbd@bf05x.hubspotemail.net>\n\
            Received: from bf05x.hubspotemail.net (bf05x.hubspotemail.net [192.0.2.80]) by mx.google.com with ESMTPS id a3\n \
            for <nina@gmail.com>; Wed, 04 Jun 2025 03:00:11 -0700 (PDT)\nFrom: SaaS <hello@saas.example>\nTo: nina@gmail.com\n";
        let facts = crate::rules::testing::facts(text, crate::evidence::InputKind::Headers);
        let Verdict::Found(found) = judge(&facts) else { panic!() };
        let expect = &found[0].check.as_ref().unwrap().expect;
        assert!(expect.contains("dkim=pass for saas.example") && !expect.contains("Return-Path"), "{expect}");
    }
}
