use super::told::{self, More};
use crate::facts::Facts;
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

const MORE: More = More {
    summary: "Check the spelling; take the address off your lists if it does not exist.",
    steps: &["If the mailbox is full or inactive, try again in some days, three times at most."],
    check: Some(("ask the recipient for the right address in another way", "the next message is taken")),
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
        four_ways(&RULE, "550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown");
    }
}
