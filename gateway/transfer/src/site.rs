//! Who this site is on the wire: its id, its keys, where it can be reached.
//!
//! The signing key signs orders and assertions, the TLS identity opens lanes. Both are pinned by peers, so neither name
//! nor address is ever trusted. Where the keys are kept is left to the composition root.

use std::fmt;

use sealane_crypto::{Fingerprint, SigningKey, TlsIdentity};
use sealane_model::{ShortName, SiteDescriptor, SiteId};

use crate::tls::{TlsError, lane_key_of};

/// This site, with its private keys.
#[derive(Clone)]
pub struct SiteIdentity {
    /// The site's id.
    pub site: SiteId,
    /// Its short name.
    pub name: ShortName,
    /// Its name for people.
    pub title: String,
    /// Signs orders, assertions and invitations.
    pub signing: SigningKey,
    /// Presented on lanes, by whichever end.
    pub tls: TlsIdentity,
    /// `host:port` of each node's listener.
    pub addresses: Vec<String>,
    /// Where its pages are.
    pub url: String,
}

impl SiteIdentity {
    /// The pinned name of the lane certificate: SHA-256 of its SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`TlsError::Certificate`] if the certificate cannot be read.
    pub fn lane_key(&self) -> Result<Fingerprint, TlsError> {
        lane_key_of(&self.tls.certificate_der)
    }

    /// What this site says of itself to a peer.
    ///
    /// # Errors
    /// [`TlsError::Certificate`] if the certificate cannot be read.
    pub fn descriptor(&self) -> Result<SiteDescriptor, TlsError> {
        Ok(SiteDescriptor {
            site: self.site,
            name: self.name.clone(),
            title: self.title.clone(),
            addresses: self.addresses.clone(),
            url: self.url.clone(),
            signing_key: self.signing.verifying_key(),
            lane_key: self.lane_key()?,
        })
    }
}

impl fmt::Debug for SiteIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SiteIdentity").field("site", &self.site).field("name", &self.name).finish_non_exhaustive()
    }
}
