use super::told::{self, More};
use crate::facts::Facts;
use crate::rules::{Verdict, rule};

rule! {
    /// The message is larger than the receiver takes
    ///
    /// ## What we saw
    /// The receiving server refused the message for its size.
    ///
    /// ## Why mail suffers
    /// Attachments grow by a third on the way. Many receivers take 20 to 25 MB in all, some far less.
    ///
    /// ## How to fix it
    /// Put the file where it can be downloaded and send the link, or send it in parts.
    ///
    /// ## How to check
    /// The message without the attachment arrives.
    pub RULE = "message-too-large", Bounce, Info, judge,
    ["RFC 1870", "RFC 3463 §3.4"]
}

const MORE: More = More {
    summary: "Send a link in place of the attachment, or make it smaller.",
    steps: &[],
    check: Some(("send the message without the attachment", "it arrives")),
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
        four_ways(&RULE, "552 5.3.4 Message size exceeds fixed limit");
    }
}
