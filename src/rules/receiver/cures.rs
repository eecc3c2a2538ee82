//! What a filter counted that no habit of sending cures: an attachment, a reverse name, a list of the recipient's.

use super::suspects;
use super::verdict;
use crate::facts::Facts;
use crate::facts::antispam::{Item, summary};
use crate::remedy::Remedy;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cure {
    /// Taken for malware, or of a kind that is not let in.
    Attachment,
    /// Taken for somebody else: a person, a brand or a domain.
    Imitation,
    Phishing,
    /// The recipient, or whoever runs their server, blocks the sender.
    Blocked,
    /// The text that every filter must mark.
    TestString,
    ReverseName,
    Hello,
    /// The address is not meant to send mail itself (Spamhaus PBL).
    Policy,
    /// Date, Message-ID, Subject and their like.
    Fields,
    /// Pictures with little text, and the like.
    Html,
    ReplyTo,
    /// The filter found a failure where the results beside it say pass.
    OtherHop,
    /// A filter that was taught judges by the words alone (Bogofilter, DSPAM).
    Learnt,
}

impl Cure {
    fn of(item: &Item) -> Option<Cure> {
        if item.key == "CAT" {
            return match &*item.value {
                "MALW" | "AMP" | "FTBP" | "SAP" => Some(Cure::Attachment),
                "UIMP" | "DIMP" | "GIMP" | "BIMP" => Some(Cure::Imitation),
                "PHSH" | "HPHSH" | "HPHISH" => Some(Cure::Phishing),
                _ => None,
            };
        }
        let begins = |all: &[&str]| all.iter().any(|p| item.value.starts_with(p));
        const EACH: [(Cure, &[&str]); 10] = [
            (Cure::Attachment, &["MIME_BAD_ATTACHMENT", "MIME_BAD_EXTENSION", "MIME_DOUBLE_BAD_EXTENSION"]),
            (Cure::Blocked, &["USER_IN_BLOCKLIST", "USER_IN_BLACKLIST"]),
            (Cure::TestString, &["GTUBE"]),
            (Cure::ReverseName, &["RDNS_", "HFILTER_HOSTNAME_"]),
            (Cure::Hello, &["HELO_", "FSL_HELO", "RCVD_HELO", "RCVD_NUMERIC_HELO", "HFILTER_HELO_"]),
            (Cure::Policy, &["RCVD_IN_PBL", "RBL_SPAMHAUS_PBL"]),
            (Cure::Fields, &["DATE_IN_", "MISSING_", "INVALID_DATE", "INVALID_MSGID"]),
            (Cure::Html, &["HTML_IMAGE_ONLY", "HTML_IMAGE_RATIO", "HTML_SHORT_LINK_IMG", "MIME_HTML_ONLY"]),
            (Cure::OtherHop, &OTHERWISE),
            (Cure::ReplyTo, &["FREEMAIL_FORGED_REPLYTO", "FREEMAIL_REPLYTO"]),
        ];
        let is_test = matches!(&*item.key, "test" | "symbol");
        EACH.iter().find(|(_, names)| is_test && begins(names)).map(|(cure, _)| *cure)
    }

    /// More than any limit by itself: nothing else needs mending first.
    fn decides(self) -> bool {
        use Cure::{Attachment, Blocked, Imitation, Learnt, Phishing, TestString};
        matches!(self, Attachment | Imitation | Phishing | Blocked | TestString | Learnt)
    }

    fn is_dns(self) -> bool {
        matches!(self, Cure::ReverseName | Cure::Hello | Cure::Policy)
    }

    /// What counts against the message.
    fn cause(self) -> &'static str {
        match self {
            Cure::Attachment => "an attachment",
            Cure::Imitation => "that it looks like somebody else",
            Cure::Phishing => "what is taken for phishing in its links or content",
            Cure::Blocked => "that the receiving side has the sender on a list of blocked senders",
            Cure::TestString => "the test string in it",
            Cure::ReverseName => "the reverse name of the sending address",
            Cure::Hello => "the name by which the server greets (HELO)",
            Cure::Policy => "that the sending address is not meant to send mail itself",
            Cure::Fields => "fields of the header that are missing or wrong",
            Cure::Html => "its HTML",
            Cure::ReplyTo => "its Reply-To",
            Cure::OtherHop => {
                "that SPF, DKIM or DMARC failed for the filter itself, which judged otherwise than the results in the header"
            }
            Cure::Learnt => "its text, by what this filter has learnt",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Cure::Attachment => "Send the attachment another way: it is what the filter caught.",
            Cure::Imitation => {
                "Ask the recipient's administrator to trust the sender: it is taken for an imitation of somebody."
            }
            Cure::Phishing => "Look at the links and the content: the message is taken for phishing.",
            Cure::Blocked => "Ask the recipient to take the sender off their list of blocked senders.",
            Cure::TestString => "Take the test string (GTUBE) out of the text.",
            Cure::Learnt => {
                "Have the recipient teach the filter, or write the message otherwise: it judges by the words."
            }
            _ => "Mend what the filter counted.",
        }
    }

    fn steps(self) -> &'static [&'static str] {
        match self {
            Cure::Attachment => &[
                "Scan the attachment; if it is clean, send a link to it, or a kind that is not blocked (no programs, scripts, macros or encrypted archives).",
                "Send the message once without it: if that arrives, the attachment was the cause.",
                "If it is clean and must be sent as it is, the recipient's administrator can allow it or submit it as a mistake.",
            ],
            Cure::Imitation => &[
                "Their administrator: in the anti-phishing policy, add the sender or its domain to the trusted senders and domains.",
                "Or write a display name that is no protected person's or brand's of theirs, and a domain that looks like none of theirs.",
            ],
            Cure::Phishing => &[
                "Take out links whose text names another place, shortened ones, forms, and whatever asks for a login; a linked domain on a blocklist is enough.",
                "If nothing of that is in it, the recipient's administrator can submit it to Microsoft as clean.",
            ],
            Cure::Blocked => &[
                "The recipient, or whoever runs their server, put the sender there: nothing on the sending side changes it.",
                "If they asked not to be written to, take them off your list.",
            ],
            Cure::TestString => {
                &["The string begins XJS*C4JDBQADN1 and is there to test filters: every one marks it as spam."]
            }
            Cure::ReverseName => &[
                "Have a reverse name (PTR) set for the sending address that resolves back to it: a DNS record, which only the owner of the address can set.",
            ],
            Cure::Hello => &[
                "Let the sending server greet with its own full name, which resolves to its address, not with one made of the address.",
            ],
            Cure::Policy => &[
                "Hand the mail to the server of your provider (smarthost) instead of delivering it from this address; or get a fixed address with a reverse name of yours and have it taken off the PBL at https://check.spamhaus.org.",
            ],
            Cure::Html => &["Say in words, too, what the pictures say, and send a plain-text part beside the HTML."],
            Cure::ReplyTo => &["Set Reply-To to an address of the domain in From, not to a free mailbox."],
            Cure::OtherHop => &[
                "Whoever runs the filter: it mostly stands behind a gateway, or ran on another hop, and takes that server for the sender. Name the gateway to it (SpamAssassin: trusted_networks; Rspamd: local_addrs).",
            ],
            Cure::Learnt => &[
                "The recipient marks the message as no spam, or their administrator trains the filter with it.",
                "Send it once with parts left out: what then passes shows which words the filter minds.",
            ],
            Cure::Fields => &[
                "Write a Date of the time of sending (look at the server's clock and how long the mail waited), a Message-ID, To, From and a Subject.",
            ],
        }
    }
}

/// Failures of authentication, as filters name them.
const OTHERWISE: [&str; 10] = [
    "SPF_FAIL",
    "SPF_SOFTFAIL",
    "R_SPF_FAIL",
    "R_SPF_SOFTFAIL",
    "DKIM_INVALID",
    "R_DKIM_REJECT",
    "DMARC_POLICY_REJECT",
    "DMARC_POLICY_QUARANTINE",
    "DMARC_QUAR",
    "DMARC_REJECT",
];

/// What a filter's list calls for.
pub struct Cures {
    /// Those with most points first.
    found: Vec<Cure>,
    /// Something else counted too, or nothing is known of what did.
    pub rest: bool,
    /// And that weighs most.
    rest_first: bool,
}

pub fn of(facts: &Facts) -> Cures {
    if is_taught(facts) {
        return Cures { found: vec![Cure::Learnt], rest: false, rest_first: false };
    }
    let mut against: Vec<&Item> = verdict::counted(facts).filter(|i| suspects::speaks(i)).collect();
    against.sort_by_key(|i| std::cmp::Reverse(suspects::weight(i)));
    let mut found = Vec::new();
    let (mut rest, mut rest_first) = (false, false);
    for item in against {
        match Cure::of(item) {
            Some(cure) if !found.contains(&cure) => found.push(cure),
            Some(_) => {}
            None if matches!(&*item.key, "test" | "symbol") => {
                rest_first |= found.is_empty();
                rest = true;
            }
            None => {}
        }
    }
    if let Some(one) = found.iter().copied().find(|cure| cure.decides()) {
        return Cures { found: vec![one], rest: false, rest_first: false };
    }
    rest |= found.is_empty();
    Cures { found, rest, rest_first }
}

/// Does nothing but a filter that was taught say spam?
fn is_taught(facts: &Facts) -> bool {
    let ours = facts.reading.boundary.receiver.as_deref();
    let mut spam = summary::spam_verdicts(&facts.reading.antispam, ours).into_iter().peekable();
    spam.peek().is_some() && spam.all(|(field, _)| matches!(field.vendor, "bogofilter" | "dspam"))
}

impl Cures {
    /// What follows "so the sender is known; ".
    pub fn cause(&self) -> String {
        let usual = "its history, complaints, links or content";
        if self.found.is_empty() {
            return format!("what counts against it is {usual}. No DNS record fixes this.");
        }
        let mut causes: Vec<String> = self.found.iter().map(|c| c.cause().to_owned()).collect();
        if self.rest {
            causes.insert(if self.rest_first { 0 } else { causes.len() }, usual.to_owned());
        }
        let dns = match self.found.iter().any(|c| c.is_dns()) {
            // For the filter they failed: whoever runs it has to mend that.
            true if self.found.contains(&Cure::OtherHop) => "",
            true => " SPF, DKIM and DMARC need no mending.",
            false => " No DNS record fixes this.",
        };
        format!("what counts against it is {}.{dns}", verdict::list(&causes))
    }

    /// `habits` are for whatever no step of ours cures.
    pub fn remedy(&self, habits: Remedy) -> Remedy {
        let Some(first) = self.found.first() else { return habits };
        let steps = self.found.iter().flat_map(|c| c.steps()).copied();
        match (self.rest, self.rest_first) {
            (false, _) => Remedy::new(first.summary()).steps(steps),
            (true, true) => {
                let summary = "Mend what the filter thinks of the sender, and the rest of what it counted.";
                Remedy { summary: summary.to_owned(), ..habits }.steps(steps)
            }
            (true, false) => {
                let remedy = Remedy::new("Mend what the filter counted, then what it thinks of the sender.");
                remedy.steps(steps).steps(habits.steps)
            }
        }
    }
}
