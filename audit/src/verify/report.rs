//! What was found, for people and for programs: the verdicts side by side, and the exit code that they make.

use std::fmt;

use sealane_crypto::digest::Digest;
use sealane_crypto::fingerprint::Fingerprint;
use serde::Serialize;

use super::verdict::Verdict;

/// The key that signatures were checked with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyUsed {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Whether it was given from outside, or only found beside the log.
    pub pinned: bool,
}

/// What was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "subject", rename_all = "lowercase")]
pub enum Subject {
    /// A log's directory, every entry of it.
    Log,
    /// One entry.
    Entry {
        /// Its place.
        index: u64,
        /// Its leaf hash, if the entry is there.
        leaf: Option<Digest>,
        /// Its bytes.
        #[serde(skip_serializing_if = "Option::is_none")]
        json: Option<String>,
    },
    /// An evidence pack; empty if it could not be read.
    Pack(Packed),
}

/// What a pack says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Packed {
    /// Entries in it.
    pub packed: u64,
    /// What was asked for.
    pub asked: String,
    /// When it was made.
    pub made_at: String,
}

/// What verifying a log, or something taken from one, found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What was looked at.
    #[serde(flatten)]
    pub subject: Subject,
    /// The log's name.
    pub origin: Option<String>,
    /// Entries of a log that are sound, from the first on; of anything else, those that its checkpoint covers.
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
    /// A log that is not there, or cannot be read: none of it can be said to be complete.
    pub(super) fn unreadable(why: String) -> Self {
        let because = "the log could not be read";
        Self { completeness: Verdict::bad(None, why), ..Self::unverifiable(Subject::Log, because) }
    }

    /// Nothing can be said.
    pub(super) fn unverifiable(subject: Subject, why: &str) -> Self {
        Self {
            subject,
            origin: None,
            entries: 0,
            root: sealane_crypto::digest::sha256(&[]),
            key: None,
            integrity: Verdict::unknown(why),
            completeness: Verdict::unknown(why),
            authenticity: Verdict::unknown(why),
            time: Verdict::unknown(why),
            openings: Verdict::unknown(why),
            tiles: None,
        }
    }

    /// The first entry that something is wrong with: altered, else missing, else without its openings.
    #[must_use]
    pub fn first_bad_entry(&self) -> Option<u64> {
        // What is altered counts first: sound entries may end earlier, where the batch of the altered one begins.
        self.verdicts().into_iter().find_map(|(_, verdict)| verdict.entry())
    }

    /// Whether everything that was asked for holds; time needs other people and is asked for by naming them.
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
        } else if self.integrity.is_ok() && self.authenticity.is_ok() && !self.time.is_bad() {
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

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.origin.as_deref().unwrap_or("(no name)");
        writeln!(f, "log           {origin}")?;
        match &self.subject {
            Subject::Log => writeln!(f, "entries       {} sound, root {}", self.entries, self.root)?,
            Subject::Entry { index, leaf, json } => {
                writeln!(f, "entry         {index} of {}, root {}", self.entries, self.root)?;
                if let Some(leaf) = leaf {
                    writeln!(f, "leaf hash     {leaf}")?;
                }
                if let Some(json) = json {
                    writeln!(f, "content       {}", printable(json))?;
                }
            }
            Subject::Pack(Packed { packed, asked, made_at }) => {
                writeln!(f, "pack          {packed} entries of {}, root {}", self.entries, self.root)?;
                writeln!(f, "asked for     {}, made at {}", printable(asked), printable(made_at))?;
            }
        }
        for (name, verdict) in self.verdicts() {
            writeln!(f, "{name:<13} {verdict}")?;
        }
        Ok(())
    }
}

/// Text from outside, as a terminal may show it: nothing that moves the cursor or turns the writing round.
fn printable(text: &str) -> String {
    let plain = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().map(|c| if plain(c) { c.to_string() } else { c.escape_unicode().to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_does_not_steer_a_terminal() {
        assert_eq!(printable("Größe 5\u{1b}[2J\n\u{202e}x\u{9b}"), "Größe 5\\u{1b}[2J\\u{a}\\u{202e}x\\u{9b}");
    }
}
