use super::told::{self, More};
use crate::facts::Facts;
use crate::rules::{Verdict, rule};

rule! {
    /// A server refused or put off the message
    ///
    /// ## What we saw
    /// A server on the way or at the receiver refused the message, or put it off, for a reason of its own that the reply
    /// names.
    ///
    /// ## Why mail suffers
    /// The message did not arrive, or not yet. The reason is neither the recipient's mailbox nor one of the records that
    /// postdoc judges by a rule of its own.
    ///
    /// ## How to fix it
    /// Do what the reply asks for. Where a rule of the recipient's organization refused the message, only its
    /// administrator can let you in: quote the whole reply.
    ///
    /// ## How to check
    /// The message, sent again, is taken.
    pub RULE = "delivery-refused", Bounce, High, judge,
    ["RFC 5321 §4.2", "RFC 3463"]
}

const MORE: More = More {
    summary: "Do what the reply asks for; where it names a rule of theirs, ask the recipient's administrator and quote the reply.",
    steps: &[],
    check: None,
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
        four_ways(&RULE, "421 4.7.0 IP not in whitelist for RCPT domain, closing connection. x - gsmtp");
    }
}
