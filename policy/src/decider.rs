//! casbin as the final decider, over at most eight rows, with everything kept out of its reach that was measured to harm.
//!
//! What casbin-rs does with sharp edges (measured with 2.20), and what keeps each one away here:
//!
//! | hazard | what keeps it away |
//! |---|---|
//! | H1, H9, H13: `keyMatch`, `regexMatch`, `globMatch`, `ipMatch` panic or match too much | the models name one native predicate each; a lint refuses any other function |
//! | H2: `CachedEnforcer` mixes contexts up | never used; the feature is off |
//! | H3: `g` and `g2` share one graph | there is no role graph |
//! | H4: an id that is spelled like a role has it | typed prefixes (`act:`, `caller:`), and callers are compared as enums |
//! | H5, H10, H11, H15: missing attributes, large integers, strings for numbers, `in` | no attribute enters an expression: facts are worked out before, in three values |
//! | H6: an empty policy may allow | every bucket has an allow and a deny row, checked at start |
//! | H7: `Deny` is silently ignored | effects are an enum |
//! | H8: `eval` runs code from rows | refused by the lint |
//! | H12: a row of the wrong length fails everybody | rows are made from structs |
//! | H14: no reason for a default deny | the engine explains by itself |

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use casbin::function_map::OperatorFunction;
use casbin::rhai::Dynamic;
use casbin::{CoreApi, DefaultModel, EnforceArgs, Enforcer, MemoryAdapter, MgmtApi};

use crate::action::Action;
use crate::book::{ADMIN_MODEL, Bucket, Caller, DATA_MODEL, DataRule, Fact, MAX_ROWS, RoleRule, RowEffect};
use crate::facts::Facts;
use crate::lint::LintError;
use crate::subject::Subject;

/// The only effect rule that is allowed: some row allows, and none denies.
const DENY_OVERRIDES: &str = "e = some(where (p.eft == allow)) && !some(where (p.eft == deny))";
/// What may not stand in a model.
const FORBIDDEN: [&str; 10] =
    ["eval", "keyMatch", "keyGet", "regexMatch", "globMatch", "ipMatch", "role_definition", "!=", " in ", "priority("];

/// casbin did not answer.
#[derive(Debug, thiserror::Error)]
#[error("casbin could not decide: {0}")]
pub(crate) struct Undecided(#[from] casbin::Error);

/// Decides from facts: one enforcer for each bucket.
pub(crate) struct DataDecider(Vec<(Bucket, Enforcer)>);

impl DataDecider {
    pub(crate) fn new(rules: &[DataRule]) -> Result<Self, LintError> {
        let mut enforcers = Vec::with_capacity(Bucket::ALL.len());
        for bucket in Bucket::ALL {
            let rows: Vec<Vec<String>> = rules
                .iter()
                .filter(|rule| rule.bucket == *bucket)
                .map(|rule| vec![rule.id.clone(), rule.when.as_str().to_owned(), rule.effect.as_str().to_owned()])
                .collect();
            let holds = ("holds", OperatorFunction::Arg3(holds));
            enforcers.push((*bucket, enforcer("models/data.conf", DATA_MODEL, rows, MAX_ROWS, holds)?));
        }
        Ok(Self(enforcers))
    }

    /// Whether the rows of a bucket permit, given the facts. A bucket that does not exist permits nothing.
    pub(crate) fn permits(&self, bucket: Bucket, facts: &Arc<Facts>) -> Result<bool, Undecided> {
        let Some((_, enforcer)) = self.0.iter().find(|(known, _)| *known == bucket) else {
            return Ok(false);
        };
        Ok(enforcer.enforce(Values(vec![Dynamic::from(Arc::clone(facts))]))?)
    }
}

/// Decides who may run the site.
pub(crate) struct AdminDecider(Enforcer);

impl AdminDecider {
    pub(crate) fn new(rules: &[RoleRule]) -> Result<Self, LintError> {
        let mut rows = Vec::new();
        for rule in rules {
            for effect in [RowEffect::Allow, RowEffect::Deny] {
                let callers: Vec<String> =
                    rule.callers(effect).map(|caller| format!("caller:{}", caller.as_str())).collect();
                if !callers.is_empty() {
                    let id = format!("site.{}.{}", rule.action, effect.as_str());
                    rows.push(vec![id, act(rule.action), callers.join("|"), effect.as_str().to_owned()]);
                }
            }
        }
        let limit = 2 * Action::ALL.len();
        let among = ("among", OperatorFunction::Arg2(among));
        Ok(Self(enforcer("models/admin.conf", ADMIN_MODEL, rows, limit, among)?))
    }

    /// Whether the subject may do this at the site.
    pub(crate) fn permits(&self, subject: &Subject, action: Action) -> Result<bool, Undecided> {
        let callers: Callers =
            Caller::ALL.into_iter().filter(|caller| caller.is(subject)).map(Caller::as_str).collect();
        Ok(self.0.enforce(Values(vec![Dynamic::from(Arc::new(callers)), Dynamic::from(act(action))]))?)
    }
}

/// The kinds of callers that a subject is.
type Callers = Vec<&'static str>;

fn act(action: Action) -> String {
    format!("act:{action}")
}

/// `holds(ctx, when, eft)`: total; whatever it does not understand counts against the subject.
fn holds(context: Dynamic, when: Dynamic, effect: Dynamic) -> Dynamic {
    let effect = effect.into_immutable_string().ok().and_then(|word| RowEffect::parse(&word));
    let fact = when.into_immutable_string().ok().and_then(|word| Fact::parse(&word));
    let answer = match (context.try_cast::<Arc<Facts>>(), fact, effect) {
        (Some(facts), Some(fact), Some(effect)) => facts.holds(fact, effect),
        (_, _, effect) => effect != Some(RowEffect::Allow),
    };
    answer.into()
}

/// `among(ctx, callers)`: whether one of the kinds named is the subject's. Total; whatever it does not understand is no.
fn among(context: Dynamic, callers: Dynamic) -> Dynamic {
    let answer = match (context.try_cast::<Arc<Callers>>(), callers.into_immutable_string()) {
        (Some(have), Ok(named)) => {
            named.split('|').filter_map(|word| word.strip_prefix("caller:")).any(|name| have.contains(&name))
        }
        _ => false,
    };
    answer.into()
}

/// Values that go to casbin as they are, without a detour through its serialisation.
struct Values(Vec<Dynamic>);

impl EnforceArgs for Values {
    fn try_into_vec(self) -> casbin::Result<Vec<Dynamic>> {
        Ok(self.0)
    }

    // Only the cached enforcer asks for a key, and that is never used (H2).
    fn cache_key(&self) -> u64 {
        0
    }
}

fn enforcer(
    name: &'static str,
    model: &str,
    rows: Vec<Vec<String>>,
    limit: usize,
    (function, body): (&str, OperatorFunction),
) -> Result<Enforcer, LintError> {
    let wrong = |problem: String| LintError::Model { model: name, problem };
    lint_model(model).map_err(|problem| wrong(problem.to_owned()))?;
    if rows.is_empty() || rows.len() > limit {
        return Err(wrong(format!("{} rows, where 1 to {limit} are allowed", rows.len())));
    }
    let count = rows.len();
    let build = async {
        let model = DefaultModel::from_str(model).await?;
        let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await?;
        enforcer.enable_auto_save(false);
        enforcer.add_function(function, body);
        enforcer.add_policies(rows).await?;
        Ok::<_, casbin::Error>(enforcer)
    };
    let enforcer = now(build).ok_or_else(|| wrong("casbin waited, though nothing is read".to_owned()))?;
    let enforcer = enforcer.map_err(|error| wrong(error.to_string()))?;
    let loaded = enforcer.get_policy().len();
    if loaded == count { Ok(enforcer) } else { Err(wrong(format!("{loaded} of {count} rows were taken"))) }
}

/// Refuses what must not stand in a model.
fn lint_model(model: &str) -> Result<(), &'static str> {
    let lines = || model.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    if !lines().any(|line| line == DENY_OVERRIDES) {
        return Err("the effect must be: some row allows and no row denies");
    }
    let is_effect = |line: &str| line == DENY_OVERRIDES;
    if lines().filter(|line| !is_effect(line)).any(|line| FORBIDDEN.iter().any(|word| line.contains(word))) {
        return Err("it uses a function or section of casbin that is not safe");
    }
    Ok(())
}

/// casbin builds enforcers in async functions that never wait, because nothing is read from outside: one poll is enough.
fn now<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::{data_rules, role_rules};

    #[test]
    fn a_model_with_an_unsafe_function_or_another_effect_is_refused() {
        assert_eq!(lint_model(DATA_MODEL), Ok(()));
        assert_eq!(lint_model(ADMIN_MODEL), Ok(()));
        assert!(lint_model(&DATA_MODEL.replace("holds(", "keyMatch(")).is_err());
        assert!(lint_model(&DATA_MODEL.replace("m = holds", "m = eval(p.when) && holds")).is_err());
        assert!(lint_model(&ADMIN_MODEL.replace("r.act == p.act", "r.act != p.act")).is_err());
        assert!(lint_model(&DATA_MODEL.replace(DENY_OVERRIDES, "e = !some(where (p.eft == deny))")).is_err());
    }

    #[test]
    fn an_empty_bucket_is_refused_before_casbin_sees_it() {
        assert!(DataDecider::new(&[]).is_err());
        assert!(AdminDecider::new(&[]).is_err());
    }

    #[test]
    fn a_predicate_that_is_called_wrongly_counts_against_the_subject() {
        let word = |text: &str| Dynamic::from(text.to_owned());
        assert!(!holds(Dynamic::UNIT, word("granted"), word("allow")).as_bool().unwrap());
        assert!(holds(Dynamic::UNIT, word("refused"), word("deny")).as_bool().unwrap());
        assert!(holds(Dynamic::UNIT, word("refused"), Dynamic::UNIT).as_bool().unwrap());
        assert!(!among(Dynamic::UNIT, word("caller:administrator")).as_bool().unwrap());
        assert!(!among(word("caller:administrator"), word("caller:administrator")).as_bool().unwrap());
    }

    #[test]
    fn the_rules_in_force_can_be_decided_with() {
        assert!(DataDecider::new(&data_rules().unwrap()).is_ok());
        let admin = AdminDecider::new(&role_rules().unwrap()).unwrap();
        assert!(admin.permits(&Subject::anonymous(), Action::SignIn).unwrap());
        assert!(!admin.permits(&Subject::anonymous(), Action::ManagePeers).unwrap());
    }
}
