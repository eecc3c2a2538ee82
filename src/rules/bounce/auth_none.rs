use super::told::{self, More};
use crate::facts::Facts;
use crate::rules::{Verdict, rule};

rule! {
    /// Nothing authenticates the message
    ///
    /// ## What we saw
    /// The receiver refused or put off the message because neither SPF nor DKIM passed for it, or because several
    /// checks failed at once.
    ///
    /// ## Why mail suffers
    /// A message that no domain vouches for could be from anybody. Large receivers no longer take such mail at all.
    ///
    /// ## How to fix it
    /// Do both: authorize the sending address in the SPF record of the Return-Path's domain, and sign with DKIM as the
    /// domain in From. Begin with DKIM, which also survives forwarding.
    ///
    /// ## How to check
    /// A new message shows `spf=pass` and `dkim=pass` in the receiver's header.
    pub RULE = "auth-none", Bounce, Critical, judge,
    ["Gmail SMTP error 5.7.26", "Yahoo 5.7.9", "Microsoft 550 5.7.515", "RFC 7372 §3.4"]
}

const MORE: More = More {
    summary: "Sign with DKIM as the domain in From, and authorize the sending server in SPF.",
    steps: &[
        "Turn on DKIM at the server or platform that sends, with your own domain.",
        "Add the sending server or platform to the SPF record of the Return-Path's domain.",
        "`postdoc diagnose` with the complete header of a delivered message shows which of the two is missing.",
    ],
    check: Some(("send a new message to the same receiver and paste its header here", "spf=pass and dkim=pass")),
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
            "550-5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM. 550 5.7.26 x - gsmtp",
        );
    }
}
