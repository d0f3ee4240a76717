//! Decides: the mandatory rules of the class, then the access rules, then casbin over the few facts left.
//!
//! **Promises.** [`Engine::decide`] never fails open: whatever goes wrong in it, even a panic, is a deny with the code
//! `pdp.fault`. A permit takes three that agree: the mandatory layer, casbin, and a plain reading of the same rows. Rules are
//! swapped as a whole ([`Engine::publish`]); a decision sees the old ones or the new ones, never a mixture.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use sealane_audit::DecisionId;
use uuid::{NoContext, Timestamp, Uuid};

use crate::action::{Action, ActionGroup};
use crate::book::{self, Bucket, DataRule, RoleRule, RowEffect};
use crate::class::Class;
use crate::decider::{AdminDecider, DataDecider, Undecided};
use crate::decision::Decision;
use crate::explain::{self, Verdict};
use crate::facts::Facts;
use crate::lint::LintError;
use crate::mandatory::ClassTable;
use crate::request::Request;
use crate::resource::ResourceKind;
use crate::snapshot::Snapshot;

/// The last second for which a UUID can say its time: the end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// Decides requests. Clones share the same rules.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    classes: ClassTable,
    data_rules: Vec<DataRule>,
    role_rules: Vec<RoleRule>,
    data: DataDecider,
    admin: AdminDecider,
    snapshot: ArcSwap<Snapshot>,
    /// More of the audit log waits for its witnesses than may.
    exposed: AtomicBool,
}

impl Engine {
    /// Reads the rule tables strictly, builds the deciders, and starts with the given access rules.
    pub fn new(snapshot: Snapshot) -> Result<Self, LintError> {
        let (data_rules, role_rules) = (book::data_rules()?, book::role_rules()?);
        Ok(Self(Arc::new(Inner {
            classes: ClassTable::embedded()?,
            data: DataDecider::new(&data_rules)?,
            admin: AdminDecider::new(&role_rules)?,
            data_rules,
            role_rules,
            snapshot: ArcSwap::from_pointee(snapshot),
            exposed: AtomicBool::new(false),
        })))
    }

    /// Puts other access rules in force, for every clone of this engine, from the next decision on.
    pub fn publish(&self, snapshot: Snapshot) {
        self.0.snapshot.store(Arc::new(snapshot));
    }

    /// Says whether more of the site's audit log waits for its witnesses than may: while it is so, classes that ask for a
    /// witnessed log are refused, for every clone of this engine.
    pub fn set_exposed(&self, exposed: bool) {
        self.0.exposed.store(exposed, Ordering::Release);
    }

    /// Whether data of this class are refused now because the audit log waits for its witnesses.
    #[must_use]
    pub fn is_exposed(&self, class: Class) -> bool {
        let asks = |group| self.0.classes.rule(class, group).is_none_or(|rule| rule.witnessed);
        self.0.exposed.load(Ordering::Acquire) && ActionGroup::ON_COLLECTIONS.into_iter().any(asks)
    }

    /// The rules in force.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.0.snapshot.load_full()
    }

    /// Decides one request.
    pub fn decide(&self, request: &Request) -> Decision {
        let snapshot = self.0.snapshot.load();
        let exposed = self.0.exposed.load(Ordering::Acquire);
        self.decide_as(fresh_id(request.now_s), request, &Setting { snapshot: &snapshot, exposed }, false)
    }

    /// Decides one request under other rules than those in force: what would be, or what was. Never
    /// becomes a permit.
    pub fn simulate(&self, request: &Request, snapshot: &Snapshot) -> Decision {
        self.decide_as(fresh_id(request.now_s), request, &Setting { snapshot, exposed: false }, true)
    }

    pub(crate) fn decide_as(
        &self,
        id: DecisionId,
        request: &Request,
        setting: &Setting<'_>,
        simulated: bool,
    ) -> Decision {
        let verdict = self.judge(request, setting);
        Decision {
            id,
            effect: verdict.effect,
            reason: verdict.reason,
            unmet: verdict.unmet,
            rule: verdict.rule,
            snapshot: setting.snapshot.hash(),
            request: request.clone(),
            refused_beneath: verdict.refused_beneath,
            exposed: setting.exposed,
            simulated,
        }
    }

    pub(crate) fn judge(&self, request: &Request, setting: &Setting<'_>) -> Verdict {
        guarded(request.action, || self.0.judge(request, setting))
    }

    pub(crate) fn tables(&self) -> Tables<'_> {
        Tables { classes: &self.0.classes, data_rules: &self.0.data_rules, role_rules: &self.0.role_rules }
    }

    /// What is in force now.
    pub(crate) fn with_setting<T>(&self, ask: impl FnOnce(&Setting<'_>) -> T) -> T {
        let snapshot = self.0.snapshot.load();
        ask(&Setting { snapshot: &snapshot, exposed: self.0.exposed.load(Ordering::Acquire) })
    }

    /// What casbin alone says, for explanations. None where it does not answer.
    pub(crate) fn casbin_on_facts(&self, bucket: Bucket, facts: &Arc<Facts>) -> Option<bool> {
        catch_unwind(AssertUnwindSafe(|| self.0.data.permits(bucket, facts))).ok()?.ok()
    }

    /// As [`Engine::casbin_on_facts`], about the site itself.
    pub(crate) fn casbin_on_roles(&self, request: &Request) -> Option<bool> {
        catch_unwind(AssertUnwindSafe(|| self.0.admin.permits(&request.subject, request.action))).ok()?.ok()
    }
}

/// Under which rules, and in which state of the site, something is decided.
pub(crate) struct Setting<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) exposed: bool,
}

/// The gateway's own tables.
pub(crate) struct Tables<'a> {
    pub(crate) classes: &'a ClassTable,
    pub(crate) data_rules: &'a [DataRule],
    pub(crate) role_rules: &'a [RoleRule],
}

/// Which rows answer about a request. None where they are those of the site, or the action does not fit the thing.
pub(crate) fn bucket_of(request: &Request) -> Option<Bucket> {
    match &request.resource.kind {
        ResourceKind::Site => None,
        ResourceKind::Task { .. } => Bucket::on_task(request.action),
        ResourceKind::Collection { .. } => Bucket::on_collection(request.action),
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("snapshot", &*self.0.snapshot.load()).finish_non_exhaustive()
    }
}

/// Whatever goes wrong in deciding is a deny.
fn guarded(action: Action, judge: impl FnOnce() -> Result<Verdict, Undecided>) -> Verdict {
    match catch_unwind(AssertUnwindSafe(judge)) {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(error)) => {
            tracing::error!(policy.action = %action, %error, "deciding about {action} failed: denied");
            Verdict::fault()
        }
        Err(_) => {
            tracing::error!(policy.action = %action, "deciding about {action} panicked: denied");
            Verdict::fault()
        }
    }
}

fn fresh_id(now_s: i64) -> DecisionId {
    let second = u64::try_from(now_s).unwrap_or(0).min(LAST_SECOND);
    DecisionId::new(Uuid::new_v7(Timestamp::from_unix(NoContext, second, 0)))
}

impl Inner {
    fn judge(&self, request: &Request, setting: &Setting<'_>) -> Result<Verdict, Undecided> {
        let action = request.action;
        match bucket_of(request) {
            Some(bucket) => self.judge_by_facts(request, bucket, setting),
            None if request.is_about_site() => self.judge_at_site(request),
            None => Ok(Verdict::mismatch(action)),
        }
    }

    fn judge_at_site(&self, request: &Request) -> Result<Verdict, Undecided> {
        let (action, subject) = (request.action, &request.subject);
        let rule = self.role_rules.iter().find(|rule| rule.action == action);
        let says = |effect| rule.is_some_and(|rule| rule.callers(effect).any(|caller| caller.is(subject)));
        if self.admin.permits(subject, action)? && says(RowEffect::Allow) && !says(RowEffect::Deny) {
            return Ok(Verdict::permit(format!("site.{action}.allow"), Vec::new()));
        }
        Ok(explain::site_denial(action, subject, rule))
    }

    fn judge_by_facts(&self, request: &Request, bucket: Bucket, setting: &Setting<'_>) -> Result<Verdict, Undecided> {
        let action = request.action;
        let rows: Vec<&DataRule> = self.data_rules.iter().filter(|rule| rule.bucket == bucket).collect();
        let facts = Arc::new(Facts::gather(request, &self.classes, setting));
        if let Some(rule) = self.permitting(action, bucket, &rows, &facts)? {
            return Ok(Verdict::permit(rule, facts.findings.refused_beneath.clone()));
        }
        if facts.shortfall.is_only_age() {
            let fresh = Arc::new(Facts::gather(request, &self.classes, setting).after_sign_in());
            if self.permitting(action, bucket, &rows, &fresh)?.is_some() {
                return Ok(Verdict::step_up(action, &facts));
            }
        }
        Ok(explain::denial(action, &rows, &facts))
    }

    /// The rows that permit, where the mandatory layer, casbin and a plain reading of the rows all say yes.
    fn permitting(
        &self,
        action: Action,
        bucket: Bucket,
        rows: &[&DataRule],
        facts: &Arc<Facts>,
    ) -> Result<Option<String>, Undecided> {
        let casbin = self.data.permits(bucket, facts)?;
        let denied = explain::deciding(rows, facts, RowEffect::Deny).is_some();
        let allowed = explain::deciding(rows, facts, RowEffect::Allow);
        Ok(allowed.filter(|_| casbin && !denied && facts.class_is_met(action.group())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Effect;

    #[test]
    fn a_panic_in_deciding_is_a_deny() {
        let verdict = guarded(Action::ReadContent, || panic!("as casbin's keyMatch does"));
        assert_eq!((verdict.effect, verdict.reason.code), (Effect::Deny, "pdp.fault"));
    }

    #[test]
    fn an_error_of_casbin_is_a_deny() {
        let error = casbin::error::RequestError::UnmatchRequestDefinition(1, 2);
        let verdict = guarded(Action::ReadContent, || Err(Undecided::from(casbin::Error::from(error))));
        assert_eq!((verdict.effect, verdict.reason.code), (Effect::Deny, "pdp.fault"));
    }

    #[test]
    fn decision_ids_differ_and_take_any_time() {
        let ids: std::collections::HashSet<String> =
            [i64::MIN, 0, 1, 1, i64::MAX, i64::MAX].map(|now| fresh_id(now).to_string()).into();
        assert_eq!(ids.len(), 6);
    }
}
