//! What must be found in a forged log, and by whom.

use sealane_audit::verify::Report;

/// The questions that our verifier answers apart.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// Was anything altered?
    Integrity,
    /// Is anything missing?
    Completeness,
    /// Did the log's key sign it?
    Authenticity,
    /// Can what the entries say of their time be true, by what witnesses say?
    Time,
    /// Do the sealed values belong to the entries?
    Openings,
    /// Are the tiles beside the segments those of the entries?
    Tiles,
}

impl Question {
    /// Whether our verifier found it wanting.
    pub(super) fn is_bad_in(self, report: &Report) -> bool {
        match self {
            Self::Integrity => report.integrity.is_bad(),
            Self::Completeness => report.completeness.is_bad(),
            Self::Authenticity => report.authenticity.is_bad(),
            Self::Time => report.time.is_bad(),
            Self::Openings => report.openings.is_bad(),
            Self::Tiles => {
                report.tiles.as_ref().is_some_and(|tiles| tiles.integrity.is_bad() || tiles.completeness.is_bad())
            }
        }
    }
}

/// What one verifier must say.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub(super) enum Expected {
    /// Refused, and by our verifier under this question.
    Bad(Question),
    /// Accepted: nobody can see this from the log alone.
    Passes,
}
