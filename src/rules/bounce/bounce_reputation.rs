use super::told::{self, More};
use crate::facts::Facts;
use crate::rules::{Verdict, rule};

rule! {
    /// The receiver blocks the sender for its history
    ///
    /// ## What we saw
    /// The reply says that the address, the network or the domain is blocked or throttled for what came from it before.
    ///
    /// ## Why mail suffers
    /// Reputation belongs to the receiver. No record in DNS lifts such a block, and sending from other addresses to get
    /// around it makes it worse.
    ///
    /// ## How to fix it
    /// Find the cause: complaints, dead addresses, a stolen account, a neighbour in the same network. End it, wait, then
    /// ask the receiver through its own form. On a shared address ask the platform whose it is.
    ///
    /// ## How to check
    /// A test message to the same receiver is taken.
    pub RULE = "bounce-reputation", Bounce, High, judge,
    ["Microsoft S3140, S3150", "Gmail 4.7.0, 5.7.1", "Spamhaus and Cloudmark codes in replies"]
}

const MORE: More = More {
    summary: "Find and end the cause, wait, then ask the receiver to look again.",
    steps: &[
        "Stop or slow down what you send to this receiver.",
        "Look for complaints, dead addresses and stolen accounts in the log.",
        "Then use the form that the reply names, where it names one; do not change to other addresses.",
    ],
    check: Some(("send a test message to the same receiver", "it is taken")),
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
            "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. part of their network is on our block list (S3150).",
        );
    }
}
