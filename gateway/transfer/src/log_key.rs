//! Whose audit log it is: a log's verifier key, vouched for by the site's signing key.
//!
//! A site has one log a node, each with a key of its own. Peers know the site by its pinned signing key alone, so the
//! site signs for each log which key it has. What is opened here is the peer's own word, and nobody else's.
//!
//! **Leaves to others.** Whether the key of a log that is known has changed: [`crate::peer_log`].

use sealane_audit::{KeyKind, VerifierKey};
use sealane_crypto::envelope::EnvelopeError;
use sealane_crypto::{Signed, VerifyingKey};
use sealane_model::problem::ProblemKind;
use sealane_model::{Problem, SiteId};
use serde::{Deserialize, Serialize};

use crate::site::SiteIdentity;

/// A site's word that a log is its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogKey {
    /// Whose log.
    pub site: SiteId,
    /// The log's name and key, as signed notes write it.
    pub key: String,
}

impl LogKey {
    /// The signature context of such words.
    pub const CONTEXT: &'static str = "sealane log key v1";

    /// This site vouches for a log of its own.
    ///
    /// # Errors
    /// [`EnvelopeError`] if it cannot be written.
    pub fn sign(identity: &SiteIdentity, key: &VerifierKey) -> Result<Signed<Self>, EnvelopeError> {
        let word = Self { site: identity.site, key: key.to_string() };
        Signed::seal(&identity.signing, Self::CONTEXT, &word)
    }

    /// The key of a site's log, if the site vouches for it with its signing key.
    ///
    /// # Errors
    /// A [`Problem`] if another key than the site's signed, or it is no key of a log of that site.
    pub fn open(signed: &Signed<Self>, site: SiteId, signing_key: &VerifyingKey) -> Result<VerifierKey, Problem> {
        let word = signed.open(signing_key, Self::CONTEXT).map_err(|error| unfounded(&error.to_string()))?;
        if word.site != site {
            return Err(unfounded("It is for the log of another site."));
        }
        let key = word.key.parse::<VerifierKey>().map_err(|error| unfounded(&error.to_string()))?;
        if key.kind() != KeyKind::Log {
            return Err(unfounded("It is the key of a witness, not of a log."));
        }
        Ok(key)
    }
}

fn unfounded(why: &str) -> Problem {
    Problem::new(ProblemKind::Integrity, "log-key-unfounded", "The key of the other site's log is not vouched for", why)
        .next("Ask the other site's administrator whether its keys have changed.")
}
