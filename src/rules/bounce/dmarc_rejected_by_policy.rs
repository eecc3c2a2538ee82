use super::told::{self, More};
use crate::facts::Facts;
use crate::rules::{Verdict, rule};

rule! {
    /// Your own DMARC policy told the receiver to refuse it
    ///
    /// ## What we saw
    /// The reply says that the message was refused because of the DMARC policy of the domain in From.
    ///
    /// ## Why mail suffers
    /// Neither SPF nor DKIM passed for the domain in From, and that domain asks for such mail to be refused. The receiver
    /// did what it was asked to.
    ///
    /// ## How to fix it
    /// Make DKIM sign as the domain in From, or have the Return-Path under that domain pass SPF. Until then send this
    /// kind of mail from a subdomain with a policy of its own. Do not lower the policy of the whole domain for one
    /// source. If you never sent the message, somebody used your name, and the policy did its work.
    ///
    /// ## How to check
    /// A new message shows `dmarc=pass` in the receiver's header.
    pub RULE = "dmarc-rejected-by-policy", Bounce, Critical, judge,
    ["RFC 9989 §7.4", "Gmail SMTP error 5.7.26", "Microsoft 5.7.509"]
}

const MORE: More = More {
    summary: "Align DKIM or SPF with the domain in From; leave the policy as it is.",
    steps: &[
        "Make the server or platform that sends sign as the domain in From.",
        "If you did not send this message, nothing is to be done: the policy worked.",
    ],
    check: Some(("send a new message and paste its header here", "dmarc=pass")),
};

fn judge(facts: &Facts) -> Verdict {
    told::judge(facts, &RULE, &MORE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::bounce::testing::four_ways;

    #[test]
    fn a_reply_decides_it() {
        four_ways(
            &RULE,
            "550 5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy. - gsmtp",
        );
    }
}
