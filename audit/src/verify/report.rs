//! The verdicts, for people and for programs.

use std::fmt;

use sealane_crypto::digest::Digest;
use sealane_crypto::fingerprint::Fingerprint;
use serde::Serialize;

/// One question about a log, answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
pub enum Verdict {
    /// It holds.
    Ok {
        /// On what ground.
        because: String,
    },
    /// It does not hold.
    Bad {
        /// The first entry that it does not hold for, if there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        entry: Option<u64>,
        /// Where in the files, if there is such a place.
        #[serde(skip_serializing_if = "Option::is_none")]
        place: Option<String>,
        /// What is wrong.
        why: String,
    },
    /// It cannot be said from what was given.
    Unknown {
        /// What is missing.
        why: String,
    },
}

impl Verdict {
    pub(super) fn ok(because: impl Into<String>) -> Self {
        Self::Ok { because: because.into() }
    }

    pub(super) fn bad(entry: impl Into<Option<u64>>, why: impl Into<String>) -> Self {
        Self::Bad { entry: entry.into(), place: None, why: why.into() }
    }

    /// The same, said of something that is made anew from the log at any time.
    pub(super) fn derived(self) -> Self {
        match self {
            Self::Bad { entry, place, why } => {
                let why = format!("{why}; tiles are derived from the segments, and opening the log writes them anew");
                Self::Bad { entry, place, why }
            }
            other => other,
        }
    }

    /// Whether it holds.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        matches!(self, Self::Ok { .. })
    }

    /// Whether it was found not to hold.
    #[must_use]
    pub const fn is_bad(&self) -> bool {
        matches!(self, Self::Bad { .. })
    }

    const fn entry(&self) -> Option<u64> {
        match self {
            Self::Bad { entry, .. } => *entry,
            _ => None,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok { because } => write!(f, "ok       {because}"),
            Self::Unknown { why } => write!(f, "unknown  {why}"),
            Self::Bad { entry, place, why } => {
                f.write_str("BAD      ")?;
                if let Some(entry) = entry {
                    write!(f, "entry {entry}: ")?;
                }
                f.write_str(why)?;
                place.as_ref().map_or(Ok(()), |place| write!(f, " ({place})"))
            }
        }
    }
}

/// The key that signatures were checked with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyUsed {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Whether it was given from outside, or only found beside the log.
    pub pinned: bool,
}

/// What verifying a log found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The log's name.
    pub origin: Option<String>,
    /// Entries that are sound, from the first on.
    pub entries: u64,
    /// Root over them.
    pub root: Digest,
    /// The key used.
    pub key: Option<KeyUsed>,
    /// Nothing was altered.
    pub integrity: Verdict,
    /// Nothing is missing.
    pub completeness: Verdict,
    /// The log's key signed it.
    pub authenticity: Verdict,
    /// Somebody else vouches for when it was written.
    pub time: Verdict,
    /// The sealed personal values belong to the entries.
    pub openings: Verdict,
    /// The C2SP tiles, where they were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tiles: Option<TileVerdicts>,
}

/// What was found about tiles, which are derived from the entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TileVerdicts {
    /// None differs from what the entries make.
    pub integrity: Verdict,
    /// None is missing.
    pub completeness: Verdict,
}

impl Report {
    pub(super) fn unreadable(why: String) -> Self {
        let unknown = || Verdict::Unknown { why: "the log could not be read".to_owned() };
        Self {
            origin: None,
            entries: 0,
            root: sealane_crypto::digest::sha256(&[]),
            key: None,
            integrity: unknown(),
            completeness: Verdict::bad(None, why),
            authenticity: unknown(),
            time: not_anchored(),
            openings: unknown(),
            tiles: None,
        }
    }

    /// The first entry that something is wrong with.
    #[must_use]
    pub fn first_bad_entry(&self) -> Option<u64> {
        self.verdicts().into_iter().filter_map(|(_, verdict)| verdict.entry()).min()
    }

    /// Whether every verdict but time holds; time needs other people.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.exit_code() == 0
    }

    /// 0 holds, 1 tampered, 2 incomplete, 3 cannot be verified.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let tiles = self.tiles.as_ref();
        let altered = tiles.is_some_and(|tiles| tiles.integrity.is_bad());
        let missing = tiles.is_some_and(|tiles| tiles.completeness.is_bad());
        if self.integrity.is_bad() || self.authenticity.is_bad() || altered {
            1
        } else if self.completeness.is_bad() || self.openings.is_bad() || missing {
            2
        } else if self.integrity.is_ok() && self.completeness.is_ok() && self.authenticity.is_ok() {
            0
        } else {
            3
        }
    }

    fn verdicts(&self) -> Vec<(&'static str, &Verdict)> {
        let mut verdicts = vec![
            ("integrity", &self.integrity),
            ("completeness", &self.completeness),
            ("authenticity", &self.authenticity),
            ("time", &self.time),
            ("openings", &self.openings),
        ];
        if let Some(tiles) = &self.tiles {
            let worse = if tiles.integrity.is_bad() { &tiles.integrity } else { &tiles.completeness };
            verdicts.push(("tiles", worse));
        }
        verdicts
    }
}

pub(super) fn not_anchored() -> Verdict {
    Verdict::Unknown { why: "not anchored: no witness or timestamp vouches for when this was written".to_owned() }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.origin.as_deref().unwrap_or("(no name)");
        writeln!(f, "log           {origin}")?;
        writeln!(f, "entries       {} sound, root {}", self.entries, self.root)?;
        for (name, verdict) in self.verdicts() {
            writeln!(f, "{name:<13} {verdict}")?;
        }
        Ok(())
    }
}
