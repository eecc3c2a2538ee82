//! Microsoft's verdict in words.

use super::verdict;
use crate::facts::antispam::{Field, Item, Leaning};
use crate::facts::received::Hop;
use crate::facts::reported::Compauth;
use crate::facts::{Facts, Reading};
use crate::knowledge::receiver::{self, Value};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule};

rule! {
    /// What Microsoft decided about this message
    ///
    /// ## What we saw
    /// Outlook.com or Microsoft 365 noted its verdict in the header: the filter's verdict (SFV), the
    /// kind of threat (CAT), the spam level (SCL), the bulk level (BCL) and whether it takes the sender
    /// for genuine (compauth).
    ///
    /// ## Why mail suffers
    /// An SCL of 0 or 1 is clean, and so is a BCL of 0 to 3; at SCL -1 the filter was skipped; from SCL 5
    /// on the message goes to Junk or quarantine. From a BCL above the organization's threshold (7 by default) on
    /// it counts as bulk mail with complaints. Each value says who decided: the filter, a rule of the organization, or the
    /// recipient's own list.
    ///
    /// ## How to fix it
    /// Where authentication is to blame (compauth fails, or passes by the reverse name alone; CAT:SPOOF), mend SPF, DKIM and DMARC first.
    /// Where the filter is, look at content, volume and complaints; a rule or a personal block list can
    /// only be changed on the recipient's side.
    ///
    /// ## How to check
    /// Send a new message and look at its X-Forefront-Antispam-Report: SFV:NSPM and SCL:1 mean that it
    /// went through.
    pub RULE = "ms-verdict-explained", Receiver, Info, judge,
    ["learn.microsoft.com: message headers in EOP and MDO", "learn.microsoft.com: spam confidence level, bulk complaint level"]
}

/// The keys that carry a verdict, in the order they are told.
const KEYS: [&str; 11] = ["SFV", "CAT", "organization-SCL", "SCL", "BCL", "SFTY", "dest", "OFR", "RF", "ucf", "jmr"];

/// Those of them that tell what the filter decided.
const DECIDED: [&str; 5] = ["SFV", "CAT", "organization-SCL", "SCL", "dest"];

fn judge(facts: &Facts) -> Verdict {
    let reading = &facts.reading;
    if reading.boundary.receiver.as_deref().is_some_and(|r| r != "microsoft") {
        return Verdict::NotApplicable;
    }
    let fields = reading.antispam.iter().filter(|f| f.vendor == "microsoft" && !f.untrusted);
    let own = is_own_exchange(facts);
    let fields = fields.filter(|f| !came_in(reading, f) || (own && is_of_organization(f)));
    let items: Vec<&Item> = fields.flat_map(|f| &f.items).collect();
    // The topmost of each, except that only values with a meaning are told.
    let mut told: Vec<&Item> =
        KEYS.iter().filter_map(|key| items.iter().copied().find(|i| i.key == *key && i.meaning.is_some())).collect();
    // Two fields hold an SCL; that of the organization is the one acted on.
    let set = verdict::is_set_by_organization(&told);
    let organization = told.iter().any(|i| i.key == "organization-SCL");
    told.retain(|i| !(organization && i.key == "SCL"));
    let compauth = reading.reported.compauth.as_ref().map(|c| (c, meaning(c)));
    if told.is_empty() && compauth.is_none() {
        return match reading.boundary.receiver {
            // It always notes its verdict: whoever copied the header left it out.
            Some(_) => Verdict::unknown(Gap::whole_header("What did Microsoft's filter decide?")),
            None => Verdict::NotApplicable,
        };
    }
    let silent = !told.iter().any(|i| DECIDED.contains(&&*i.key));
    let gap = silent.then(|| Gap::whole_header("What did Microsoft's filter decide?"));
    Verdict::of(vec![found(facts, &told, set, compauth)], gap.into_iter().collect())
}

/// Another server took the message over, and what stands below came in with it: Exchange Online stamps mail that leaves
/// it too. `DIR:INB` tells of a filter in front of a server of one's own.
fn came_in(reading: &Reading, field: &Field) -> bool {
    let hop = reading.boundary.hop.and_then(|hop| reading.hops.get(hop));
    let by = hop.and_then(|hop| hop.by.as_ref());
    let another = by.is_some_and(|by| receiver::of_host(&by.value).is_none_or(|r| r.id != "microsoft"));
    let all = reading.antispam.iter().filter(|f| f.vendor == "microsoft").flat_map(|f| &f.items);
    let inbound = || all.clone().any(|i| i.key == "DIR" && matches!(&*i.value, "INB" | "INT"));
    another && hop.is_some_and(|hop| hop.field < field.field) && !inbound()
}

/// A field that Exchange removes from what comes in, and writes itself.
fn is_of_organization(field: &Field) -> bool {
    field.items.iter().any(|i| i.key == "organization-SCL")
}

/// Did an Exchange server of the recipient's own take the message over, and note itself as the one that judged?
fn is_own_exchange(facts: &Facts) -> bool {
    let (reading, text) = (&facts.reading, facts.text());
    let Some(source) = reading.header.first(text, "X-MS-Exchange-Organization-AuthSource") else { return false };
    let source = source.value.of(text).trim_ascii();
    let taken = reading.hops.iter().skip(reading.boundary.hop.unwrap_or(usize::MAX));
    let exchange = |hop: &&Hop| hop.with.as_ref().is_some_and(|with| with.value == "MICROSOFT SMTP SERVER");
    let names = |hop: &Hop| hop.by.as_ref().is_some_and(|by| by.value.as_bytes().eq_ignore_ascii_case(source));
    taken.filter(exchange).any(names)
}

/// The row for a composite authentication: by its reason, else by its result.
fn meaning(compauth: &Compauth) -> Option<&'static Value> {
    let row = |key: &str, value: &str| receiver::find("microsoft")?.row("Authentication-Results", key, value);
    compauth.reason.as_deref().and_then(|r| row("compauth reason", r)).or_else(|| row("compauth", &compauth.result))
}

fn found(facts: &Facts, told: &[&Item], set: bool, compauth: Option<(&Compauth, Option<&'static Value>)>) -> Finding {
    let leaning = |leaning| told.iter().filter(move |i| verdict::leaning(i) == Some(leaning));
    let spam: Vec<String> = leaning(Leaning::Bad).map(|i| verdict::written(i)).collect();
    let warned = leaning(Leaning::Warn).next().is_some()
        || compauth.is_some_and(|(c, row)| c.result != "pass" || row.is_some_and(|r| r.leaning == Leaning::Warn));
    // Of the filter's own, not of what the mailbox did afterwards.
    let of_mailbox = |i: &&&Item| matches!(&*i.key, "OFR" | "ucf" | "dest" | "jmr" | "RF");
    let reserved = leaning(Leaning::Warn).any(|i| !of_mailbox(&i))
        || compauth.is_some_and(|(c, row)| c.result != "pass" || row.is_some_and(|r| r.leaning == Leaning::Warn));
    let failed = compauth.is_some_and(|(c, _)| c.result == "fail");
    let clean = leaning(Leaning::Good).any(|i| DECIDED.contains(&&*i.key));
    let by_ptr = compauth.is_some_and(|(c, _)| is_by_ptr(facts, c));
    let held = held(told, compauth.map(|(c, _)| c), set);
    let exchange = is_own_exchange(facts) && told.iter().all(|i| i.key == "organization-SCL") && compauth.is_none();
    let who = if exchange { "The recipient's Exchange server" } else { "Microsoft" };
    let title = match (spam.is_empty(), failed, warned) {
        _ if held.is_some() => held.unwrap_or_default().to_owned(),
        (true, false, _) if by_ptr => "Microsoft let this through by the server's reverse name alone".to_owned(),
        (false, ..) => shorten(format!("{who} marked this message: {}", spam.join(", "))),
        (true, true, _) => "Microsoft does not take the sender for genuine".to_owned(),
        (true, false, _) if says(told, "SFV", &["SKQ"]) => "It was released from Microsoft's quarantine".to_owned(),
        (true, false, _) if is_skipped(told) => "Microsoft's filter was skipped for this message".to_owned(),
        (true, false, true) if verdict::is_moved_by_mailbox(told) && !reserved => {
            "Microsoft found this clean; a rule of the mailbox moved it".to_owned()
        }
        (true, false, true) => "Microsoft let this message through, with reservations".to_owned(),
        (true, false, false) if says(told, "dest", &["I"]) || clean => format!("{who} found this message clean"),
        (true, false, false) if compauth.is_some() => {
            "Microsoft takes the sender for genuine; its filter's word is not here".to_owned()
        }
        (true, false, false) => "Microsoft's filter left no word on spam in this header".to_owned(),
    };
    let mut lines: Vec<String> = told
        .iter()
        .filter_map(|i| Some(format!("{} means: {}.", verdict::written(i), i.meaning.as_ref()?.text)))
        .collect();
    if let Some((c, row)) = compauth {
        let reason = c.reason.as_ref().map_or(String::new(), |r| format!(" reason={r}"));
        let text = row.map_or("Microsoft documents no meaning for this", |r| &r.meaning);
        lines.push(format!("compauth={}{reason} means: {text}.", c.result));
        if by_ptr {
            lines.push(
                "This is good today and fragile: it rests on the server's reverse name alone, so another server, or \
                 another receiver, may not pass it. Let SPF or DKIM pass in the From domain."
                    .to_owned(),
            );
        }
    }
    let complained = spam.is_empty() && says(told, "BCL", &["8", "9"]);
    let mut finding = Finding::new(&RULE, title)
        .severity(match held {
            Some(_) => Severity::Medium,
            None if by_ptr || complained => Severity::Low,
            None => RULE.severity,
        })
        .sure(
            Confidence::Certain,
            "Microsoft wrote these values itself, and documents them or their use is well known.",
        )
        .explain(lines.join(" "))
        .exhibits(told.iter().map(|i| verdict::exhibit(i)))
        .check("send a new message and paste its header here", "X-Forefront-Antispam-Report says SFV:NSPM and SCL:1");
    if let Some((c, row)) = compauth {
        finding = finding.exhibit(Exhibit::input(c.span, row.map_or("composite authentication", |r| &r.meaning)));
    }
    if by_ptr && spam.is_empty() {
        finding =
            finding.fix(Remedy::new("Let SPF or DKIM pass in the From domain.").step(
                "Publish SPF for the Return-Path domain and sign with DKIM as the From domain; then publish DMARC.",
            ));
    }
    if let Some(step) = step(told, compauth.map(|(c, _)| c), set).filter(|_| failed || complained || !spam.is_empty()) {
        finding = finding.fix(Remedy::new("Act on what decided.").step(step));
    }
    finding
}

/// What the receiving side decided, whatever the filter found and authentication proved: who reads only the headline has to
/// know that it lies in Junk, or nowhere.
fn held(told: &[&Item], compauth: Option<&Compauth>, set: bool) -> Option<&'static str> {
    let title = if compauth.is_some_and(is_forbidden) {
        "The recipient's organization forbids this sender to use its From domain"
    } else if says(told, "SFV", &["BLK"]) {
        "The recipient has blocked the sender: Microsoft kept it from the inbox"
    } else if says(told, "SFV", &["SKB"]) {
        "The recipient's organization blocks the sender: it counts as spam"
    } else if says(told, "SFV", &["SKS"]) {
        "A mail-flow rule of the recipient's organization marked it as spam"
    } else if set {
        "The recipient's organization marks it as spam, which the filter did not"
    } else if says(told, "dest", &["J"]) && verdict::is_moved_by_mailbox(told) {
        "Microsoft found it clean, and the recipient's mailbox put it into Junk"
    } else {
        return None;
    };
    Some(title)
}

/// An entry of an administrator's, not a failure: 002 stands beside passes of SPF, DKIM and DMARC too.
fn is_forbidden(compauth: &Compauth) -> bool {
    compauth.result == "fail" && compauth.reason.as_deref() == Some("002")
}

/// Passed by the reverse name of the server, where SPF and DKIM proved nothing. Microsoft's table gives 111 for an aligned
/// pass under a DMARC error, its guide for operators for the reverse name: what else it wrote tells which.
fn is_by_ptr(facts: &Facts, compauth: &Compauth) -> bool {
    let reported = facts.reading.reported.dmarc.as_ref().map(|d| d.result.as_str());
    let error = matches!(reported, Some("temperror" | "permerror"));
    let proven = reported == Some("pass") || facts.alignment.dmarc == Some(true);
    matches!(compauth.result.as_str(), "pass" | "softpass")
        && match compauth.reason.as_deref() {
            Some("103" | "104" | "116" | "201" | "202") => !proven,
            Some("111") => !error && facts.alignment.dmarc == Some(false),
            _ => false,
        }
}

fn says(told: &[&Item], key: &str, values: &[&str]) -> bool {
    told.iter().any(|i| i.key == key && values.contains(&&*i.value))
}

/// Let through without the filter having looked: that is not clean.
fn is_skipped(told: &[&Item]) -> bool {
    says(told, "SFV", &["SKA", "SFE", "SKN", "SKI"])
        || says(told, "organization-SCL", &["-1"])
        || says(told, "SCL", &["-1"])
}

/// What to do, by what decided; `set` where the organization's own level did.
fn step(told: &[&Item], compauth: Option<&Compauth>, set: bool) -> Option<&'static str> {
    let says = |key: &str, values: &[&str]| says(told, key, values);
    let step = if compauth.is_some_and(is_forbidden) {
        "Ask the recipient's administrator to lift the entry against this sender (spoofed senders in the Tenant Allow/Block List): only they can."
    } else if compauth.is_some_and(|c| c.result == "fail") || says("CAT", &["SPOOF"]) {
        "Let SPF or DKIM pass in the From domain, and publish DMARC: Microsoft could not tie this message to its sender."
    } else if says("SFV", &["BLK"]) {
        "Ask the recipient to take the sender off their blocked list; nothing on the sending side changes this."
    } else if says("SFV", &["SKB", "SKS"]) {
        "Ask the recipient's administrator: a policy or a mail-flow rule marked it before the filter looked."
    } else if set {
        "Ask the recipient's administrator: the filter found no spam; likelier a mail-flow rule of theirs set the level."
    } else if verdict::is_moved_by_mailbox(told) {
        "Ask the recipient: the filter found no spam, a rule or the junk settings of their own mailbox moved it."
    } else if says("CAT", &["MALW", "AMP", "FTBP", "SAP"]) {
        "Look at the attachments: one of them is taken for malware or of a blocked kind."
    } else if says("CAT", &["DIMP", "UIMP", "GIMP", "BIMP"]) {
        "Ask the recipient's administrator to trust the sender, or change the display name: it looks like somebody else's."
    } else if says("CAT", &["PHSH", "HPHSH", "HPHISH", "INTOS"]) {
        "Look at the links, the display name and the domains in the message: something looks like someone else's."
    } else if says("CAT", &["BULK"]) || (says("BCL", &["8", "9"]) && !says("SFV", &["SPM"])) {
        "Write only to people who want this mail, and make leaving easy: it counts as bulk with complaints."
    } else if told.iter().all(|i| i.key == "organization-SCL") {
        "Look at content, links and volume, and ask the recipient's administrator: their Exchange server gave the level."
    } else if told.iter().any(|i| verdict::leaning(i) == Some(Leaning::Bad)) {
        "Look at content, links, volume and complaints; SNDS shows what Outlook.com thinks of the sending address."
    } else {
        return None;
    };
    Some(step)
}

/// At most 70 characters.
fn shorten(title: String) -> String {
    match title.char_indices().nth(69) {
        Some((n, _)) if title.chars().count() > 70 => format!("{}…", title.get(..n).unwrap_or_default()),
        _ => title,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Place;
    use crate::rules::receiver::testing::{facts, only, passed};
    use crate::span::Span;

    fn compauth(result: &str, reason: &str) -> Option<Compauth> {
        Some(Compauth { result: result.into(), reason: Some(reason.into()), span: Span::new(0, 8) })
    }

    #[test]
    fn spam_is_told_in_words() {
        let f = facts(
            "X-Forefront-Antispam-Report: CIP:192.0.2.1;SFV:SPM;SCL:5;CAT:HSPM;DIR:INB\r\nX-Microsoft-Antispam: BCL:2;\r\n",
            |_| {},
        );
        let finding = only(judge(&f));
        assert_eq!(finding.title, "Microsoft marked this message: SFV:SPM, CAT:HSPM, SCL:5");
        assert_eq!(finding.severity, Severity::Info);
        for part in ["SFV:SPM means: the filter marked it as spam", "BCL:2 means", "Junk"] {
            assert!(finding.explanation.contains(part), "{}", finding.explanation);
        }
        assert!(finding.fix.is_some());
        let Place::Input(span) = finding.exhibits[0].place else { panic!() };
        assert_eq!(span.of(f.text()), b"SFV:SPM");
    }

    #[test]
    fn what_was_stamped_on_the_way_out_is_not_the_receivers() {
        use crate::evidence::InputKind;
        use crate::rules::content::testing::facts_of;
        let text = "Authentication-Results: mx.inbox.test; dkim=pass header.d=example.com\r\n\
            Received: from x.outbound.protection.outlook.com (x.outbound.protection.outlook.com [40.92.89.18]) by mx.inbox.test with ESMTPS id 1; Tue, 2 Jun 2026 10:00:09 +0000\r\n\
            X-Microsoft-Antispam: BCL:0;\r\nFrom: ann@example.com\r\nTo: bob@inbox.test\r\n";
        assert!(matches!(judge(&facts_of(text, InputKind::Headers)), Verdict::NotApplicable));
        // A filter in front of a server of one's own says that the mail came in.
        let inbound = text.replace("BCL:0;", "BCL:0;\r\nX-Forefront-Antispam-Report: SFV:SPM;SCL:5;DIR:INB;");
        assert!(only(judge(&facts_of(&inbound, InputKind::Headers))).title.contains("SFV:SPM"));
    }

    #[test]
    fn an_exchange_server_of_ones_own_is_believed_where_it_names_itself() {
        use crate::evidence::InputKind;
        use crate::rules::content::testing::facts_of;
        let text = "Received: from mx1.example.com (192.0.2.1) by EXCH01.inbox.test (10.0.0.5) with Microsoft SMTP Server id 15.2.1118.40 via Frontend Transport; Tue, 2 Jun 2026 10:00:09 +0000\r\n\
            From: ann@example.com\r\nTo: bob@inbox.test\r\nX-MS-Exchange-Organization-AuthSource: exch01.inbox.test\r\n\
            X-MS-Exchange-Organization-SCL: 6\r\n";
        let title = |text: &str| only(judge(&facts_of(text, InputKind::Headers))).title;
        assert_eq!(title(text), "The recipient's Exchange server marked this message: SCL:6");
        assert_eq!(
            title(&text.replace("SCL: 6", "SCL: 1")),
            "The recipient's Exchange server found this message clean"
        );
        // Another server took it over, or Exchange elsewhere had it before.
        for other in
            [text.replace("Microsoft SMTP Server", "ESMTP"), text.replace("Source: exch01.inbox", "Source: x.sender")]
        {
            assert!(matches!(judge(&facts_of(&other, InputKind::Headers)), Verdict::NotApplicable), "{other}");
        }
    }

    #[test]
    fn levels_up_to_one_and_little_bulk_are_clean() {
        for scl in ["-1", "0", "1"] {
            let text =
                format!("X-Forefront-Antispam-Report: SFV:NSPM;SCL:{scl};CAT:NONE\r\nX-Microsoft-Antispam: BCL:3;\r\n");
            let f = facts(&text, |r| r.reported.compauth = compauth("pass", "100"));
            let finding = only(judge(&f));
            let clean = if scl == "-1" {
                "Microsoft's filter was skipped for this message"
            } else {
                "Microsoft found this message clean"
            };
            assert_eq!(finding.title, clean, "SCL {scl}");
            assert!(finding.fix.is_none());
        }
    }

    #[test]
    fn a_genuine_sender_is_no_clean_message() {
        let f = facts("X-Forefront-Antispam-Report-Untrusted: SFV:SPM;SCL:5;DIR:OUT\r\n", |r| {
            r.reported.compauth = compauth("pass", "100");
        });
        let Verdict::Found(found) = judge(&f) else { panic!() };
        assert_eq!(found[0].title, "Microsoft takes the sender for genuine; its filter's word is not here");
        let bulk = facts("X-Microsoft-Antispam: BCL:0;\r\n", |_| {});
        let Verdict::Found(found) = judge(&bulk) else { panic!() };
        assert_eq!(found[0].title, "Microsoft's filter left no word on spam in this header");
    }

    #[test]
    fn what_was_not_looked_at_is_not_called_clean() {
        for (sfv, title) in [
            ("SKN", "Microsoft's filter was skipped for this message"),
            ("SFE", "Microsoft's filter was skipped for this message"),
            ("SKQ", "It was released from Microsoft's quarantine"),
        ] {
            let f = facts(&format!("X-Forefront-Antispam-Report: SFV:{sfv};SCL:-1\r\n"), |_| {});
            assert_eq!(only(judge(&f)).title, title, "{sfv}");
        }
    }

    #[test]
    fn what_a_rule_of_the_mailbox_moved_was_clean() {
        let title = |filter: &str| {
            let text = format!(
                "X-Forefront-Antispam-Report: {filter}\r\nX-Microsoft-Antispam-Mailbox-Delivery: ucf:1;jmr:0;auth:0;dest:C;OFR:CustomRules;\r\n"
            );
            only(judge(&facts(&text, |_| {}))).title
        };
        assert_eq!(title("SFV:NSPM;SCL:1;CAT:NONE"), "Microsoft found this clean; a rule of the mailbox moved it");
        assert!(title("SFV:SPM;SCL:5;CAT:SPM").starts_with("Microsoft marked this message"));
    }

    #[test]
    fn many_complaints_are_a_warning_and_no_spam_verdict() {
        let f =
            facts("X-Forefront-Antispam-Report: SFV:NSPM;SCL:1;CAT:NONE\r\nX-Microsoft-Antispam: BCL:8;\r\n", |_| {});
        let finding = only(judge(&f));
        assert_eq!(finding.title, "Microsoft let this message through, with reservations");
        assert_eq!(finding.severity, Severity::Low);
        assert!(finding.fix.unwrap().steps[0].starts_with("Write only to people who want this mail"));
    }

    #[test]
    fn who_decided_is_who_can_change_it() {
        let step = |text: &str| only(judge(&facts(text, |_| {}))).fix.unwrap().steps.remove(0);
        let clean = "X-Forefront-Antispam-Report: SFV:NSPM;SCL:1;CAT:NONE\r\n";
        let moved = "X-Microsoft-Antispam-Mailbox-Delivery: ucf:1;jmr:1;auth:0;dest:J;OFR:CustomRules;\r\n";
        let junk = "X-Microsoft-Antispam-Mailbox-Delivery: ucf:0;jmr:1;auth:0;dest:J;RF:JunkEmail;\r\n";
        let filter = "X-Microsoft-Antispam-Mailbox-Delivery: ucf:0;jmr:1;auth:0;dest:J;OFR:SpamFilterAuthJ;\r\n";
        assert!(step(&format!("{clean}{junk}")).starts_with("Ask the recipient:"));
        assert!(step(&format!("{clean}{filter}")).starts_with("Look at content"));
        assert!(step(&format!("{clean}{moved}")).starts_with("Ask the recipient:"));
        assert!(
            step(&format!("X-MS-Exchange-Organization-SCL: 9\r\n{clean}"))
                .starts_with("Ask the recipient's administrator")
        );
        assert!(step(moved).starts_with("Look at content"), "what the filter found is not known");
        let spam = "X-Forefront-Antispam-Report: SFV:SPM;SCL:5;CAT:SPM\r\n";
        assert!(step(&format!("X-MS-Exchange-Organization-SCL: 5\r\n{spam}{moved}")).starts_with("Look at content"));
    }

    #[test]
    fn a_pass_by_the_reverse_name_alone_is_good_with_a_warning() {
        for (result, reason) in [("pass", "103"), ("pass", "116"), ("softpass", "202")] {
            let f = facts("From: a@example.com\r\n", |r| r.reported.compauth = compauth(result, reason));
            let finding = only(judge(&f));
            assert_eq!(finding.title, "Microsoft let this through by the server's reverse name alone", "{reason}");
            assert_eq!(finding.severity, Severity::Low);
            assert!(finding.explanation.contains("reverse name"), "{}", finding.explanation);
            assert!(finding.fix.is_some());
        }
    }

    #[test]
    fn reason_111_is_read_by_what_stands_beside_it() {
        let title = |dmarc: &str, aligned: Option<bool>| {
            let mut f = facts("From: a@example.com\r\n", |r| {
                passed(r);
                r.reported.dmarc.as_mut().unwrap().result = dmarc.into();
                r.reported.compauth = compauth("pass", "111");
            });
            f.alignment.dmarc = aligned;
            only(judge(&f)).title
        };
        let reserved = "Microsoft let this message through, with reservations";
        assert_eq!(title("temperror", Some(true)), reserved);
        assert_eq!(title("permerror", Some(false)), reserved);
        assert_eq!(title("none", None), reserved, "nothing tells which");
        assert_eq!(title("none", Some(false)), "Microsoft let this through by the server's reverse name alone");
    }

    #[test]
    fn every_reason_means_what_microsoft_documents() {
        for (result, reason, means) in [
            ("pass", "104", "PTR"),
            ("pass", "108", "changed the body"),
            ("pass", "112", "did not answer in time"),
            ("pass", "703", "not enforced"),
            ("none", "502", "a message that this organization sent"),
            ("none", "905", "through other servers"),
        ] {
            let row = meaning(&compauth(result, reason).unwrap()).unwrap();
            assert!(row.meaning.contains(means), "{reason}: {}", row.meaning);
        }
    }

    #[test]
    fn a_failed_composite_authentication_points_at_authentication() {
        let f = facts("From: a@example.com\r\n", |r| r.reported.compauth = compauth("fail", "001"));
        let finding = only(judge(&f));
        assert_eq!(finding.title, "Microsoft does not take the sender for genuine");
        assert!(finding.fix.unwrap().steps[0].contains("SPF or DKIM"));
    }

    #[test]
    fn what_an_administrator_forbids_no_record_cures() {
        let f = facts("X-Forefront-Antispam-Report: SFV:SPM;SCL:5;CAT:SPOOF;DIR:INB\r\n", |r| {
            passed(r);
            r.reported.compauth = compauth("fail", "002");
        });
        let finding = only(judge(&f));
        assert_eq!(finding.severity, Severity::Medium);
        assert!(finding.title.contains("forbids this sender"), "{}", finding.title);
        let step = &finding.fix.unwrap().steps[0];
        assert!(step.contains("Tenant Allow/Block List") && !step.contains("DMARC"), "{step}");
    }

    #[test]
    fn what_lies_in_junk_is_told_in_the_headline() {
        let told = |text: &str| {
            let finding = only(judge(&facts(text, passed)));
            (finding.severity, finding.title)
        };
        let moved = "X-Forefront-Antispam-Report: SFV:NSPM;SCL:1;CAT:NONE\r\nX-Microsoft-Antispam-Mailbox-Delivery: ";
        for (text, title) in [
            ("X-Forefront-Antispam-Report: SFV:BLK;SCL:6;CAT:NONE\r\n".to_owned(), "The recipient has blocked"),
            (
                "X-Forefront-Antispam-Report: SFV:SKB;SCL:-1;CAT:NONE\r\n".to_owned(),
                "The recipient's organization blocks",
            ),
            ("X-Forefront-Antispam-Report: SFV:SKS;SCL:5;CAT:SPM\r\n".to_owned(), "A mail-flow rule"),
            (format!("{moved}ucf:1;jmr:1;dest:J;OFR:BlockedSenders;\r\n"), "Microsoft found it clean, and"),
            (
                format!("X-MS-Exchange-Organization-SCL: 9\r\n{}", moved.split("X-Micro").next().unwrap()),
                "The recipient's organization marks",
            ),
        ] {
            let (severity, found) = told(&text);
            assert!(severity == Severity::Medium && found.starts_with(title), "{found}");
            assert!(found.chars().count() <= 72, "{found}");
        }
        // Moved, but not to Junk; and what the filter itself judged.
        assert_eq!(told(&format!("{moved}ucf:1;dest:C;OFR:CustomRules;\r\n")).0, Severity::Info);
        assert_eq!(told("X-Forefront-Antispam-Report: SFV:SPM;SCL:5;CAT:SPM\r\n").0, Severity::Info);
    }

    #[test]
    fn others_and_the_senders_own_stamps_are_none_of_its_business() {
        let quiet = |text: &str, receiver: Option<&str>| {
            let f = facts(text, |r| r.boundary.receiver = receiver.map(str::to_owned));
            assert!(matches!(judge(&f), Verdict::NotApplicable), "{text}");
        };
        quiet("X-Spam-Flag: YES\r\n", None);
        quiet("X-Forefront-Antispam-Report: SFV:SPM;SCL:9;DIR:OUT\r\n", None);
        quiet("X-Forefront-Antispam-Report: SFV:SPM;SCL:9\r\n", Some("gmail"));
    }

    #[test]
    fn a_header_of_microsofts_without_its_verdict_is_not_complete() {
        for text in ["From: a@example.com\r\n", "X-Forefront-Antispam-Report-Untrusted: SFV:SPM;SCL:9\r\n"] {
            let f = facts(text, |r| r.boundary.receiver = Some("microsoft".into()));
            let Verdict::Unknown(gaps) = judge(&f) else { panic!() };
            assert_eq!(gaps[0].needs.words(), Gap::WHOLE_HEADER);
        }
    }

    #[test]
    fn titles_stay_short() {
        assert_eq!(shorten("x".repeat(70)), "x".repeat(70));
        assert_eq!(shorten("x".repeat(90)).chars().count(), 70);
    }
}
