use super::told::{self, More};
use crate::facts::Facts;
use crate::rules::{Verdict, rule};

rule! {
    /// Too many recipients complain
    ///
    /// ## What we saw
    /// The receiver says that too many of its users pressed the button for spam on mail of this sender; or the numbers
    /// of a day say so.
    ///
    /// ## Why mail suffers
    /// From one complaint in a thousand messages on, receivers put more of the mail into the spam folder. From three in
    /// a thousand on Gmail helps a sender no more, and Yahoo and Outlook.com refuse.
    ///
    /// ## How to fix it
    /// Take everybody who complained off the list (feedback loops tell who), and those who have not been heard of for
    /// long. Make leaving a matter of one click, and write only to people who asked. Send less until the rate is down.
    ///
    /// ## How to check
    /// The spam rate in the receivers' portals stays below 0.1 % for a week: `postdoc warmup check` reckons with it.
    pub RULE = "complaint-rate-high", Bounce, High, judge,
    ["Google: email sender guidelines (81126), spam rate", "Yahoo: sender best practices", "Outlook.com postmaster SC-004"]
}

const MORE: More = More {
    summary: "Take off who complained, write only to people who asked, and send less until the rate is down.",
    steps: &[
        "Enrol in the receivers' feedback loops and take everybody off who complained.",
        "Leave out those who have not opened or clicked for three months.",
        "Halve the daily volume and raise it again in small steps once the rate is below 0.1 %.",
    ],
    check: Some(("look at the spam rate in the receiver's portal", "below 0.1 % for a week")),
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
            "550 SC-004 (BAY004-MC1F1) Mail rejected by Outlook.com for policy reasons: a large number of complaints",
        );
    }
}
