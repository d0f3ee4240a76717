//! What a site is told of its witnesses, and the key with which it is one itself.

use std::time::Duration;

use sealane_audit::witness::{Policy, Window};
use sealane_audit::{Cosigner, NoteError};
use sealane_crypto::{KeyError, SigningKey, derive};
use sealane_model::ShortName;

const PURPOSE: &[u8] = b"sealane witness v1";

/// Whose word this site asks for, and how long it may be missing.
#[derive(Debug, Clone)]
pub struct WitnessSettings {
    /// Witnesses and quorum. One without an address is the peer of that name, asked over its lanes.
    pub policy: Policy,
    /// How much may wait for them.
    pub window: Window,
    /// From when on the operational log warns.
    pub warn_after: Duration,
}

/// Why a site has no cosigning key.
#[derive(Debug, thiserror::Error)]
pub enum CosignerError {
    /// The library refused the derived key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The site's name cannot stand in a signed note.
    #[error(transparent)]
    Name(#[from] NoteError),
}

/// The site as a witness: one key for all its nodes, for they share what they remember. It is derived from the site's
/// signing key, so it signs nothing else and there is nothing more to keep.
///
/// # Errors
/// [`CosignerError`] when the name or the key cannot be used.
pub fn cosigner(site: &ShortName, signing: &SigningKey) -> Result<Cosigner, CosignerError> {
    let seed = derive(signing.to_pkcs8().expose(), PURPOSE);
    Ok(Cosigner::new(&format!("sealane/{site}/witness"), SigningKey::from_seed(&seed)?)?)
}
