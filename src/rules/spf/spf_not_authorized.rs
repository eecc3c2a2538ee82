use super::allow::fix;
use super::support::{
    Owner, consequences, genuine, identity_exhibit, ip_exhibit, judged, mail_from_aligned, mail_from_owned,
    names_no_include, outcome_words, owner, recipients_relay, record_exhibit, reported, reported_exhibit, short,
    source_ip, spf_domain, stopped, txt, unread,
};
use crate::facts::Facts;
use crate::facts::freemail;
use crate::facts::spf::SpfResult;
use crate::facts::spf::record::Record;
use crate::rules::dmarc::failure;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, aligned, rule, since};
use crate::span::Span;

rule! {
    /// The sending server is not allowed by SPF
    ///
    /// ## What we saw
    /// SPF is a public list of the servers that may send for a domain. The list of the Return-Path domain does not
    /// hold the server that delivered this message, so the result was `fail` or `softfail`.
    ///
    /// ## Why mail suffers
    /// Receivers treat the message as if someone else had sent it. If no DKIM signature of the From domain passes
    /// either, DMARC fails too, and the message is refused or goes to spam.
    ///
    /// ## How to fix it
    /// First settle whose server it is. If it is yours or belongs to a service you use, add it to the one SPF record
    /// of the Return-Path domain, before `all`, and leave the ending as it is. If it belongs to a forwarder, sign with
    /// DKIM instead. If you do not know it, change nothing: SPF did its work, or somebody forwarded your message where a
    /// signature shows that it is yours.
    ///
    /// ## How to check
    /// Ask for the TXT records of the Return-Path domain: there is exactly one that begins `v=spf1`, and it names the
    /// server. A new message then shows `spf=pass`.
    pub RULE = "spf-not-authorized", Spf, Critical, judge,
    ["RFC 7208 §2.6", "RFC 7208 §5", "RFC 7208 §8.4", "RFC 7208 §8.5"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some((domain, _)) = spf_domain(facts) else { return Verdict::NotApplicable };
    // A check without an address asks about nobody.
    if facts.reading.subject.is_some() && facts.identities.source_ip.is_none() {
        return Verdict::NotApplicable;
    }
    let (said, today) = (reported(facts), facts.spf.as_ref().and_then(|c| c.result));
    let refused = matches!(today, Some(SpfResult::Fail | SpfResult::SoftFail));
    match said {
        Some("fail" | "hardfail" | "softfail") => found(facts, domain).into(),
        Some(_) => Verdict::Pass,
        None if refused => found(facts, domain).into(),
        None if today.is_some_and(|result| result != SpfResult::TempError) => Verdict::Pass,
        None => Verdict::unknown(open(facts, domain)),
    }
}

fn open(facts: &Facts, domain: &str) -> Gap {
    match &facts.spf {
        Some(check) => stopped(check).unwrap_or_else(|| unread(&domain.into())),
        None => Gap::new(
            format!("Does the SPF record of {domain} allow the sending server?"),
            "the address of the server that delivered the message: --ip",
        ),
    }
}

fn found(facts: &Facts, domain: &str) -> Finding {
    let server = source_ip(facts).map_or_else(|| "the sending server".to_owned(), |ip| ip.to_string());
    let today = facts.spf.as_ref().and_then(|c| c.result);
    let word = reported(facts).or(today.map(SpfResult::word)).unwrap_or("fail");
    let repaired = since::spf_passes_now(facts);
    let owner = owner(facts);
    let carried = aligned::dkim(facts).is_some();
    let aligned = mail_from_aligned(facts);
    let severity = match (&owner, carried, aligned) {
        _ if repaired => Severity::Low,
        (Owner::Forwarder(_), true, _) => Severity::Info,
        (_, true, _) => Severity::Low,
        (Owner::Forwarder(_), false, _) if aligned::is_open(facts) => Severity::Low,
        _ if failure::overridden(facts).is_some() => Severity::Medium,
        (_, false, Some(false)) => Severity::High,
        (_, false, _) => Severity::Critical,
    };
    let (command, expect) = check(facts, domain, &owner);
    let finding = Finding::new(&RULE, title(domain, &server, repaired))
        .severity(severity)
        .explain(explain(facts, domain, &server, word, repaired, &owner))
        .exhibits(exhibits(facts, word))
        .exhibits(forwarder(&owner))
        .fix(fix(facts, domain, &server, repaired, &owner))
        .check(command, expect)
        .leads_to(consequences(facts));
    match reported(facts) {
        Some(_) => finding.sure(Confidence::Certain, format!("The receiver wrote spf={word}.")),
        None => finding.sure(
            Confidence::Likely,
            "The receiver's own result is not in this header; this is what today's DNS says.",
        ),
    }
}

fn title(domain: &str, server: &str, repaired: bool) -> String {
    let words = |server: &str| match repaired {
        true => format!("SPF of {} allows {server} now, but did not then", short(domain)),
        false => format!("SPF of {} does not allow {server}", short(domain)),
    };
    let title = words(server);
    if title.chars().count() <= 70 { title } else { words("the server") }
}

fn explain(facts: &Facts, domain: &str, server: &str, word: &str, repaired: bool, owner: &Owner) -> String {
    let mut text = format!(
        "The message was delivered by {server} with a Return-Path at {domain}, and the SPF record of {domain} {} \
         list that server (spf={word}).",
        if repaired { "did not then" } else { "does not" }
    );
    let by_name = facts.spf.as_ref().filter(|c| !repaired && c.domain == domain).and_then(|c| c.matched.as_deref());
    if let Some(term) = by_name.filter(|term| term.contains([':', '/']) && term.starts_with(['-', '~'])) {
        text.push_str(&format!(" The term {term} in it refuses that server, before anything later could allow it."));
    }
    match owner {
        Owner::Forwarder(None) if recipients_relay(facts).is_some() => text.push_str(
            " That server bears a name of the recipient's own organization: most likely it took the message in first and \
             passed it on, and no sender can list it.",
        ),
        Owner::Forwarder(_) => text.push_str(
            " The header bears the marks of a forwarder or mailing list: it sent the message on from its own server, \
             which no sender can list. That is normal.",
        ),
        Owner::Platform(p) => text.push_str(&format!(" The message bears the marks of {}.", p.name)),
        Owner::Stranger(name) => text.push_str(&match genuine(facts) {
            Some(why) => format!(
                " It goes by the name {name}, which is not of {domain}, yet {why}: it is a relay you use, or somebody \
                 forwarded the message."
            ),
            None => format!(
                " It goes by the name {name}, and nothing in the message or in DNS ties it to {domain}: this may well \
                 be mail that someone else sent in your name."
            ),
        }),
        Owner::Gateway(name) => text.push_str(&format!(
            " {name} delivered it, and by the MX records it filters the mail to {domain} too: most likely it is your \
             own way out."
        )),
        Owner::Own(why) => text.push_str(&format!(" The server looks like your own: {why}.")),
        Owner::Unknown => {
            text.push_str(" Nothing in the header says whose server that is, and the cure depends on it.")
        }
    }
    if repaired {
        text.push_str(" The record published today does allow it: it was changed since, or had not spread yet.");
    }
    if let Some(dkim) = aligned::dkim(facts) {
        let passes = if dkim.reported { "DKIM passed" } else { "A DKIM signature verifies" };
        text.push_str(&format!(" {passes} for {}, so DMARC does not depend on SPF here.", dkim.domain));
    } else if let Some(dkim) = aligned::in_vain(facts) {
        text.push_str(&format!(
            " DKIM passed for {}, yet the receiver says that DMARC failed: most likely the DMARC record asks for the very same \
             name (adkim=s), and then DMARC depends on SPF here.",
            dkim.domain
        ));
    } else if mail_from_aligned(facts) == Some(false) {
        let what = match mail_from_owned(facts) {
            Some(true) => "is an organization of its own by its DMARC records",
            _ => "is not of the From domain's organization",
        };
        text.push_str(&format!(" {domain} {what}: even a pass here would not count for DMARC."));
    }
    text
}

fn exhibits(facts: &Facts, word: &str) -> Vec<Exhibit> {
    let mut exhibits: Vec<Exhibit> = reported_exhibit(facts, "the receiver's result").into_iter().collect();
    exhibits.extend(ip_exhibit(facts));
    exhibits.extend(identity_exhibit(facts));
    let Some(at) = judged(facts) else { return exhibits };
    if let [record] = &at.records[..] {
        let all = record.record.as_ref().and_then(Record::all).map(|(term, _)| term.span);
        let matched = facts.spf.as_ref().and_then(|c| c.matched.as_deref());
        let decided = matched.and_then(|m| record.text.rfind(m).map(|n| Span::new(n, n + m.len())));
        // What this record says, which need not be what it said then.
        let says = facts.spf.as_ref().and_then(|c| c.result).map_or(word, |result| result.word());
        exhibits.extend(record_exhibit(facts, at, 0, decided.or(all), format!("decides: {says}")));
    } else if let Some(outcome) = at.outcome.filter(|_| at.records.is_empty()) {
        exhibits.push(Exhibit::dns(&txt(&at.domain), outcome_words(outcome), None, "what DNS says today"));
    }
    exhibits
}

fn forwarder(owner: &Owner) -> Option<Exhibit> {
    match owner {
        Owner::Forwarder(Some(span)) => Some(Exhibit::input(*span, "the mark of a forwarder or list")),
        _ => None,
    }
}

/// What to ask, and what it must show.
fn check(facts: &Facts, domain: &str, owner: &Owner) -> (String, String) {
    let message = || "postdoc diagnose new-message.eml".to_owned();
    if let Some(provider) = freemail::provider(domain) {
        return (
            message(),
            format!("spf=pass for {domain} if {} sent it, else for a domain of your own", provider.name),
        );
    }
    match owner {
        // No record is to cover it.
        Owner::Forwarder(_) => {
            let from = facts.reading.from_domain().unwrap_or(domain);
            (message(), format!("a new message forwarded the same way shows dkim=pass for {from}"))
        }
        Owner::Platform(platform) if names_no_include(platform) => {
            (message(), "a new message shows spf=pass".to_owned())
        }
        _ => {
            let whom = source_ip(facts).map_or_else(|| "the server".to_owned(), |ip| ip.to_string());
            let expect =
                format!("one record that begins v=spf1 and covers {whom}; a new message shows spf=pass for {domain}");
            (txt(domain).dig(), expect)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, after, message, platform};
    use super::*;
    use crate::evidence::{Kind, Outcome};
    use crate::facts::dkim::forensics::Proof;
    use crate::facts::lists::Lists;
    use crate::knowledge::Platform;
    use crate::knowledge::platform::Marks;

    fn refused() -> Scene {
        message("news@example.com", "bounce@example.com", "192.0.2.4")
            .txt("example.com", &["v=spf1 ip4:192.0.2.1 ~all", "site=1"])
    }

    #[test]
    fn the_receivers_word_is_certain_and_ours_is_likely() {
        let finding = refused().reported("softfail").found(&RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Critical, Confidence::Certain));
        assert_eq!(finding.leads_to, ["dmarc-unaligned"]);
        let finding = refused().found(&RULE);
        assert_eq!(finding.confidence, Confidence::Likely);
    }

    #[test]
    fn the_fix_for_an_own_server_merges() {
        let finding = refused().reverse("mta.example.com").reported("fail").found(&RULE);
        assert_eq!(after(&finding), ["v=spf1 ip4:192.0.2.1 ip4:192.0.2.4 ~all", "site=1"]);
        assert!(finding.fix.unwrap().summary.starts_with("Add 192.0.2.4"));
    }

    #[test]
    fn the_new_term_stands_before_the_one_that_refused() {
        let own = |record: &str| {
            let scene = message("a@example.com", "a@example.com", "192.0.2.4").txt("example.com", &[record]);
            scene.reverse("mta.example.com").reported("fail").found(&RULE)
        };
        let finding = own("v=spf1 -ip4:192.0.2.0/24 ip4:198.51.100.1 ~all");
        assert_eq!(after(&finding), ["v=spf1 ip4:192.0.2.4 -ip4:192.0.2.0/24 ip4:198.51.100.1 ~all"]);
        assert!(finding.explanation.contains("The term -ip4:192.0.2.0/24 in it refuses"), "{}", finding.explanation);
        assert!(finding.fix.unwrap().steps[0].contains("before -ip4:192.0.2.0/24"));
        // What shuts out this very server goes, where it is to be let in.
        let finding = own("v=spf1 -ip4:192.0.2.4 ip4:192.0.2.0/24 ~all");
        assert_eq!(after(&finding), ["v=spf1 ip4:192.0.2.0/24 ~all"]);
        assert_eq!(after(&own("v=spf1 -ip4:192.0.2.4 ~all")), ["v=spf1 ip4:192.0.2.4 ~all"]);
    }

    fn ten(own: &str) -> String {
        let includes: String = (0..10).map(|n| format!("include:i{n}.test ")).collect();
        format!("v=spf1 {includes}{own}-all")
    }

    fn full(scene: Scene) -> Scene {
        (0..10).fold(scene.txt("example.com", &[&ten("")]), |s, n| s.txt(&format!("i{n}.test"), &["v=spf1 -all"]))
    }

    #[test]
    fn at_ten_lookups_an_address_is_added_and_an_include_is_not() {
        let scene = || full(message("a@example.com", "a@example.com", "192.0.2.4").reported("fail"));
        assert_eq!(after(&scene().reverse("mta.example.com").found(&RULE)), [ten("ip4:192.0.2.4 ")]);
        let esp =
            platform(Platform { spf: vec!["include:esp.test".into()], name: "Mailer".into(), ..Platform::default() });
        let fix = scene().platform(esp).txt("esp.test", &["v=spf1 ip4:192.0.2.0/24 ~all"]).found(&RULE).fix.unwrap();
        assert!(fix.steps[0].starts_with("Make room first"), "{fix:?}");
        // What is left is the last resort, and says so.
        assert_eq!(fix.records[0].after, [crate::remedy::text(&ten("ip4:192.0.2.0/24 "))]);
        assert!(fix.upkeep.is_some_and(|upkeep| upkeep.starts_with("Whoever runs include:esp.test")));
    }

    #[test]
    fn what_is_dead_makes_room_for_an_include() {
        let esp =
            platform(Platform { spf: vec!["include:esp.test".into()], name: "Mailer".into(), ..Platform::default() });
        let scene = full(message("a@example.com", "a@example.com", "192.0.2.4").reported("fail")).platform(esp);
        let scene = scene.txt("example.com", &[&ten("").replace("include:i0.test", "a:gone.test")]);
        let scene = scene.host("gone.test", &[]).txt("esp.test", &["v=spf1 ip4:192.0.2.0/24 ~all"]);
        let finding = scene.found(&RULE);
        assert_eq!(after(&finding), [ten("include:esp.test ").replace("include:i0.test ", "")]);
        let fix = finding.fix.unwrap();
        assert!(fix.upkeep.is_none() && fix.steps[1].contains("a:gone.test (nothing is there)"), "{fix:?}");
    }

    #[test]
    fn a_term_that_does_not_cure_is_not_proposed() {
        let esp =
            platform(Platform { spf: vec!["include:esp.test".into()], name: "Mailer".into(), ..Platform::default() });
        for record in ["v=spf1 include:esp.test -all", "v=spf1 -all"] {
            let scene = message("a@example.com", "a@example.com", "192.0.2.4").reported("fail").platform(esp);
            let scene = scene.txt("example.com", &[record]).txt("esp.test", &["v=spf1 ip4:198.51.100.0/24 ~all"]);
            let fix = scene.found(&RULE).fix.unwrap();
            assert!(fix.records.is_empty() && format!("{fix:?}").contains("does not cure"), "{fix:?}");
        }
    }

    #[test]
    fn the_fix_for_an_unknown_server_is_conditional() {
        let finding = refused().reported("fail").found(&RULE);
        assert!(finding.fix.unwrap().summary.starts_with("Only if 192.0.2.4 is your server"));
    }

    #[test]
    fn a_strangers_server_gets_no_record() {
        let stranger = || refused().helo("vps17.hoster.test").reported("fail");
        let fix = stranger().found(&RULE).fix.unwrap();
        assert!(fix.records.is_empty() && fix.summary.contains("is not yours, change nothing"), "{}", fix.summary);
        // So does one that held, where what was changed since is proven; a guess at the change does not.
        let altered = |proof| stranger().dkim_altered("example.com", proof).found(&RULE);
        let finding = altered(Proof::RestoredHash);
        assert!(
            finding.explanation.contains("yet it began as yours, for its signature fits once"),
            "{}",
            finding.explanation
        );
        assert!(finding.fix.unwrap().summary.contains("is no server you send through, change nothing"));
        assert_eq!((finding.severity, finding.leads_to), (Severity::Critical, vec!["dmarc-unaligned"]));
        assert!(altered(Proof::Likely).explanation.contains("someone else sent in your name"));
        let foreign = stranger().dkim_altered("example.net", Proof::SentCopy).found(&RULE);
        assert!(foreign.explanation.contains("someone else sent in your name"));
        // A signature that holds speaks for a relay or a forwarder.
        let finding = stranger().dkim_pass("example.com").found(&RULE);
        assert!(finding.explanation.contains("somebody forwarded"), "{}", finding.explanation);
        assert!(finding.fix.unwrap().records.is_empty());
    }

    #[test]
    fn a_platform_is_allowed_by_its_include() {
        let esp = platform(Platform {
            name: "Mailer".to_owned(),
            spf: vec!["include:_spf.mailer.example".to_owned()],
            ..Platform::default()
        });
        let finding = refused().platform(esp).reported("fail").found(&RULE);
        assert_eq!(after(&finding)[0], "v=spf1 ip4:192.0.2.1 include:_spf.mailer.example ~all");
    }

    #[test]
    fn a_forwarder_is_never_added() {
        let mut scene = refused().dkim_pass("example.com").reported("fail");
        scene.reading.lists = Lists { forwarder: vec![Span::new(1, 2)], ..Lists::default() };
        let finding = scene.found(&RULE);
        assert_eq!(finding.severity, Severity::Info);
        assert!(finding.fix.unwrap().records.is_empty());
    }

    #[test]
    fn dkim_that_carries_lowers_it() {
        let finding = refused().dkim_pass("mail.example.com").reported("fail").found(&RULE);
        assert_eq!(finding.severity, Severity::Low);
        assert!(finding.leads_to.is_empty());
        // One that verifies here, where the receiver does not say.
        let finding = refused().dkim_verifies("example.com").reported("softfail").found(&RULE);
        assert_eq!((finding.severity, finding.leads_to.len()), (Severity::Low, 0));
        assert!(finding.explanation.contains("A DKIM signature verifies for example.com"), "{}", finding.explanation);
        let finding = refused().dkim_verifies("example.net").reported("softfail").found(&RULE);
        assert_eq!(finding.severity, Severity::Critical);
    }

    #[test]
    fn a_foreign_return_path_cannot_be_changed_by_the_sender() {
        let finding = message("news@example.com", "b@mailer.example.net", "192.0.2.4")
            .txt("mailer.example.net", &["v=spf1 -all"])
            .reported("fail")
            .found(&RULE);
        assert_eq!(finding.severity, Severity::High);
        assert!(finding.fix.unwrap().records.is_empty());
    }

    /// Mail to the domain goes through the service that delivered the message.
    #[test]
    fn a_gateway_on_the_way_out_is_no_strangers() {
        let out = || refused().helo("eu-smtp-delivery-1.mimecast.com").reported("fail");
        let found = out().mx("example.com", "eu-smtp-inbound-1.mimecast.com").found(&RULE);
        assert!(found.explanation.contains("Mimecast") && !found.explanation.contains("nothing in the message"));
        let fix = found.fix.unwrap();
        assert!(fix.summary.contains("leaves through Mimecast") && fix.records.is_empty(), "{}", fix.summary);
        let elsewhere = out().mx("example.com", "mx.example.com").found(&RULE);
        assert!(elsewhere.explanation.contains("nothing in the message or in DNS ties it"));
    }

    #[test]
    fn a_platform_is_not_allowed_for_a_strangers_server_in_between() {
        let sender = platform(Platform {
            name: "Sender".into(),
            kind: "mailbox".into(),
            spf: vec!["include:_spf.sender.test".into()],
            marks: Marks { received: vec!["*.sender.test".into()], ..Marks::default() },
            ..Platform::default()
        });
        let from = |helo: &str| {
            let scene = message("a@example.com", "a@example.com", "192.0.2.4").reported("fail").platform(sender);
            scene.txt("example.com", &["v=spf1 -all"]).helo(helo).found(&RULE)
        };
        for its in ["out1.sender.test", "mail.example.com", "localhost"] {
            assert_eq!(after(&from(its)), ["v=spf1 include:_spf.sender.test -all"], "{its}");
        }
        let fix = from("gw.stranger.test").fix.unwrap();
        assert!(!format!("{fix:?}").contains("sender.test"), "{fix:?}");
    }

    #[test]
    fn a_mailbox_providers_record_is_left_to_it() {
        let found = message("a@gmail.com", "a@gmail.com", "192.0.2.4").reported("softfail").found(&RULE);
        let fix = found.fix.unwrap();
        assert!(fix.summary.contains("Gmail") && fix.records.is_empty());
        assert!(!found.check.unwrap().command.starts_with("dig"));
    }

    #[test]
    fn repaired_since() {
        let finding = message("a@example.com", "a@example.com", "192.0.2.1")
            .txt("example.com", &["v=spf1 ip4:192.0.2.1 -all"])
            .reported("fail")
            .found(&RULE);
        assert_eq!(finding.severity, Severity::Low);
        assert_eq!(finding.title, "SPF of example.com allows 192.0.2.1 now, but did not then");
        assert!(finding.fix.unwrap().records.is_empty());
    }

    #[test]
    fn behind_an_alias_or_unanswered_no_record_is_proposed() {
        let scene = message("a@example.com", "a@em.example.com", "192.0.2.4");
        let finding = scene.aliased("em.example.com", "u1.mailer.test", &["v=spf1 -all"]).reported("fail").found(&RULE);
        assert!(finding.fix.unwrap().records.is_empty());
        let finding = message("a@example.com", "a@example.com", "192.0.2.4").reported("fail").found(&RULE);
        assert!(finding.fix.unwrap().records.is_empty());
    }

    #[test]
    fn a_private_address_is_never_added() {
        let finding = message("a@example.com", "a@example.com", "10.1.2.3")
            .txt("example.com", &["v=spf1 -all"])
            .reverse("mta.example.com")
            .found(&RULE);
        assert!(finding.fix.unwrap().records.is_empty());
    }

    #[test]
    fn quiet_otherwise() {
        refused().reported("pass").passes(&RULE);
        message("a@example.com", "a@example.com", "192.0.2.1")
            .txt("example.com", &["v=spf1 ip4:192.0.2.1 -all"])
            .passes(&RULE);
        Scene::default().not_applicable(&RULE);
        assert!(
            message("a@example.com", "a@example.com", "192.0.2.1").unknown(&RULE)[0].needs.words().starts_with("dig")
        );
        assert!(message("a@example.com", "a@example.com", "").unknown(&RULE)[0].needs.words().contains("--ip"));
        message("a@example.com", "a@example.com", "192.0.2.1")
            .fails("example.com", Kind::Txt, Outcome::ServFail)
            .unknown(&RULE);
    }

    #[test]
    fn what_failed_is_what_is_asked_for() {
        for (record, kind) in [("include:_spf.esp.test", Kind::Txt), ("mx:_spf.esp.test", Kind::Mx)] {
            let scene = message("a@example.com", "a@example.com", "192.0.2.1")
                .txt("example.com", &[&format!("v=spf1 {record} -all")])
                .fails("_spf.esp.test", kind, Outcome::ServFail);
            let [gap] = &scene.unknown(&RULE)[..] else { panic!("one gap") };
            assert_eq!(gap.question(), "Does the SPF record of example.com allow the sending server?");
            assert_eq!(gap.needs.words(), format!("dig +short {kind} _spf.esp.test"));
        }
    }

    fn header(text: &str) -> Facts {
        crate::rules::testing::facts(text, crate::evidence::InputKind::Headers)
    }

    #[test]
    fn a_signature_that_did_not_count_carries_nothing() {
        let facts = header(
            "Return-Path: <news@many.example>\n\
             Received: from mta1.klaviyomail.com (mta1.klaviyomail.com. [198.51.100.200]) by mx.google.com with ESMTPS id a3\n \
             for <nina@gmail.com>; Wed, 04 Jun 2025 03:00:11 -0700 (PDT)\n\
             Authentication-Results: mx.google.com; dkim=pass header.i=@send.many.example header.s=kl header.b=Kl11aaAA;\n \
             spf=softfail smtp.mailfrom=news@many.example; dmarc=fail (p=QUARANTINE sp=NONE dis=NONE) header.from=many.example\n\
             DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=send.many.example; s=kl; h=from:to; b=Kl11aaAA;\n \
             bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\
             From: Many <news@many.example>\nTo: nina@gmail.com\nSubject: Launch\n",
        );
        let found = crate::rules::testing::only(judge(&facts));
        assert!(!found.explanation.contains("does not depend"), "{}", found.explanation);
        assert!(found.explanation.contains("adkim=s"), "{}", found.explanation);
        assert!(found.severity > Severity::Low, "{:?}", found.severity);
        let fix = found.fix.unwrap();
        let said = format!("{} {:?}", fix.summary, fix.steps);
        assert!(said.contains("needs no term") && !said.contains("Add what Klaviyo names"), "{said}");
        let check = found.check.unwrap();
        assert!(!check.expect.contains("covers") && check.command.contains("new-message"), "{check:?}");
    }

    #[test]
    fn behind_the_recipients_own_relay_nobody_wrote_in_the_senders_name() {
        let facts = header(
            "Received: from mx1.mail.example.org by store.mail.example.org with LMTP id 1; Thu, 5 Jun 2025 07:00:10 +0000\n\
             Authentication-Results: mx1.mail.example.org; spf=softfail smtp.mailfrom=hans@partner.example; dkim=none;\n \
             dmarc=fail header.from=partner.example\n\
             Received: from mail.contoso.example (mail.contoso.example [203.0.113.66]) by mx1.mail.example.org with ESMTPS id 2;\n \
             Thu, 5 Jun 2025 07:00:09 +0000\n\
             Received: from mail.partner.example (mail.partner.example [198.51.100.33]) by secgw.contoso.example with ESMTPS id 3\n \
             for <gina@contoso.example>; Thu,  5 Jun 2025 09:00:05 +0200\n\
             Return-Path: <hans@partner.example>\nFrom: Hans <hans@partner.example>\nTo: gina@contoso.example\n",
        );
        assert!(matches!(owner(&facts), Owner::Forwarder(None)));
        let found = crate::rules::testing::only(judge(&facts));
        assert!(found.explanation.contains("the recipient's own organization"), "{}", found.explanation);
        // Nothing is to be listed, so no record is waited for.
        let check = found.check.unwrap();
        assert!(
            !check.expect.contains("covers") && check.expect.contains("dkim=pass for partner.example"),
            "{check:?}"
        );
        assert!(found.fix.unwrap().steps[1].starts_with("Sign with DKIM"));
        let text = String::from_utf8_lossy(facts.text()).into_owned();
        let carried =
            text.replace("dkim=none", "dkim=pass header.d=partner.example").replace("dmarc=fail", "dmarc=pass");
        let fix = crate::rules::testing::only(judge(&header(&carried))).fix.unwrap();
        assert!(fix.summary.starts_with("Nothing to repair") && !format!("{fix:?}").contains("Sign with"), "{fix:?}");
        // A name that anybody may give himself is no relay of theirs.
        let greeted =
            text.replace("(mail.contoso.example [203", "([203").replace("by secgw.contoso.example", "by a.test");
        assert!(recipients_relay(&header(&greeted)).is_none(), "{greeted}");
    }
}
