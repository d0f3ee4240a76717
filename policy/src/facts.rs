//! The facts of one request, each yes, no or unknown.
//!
//! Everything that rules may speak about is worked out here, in plain typed code, before casbin is asked. So no attribute,
//! number, path or text of a request ever enters casbin's expression language.

use crate::action::ActionGroup;
use crate::book::{Fact, RowEffect};
use crate::engine::Setting;
use crate::grant_index::{Findings, Query};
use crate::id::PersonId;
use crate::mandatory::{ClassTable, Shortfall};
use crate::request::Request;
use crate::resource::ResourceKind;
use crate::role::Role;

/// Yes, no, or not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    Yes,
    No,
    Unknown,
}

impl Truth {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

impl From<bool> for Truth {
    fn from(known: bool) -> Self {
        if known { Self::Yes } else { Self::No }
    }
}

/// The facts of one request.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) shortfall: Shortfall,
    pub(crate) findings: Findings,
    class_known: bool,
    granted: bool,
    owner: Truth,
    administrator: bool,
    officer: bool,
    auditor: bool,
    nobody: bool,
}

impl Facts {
    /// Works out what can be known about a request.
    pub(crate) fn gather(request: &Request, classes: &ClassTable, setting: &Setting<'_>) -> Self {
        let (snapshot, exposed) = (setting.snapshot, setting.exposed);
        let subject = &request.subject;
        let mut facts = Self {
            shortfall: Shortfall::default(),
            findings: Findings::default(),
            class_known: false,
            granted: false,
            owner: Truth::Unknown,
            administrator: subject.has_role(Role::Administrator),
            officer: subject.has_role(Role::SecurityOfficer) || subject.has_role(Role::ComplianceOfficer),
            auditor: subject.has_role(Role::Auditor),
            nobody: subject.person.is_none(),
        };
        match &request.resource.kind {
            ResourceKind::Collection { id, class, path, owner } => {
                if let Some(rule) = classes.rule(*class, request.action.group()) {
                    facts.shortfall = rule.shortfall(subject, request.now_s, exposed);
                    facts.class_known = true;
                }
                let required = request.action.required();
                let closure = snapshot.grants().closure(subject);
                let purpose = request.purpose.as_deref();
                let query = Query { collection: *id, path, required, purpose, now_s: request.now_s };
                facts.findings = snapshot.grants().find(&closure, &query);
                facts.granted = !required.is_empty() && facts.findings.given.contains_all(required);
                // A peer's word about a person does not make them the owner of a collection here.
                let local = owner.as_ref().filter(|_| subject.is_local_person());
                facts.owner = same_person(local, subject.person.as_ref());
            }
            ResourceKind::Task { owner, .. } => facts.owner = same_person(Some(owner), subject.person.as_ref()),
            ResourceKind::Site => {}
        }
        facts
    }

    /// What is known about one fact.
    pub(crate) fn truth(&self, fact: Fact) -> Truth {
        match fact {
            Fact::ClassUnmet if !self.class_known => Truth::Unknown,
            Fact::ClassUnmet => (!self.shortfall.is_none()).into(),
            Fact::Refused => self.findings.refusing.is_some().into(),
            Fact::RefusedBeneath => (!self.findings.refused_beneath.is_empty()).into(),
            Fact::Granted => self.granted.into(),
            Fact::Visible => self.findings.visible.into(),
            Fact::Owner => self.owner,
            Fact::Administrator => self.administrator.into(),
            Fact::Officer => self.officer.into(),
            Fact::Auditor => self.auditor.into(),
            Fact::Nobody => self.nobody.into(),
        }
    }

    /// Whether a row applies: an unknown fact counts as true where the row denies, as false where it allows.
    pub(crate) fn holds(&self, fact: Fact, effect: RowEffect) -> bool {
        match self.truth(fact) {
            Truth::Yes => true,
            Truth::No => false,
            Truth::Unknown => effect == RowEffect::Deny,
        }
    }

    /// Whether the mandatory rules are met, known for certain. Asked once more after casbin has spoken.
    pub(crate) fn class_is_met(&self, group: ActionGroup) -> bool {
        match group {
            ActionGroup::Task | ActionGroup::Site => true,
            _ => self.truth(Fact::ClassUnmet) == Truth::No,
        }
    }

    /// These facts as they would be after a fresh sign-in.
    pub(crate) fn after_sign_in(mut self) -> Self {
        self.shortfall.too_old = None;
        self
    }
}

fn same_person(owner: Option<&PersonId>, person: Option<&PersonId>) -> Truth {
    match (owner, person) {
        (Some(owner), Some(person)) => (owner == person).into(),
        _ => Truth::Unknown,
    }
}
