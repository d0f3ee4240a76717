//! Device sign-in (RFC 8628), as command line and pages see it.

use sealane_model::Timestamp;
use serde::{Deserialize, Serialize};

/// What a command line says of itself when it asks for a sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceAsk {
    /// A label that the person will recognise, such as `sealane on workstation-7`.
    #[serde(default)]
    pub client_label: Option<String>,
}

/// The answer: what to show, and what to ask again with (RFC 8628 section 3.2).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceStart {
    /// The secret to ask for the token with.
    pub device_code: String,
    /// What the person types or compares: `XXXX-XXXX`.
    pub user_code: String,
    /// Where the person goes.
    pub verification_uri: String,
    /// The same with the code filled in.
    pub verification_uri_complete: String,
    /// Seconds until both codes end.
    pub expires_in: u64,
    /// Seconds to wait between two questions.
    pub interval: u64,
}

impl std::fmt::Debug for DeviceStart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceStart").field("verification_uri", &self.verification_uri).finish_non_exhaustive()
    }
}

/// What a person is shown before they approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    /// The code to compare with the one in the terminal.
    pub user_code: String,
    /// What the command line said of itself.
    pub client_label: Option<String>,
    /// When it asked.
    pub created_at: Timestamp,
    /// Until when it may be approved.
    pub expires_at: Timestamp,
}

/// A token for the command line (RFC 6749 section 5.1).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceToken {
    /// The bearer token; shown once, stored only as a digest.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until it ends at the latest.
    pub expires_in: u64,
}

impl std::fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceToken").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// How a device sign-in stands when the command line asks (RFC 8628 section 3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DevicePoll {
    /// Nobody has answered yet: `authorization_pending`.
    Pending,
    /// Asked again too soon: `slow_down`; wait this many seconds from now on.
    SlowDown {
        /// Seconds.
        interval: u64,
    },
    /// The person said no: `access_denied`.
    Denied,
    /// The code is unknown, used or too old: `expired_token`.
    Expired,
    /// The person said yes.
    Approved(DeviceToken),
}

impl DevicePoll {
    /// The error word of RFC 8628, or `None` where the token is granted.
    #[must_use]
    pub const fn error(&self) -> Option<&'static str> {
        match self {
            Self::Pending => Some("authorization_pending"),
            Self::SlowDown { .. } => Some("slow_down"),
            Self::Denied => Some("access_denied"),
            Self::Expired => Some("expired_token"),
            Self::Approved(_) => None,
        }
    }
}
