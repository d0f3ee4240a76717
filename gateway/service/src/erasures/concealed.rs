//! Whom an erasure or a hold is about, kept in the database without saying so.
//!
//! A keyed code, by which the same person is found again, and the name itself, sealed with its ground. Both keys come from
//! the one that protects the audit log's personal values, which the nodes of a site share and the database never sees.

use sealane_audit::{Log, Scope};
use sealane_crypto::digest::Digest;
use sealane_crypto::{AeadKey, KeyError, MacKey, Random};
use sealane_database::erasure::Erasure;
use sealane_model::Problem;
use serde::{Deserialize, Serialize};

use crate::problem;
use crate::view::AboutView;

/// What stands sealed in a row.
#[derive(Serialize, Deserialize)]
pub(crate) struct Concealed {
    pub(crate) about: AboutView,
    /// The basis of an erasure, the reason of a hold.
    pub(crate) words: String,
}

/// Makes and reads what conceals.
pub(crate) struct Concealer {
    codes: MacKey,
    seal: AeadKey,
}

impl Concealer {
    pub(crate) fn of(log: &Log) -> Result<Self, Problem> {
        let unusable = |error: KeyError| problem::internal("erasure-key", &error);
        Ok(Self {
            codes: MacKey::from_bytes(log.derive_key("sealane-erasure-code/1").expose()),
            seal: AeadKey::from_bytes(log.derive_key("sealane-erasure-seal/1").expose()).map_err(unusable)?,
        })
    }

    pub(crate) fn code(&self, about: &AboutView) -> Result<String, Problem> {
        Ok(Digest::from_bytes(self.codes.code(&json(about)?)).to_string())
    }

    /// Seals for one row, which the id names.
    pub(crate) fn seal(&self, random: &dyn Random, id: &str, what: &Concealed) -> Result<Vec<u8>, Problem> {
        Ok(self.seal.seal(random, id.as_bytes(), &json(what)?))
    }

    /// What an erasure's row conceals; an error once it is done, for then it conceals nothing any more.
    pub(crate) fn open_row(&self, row: &Erasure) -> Result<Concealed, Problem> {
        self.open(&row.id.to_string(), row.sealed.as_deref().unwrap_or_default())
    }

    pub(crate) fn open(&self, id: &str, sealed: &[u8]) -> Result<Concealed, Problem> {
        let plain =
            self.seal.open(id.as_bytes(), sealed).map_err(|error| problem::internal("erasure-sealed", &error))?;
        // The parser's own words could repeat a name, so they are not kept.
        serde_json::from_slice(&plain).map_err(|_| problem::internal("erasure-sealed", &"it is of another form"))
    }
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(value).map_err(|error| problem::internal("erasure-form", &error))
}

/// The unit of erasure that is meant.
pub(crate) fn scope(about: &AboutView) -> Scope {
    match about {
        AboutView::Person { issuer, subject } => Scope::person(issuer, subject),
        AboutView::Collection { collection } => Scope::collection(collection),
    }
}
