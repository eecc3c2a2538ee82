use super::verdict;
use crate::facts::Facts;
use crate::facts::antispam::{self, Leaning};
use crate::facts::platform::{self, Mark};
use crate::knowledge::topic::Topic;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Verdict, on_the_way, rule};

rule! {
    /// The neighbours on a shared address may be to blame
    ///
    /// ## What we saw
    /// The message came through a sending platform, whose addresses many customers share, and what counts against it names the
    /// address: a blocklist, or a refusal for the reputation of the IP.
    ///
    /// ## Why mail suffers
    /// On a shared address everybody pays for the worst sender. Nothing in your own records or mail changes that.
    ///
    /// ## How to fix it
    /// Tell the platform, with the address and the words of the receiver, and ask for another pool. A dedicated address helps only
    /// who sends steadily enough to keep it warm.
    ///
    /// ## How to check
    /// A new message comes from another address, or the same words no longer come back.
    pub RULE = "shared-pool-reputation", Receiver, Medium, judge,
    ["M3AAWG Sender Best Common Practices", "knowledge of sending platforms"]
}

fn judge(facts: &Facts) -> Verdict {
    let reading = &facts.reading;
    let platform =
        platform::sending(&facts.platforms, on_the_way::is_relayed(facts)).filter(|hit| hit.mark != Mark::Passed);
    let shared = platform.filter(|hit| matches!(hit.platform.kind.as_str(), "marketing" | "transactional"));
    let Some(hit) = shared else { return Verdict::NotApplicable };
    let refused = reading
        .bounce
        .iter()
        .flat_map(|b| b.refused())
        .find(|r| r.decoded.row().is_some_and(|row| matches!(row.topic, Topic::ReputationIp | Topic::Blocklist)));
    let (exhibit, words) = match refused {
        Some(recipient) => {
            let span = recipient.reply.as_ref().map_or(recipient.span, |r| r.span);
            (
                Exhibit::input(span, "names the address"),
                "The receiver refused it for the reputation of the address".to_owned(),
            )
        }
        None => {
            if !verdict::all_passed(facts) {
                return Verdict::NotApplicable;
            }
            let ours = reading.boundary.receiver.as_deref();
            let counted = reading.antispam.iter().filter(|f| antispam::summary::counts(f, ours)).flat_map(|f| &f.items);
            let names_address = |i: &&antispam::Item| {
                let bad = i.meaning.as_ref().is_some_and(|m| matches!(m.leaning, Leaning::Warn | Leaning::Bad));
                bad && ["RCVD_IN_", "RBL_"].iter().any(|p| i.value.starts_with(p) || i.key.starts_with(p))
            };
            match counted.clone().find(names_address) {
                Some(item) => (
                    verdict::exhibit(item),
                    format!("The receiver's filter found the address on a list ({})", item.value),
                ),
                None if counted.clone().any(|i| i.meaning.is_some()) => return Verdict::Pass,
                None => return Verdict::NotApplicable,
            }
        }
    };
    let name = &hit.platform.name;
    Finding::new(&RULE, crate::safe::clip(&format!("The shared addresses of {name} may be to blame"), 70))
        .sure(Confidence::Possible, "whether the address is shared or your own, only the platform knows")
        .explain(format!(
            "{words}, and the message came through {name}, where customers usually share addresses. What neighbours send then counts \
             against you as well."
        ))
        .exhibit(exhibit)
        .exhibits(hit.span.map(|span| Exhibit::input(span, "sent through this platform")))
        .fix(
            Remedy::new(format!("Tell {name}, with the address and the words of the receiver, and ask for another pool."))
                .step("An address of your own helps only who sends steadily enough to keep it warm: thousands a day, every week."),
        )
        .check("send a new message to the same receiver and diagnose it", "another address, or no such words")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::receiver::testing::{facts, only, passed};

    const LISTED: &str = "Return-Path: <bounces+1-ann=example.com@em1.sendgrid.net>\r\n\
        X-Spam-Status: No, score=3.1 required=5.0 tests=RCVD_IN_XBL,DKIM_VALID\r\n";

    fn with(text: &str, set: impl FnOnce(&mut crate::facts::Reading)) -> Facts {
        let mut facts = facts(text, set);
        let found = crate::knowledge::platform::find("sendgrid").unwrap();
        facts.platforms = vec![crate::facts::platform::Hit { platform: found, mark: Mark::ReturnPath, span: None }];
        facts
    }

    #[test]
    fn it_fires_passes_and_is_silent() {
        let found = only(judge(&with(LISTED, passed)));
        assert_eq!(found.confidence, Confidence::Possible);
        assert!(found.title.contains("SendGrid"), "{}", found.title);
        let clean = LISTED.replace("RCVD_IN_XBL", "BAYES_50");
        assert!(matches!(judge(&with(&clean, passed)), Verdict::Pass));
        // Authentication comes first, and an own server has no neighbours.
        assert!(matches!(judge(&with(LISTED, |_| {})), Verdict::NotApplicable));
        assert!(matches!(judge(&facts(LISTED, passed)), Verdict::NotApplicable));
    }
}
