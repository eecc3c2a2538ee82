//! DKIM (RFC 6376, 8301, 8463): signatures and the keys they name.

pub mod canon;
pub mod crypto;
pub mod forensics;
pub mod key;
pub mod material;
pub mod name;
#[cfg(test)]
pub mod samples;
pub mod signature;
pub mod signed;
#[cfg(test)]
pub mod testing;
pub mod verify;

pub use key::{Key, KeyProblem, KeyRecord, KeyState, PublicKey, Wrapping};
pub use signature::Signature;
pub use signed::Signed;
pub use verify::{DkimResult, Hash, Reason, Verification};
