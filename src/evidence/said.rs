//! What the user told us, on the command line or in a form.

use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Statements that no evidence at hand contains. Empty unless the user spoke.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Said {
    /// Address of the connecting client (`--ip`).
    pub ip: Option<IpAddr>,
    /// HELO/EHLO name (`--helo`).
    pub helo: Option<String>,
    /// MAIL FROM address or domain (`--mail-from`).
    pub mail_from: Option<String>,
    /// The authserv-id to believe (`--trust`).
    pub trust: Option<String>,
    /// What the panel or signer is said to be set to (`--configured`).
    pub configured: Configured,
}

/// What the sending platform's panel, or the signer, is said to be set to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Configured {
    /// From domain or address.
    pub from: Option<String>,
    /// MAIL FROM (reverse address) domain or address.
    pub mail_from: Option<String>,
    /// MAIL FROM type of the panel: `from_email`, `ptr`, `custom`, `aligned`.
    pub mail_from_type: Option<String>,
    pub helo: Option<String>,
    pub selector: Option<String>,
    pub secondary_selector: Option<String>,
    pub ip: Option<IpAddr>,
    pub pool: Option<String>,
    pub virtual_sender: Option<String>,
    pub template_sender: Option<String>,
}
