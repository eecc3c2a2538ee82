use super::told::{self, More};
use crate::facts::Facts;
use crate::knowledge::topic::Category;
use crate::rules::{Verdict, rule};

rule! {
    /// The mailbox does not exist, is switched off, or is full
    ///
    /// ## What we saw
    /// The receiving server says that there is no such mailbox, that it takes no mail now, or that it is full.
    ///
    /// ## Why mail suffers
    /// This message is lost or late for that recipient; nothing is wrong with your domain. Who goes on writing to dead
    /// addresses looks like somebody with a bought list, and that does harm.
    ///
    /// ## How to fix it
    /// Check the spelling. Take an address that does not exist off every list at once. A full or inactive mailbox may be
    /// tried again a few times over some days, then goes off as well.
    ///
    /// ## How to check
    /// The share of addresses that bounce stays below half a percent of what you send.
    pub RULE = "bounce-recipient-problem", Bounce, Info, judge,
    ["RFC 3463 §3.2, §3.3", "RFC 5321 §4.2.3"]
}

const GONE: More = More {
    summary: "Check the spelling; take the address off your lists if it does not exist or takes no mail.",
    steps: &[],
    check: Some(("ask the recipient for the right address in another way", "the next message is taken")),
};

/// The address is right.
const FULL: More = More {
    summary: "Try again in some days, three times at most; then take the address off your lists.",
    steps: &[],
    check: Some(("send the message again in some days", "no bounce comes back")),
};

fn judge(facts: &Facts) -> Verdict {
    told::judge_each(facts, &RULE, |recipient| match recipient.category {
        Category::MailboxFull => &FULL,
        _ => &GONE,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::InputKind;
    use crate::rules::bounce::testing::{facts, four_ways, only};

    #[test]
    fn a_reply_decides_it() {
        four_ways(&RULE, "550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown");
    }

    #[test]
    fn an_old_address_inside_exchange_is_no_missing_mailbox() {
        let old = "IMCEAEX-_O=EXCHANGELABS_OU=GROUP_CN=RECIPIENTS_CN=bob@example.net";
        let fix = |reply: &str| {
            let line = format!("to=<{old}>, dsn=5.1.1, status=bounced (host a.example.net said: {reply})");
            let found = only(judge(&facts(&line, InputKind::Reply)));
            format!("{}: {}", found.confidence.word(), found.fix.unwrap().summary)
        };
        for reply in [
            "550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found",
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
            "550 5.1.1 User unknown",
        ] {
            let fix = fix(reply);
            assert!(fix.starts_with("likely") && fix.contains("X500") && !fix.contains("list"), "{fix}");
        }
        assert!(fix("552 5.2.2 Mailbox full").contains("some days"));
    }

    #[test]
    fn an_address_that_is_full_is_no_wrong_one() {
        let check = |reply: &str| only(judge(&facts(reply, InputKind::Reply))).check.unwrap().command;
        assert_eq!(check("552 5.2.2 Mailbox full"), "send the message again in some days");
        assert!(check("550 5.1.1 User unknown").contains("right address"));
        let both = "to=<bob@example.net>, dsn=5.2.2, status=bounced (host a.example.net said: 552 5.2.2 Mailbox full)\n\
            to=<eve@example.net>, dsn=5.1.1, status=bounced (host a.example.net said: 550 5.1.1 User unknown)\n\
            to=<al@example.net>, dsn=5.1.1, status=bounced (host a.example.net said: 550 5.1.1 User unknown)\n";
        let Verdict::Found(found) = judge(&facts(both, InputKind::Reply)) else { panic!() };
        let told: Vec<_> = found.iter().map(|f| (f.title.as_str(), f.explanation.contains("1 more"))).collect();
        assert_eq!(told, [("The mailbox is full", false), ("There is no such mailbox", true)]);
    }
}
