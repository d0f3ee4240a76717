//! Verifying a log directory, offline, with nothing but its files and perhaps a key.
//!
//! Everything is recomputed from the entries: their order and links, the RFC 6962 roots, the signatures
//! over them, the commitments behind the openings. Nothing derived is trusted. Four verdicts are given
//! apart: *integrity* (nothing was altered), *completeness* (nothing is missing), *authenticity* (the
//! right key signed), *time* (somebody else vouches for when). The first bad entry is named.
//!
//! A log rewritten and signed again with the same key passes here unless an older checkpoint, kept
//! elsewhere, is given as an anchor.

mod blame;
mod openings;
mod report;
mod walk;

use std::path::Path;

use sealane_crypto::fingerprint::Fingerprint;
use sealane_crypto::sign::VerifyingKey;

pub use self::report::{KeyUsed, Report, Verdict};
use self::walk::Walk;
use crate::log::layout::Layout;
use crate::note::{Checkpoint, VerifierKey};

/// What the verifier knows from elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The log's key, from a source that is not the log directory.
    pub key: Option<VerifyingKey>,
    /// Or its fingerprint only: the key beside the log must match it.
    pub fingerprint: Option<Fingerprint>,
    /// Checkpoints of this log seen earlier and kept elsewhere: they make a fork or a rollback visible.
    pub anchors: Vec<Checkpoint>,
}

/// Verifies the log in `dir`, or a copy of one. Changes nothing.
#[must_use]
pub fn verify_dir(dir: &Path, options: &Options) -> Report {
    let layout = Layout::new(dir);
    let key = Key::find(&layout, options);
    match Walk::new(&layout, &key, options).run() {
        Ok(report) => report,
        Err(error) => Report::unreadable(format!("the log cannot be read: {error}")),
    }
}

/// Which key signatures are checked with, and how far it is trusted.
#[derive(Debug, Default)]
struct Key {
    key: Option<VerifyingKey>,
    origin: Option<String>,
    pinned: bool,
    /// Something about the keys is wrong by itself.
    wrong: Option<String>,
}

impl Key {
    fn find(layout: &Layout, options: &Options) -> Self {
        let beside = match layout.read_key() {
            Ok(Some(text)) => text.parse::<VerifierKey>().map(Some).map_err(|error| error.to_string()),
            Ok(None) => Ok(None),
            Err(error) => Err(error.to_string()),
        };
        let origin = beside.as_ref().ok().and_then(Option::as_ref).map(|key| key.name().to_owned());
        let found = beside.as_ref().ok().and_then(Option::as_ref).map(VerifierKey::key);
        let fits = |key: VerifyingKey| options.fingerprint.is_none_or(|wanted| key.fingerprint() == wanted);
        let wrong = match (&beside, options.key) {
            (Err(error), _) => Some(format!("origin.pub beside the log is damaged: {error}")),
            (Ok(Some(key)), Some(pinned)) if key.key() != pinned => Some(format!(
                "the key beside the log is {} and the given one is {}",
                key.key().fingerprint(),
                pinned.fingerprint()
            )),
            (Ok(Some(key)), None) if !fits(key.key()) => {
                Some(format!("the key beside the log is {}, not the given one", key.key().fingerprint()))
            }
            _ => None,
        };
        let pinned = options.key.is_some() || (options.fingerprint.is_some() && found.is_some_and(fits));
        Self { key: options.key.or(found), origin, pinned, wrong }
    }
}
