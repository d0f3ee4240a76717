//! Policy's answer to one request, and how it becomes a permit.
//!
//! **Promises.** A decision knows why, what was missing and how to get it. It becomes a [`Permit`] only if it says yes
//! and its own durable audit record is shown ([`Decision::release`]): an unrecorded yes is a no (NIST SP 800-53 AU-2, AC-25).

use std::fmt;

use sealane_audit::{DecisionId, DecisionRecord, Receipt};
use sealane_crypto::Digest;
use serde::{Deserialize, Serialize};

use crate::action::{Action, ActionType};
use crate::path::RemotePath;
use crate::permit::Permit;
use crate::request::Request;

/// What policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Yes.
    Permit,
    /// No.
    Deny,
    /// Yes, once the person has signed in again.
    StepUp,
}

impl Effect {
    /// The effect's stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Deny => "deny",
            Self::StepUp => "step-up",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// A stable word for programs, such as `rule.missing`.
    pub code: &'static str,
    /// A sentence for people, free of personal data.
    pub text: String,
}

/// One thing that was missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmet {
    /// What there is.
    pub have: String,
    /// What it would take.
    pub need: String,
    /// How to get it.
    pub remedy: String,
}

/// Policy's answer to one request.
#[derive(Debug)]
#[must_use = "a decision is worth nothing until it is recorded"]
pub struct Decision {
    pub(crate) id: DecisionId,
    pub(crate) effect: Effect,
    pub(crate) reason: Reason,
    pub(crate) unmet: Vec<Unmet>,
    pub(crate) rule: Option<String>,
    pub(crate) snapshot: Digest,
    pub(crate) request: Request,
    pub(crate) refused_beneath: Vec<RemotePath>,
    /// Whether more of the audit log waited for its witnesses than may.
    pub(crate) exposed: bool,
    /// Whether it was made under other rules than those in force: never a permit.
    pub(crate) simulated: bool,
}

impl Decision {
    /// The decision's own id.
    #[must_use]
    pub const fn id(&self) -> DecisionId {
        self.id
    }

    /// What was asked.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.request.action
    }

    /// What policy says.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        self.effect
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }

    /// Everything that was missing, not just the first thing.
    #[must_use]
    pub fn unmet(&self) -> &[Unmet] {
        &self.unmet
    }

    /// The rules that decided, by name and id.
    #[must_use]
    pub fn rule(&self) -> Option<String> {
        self.rule.clone()
    }

    /// The hash of all rules that were in force.
    #[must_use]
    pub const fn snapshot(&self) -> Digest {
        self.snapshot
    }

    /// Whether it says yes.
    #[must_use]
    pub fn is_permit(&self) -> bool {
        self.effect == Effect::Permit
    }

    /// What the audit log keeps of it.
    #[must_use]
    pub fn record(&self) -> DecisionRecord {
        DecisionRecord {
            id: self.id,
            effect: self.effect.as_str().to_owned(),
            rule: self.rule.clone(),
            reason: self.reason.code.to_owned(),
            snapshot: self.snapshot,
        }
    }

    /// Turns a recorded yes into a permit.
    ///
    /// The receipt must be that of this very decision's record; a permit of kind `A` must stand for the action asked.
    pub fn release<A: ActionType>(self, receipt: &Receipt) -> Result<Permit<A>, Denied> {
        if !self.is_permit() {
            return Err(Denied::from(self));
        }
        if self.simulated {
            return Err(
                self.withheld("decision.simulated", "the decision was made to see what would be, not for an act")
            );
        }
        if receipt.decision() != Some(self.id) {
            return Err(
                self.withheld("decision.unrecorded", "the decision has no audit record, so it cannot take effect")
            );
        }
        if !A::allows(self.request.action) {
            return Err(self.withheld("decision.wrong-kind", "the decision was about another kind of action"));
        }
        Ok(Permit::new(self.request, self.id, self.refused_beneath))
    }

    fn withheld(self, code: &'static str, text: &str) -> Denied {
        Denied {
            effect: Effect::Deny,
            reason: Reason { code, text: text.to_owned() },
            unmet: Vec::new(),
            decision: self.id,
        }
    }
}

/// A no, for people and programs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Denied {
    /// Deny, or step-up.
    pub effect: Effect,
    /// Why.
    pub reason: Reason,
    /// What was missing, and how to get it.
    pub unmet: Vec<Unmet>,
    /// The decision, for whoever asks about it.
    pub decision: DecisionId,
}

impl From<Decision> for Denied {
    fn from(decision: Decision) -> Self {
        // INVARIANT: a `Denied` never says "permit", even when it is made from a decision that did.
        let effect = if decision.effect == Effect::StepUp { Effect::StepUp } else { Effect::Deny };
        Self { effect, reason: decision.reason, unmet: decision.unmet, decision: decision.id }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason.text)?;
        for unmet in &self.unmet {
            write!(f, "\n  have: {}; need: {}\n  next: {}", unmet.have, unmet.need, unmet.remedy)?;
        }
        write!(f, "\n  decision: {}", self.decision)
    }
}
