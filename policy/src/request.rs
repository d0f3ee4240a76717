//! One question to policy.

use crate::action::{Action, ActionGroup};
use crate::resource::{Resource, ResourceKind};
use crate::subject::Subject;

/// Who wants to do what to what, why, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub subject: Subject,
    /// What they want to do.
    pub action: Action,
    /// What they want to do it to.
    pub resource: Resource,
    /// The declared purpose.
    pub purpose: Option<String>,
    /// The time of asking, in seconds since 1970 UTC.
    pub now_s: i64,
}

impl Request {
    /// Whether it asks for something about the site itself, and of the site itself.
    pub(crate) fn is_about_site(&self) -> bool {
        matches!(self.resource.kind, ResourceKind::Site) && self.action.group() == ActionGroup::Site
    }
}
