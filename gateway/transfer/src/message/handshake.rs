//! The first words of every connection: who speaks, which version, what time it is.

use sealane_model::{SiteId, Timestamp};
use serde::{Deserialize, Serialize};

use super::bounds::{Bounded, OutOfBounds};

/// The version of the protocol that this code speaks.
pub const VERSION: u16 = 1;
/// Bytes of the nonce by which a reply is known to answer this hello.
pub const NONCE_BYTES: usize = 16;

/// The dialer's first message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Version of the protocol.
    pub version: u16,
    /// The dialer's clock.
    pub sent_at: Timestamp,
    /// Echoed in the reply.
    pub nonce: [u8; NONCE_BYTES],
}

/// The listener's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloReply {
    /// The listener.
    pub site: SiteId,
    /// Its clock.
    pub sent_at: Timestamp,
    /// What the hello said.
    pub nonce: [u8; NONCE_BYTES],
}

impl Bounded for Hello {
    fn check(&self) -> Result<(), OutOfBounds> {
        Ok(())
    }
}

impl Bounded for HelloReply {
    fn check(&self) -> Result<(), OutOfBounds> {
        Ok(())
    }
}
