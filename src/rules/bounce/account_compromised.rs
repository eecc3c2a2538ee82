use super::told::{self, More};
use crate::facts::Facts;
use crate::rules::{Verdict, rule};

rule! {
    /// The account or the server itself sends spam, says the provider
    ///
    /// ## What we saw
    /// A server refused the message because of what the account, the organization or the server sent before: it was
    /// blocked as a source of spam, or lets strangers send through it.
    ///
    /// ## Why mail suffers
    /// Somebody knows a password, or a form, a script or an open relay sends for others. Until that has ended nothing
    /// of yours gets out, and the reputation of your domain and addresses falls with each message.
    ///
    /// ## How to fix it
    /// Change the password, end all sessions, turn on a second factor, and remove rules, forwards and app passwords that
    /// you did not set. Look through the log for what was sent, close the relay or the form, and only then ask to be
    /// unblocked.
    ///
    /// ## How to check
    /// The log shows no mail that you do not know, and the provider has lifted the block.
    pub RULE = "account-compromised", Bounce, Critical, judge,
    ["Microsoft NDR 5.1.8, 5.7.703, 5.7.705", "Yahoo, Mail.ru and Outlook.com error codes"]
}

const MORE: More = More {
    summary: "Close the hole first, then ask the provider to lift the block.",
    steps: &[
        "Change the password, end all sessions and turn on a second factor.",
        "Remove rules, forwards, app passwords and scripts that you did not set.",
        "Look through the log for mail that is not yours, then ask the provider to lift the block.",
    ],
    check: Some(("look through the log of the last day", "no mail that you do not know")),
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
        four_ways(&RULE, "550 5.7.705 Access denied, tenant has exceeded threshold [AM0.eurprd01.prod.outlook.com]");
    }
}
