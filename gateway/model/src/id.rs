//! Typed ids: a task's id cannot be handed to a function that wants a collection's.
//!
//! All but the nodes' are UUIDs of version 7 (RFC 9562): unique without coordination, ordered by time of creation, shown in the usual
//! hyphenated form. Ids are names, not secrets: what must not be guessed is a `Secret` from `sealane-crypto`.

use std::fmt;
use std::str::FromStr;

use sealane_crypto::VerifyingKey;
use sealane_crypto::random::{Random, random_bytes};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Clock;

pub use sealane_policy::{CollectionId, RuleId};

/// A text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {what} id: expected a UUID such as 019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60")]
pub struct IdError {
    /// Which kind of id was expected.
    pub what: &'static str,
}

/// A fresh version 7 UUID from the given clock and randomness.
#[must_use]
pub fn fresh_uuid(clock: &dyn Clock, random: &dyn Random) -> Uuid {
    let millis = u64::try_from(clock.now().as_micros() / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random_bytes::<10>(random)).into_uuid()
}

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh id, ordered by time of creation.
            #[must_use]
            pub fn generate(clock: &dyn Clock, random: &dyn Random) -> Self {
                Self(fresh_uuid(clock, random))
            }

            /// The id that a stored UUID stands for.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID behind the id.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text).map(Self).map_err(|_| IdError { what: $what })
            }
        }
    };
}

typed_id!(
    /// One institution's Sealane, whatever its keys are today.
    SiteId, "site"
);
typed_id!(
    /// One gateway node of a site, the same from start to start.
    NodeId, "node"
);

impl NodeId {
    /// The node whose audit log this key signs: a node keeps its key, and so its id, as long as it keeps its log.
    ///
    /// A UUID of version 8 (RFC 9562, section 5.8) from the key's fingerprint, and so not ordered by time.
    #[must_use]
    pub fn of_log(key: &VerifyingKey) -> Self {
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(key.fingerprint().as_bytes()).for_each(|(byte, from)| *byte = *from);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

typed_id!(
    /// A configured connector.
    StorageGatewayId, "storage gateway"
);
typed_id!(
    /// One submitted transfer or delete. The same id on both sites of a transfer.
    TaskId, "task"
);
typed_id!(
    /// One signed transfer order. A task has a new one after each expiry or reconnection.
    OrderId, "order"
);
typed_id!(
    /// One invitation from a site to another.
    InvitationId, "invitation"
);
typed_id!(
    /// One resumable upload.
    UploadId, "upload"
);
typed_id!(
    /// One erasure of personal values from the audit log.
    ErasureId, "erasure"
);
typed_id!(
    /// One legal hold.
    HoldId, "legal hold"
);
typed_id!(
    /// One rule that watches the audit log.
    AlertRuleId, "alert rule"
);
typed_id!(
    /// One alert.
    AlertId, "alert"
);
typed_id!(
    /// One review of the audit log.
    ReviewId, "review"
);
typed_id!(
    /// One request to the API: what a person quotes when they ask for help.
    RequestId, "request"
);
