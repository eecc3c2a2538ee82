use super::sentence::span;
use super::told::{self, More};
use crate::evidence::transcript::Transcript;
use crate::facts::Facts;
use crate::facts::bounce::Action;
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
    /// message anew from elsewhere. Where it was put off for days and given up, look whether the tries came from one
    /// address; if they did, the receiver's greylisting does not work, and its postmaster has to mend it.
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

/// Greylisting lets in who comes again from where it came (RFC 6647 §2): tries of days are none of its normal delays.
const GIVEN_UP: More = More {
    summary: "Look in the sending server's log whether every try came from the same address, then send the message again.",
    steps: &[
        "Where the addresses differ (a pool, IPv4 and IPv6 by turns), let mail to this receiver leave from one.",
        "Where they are the same, the receiver's greylisting does not work, or it means something else by it: tell its postmaster in another way, with the times of the tries.",
    ],
    ..MORE
};

fn judge(facts: &Facts) -> Verdict {
    let told = told::judge_each(facts, &RULE, |recipient| match recipient.action {
        Action::Failed => &GIVEN_UP,
        _ => &MORE,
    });
    match (told, &facts.evidence.transcript) {
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
    use crate::evidence::InputKind;
    use crate::rules::bounce::testing::{facts, four_ways, only};

    #[test]
    fn a_reply_decides_it() {
        four_ways(
            &RULE,
            "450 4.2.0 <bob@example.net>: Recipient address rejected: Greylisted, see http://postgrey.example.net/",
        );
    }

    #[test]
    fn what_was_given_up_is_no_delay_of_some_minutes() {
        let told = |status: &str| {
            let line = format!(
                "Nov 30 10:00:00 out postfix/smtp[1]: 4AB: to=<bob@example.net>, relay=mx.example.net[192.0.2.1]:25, \
                 dsn=4.2.0, status={status} (host mx.example.net[192.0.2.1] said: 450 4.2.0 Greylisted)"
            );
            let found = only(judge(&facts(&line, InputKind::Reply)));
            (found.title, found.fix.unwrap().summary)
        };
        let (title, fix) = told("deferred");
        assert!(title.starts_with("Put off for now") && fix.contains("this is normal"), "{title}: {fix}");
        for status in ["bounced", "expired"] {
            let (title, fix) = told(status);
            assert!(title == "Greylisting" && fix.contains("same address"), "{title}: {fix}");
        }
    }
}
