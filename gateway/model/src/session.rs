//! Sessions: what a signed-in browser or command line holds the token of.

use sealane_crypto::digest::Digest;
use sealane_policy::Assurance;
use serde::{Deserialize, Serialize};

use crate::person::Person;
use crate::time::Timestamp;

/// What holds the session's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionKind {
    /// A browser: the token is a cookie.
    Browser,
    /// A command line: the token is a bearer token.
    Cli,
}

/// One sign-in of one person in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the token; the token itself is never stored.
    pub digest: Digest,
    /// Who.
    pub person: Person,
    /// Groups that the issuer named at sign-in.
    pub groups: Vec<String>,
    /// Where the token is.
    pub kind: SessionKind,
    /// How well the issuer knew them.
    pub assurance: Assurance,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}
