//! DKIM (RFC 6376, 8301, 8463): signatures and the keys they name.

pub mod key;
pub mod material;
pub mod name;
#[cfg(test)]
pub mod samples;
pub mod signature;

pub use key::{Key, KeyProblem, KeyRecord, KeyState, PublicKey, Wrapping};
pub use signature::Signature;
