use super::told::{self, More};
use crate::facts::Facts;
use crate::rules::{Verdict, rule};

rule! {
    /// The outgoing server refused your program
    ///
    /// ## What we saw
    /// It was not the receiver that said no: the server that should send for you refused the login, demanded one, or
    /// will not relay for this sender.
    ///
    /// ## Why mail suffers
    /// The message never left. Wrong login names and passwords, basic login where OAuth is needed, a missing app
    /// password, or a From domain that this account may not use are the usual causes.
    ///
    /// ## How to fix it
    /// Use port 587 with TLS and the login the provider wants: OAuth 2.0 at Microsoft, an app password or OAuth at
    /// Google. Add and verify the From domain there, or mend the connector that should let this server in.
    ///
    /// ## How to check
    /// The program's log shows that the login and the recipient were accepted.
    pub RULE = "submission-refused", Bounce, Medium, judge,
    ["Microsoft NDR 5.7.57, 5.7.64, 5.7.139", "Gmail 5.7.8, 5.7.9", "RFC 4954 §6"]
}

const MORE: More = More {
    summary: "Give the program a login that this server accepts, on port 587.",
    steps: &[
        "Microsoft 365 wants OAuth 2.0, Google an app password or OAuth.",
        "Add and verify the From domain with the provider, or mend the connector.",
    ],
    check: Some(("send a test message from the program", "the log shows that it was accepted")),
};

/// Where the words are known it may be no matter of a login: a connector, a right to send as somebody, the recipient's
/// mail host that does not know its domain.
const KNOWN: More = More { steps: &[], ..MORE };

fn judge(facts: &Facts) -> Verdict {
    told::judge_each(facts, &RULE, |recipient| match recipient.decoded.row() {
        Some(row) if !row.loose => &KNOWN,
        _ => &MORE,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::InputKind;
    use crate::rules::bounce::testing::{facts, four_ways, only};

    #[test]
    fn a_mail_host_that_does_not_know_its_domain_is_no_matter_of_a_login() {
        let found = only(judge(&facts("554 5.7.1 <bob@example.net>: Relay access denied", InputKind::Reply)));
        assert_eq!(found.title, "The server takes no mail for that domain from you");
        let fix = found.fix.unwrap();
        assert!(fix.steps.is_empty() && fix.summary.contains("MX records"), "{fix:?}");
    }

    #[test]
    fn who_is_logged_in_need_not_log_in_otherwise() {
        let steps = |reply: &str| only(judge(&facts(reply, InputKind::Reply))).fix.unwrap().steps.len();
        for reply in [
            "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
            "550 5.7.64 TenantAttribution; Relay Access Denied [AM0.eurprd01.prod.outlook.com]",
            "550 5.7.750 Service unavailable. Client blocked from sending from unregistered domains.",
            "553 5.7.1 <a@example.com>: Sender address rejected: not owned by user web1",
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
        ] {
            assert_eq!(steps(reply), 0, "{reply}");
        }
        assert_eq!(steps("535 5.7.8 the quick brown fox"), 2);
    }

    #[test]
    fn a_reply_decides_it() {
        four_ways(
            &RULE,
            "550 5.7.30 Basic authentication is not supported for Client Submission. [AM0.eurprd01.prod.outlook.com]",
        );
    }
}
