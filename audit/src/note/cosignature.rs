//! Cosignatures: another party says when it saw a log's head, and that the log had only grown until then.
//!
//! C2SP `tlog-cosignature`, Ed25519: the signature is over `cosignature/v1`, `time N` and the checkpoint's
//! body; the line carries the time as eight big-endian bytes before the signature. The signed text does not
//! name the cosigner, so a key serves one name only.

use sealane_crypto::sign::SigningKey;

use super::{Checkpoint, NoteError, SignatureLine, VerifierKey, is_origin};

/// Who confirms the heads of other logs. Whether a head deserves it is decided in [`crate::witness`].
#[derive(Debug, Clone)]
pub struct Cosigner {
    verifier: VerifierKey,
    signing: SigningKey,
}

impl Cosigner {
    /// The cosigner of that name. Its key signs nothing else.
    ///
    /// # Errors
    /// [`NoteError::Key`] when notes do not allow the name.
    pub fn new(name: &str, signing: SigningKey) -> Result<Self, NoteError> {
        if !is_origin(name) {
            return Err(NoteError::Key("a name has no spaces, no '+' and at most 255 bytes"));
        }
        Ok(Self { verifier: VerifierKey::cosigner(name, signing.verifying_key()), signing })
    }

    /// What others need to check its cosignatures.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Confirms a head, at a time in seconds since 1970.
    pub(crate) fn cosign(&self, checkpoint: &Checkpoint, at_s: u64) -> SignatureLine {
        let mut signature = at_s.to_be_bytes().to_vec();
        signature.extend_from_slice(self.signing.sign_raw(&message(at_s, checkpoint.body())).as_bytes());
        SignatureLine::new(self.verifier.name(), self.verifier.id(), signature)
    }
}

/// The time that a cosignature line states, if it is by this key over this body.
pub(super) fn verify(line: &SignatureLine, key: &VerifierKey, body: &str) -> Result<u64, NoteError> {
    let (time, signature) = line.signature().split_first_chunk::<8>().ok_or(NoteError::BadSignature)?;
    let at_s = u64::from_be_bytes(*time);
    if i64::try_from(at_s).is_err() {
        return Err(NoteError::BadSignature);
    }
    key.check(&message(at_s, body), signature)?;
    Ok(at_s)
}

fn message(at_s: u64, body: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {at_s}\n{body}").into_bytes()
}
