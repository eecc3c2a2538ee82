use super::told::{self, More};
use crate::facts::Facts;
use crate::rules::{Verdict, rule};

rule! {
    /// The tenant no longer takes mail that just claims its own domain
    ///
    /// ## What we saw
    /// Exchange Online refused the message with 5.7.68 or the words Direct Send: it came straight to the tenant's own
    /// entry, without login, with a sender of the tenant's own domain.
    ///
    /// ## Why mail suffers
    /// Printers, scanners and applications often send so. The organization has turned that way off, because everybody
    /// else could use it to write in its name.
    ///
    /// ## How to fix it
    /// Let the device or program log in (SMTP client submission with OAuth), or send through a connector of the tenant
    /// that knows its certificate or address, or through a relay that signs as your domain.
    ///
    /// ## How to check
    /// The device's next message arrives.
    pub RULE = "direct-send-rejected", Bounce, High, judge,
    ["Microsoft, RejectDirectSend in Exchange Online (2025)"]
}

const MORE: More = More {
    summary: "Let the device log in, or send through an inbound connector of the tenant.",
    steps: &[
        "In the Exchange admin centre make an inbound connector for the device's certificate or address; or",
        "set the device to smtp.office365.com, port 587, with OAuth; or",
        "send through a relay that signs as your domain.",
    ],
    check: Some(("send a test page from the device", "it arrives")),
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
            "550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization from unauthorized sources",
        );
    }
}
