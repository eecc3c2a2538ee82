use super::sentence::span;
use super::told::{self, More};
use crate::evidence::transcript::Transcript;
use crate::facts::Facts;
use crate::remedy::Remedy;
use crate::rules::{Finding, Verdict, rule};

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
    match (told::judge(facts, &RULE, &MORE), &facts.evidence.transcript) {
        (Verdict::Found(found), Some(t)) => Verdict::Found(found.into_iter().map(|f| tried(f, t)).collect()),
        (verdict, _) => verdict,
    }
}

/// What was done about it in a session of our own.
fn tried(mut finding: Finding, t: &Transcript) -> Finding {
    let told = match t.tries {
        1 => "It was tried once.".to_owned(),
        n => format!("It was tried {n} times over {}, and put off each time.", span(t)),
    };
    finding.explanation = format!("{} {told}", finding.explanation);
    finding.fix = Some(Remedy::new("Send it again in five to fifteen minutes, from the same address.").step(
        "postdoc send tries again by itself for up to 20 minutes; --no-retry forbids it, and a --timeout limits it.",
    ));
    finding.check("send it again", "it is taken")
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
