//! What is known about platforms, DNS hosts and receivers: `assets/`, compiled in and parsed
//! when first asked for; nothing is read at start-up.

pub mod blocklist;
pub mod certificate;
pub mod content;
pub mod decode;
pub mod event;
pub mod guide;
pub mod header;
pub mod host;
mod index;
pub mod mailbox;
pub mod pattern;
pub mod platform;
pub mod public;
pub mod ramp;
pub mod receiver;
pub mod reply;
pub mod result;
mod shelf;
pub mod topic;
pub(crate) mod typo;

pub use host::DnsHost;
pub use platform::Platform;
pub use receiver::Receiver;
pub use shelf::book;
