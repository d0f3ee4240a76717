//! Access rules: who may do what beneath which path of a collection, until when, for what.

use sealane_policy::GrantRow;
use serde::{Deserialize, Serialize};

use crate::person::PersonId;
use crate::time::Timestamp;

/// A rule as it is kept: what policy needs of it, and who made it when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessRule {
    /// What policy decides with.
    pub grant: GrantRow,
    /// Who made it; absent for rules that came from the configuration file.
    pub created_by: Option<PersonId>,
    /// When it was made.
    pub created_at: Timestamp,
}
