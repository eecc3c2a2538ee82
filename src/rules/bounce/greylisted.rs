use super::told::{self, More};
use crate::facts::Facts;
use crate::rules::{Verdict, rule};

rule! {
    /// Put off once on purpose: greylisting
    ///
    /// ## What we saw
    /// The receiving server put the message off at the first attempt, and says that it does so to see whether a second
    /// one comes.
    ///
    /// ## Why mail suffers
    /// It is a normal delay of some minutes. A server that tries again from the same address is let in; a program that
    /// tries once loses the message.
    ///
    /// ## How to fix it
    /// Let the sending server's queue try again, from the same address, after five to fifteen minutes. Do not send the
    /// message anew from elsewhere.
    ///
    /// ## How to check
    /// The log shows that the second attempt was taken.
    pub RULE = "greylisted", Bounce, Info, judge,
    ["RFC 6647"]
}

const MORE: More = More {
    summary: "Wait: the queue tries again by itself from the same address.",
    steps: &["If your program has no queue, send through a server that has one."],
    check: Some(("look for the message in the sending server's log in an hour", "status=sent")),
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
            "450 4.2.0 <bob@example.net>: Recipient address rejected: Greylisted, see http://postgrey.example.net/",
        );
    }
}
