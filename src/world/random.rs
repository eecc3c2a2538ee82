//! Chance, from the system.

use ring::rand::{SecureRandom, SystemRandom};

/// Sixteen hexadecimal digits that no other message has.
pub fn marker() -> Option<String> {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(data_encoding::HEXLOWER.encode(&bytes))
}
