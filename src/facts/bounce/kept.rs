//! How much of a bounce its reading rests on: that is what a case keeps of it.

use super::{Bounce, Recipient};
use crate::evidence::Input;
use crate::evidence::lines::lines;
use crate::facts::header::Header;
use crate::span::Span;

/// Where a bounce can be cut and is still read the same: behind the returned header, or, where that is quoted before
/// something that was read, behind that. `None` where it takes the whole.
pub fn needed(input: &Input) -> Option<usize> {
    let text = &input.text[..];
    let whole = Bounce::read(input)?;
    let returned = whole.returned?;
    let header = Header::within(text, returned.start as usize, returned.end as usize).body? as usize;
    let read = whole.spans().map(|span| span.end as usize).max().unwrap_or_default();
    let line = lines(text, header).find(|line| line.next >= read).map(|line| line.next);
    let same = |at: &usize| {
        let part = text.get(..*at).and_then(|part| Bounce::of(input.kind, part, input.bytes()));
        part.is_some_and(|part| part.reads_as(&whole))
    };
    std::iter::once(header).chain(line).find(same)
}

impl Bounce {
    /// The places that were read, without the returned message.
    fn spans(&self) -> impl Iterator<Item = Span> {
        let recipients = self.recipients.iter().flat_map(|r| {
            let said = [&r.address, &r.forwarded, &r.reply, &r.words].into_iter().flatten().map(|s| s.span);
            said.chain([r.span])
        });
        let own = self.reporting_mta.iter().chain(&self.sent_to).map(|s| s.span);
        recipients.chain(own).chain(self.source_ip.iter().map(|s| s.span))
    }

    /// Does it say the same, whatever became of the returned message's body?
    fn reads_as(&self, other: &Bounce) -> bool {
        let begins = |bounce: &Bounce| bounce.returned.map(|place| place.start);
        begins(self) == begins(other)
            && self.reporting_mta == other.reporting_mta
            && self.cut == other.cut
            && self.sent_to == other.sent_to
            && self.source_ip == other.source_ip
            && self.feedback == other.feedback
            && self.recipients.len() == other.recipients.len()
            && self.recipients.iter().zip(&other.recipients).all(|(a, b)| a.reads_as(b))
    }
}

impl Recipient {
    /// What is decoded follows from the rest.
    fn reads_as(&self, other: &Recipient) -> bool {
        self.address == other.address
            && self.forwarded == other.forwarded
            && self.action == other.action
            && self.status == other.status
            && self.reply == other.reply
            && self.words == other.words
            && self.server == other.server
            && self.step == other.step
            && self.taken_by == other.taken_by
            && (self.withheld, self.suppressed, self.meaning) == (other.withheld, other.suppressed, other.meaning)
            && self.span == other.span
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::InputKind;

    const NOTICE: &str = "From: MAILER-DAEMON@out.example.com\nSubject: Undelivered\nMIME-Version: 1.0\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n\
        <bob@example.org>: 550 5.1.1 no such user\n--b\nContent-Type: message/delivery-status\n\n\
        Reporting-MTA: dns; out.example.com\n\nFinal-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.1.1\n\
        --b\nContent-Type: message/rfc822\n\n";
    const RETURNED: &str = "From: ann@example.com\nTo: bob@example.org\nSubject: x\n\n";

    fn kept(text: &str) -> usize {
        let input = Input::verbatim(text.as_bytes().to_vec(), InputKind::Bounce);
        needed(&input).unwrap_or(text.len())
    }

    #[test]
    fn a_sound_report_is_cut_behind_the_returned_header() {
        let whole = format!("{NOTICE}{RETURNED}secret\n--b--\n");
        assert_eq!(kept(&whole), NOTICE.len() + RETURNED.len());
    }

    #[test]
    fn what_is_read_behind_a_quoted_header_is_kept() {
        let whole = format!("{}{RETURNED}secret\n--c--\n", NOTICE.replace("--b", "--c"));
        let at = kept(&whole);
        assert!(whole[..at].contains("Status: 5.1.1"), "{}", &whole[..at]);
        // What stands in front and is quoted is not what was refused.
        let quoted = format!("{RETURNED}Your message could not be delivered:\n\n550 5.1.1 no such user\n");
        assert_eq!(kept(&quoted), quoted.len());
    }
}
