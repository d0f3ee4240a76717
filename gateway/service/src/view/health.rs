//! Whether the node lives, and whether it can do its work.

use serde::{Deserialize, Serialize};

/// The process answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveView {
    /// Always `live`.
    pub status: String,
}

/// Whether requests can be served, part by part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyView {
    /// Whether every part works that all requests need: all save `witness`, `alarms` and `alerts`.
    pub ready: bool,
    /// `database`, `audit`, `witness`, `storage`; `alarms` has what the node noticed, `alerts` whether an urgent one is open.
    pub parts: Vec<HealthPart>,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthPart {
    /// Its name.
    pub name: String,
    /// Whether it works.
    pub ok: bool,
    /// A stable word for the fault, where there is one. No detail: this is public.
    pub code: Option<String>,
}
