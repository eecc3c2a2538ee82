//! What a reply is about: finely, as the vocabulary knows it, and in the words of the contract.

use serde::Deserialize;

/// CONTRACT `bounce.recipients[].category`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    Recipient,
    MailboxFull,
    Reputation,
    Authentication,
    Policy,
    Content,
    Rate,
    Size,
    Network,
    Configuration,
    Feedback,
    #[default]
    Unknown,
}

impl Category {
    pub fn word(self) -> &'static str {
        match self {
            Category::Recipient => "recipient",
            Category::MailboxFull => "mailbox-full",
            Category::Reputation => "reputation",
            Category::Authentication => "authentication",
            Category::Policy => "policy",
            Category::Content => "content",
            Category::Rate => "rate",
            Category::Size => "size",
            Category::Network => "network",
            Category::Configuration => "configuration",
            Category::Feedback => "feedback",
            Category::Unknown => "unknown",
        }
    }
}

/// What the rows of `assets/replies.toml` are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    Account,
    Align,
    AuthAny,
    AuthDkim,
    AuthDmarc,
    AuthSpf,
    Blocklist,
    Callback,
    Content,
    Dns,
    Helo,
    Loop,
    #[default]
    Policy,
    Protocol,
    Ptr,
    Quota,
    Rate,
    Recipient,
    Relay,
    ReputationDomain,
    ReputationIp,
    Rfc,
    Size,
    Tls,
    Transient,
}

impl Topic {
    /// The contract's word for it. What the sender's own side is set up wrongly for, from its reverse
    /// name to its login, is configuration; what is wrong with the message's form is content.
    pub fn category(self) -> Category {
        match self {
            Topic::Recipient => Category::Recipient,
            Topic::Quota => Category::MailboxFull,
            Topic::ReputationIp | Topic::ReputationDomain | Topic::Blocklist => Category::Reputation,
            Topic::AuthSpf | Topic::AuthDkim | Topic::AuthDmarc | Topic::AuthAny | Topic::Align => {
                Category::Authentication
            }
            Topic::Policy => Category::Policy,
            Topic::Content | Topic::Rfc => Category::Content,
            Topic::Rate => Category::Rate,
            Topic::Size => Category::Size,
            Topic::Transient => Category::Network,
            Topic::Ptr
            | Topic::Protocol
            | Topic::Tls
            | Topic::Account
            | Topic::Relay
            | Topic::Dns
            | Topic::Helo
            | Topic::Loop
            | Topic::Callback => Category::Configuration,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::reply;
    use std::collections::BTreeSet;

    /// The 24 topics of the vocabulary, and `protocol` for commands that a server does not take.
    #[test]
    fn each_topic_has_its_category() {
        let table = [
            ("account", "configuration"),
            ("align", "authentication"),
            ("auth-any", "authentication"),
            ("auth-dkim", "authentication"),
            ("auth-dmarc", "authentication"),
            ("auth-spf", "authentication"),
            ("blocklist", "reputation"),
            ("callback", "configuration"),
            ("content", "content"),
            ("dns", "configuration"),
            ("helo", "configuration"),
            ("loop", "configuration"),
            ("policy", "policy"),
            ("protocol", "configuration"),
            ("ptr", "configuration"),
            ("quota", "mailbox-full"),
            ("rate", "rate"),
            ("recipient", "recipient"),
            ("relay", "configuration"),
            ("reputation-domain", "reputation"),
            ("reputation-ip", "reputation"),
            ("rfc", "content"),
            ("size", "size"),
            ("tls", "configuration"),
            ("transient", "network"),
        ];
        let mut used: BTreeSet<Topic> = reply::all().iter().map(|row| row.topic).collect();
        for (topic, category) in table {
            let json = format!("{topic:?}");
            let topic: Topic = serde_json::from_str(&json).unwrap();
            assert_eq!(topic.category().word(), category, "{json}");
            assert!(used.remove(&topic), "{json} is the topic of no row");
        }
        assert!(used.is_empty(), "{used:?}");
    }
}
