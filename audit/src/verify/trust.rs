//! What the auditor brings along: the key, and heads of the log that were kept elsewhere.
//!
//! Whatever lies beside the log may be the attacker's. A key from outside rules out another signer; an
//! earlier checkpoint from outside makes a fork or a rollback visible, also one made with the stolen key.

use std::fs;
use std::io;

use sealane_crypto::digest::Digest;
use sealane_crypto::fingerprint::Fingerprint;
use sealane_crypto::sign::VerifyingKey;

use super::report::KeyUsed;
use super::verdict::Verdict;
use crate::log::chain::Chain;
use crate::log::layout::Layout;
use crate::note::{Checkpoint, VerifierKey};
use crate::rotation::{Keys, RotationProof};
use crate::witness::Policy;

/// What the verifier knows from elsewhere, and how far it should look.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The log's key, from a source that is not the log directory.
    pub key: Option<VerifyingKey>,
    /// The log's name, where it is known: one key may sign for several logs, and a copy of tiles need not say which.
    pub origin: Option<String>,
    /// Or its fingerprint only: the key beside the log must match it.
    pub fingerprint: Option<Fingerprint>,
    /// Checkpoints of this log seen earlier and kept elsewhere: they make a fork or a rollback visible.
    pub anchors: Vec<Checkpoint>,
    /// Witnesses whose word counts, and how many of them; perhaps the keys of logs too.
    pub policy: Option<Policy>,
    /// Compare the C2SP tiles too. They are derived, and what a copy without segments is verified from.
    pub tiles: bool,
}

impl Options {
    /// The key that the policy lists for the log of that name.
    fn listed(&self, origin: Option<&str>) -> Option<VerifyingKey> {
        let origin = origin.filter(|_| self.fingerprint.is_none())?;
        let log = self.policy.as_ref()?.logs().iter().find(|log| log.key.name() == origin)?;
        Some(log.key.key())
    }
}

/// A log's key as the auditor knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pin {
    /// The key and the name of the log that it signs for.
    Log(VerifierKey),
    /// The key itself.
    Key(VerifyingKey),
    /// Its fingerprint only.
    Fingerprint(Fingerprint),
}

impl Pin {
    /// Whether it means this key.
    #[must_use]
    pub fn is(&self, key: &VerifyingKey) -> bool {
        match self {
            Self::Log(pinned) => pinned.key() == *key,
            Self::Key(pinned) => pinned == key,
            Self::Fingerprint(fingerprint) => *fingerprint == key.fingerprint(),
        }
    }

    /// Trusts it for one log.
    pub fn set(&self, options: &mut Options) {
        match self {
            Self::Log(log) => {
                options.key = Some(log.key());
                options.origin = Some(log.name().to_owned());
            }
            Self::Key(key) => options.key = Some(*key),
            Self::Fingerprint(fingerprint) => options.fingerprint = Some(*fingerprint),
        }
    }
}

impl std::str::FromStr for Pin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(log) = text.parse() {
            Ok(Self::Log(log))
        } else if let Ok(key) = text.parse() {
            Ok(Self::Key(key))
        } else {
            let fingerprint =
                text.parse().map_err(|_| "neither a fingerprint, a verifier key line nor a base64 key")?;
            Ok(Self::Fingerprint(fingerprint))
        }
    }
}

/// Which key signatures are checked with, and how far it is trusted.
#[derive(Debug, Default)]
pub(super) struct Key {
    pub(super) key: Option<VerifyingKey>,
    /// The keys before and after it, as far as proofs beside the log lead.
    pub(super) keys: Option<Keys>,
    /// The heads of those proofs: the log must pass through them.
    handed_over: Vec<Checkpoint>,
    pub(super) origin: Option<String>,
    pinned: bool,
    /// Something about the keys is wrong by itself.
    wrong: Option<String>,
}

impl Key {
    /// The given key, else the one beside the log.
    pub(super) fn find(layout: &Layout, options: &Options) -> Self {
        let beside = match layout.read_key() {
            Ok(Some(text)) => text.parse::<VerifierKey>().map(Some).map_err(|error| error.to_string()),
            Ok(None) => Ok(None),
            Err(error) => Err(error.to_string()),
        };
        let head = layout.read_checkpoint().ok().flatten().and_then(|text| Checkpoint::parse(&text).ok());
        let proofs = layout.read_rotations().unwrap_or_default();
        Self::decide(&beside, head.as_ref().map(Checkpoint::origin), &proofs, options)
    }

    /// The given key, else the one in the document that is verified, about the log of that name.
    pub(super) fn choose(beside: Option<&VerifierKey>, origin: &str, options: &Options) -> Self {
        Self::decide(&Ok(beside.cloned()), Some(origin), &[], options)
    }

    fn decide(
        beside: &Result<Option<VerifierKey>, String>,
        named: Option<&str>,
        proofs: &[RotationProof],
        options: &Options,
    ) -> Self {
        let name = beside.as_ref().ok().and_then(Option::as_ref).map(|key| key.name().to_owned());
        let origin = options.origin.clone().or_else(|| name.clone());
        let given = options.key.or_else(|| options.listed(named.or(origin.as_deref())));
        let found = beside.as_ref().ok().and_then(Option::as_ref).map(VerifierKey::key);
        let of_log = |proof: &&RotationProof| origin.as_deref().is_none_or(|origin| proof.to().name() == origin);
        let proofs: Vec<RotationProof> = proofs.iter().filter(of_log).cloned().collect();
        let through = |key: VerifyingKey| Keys::through(key, &proofs);
        // A key handed over: another one may stand beside the log than the one that is given.
        let leads = |from: VerifyingKey, to: VerifyingKey| through(from).since(&to).is_some();
        let fits = |key: VerifyingKey| {
            let wanted = |fingerprint| through(key).all().any(|one| one.fingerprint() == fingerprint);
            options.fingerprint.is_none_or(wanted)
        };
        let wrong = match (beside, given) {
            (Err(error), _) => Some(format!("origin.pub beside the log is damaged: {error}")),
            (Ok(Some(key)), Some(pinned)) if !leads(pinned, key.key()) => Some(format!(
                "the key that comes with the log is {} and the given one is {}",
                key.key().fingerprint(),
                pinned.fingerprint()
            )),
            (Ok(Some(_)), _) if name != origin => Some(format!(
                "the key that comes with the log is for {:?}, and the given one for {:?}",
                name.unwrap_or_default(),
                origin.clone().unwrap_or_default()
            )),
            (Ok(Some(key)), None) if !fits(key.key()) => {
                Some(format!("the key that comes with the log is {}, not the given one", key.key().fingerprint()))
            }
            (Ok(None), None) if options.fingerprint.is_some() => {
                Some("no key comes with this that the fingerprint could belong to: give the key itself".to_owned())
            }
            _ => None,
        };
        let pinned = given.is_some() || (options.fingerprint.is_some() && found.is_some_and(fits));
        let by_fingerprint = found.filter(|_| pinned).and_then(|key| {
            let wanted = options.fingerprint?;
            through(key).all().find(|one| one.fingerprint() == wanted)
        });
        let key = given.or(by_fingerprint).or(found);
        let keys = key.map(through);
        let named = |proof: &RotationProof| keys.as_ref().is_some_and(|keys| keys.since(&proof.to().key()).is_some());
        let handed_over = proofs.iter().filter(|proof| named(proof)).map(|proof| proof.checkpoint().clone()).collect();
        Self { key, keys, handed_over, origin, pinned, wrong }
    }

    /// The key that must have signed a head of that size.
    pub(super) fn at(&self, size: u64) -> Option<VerifyingKey> {
        self.keys.as_ref().map(|keys| keys.at(size))
    }

    /// The heads at which keys were replaced.
    pub(super) fn handed_over(&self) -> impl Iterator<Item = &Checkpoint> {
        self.handed_over.iter()
    }

    pub(super) fn used(&self) -> Option<KeyUsed> {
        self.key.map(|key| KeyUsed { fingerprint: key.fingerprint(), pinned: self.pinned })
    }

    /// The last entry that names a new key, where nothing leads to that key.
    pub(super) fn unproven(&self, named: Option<&(u64, String)>) -> Option<Verdict> {
        let ((entry, key), keys) = (named?, self.keys.as_ref()?);
        let in_force = key.parse::<VerifierKey>().is_ok_and(|key| key.key() == keys.last());
        let why = || {
            let begins = entry.saturating_add(1);
            format!(
                "it names a new key for this log, and rotations/{begins} does not prove that the key before and the new one signed that"
            )
        };
        (!in_force).then(|| Verdict::bad(*entry, why()))
    }

    /// What is wrong before any signature is looked at.
    pub(super) fn wrong(&self) -> Option<Verdict> {
        // A damaged key file says nothing about who signed; a different key does.
        self.wrong.clone().map(
            |why| {
                if self.key.is_none() { Verdict::Unknown { why } } else { Verdict::bad(None, why) }
            },
        )
    }

    /// The verdict on a single head.
    pub(super) fn authenticity(&self, head: &Checkpoint) -> Verdict {
        if let Some(wrong) = self.wrong() {
            return wrong;
        }
        if let Some(origin) = self.origin.as_ref().filter(|origin| *origin != head.origin()) {
            return Verdict::bad(None, format!("the checkpoint is of {:?} and the key of {origin:?}", head.origin()));
        }
        match self.at(head.size()).map(|key| head.verify(&key)) {
            Some(Err(error)) => Verdict::bad(None, error.to_string()),
            _ => self.signed(),
        }
    }

    /// The verdict when no signature was found wanting.
    pub(super) fn signed(&self) -> Verdict {
        let Some(key) = self.key else {
            let why = self.wrong.clone().unwrap_or_else(|| "no key: give one with --key".to_owned());
            return Verdict::Unknown { why };
        };
        let fingerprint = key.fingerprint();
        let signed = if self.pinned {
            format!("signed by the given key {fingerprint}")
        } else {
            format!("signed by {fingerprint}, the key that comes with it; give --key to rule out another signer")
        };
        Verdict::ok(self.keys.iter().fold(signed, |told, keys| told + &replaced(keys, &key)))
    }
}

/// What is to be said of keys before and after the one that is trusted.
fn replaced(keys: &Keys, trusted: &VerifyingKey) -> String {
    let since = keys.since(trusted).unwrap_or_default();
    let mut told = String::new();
    for (begins, key) in keys.changes().iter().filter(|(begins, _)| *begins > since) {
        told += &format!("; it handed over to {}, which signs from {begins} entries on", key.fingerprint());
    }
    if since > 0 {
        told += &format!(
            "; it signs from {since} entries on, whose root covers those before; heads before that are signed by {}, for which this key does not speak",
            keys.first().fingerprint()
        );
    }
    told
}

/// A head that the log must pass through, and who says so.
struct Anchor {
    head: Checkpoint,
    from: &'static str,
}

/// All such heads, and whether the entries pass through them.
pub(super) struct Anchors {
    all: Vec<Anchor>,
    missed: Option<Verdict>,
    /// Some could not be read.
    damaged: Option<String>,
}

impl Anchors {
    pub(super) fn new(options: &Options) -> Self {
        let all = options.anchors.iter().cloned();
        let all = all.map(|head| Anchor { head, from: "an earlier checkpoint" }).collect();
        Self { all, missed: None, damaged: None }
    }

    pub(super) fn add(&mut self, head: Checkpoint, from: &'static str) {
        self.all.push(Anchor { head, from });
    }

    /// Adds the cosigned heads that the log keeps beside itself.
    pub(super) fn add_kept(&mut self, layout: &Layout) -> io::Result<()> {
        let files = match fs::read_dir(layout.directory().join("checkpoints")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            files => files?,
        };
        for file in files {
            let file = file?;
            // Only what is named by a size is a head; a write under way has another name.
            if file.file_name().to_str().is_none_or(|name| name.parse::<u64>().is_err()) {
                continue;
            }
            match Checkpoint::parse(&String::from_utf8_lossy(&fs::read(file.path())?)) {
                Ok(head) => self.add(head, "a cosigned checkpoint beside the log"),
                Err(error) => {
                    let name = file.file_name();
                    self.damaged = Some(format!("checkpoints/{} is damaged: {error}", name.display()));
                }
            }
        }
        Ok(())
    }

    /// A kept head that cannot be read: what it said is missing.
    pub(super) fn damaged(&self) -> Option<Verdict> {
        self.damaged.as_ref().map(|why| Verdict::bad(None, why.clone()))
    }

    pub(super) fn heads(&self) -> impl Iterator<Item = &Checkpoint> {
        self.all.iter().map(|anchor| &anchor.head)
    }

    /// Compares the entries so far with the heads over as many.
    pub(super) fn meet(&mut self, chain: &Chain) {
        if self.all.iter().any(|anchor| anchor.head.size() == chain.size()) {
            self.meet_head(chain.size(), chain.root());
        }
    }

    fn meet_head(&mut self, size: u64, root: Digest) {
        for anchor in self.all.iter().filter(|anchor| anchor.head.size() == size) {
            if anchor.head.root() != root && self.missed.is_none() {
                let why = format!(
                    "the first {size} entries are not those of {}: the log was rewritten or forked",
                    anchor.from
                );
                self.missed = Some(Verdict::bad(size.checked_sub(1), why));
            }
        }
    }

    /// The first head that the entries did not pass through.
    pub(super) fn missed(&mut self) -> Option<Verdict> {
        self.missed.take()
    }

    /// A head over more entries than the `size` sound ones.
    pub(super) fn beyond(&self, size: u64) -> Option<String> {
        let anchor = self.all.iter().find(|anchor| anchor.head.size() > size)?;
        Some(format!("{} covers {} entries and {size} sound ones are there", anchor.from, anchor.head.size()))
    }

    /// A head that its key did not sign for this log: a site's key may sign for several.
    pub(super) fn not_signed(&self, keys: &Keys, origin: Option<&str>) -> Option<Verdict> {
        self.all.iter().find_map(|anchor| {
            let name = anchor.head.origin();
            if origin.is_some_and(|origin| origin != name) {
                return Some(Verdict::bad(None, format!("{} is of another log, {name:?}", anchor.from)));
            }
            let error = anchor.head.verify(&keys.at(anchor.head.size())).err()?;
            Some(Verdict::bad(None, format!("{} is not signed by this key: {error}", anchor.from)))
        })
    }
}
