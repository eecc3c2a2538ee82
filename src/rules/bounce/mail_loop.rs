use super::told::{self, More};
use crate::facts::Facts;
use crate::facts::bounce::Recipient;
use crate::facts::received::Hop;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Verdict, rule};
use std::collections::BTreeMap;

rule! {
    /// The message goes round in circles
    ///
    /// ## What we saw
    /// A server refused the message for having passed too many others, or the header shows one server taking it
    /// three times or more for the same recipient.
    ///
    /// ## Why mail suffers
    /// Forwarding rules, or an MX record and a connector, send the message back to where it came from. After some
    /// fifty hops a server gives up, and nobody gets it.
    ///
    /// ## How to fix it
    /// Follow the Received fields from below: find the two servers that hand it to each other, and remove one of the
    /// forwards. If the domain's mail moved, see that MX and connectors name the new system on both sides.
    ///
    /// ## How to check
    /// A new message arrives, and no server stands twice in its header for the same recipient.
    pub RULE = "mail-loop", Bounce, Medium, judge,
    ["RFC 5321 §6.3", "RFC 3463 §3.5 (x.4.6)", "Microsoft NDR 5.4.14"]
}

const MORE: More = More {
    summary: "Remove one of the two forwards that hand the message to each other.",
    steps: &[
        "Follow the Received fields of the returned message from below, and find the server that stands there again and again.",
        "Remove the forward there, or mend the MX record or connector that points back.",
    ],
    check: Some(("send a new message to the recipient", "it arrives")),
};

/// No message went round: the domain's own mail host does not know that it is one.
const BACK: More = More {
    summary: "If the mail belongs here, have this server take the domain in; if not, mend the MX records or the route.",
    steps: &[
        "With Postfix name the domain in mydestination, virtual_mailbox_domains, virtual_alias_domains or relay_domains, and its way in transport_maps.",
        "Behind a translated address (NAT) name the outer one in proxy_interfaces.",
    ],
    check: Some(("send a new message to the recipient", "it arrives")),
};

/// Passes of one server for one recipient; gateways that appear twice are normal.
const ROUNDS: usize = 3;

/// Received fields; more than that no honest way has (RFC 5321 §6.3 lets servers stop at a hundred).
const HOPS: usize = 50;

fn judge(facts: &Facts) -> Verdict {
    let back = |r: &Recipient| r.text().is_some_and(|text| text.to_ascii_lowercase().contains("loops back to myself"));
    let told = told::judge_each(facts, &RULE, |recipient| if back(recipient) { &BACK } else { &MORE });
    if matches!(told, Verdict::Found(_)) || facts.reading.hops.is_empty() {
        return told;
    }
    match circle(&facts.reading.hops) {
        Some((what, shown)) => Finding::new(&RULE, "The message goes round in circles")
            .sure(Confidence::Likely, "the header shows the rounds; who sends it back is to be read from it")
            .explain(format!(
                "{what} Forwarding rules, an MX record or a connector send the message back to where it came from."
            ))
            .exhibits(shown.into_iter().take(ROUNDS).map(|hop| Exhibit::input(hop.span, "here again")))
            .fix(MORE.steps.iter().fold(Remedy::new(MORE.summary), |fix, step| fix.step(*step)))
            .check("send a new message to the recipient", "no server stands twice in its header for the same recipient")
            .into(),
        None => Verdict::Pass,
    }
}

fn circle(hops: &[Hop]) -> Option<(String, Vec<&Hop>)> {
    let mut rounds: BTreeMap<(&str, &str), Vec<&Hop>> = BTreeMap::new();
    // A server that hands the message to its own filter and takes it back has not let go of it.
    let filter = |hop: &&Hop| hop.by.as_ref().is_some_and(|by| by.value == "localhost");
    let mut above = None;
    for hop in hops.iter().filter(|hop| !filter(hop)) {
        let by = hop.by.as_ref().map(|by| by.value.as_str());
        if let (Some(by), Some(to), true) = (by, &hop.envelope_to, above != by) {
            rounds.entry((by, &to.value)).or_default().push(hop);
        }
        above = by;
    }
    if let Some(((by, _), passes)) = rounds.into_iter().find(|(_, passes)| passes.len() >= ROUNDS) {
        return Some((format!("{by} took the message {} times for the same recipient.", passes.len()), passes));
    }
    (hops.len() > HOPS).then(|| (format!("The message passed {} servers.", hops.len()), hops.iter().rev().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::InputKind;
    use crate::rules::bounce::testing::{facts, four_ways, only};

    #[test]
    fn a_reply_decides_it() {
        four_ways(&RULE, "554 5.4.6 Hop count exceeded - possible mail loop");
    }

    #[test]
    fn so_does_the_header() {
        let hop = |by: &str, n: usize| {
            format!(
                "Received: from a.example.net by {by}.example.net with ESMTP id {n} for <bob@example.net>; Mon, 2 Nov 2026 10:00:{n:02} +0000\n"
            )
        };
        let header = |hops: String| facts(&format!("{hops}From: ann@example.com\n"), InputKind::Headers);
        let circle: String = (0..6).map(|n| hop(if n % 2 == 0 { "b" } else { "c" }, n)).collect();
        let found = only(judge(&header(circle)));
        assert_eq!(found.exhibits.len(), 3);
        assert!(found.explanation.starts_with("b.example.net took the message 3 times"), "{}", found.explanation);
        // A gateway that filters stands there twice.
        let twice: String = (0..4).map(|n| hop(if n % 2 == 0 { "b" } else { "c" }, n)).collect();
        assert!(matches!(judge(&header(twice)), Verdict::Pass));
        // One that hands it to filters of its own stands there again and again.
        let filtered: String =
            [hop("b", 1), hop("b", 2), hop("b", 3), hop("b", 4).replace("b.example.net", "localhost"), hop("b", 5)]
                .concat();
        assert!(matches!(judge(&header(filtered)), Verdict::Pass));
        let long: String = (0..51).map(|n| hop(&format!("h{n}"), n % 60)).collect();
        assert!(only(judge(&header(long))).explanation.starts_with("The message passed 51 servers"));
    }

    #[test]
    fn a_host_that_does_not_know_its_own_domain_has_no_forward_to_remove() {
        let line = "Jun  4 12:00:09 mail postfix/smtp[1]: 4bC: to=<bob@sender.example>, relay=none, delay=0.1, dsn=5.4.6, \
            status=bounced (mail for sender.example loops back to myself)";
        let found = only(judge(&facts(line, InputKind::Reply)));
        let fix = found.fix.unwrap();
        assert!(fix.summary.contains("take the domain in") && fix.steps[0].contains("mydestination"), "{fix:?}");
        assert!(fix.steps.iter().all(|s| !s.contains("forward")), "{fix:?}");
    }
}
