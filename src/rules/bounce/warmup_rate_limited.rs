use super::told::{self, More};
use crate::facts::Facts;
use crate::rules::{Verdict, rule};

rule! {
    /// The receiver asks you to slow down
    ///
    /// ## What we saw
    /// The reply says that too much came at once: from the address, its network, the domain, or over one connection.
    ///
    /// ## Why mail suffers
    /// The receiver limits senders that it does not know well yet, or has begun to doubt. It is no matter of records.
    /// Who goes on at the same pace gets blocked.
    ///
    /// ## How to fix it
    /// Pause mail to this receiver for ten to thirty minutes, use one connection, halve the daily volume and raise it
    /// again in small steps, beginning with people who open and answer.
    ///
    /// ## How to check
    /// Less than five percent of the attempts at this receiver are put off.
    pub RULE = "warmup-rate-limited", Bounce, High, judge,
    ["Gmail 4.7.28", "Yahoo TSS04", "Microsoft RP-001"]
}

const MORE: More = More {
    summary: "Pause, use one connection, halve the volume to this receiver and raise it again in small steps.",
    steps: &[
        "Pause mail to this receiver for as long as it asks, and never for less than ten to thirty minutes.",
        "Then send over one connection, half of the daily volume, and raise it by a fifth a day.",
    ],
    check: Some(("count the deferrals at this receiver in the log of a day", "less than five percent of the attempts")),
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
        four_ways(&RULE, "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints");
    }
}
