//! What is wrong with rules that must not be published. The rules in force stay in force.

use std::collections::HashSet;

use crate::grant::{GrantRow, Principal};
use crate::id::RuleId;
use crate::permission::Permission;

/// The longest purpose, group, e-mail address or other text of an access rule, in bytes.
pub const MAX_TEXT_BYTES: usize = 1024;

/// Why rules were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LintError {
    /// A rule table of the gateway itself is wrong.
    #[error("{file} line {line}: {problem}")]
    Table {
        /// Which table.
        file: &'static str,
        /// Which line, counted from 1; 0 where the table as a whole is meant.
        line: usize,
        /// What is wrong, and what is expected.
        problem: String,
    },
    /// casbin refused a model or its rows.
    #[error("the casbin model {model} cannot be used: {problem}")]
    Model {
        /// Which model.
        model: &'static str,
        /// What casbin said.
        problem: String,
    },
    /// Two rows with one id.
    #[error("access rule {0} is there twice: give each rule an id of its own")]
    Duplicate(RuleId),
    /// A rule about nothing.
    #[error("access rule {0} names no permission: name at least one of list, read, write, delete, share")]
    NoPermission(RuleId),
    /// A principal or purpose with no text, or with too much.
    #[error("access rule {0} has an empty or overlong name or purpose: write 1 to {MAX_TEXT_BYTES} bytes")]
    BadText(RuleId),
    /// A refusal that nobody could take back.
    #[error("access rule {0} refuses 'share' to everyone, so nobody could ever revoke it: name whom it is for")]
    LocksEveryoneOut(RuleId),
    /// More rows than the index can number.
    #[error("there are too many access rules for one node: at most {0}")]
    TooMany(usize),
}

impl LintError {
    pub(crate) fn in_table(file: &'static str, line: usize, problem: &str) -> Self {
        Self::Table { file, line, problem: problem.to_owned() }
    }
}

impl GrantRow {
    /// Checks one access rule on its own, before it is kept.
    pub fn lint(&self) -> Result<(), LintError> {
        if self.permissions.is_empty() {
            return Err(LintError::NoPermission(self.id));
        }
        let texts: [&str; 3] = match &self.principal {
            Principal::Person(person) => [&person.issuer, &person.subject, self.purpose.as_deref().unwrap_or("-")],
            Principal::Email(name) | Principal::Group(name) | Principal::Site(name) => {
                [name, name, self.purpose.as_deref().unwrap_or("-")]
            }
            Principal::EveryoneSignedIn | Principal::Anonymous => ["-", "-", self.purpose.as_deref().unwrap_or("-")],
        };
        if texts.iter().any(|text| text.trim().is_empty() || text.len() > MAX_TEXT_BYTES) {
            return Err(LintError::BadText(self.id));
        }
        let everyone = matches!(self.principal, Principal::EveryoneSignedIn | Principal::Anonymous);
        if self.deny && everyone && self.permissions.contains(&Permission::Share) {
            return Err(LintError::LocksEveryoneOut(self.id));
        }
        Ok(())
    }
}

/// Checks all rows together.
pub(crate) fn lint_rows(rows: &[GrantRow]) -> Result<(), LintError> {
    let mut seen = HashSet::with_capacity(rows.len());
    for row in rows {
        row.lint()?;
        if !seen.insert(row.id) {
            return Err(LintError::Duplicate(row.id));
        }
    }
    Ok(())
}
