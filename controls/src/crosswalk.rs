//! Other catalogues that the same controls serve: SP 800-171 (CUI) and the HIPAA security rule.

use serde::{Deserialize, Serialize};

use crate::control::Responsibility;

/// The revision of SP 800-171.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Revision {
    /// Revision 2, which CMMC assesses.
    R2,
    /// Revision 3.
    R3,
}

/// One requirement of SP 800-171.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// Which revision.
    pub revision: Revision,
    /// Its number, such as `3.1.1` or `03.01.01`.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// The weight of the DoD assessment methodology; revision 2 only.
    pub weight: Option<u8>,
    /// Who carries it.
    pub responsibility: Responsibility,
    /// The 800-53 controls behind it, as OSCAL writes them. Some exist in older revisions of 800-53 only.
    pub controls: Vec<String>,
    /// The checks that show something of it.
    pub checks: Vec<String>,
}

/// One standard of the HIPAA security rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Safeguard {
    /// Where it stands, such as `164.312(b)`.
    pub standard: String,
    /// The 800-53 controls behind it according to SP 800-66r2, as OSCAL writes them.
    pub controls: Vec<String>,
}
