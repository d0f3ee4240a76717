//! Peers: sites that this site's administrator has accepted, pinned by their keys.
//!
//! Trust is a pinned key, never DNS and never a public certificate authority. Two administrators exchange invitations
//! and compare fingerprints; each side pins what it was handed.

use sealane_crypto::envelope::Signed;
use sealane_crypto::{Fingerprint, VerifyingKey};
use sealane_policy::Class;
use serde::{Deserialize, Serialize};

use crate::id::{InvitationId, SiteId};
use crate::short_name::ShortName;
use crate::time::Timestamp;

/// What a site says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteDescriptor {
    /// The site.
    pub site: SiteId,
    /// Its short name, as its own administrator chose it.
    pub name: ShortName,
    /// Its name for people.
    pub title: String,
    /// `host:port` of each of its nodes' listeners, tried in order.
    pub addresses: Vec<String>,
    /// Where its pages are.
    pub url: String,
    /// Signs its orders and invitations.
    pub signing_key: VerifyingKey,
    /// SHA-256 of the public key (SubjectPublicKeyInfo) of the certificate that its lanes present.
    pub lane_key: Fingerprint,
}

impl SiteDescriptor {
    /// The signature context of invitations.
    pub const CONTEXT: &'static str = "sealane invitation v1";

    /// What two administrators read to each other: one value over both pinned keys and the site's id.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = sealane_crypto::digest::Sha256::new();
        hash.update(b"sealane site v1\0");
        hash.update(self.site.uuid().as_bytes());
        hash.update(self.signing_key.as_bytes());
        hash.update(self.lane_key.as_bytes());
        Fingerprint::from_bytes(*hash.finish().as_bytes())
    }
}

/// A descriptor with a date, signed by the key that it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// This invitation.
    pub id: InvitationId,
    /// Who invites.
    pub descriptor: SiteDescriptor,
    /// Until when it may be accepted.
    pub expires_at: Timestamp,
}

/// The form in which an invitation travels.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedInvitation {
    /// The key that the signature is checked with, and that the invitation itself must name.
    pub signing_key: VerifyingKey,
    /// The signed invitation.
    pub signed: Signed<Invitation>,
}

/// A site that was accepted here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// What it said of itself, pinned.
    pub descriptor: SiteDescriptor,
    /// Identity providers for whose people it may speak.
    pub issuers: Vec<String>,
    /// The highest class of data that may go to it or come from its people's requests.
    pub ceiling: Class,
    /// When it was accepted.
    pub accepted_at: Timestamp,
}
