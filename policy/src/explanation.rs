//! The whole derivation of one answer, layer by layer: what `sealane policy explain` shows.
//!
//! **Promises.** The answer in it is the engine's own, from the same judgement as a decision's, and everything beside it is
//! read from what that judgement read: the row of the class, the access rules at the place and above it, the rows that
//! casbin decides over, and casbin's own word.
//!
//! **Leaves to others.** Who may be told how much: whoever asks about somebody else has the right to read the rules.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::book::{DATA_FILE, DataRule, Fact, ROLES_FILE, RowEffect};
use crate::class::Class;
use crate::decision::{Effect, Unmet};
use crate::engine::{Engine, Setting, bucket_of};
use crate::explain::Verdict;
use crate::facts::{Facts, Truth};
use crate::grant_index::{Closure, Reading};
use crate::id::RuleId;
use crate::mandatory;
use crate::path::RemotePath;
use crate::permission::Permission;
use crate::request::Request;
use crate::resource::ResourceKind;
use crate::snapshot::Snapshot;

/// Policy's answer, without the id that it would have if somebody really asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Permit, deny or step-up.
    pub effect: Effect,
    /// A stable word for programs.
    pub code: String,
    /// A sentence for people.
    pub text: String,
    /// Everything that was missing.
    pub unmet: Vec<Unmet>,
    /// The rows and access rules that decided.
    pub rule: Option<String>,
}

/// Why an answer is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The answer.
    pub answer: Answer,
    /// The hash of all rules that it was made with.
    pub snapshot: String,
    /// What the class of the data asks for. None where the question is about no collection.
    pub mandatory: Option<MandatoryLayer>,
    /// The access rules at the place and above it, from the root down.
    pub grants: Vec<GrantStep>,
    /// How many access rules there are that are not shown.
    pub grants_left_out: usize,
    /// The rows that casbin decides over, and what it says. None where the action does not fit the thing.
    pub decider: Option<DeciderLayer>,
}

/// The row of the class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MandatoryLayer {
    /// The table.
    pub table: String,
    /// Its line.
    pub line: usize,
    /// The class.
    pub class: Class,
    /// The group of actions.
    pub actions: String,
    /// Why the row is so.
    pub because: String,
    /// Each cell that asks for something.
    pub cells: Vec<MandatoryCell>,
}

/// One cell of the row of the class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MandatoryCell {
    /// The column of the table.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// What it found missing. None where it is met.
    pub unmet: Option<Unmet>,
}

/// One access rule that was considered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantStep {
    /// The rule.
    pub rule: RuleId,
    /// Where it stands.
    pub path: RemotePath,
    /// For whom it is.
    pub who: String,
    /// What it gives or refuses.
    pub permissions: Vec<Permission>,
    /// Whether it refuses.
    pub deny: bool,
    /// When it ends, in seconds since 1970 UTC.
    pub expires_s: Option<i64>,
    /// The purpose that must be declared.
    pub purpose: Option<String>,
    /// What it does here.
    pub does: GrantDoes,
    /// Why.
    pub why: String,
}

/// What an access rule does to an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantDoes {
    /// It gives a permission that is needed.
    Gives,
    /// It refuses a permission that is needed.
    Refuses,
    /// Nothing.
    Nothing,
}

/// The rows that casbin decides over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeciderLayer {
    /// The table.
    pub table: String,
    /// Which rows of it.
    pub bucket: String,
    /// The rows.
    pub rows: Vec<RowStep>,
    /// What casbin says over them. None where it did not answer, which counts as no.
    pub casbin: Option<bool>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowStep {
    /// Its id.
    pub id: String,
    /// Its line in the table.
    pub line: usize,
    /// The fact that it speaks about.
    pub when: String,
    /// Whether the fact is so: yes, no or unknown.
    pub truth: String,
    /// Allow or deny.
    pub effect: String,
    /// Whether the row applies: an unknown fact counts where it denies, not where it allows.
    pub applies: bool,
    /// Why the row is so.
    pub because: String,
}

impl From<Verdict> for Answer {
    fn from(verdict: Verdict) -> Self {
        Self {
            effect: verdict.effect,
            code: verdict.reason.code.to_owned(),
            text: verdict.reason.text,
            unmet: verdict.unmet,
            rule: verdict.rule,
        }
    }
}

/// Which access rules an explanation shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Showing {
    /// Those about the subject: what one may learn of oneself.
    OwnRules,
    /// All at the place and above it, at most so many.
    AllRules(usize),
}

impl Engine {
    /// The answer to a request under the rules in force, with its derivation.
    #[must_use]
    pub fn explain(&self, request: &Request, showing: Showing) -> Explanation {
        self.with_setting(|setting| self.explain_in(request, setting, showing))
    }

    /// As [`Engine::explain`], under other rules.
    #[must_use]
    pub fn explain_under(&self, request: &Request, snapshot: &Snapshot, showing: Showing) -> Explanation {
        self.explain_in(request, &Setting { snapshot, exposed: false }, showing)
    }

    pub(crate) fn explain_in(&self, request: &Request, setting: &Setting<'_>, showing: Showing) -> Explanation {
        let (grants, grants_left_out) = grants(request, setting.snapshot, showing);
        Explanation {
            answer: self.judge(request, setting).into(),
            snapshot: setting.snapshot.hash().to_string(),
            mandatory: self.mandatory(request, setting.exposed),
            grants,
            grants_left_out,
            decider: self.decider(request, setting),
        }
    }

    fn mandatory(&self, request: &Request, exposed: bool) -> Option<MandatoryLayer> {
        let ResourceKind::Collection { class, .. } = &request.resource.kind else { return None };
        let rule = self.tables().classes.rule(*class, request.action.group())?;
        let lacks = rule.shortfall(&request.subject, request.now_s, exposed);
        let word = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
        let age = rule.max_sign_in_age_min.map_or_else(|| "-".to_owned(), |minutes| minutes.to_string());
        let cell = |column: &str, value, unmet| MandatoryCell { column: column.to_owned(), value, unmet };
        Some(MandatoryLayer {
            table: mandatory::FILE.to_owned(),
            line: rule.line,
            class: rule.class,
            actions: rule.group.as_str().to_owned(),
            because: rule.because.clone(),
            cells: vec![
                cell("max-sign-in-age-min", age, lacks.too_old),
                cell("anonymous", word(rule.anonymous), lacks.not_signed_in),
                cell("peer-ceiling", word(rule.peer_ceiling), lacks.above_ceiling),
                cell("witnessed", word(rule.witnessed), lacks.exposed),
            ],
        })
    }

    fn decider(&self, request: &Request, setting: &Setting<'_>) -> Option<DeciderLayer> {
        let Some(bucket) = bucket_of(request) else {
            return request.is_about_site().then(|| self.roles(request));
        };
        let facts = Arc::new(Facts::gather(request, self.tables().classes, setting));
        let rows = self.tables().data_rules.iter().filter(|rule| rule.bucket == bucket);
        Some(DeciderLayer {
            table: DATA_FILE.to_owned(),
            bucket: bucket.as_str().to_owned(),
            rows: rows.map(|rule| row(rule, &facts)).collect(),
            casbin: self.casbin_on_facts(bucket, &facts),
        })
    }

    fn roles(&self, request: &Request) -> DeciderLayer {
        let rule = self.tables().role_rules.iter().find(|rule| rule.action == request.action);
        let cells = rule.into_iter().flat_map(|rule| rule.cells.iter().map(move |cell| (rule.line, *cell)));
        let row = |(line, (caller, effect)): (usize, (crate::book::Caller, RowEffect))| RowStep {
            id: format!("site.{}.{}", request.action, effect.as_str()),
            line,
            when: caller.as_str().to_owned(),
            truth: Truth::from(caller.is(&request.subject)).as_str().to_owned(),
            effect: effect.as_str().to_owned(),
            applies: caller.is(&request.subject),
            because: String::new(),
        };
        DeciderLayer {
            table: ROLES_FILE.to_owned(),
            bucket: request.action.name().to_owned(),
            rows: cells.map(row).collect(),
            casbin: self.casbin_on_roles(request),
        }
    }
}

fn row(rule: &DataRule, facts: &Facts) -> RowStep {
    RowStep {
        id: rule.id.clone(),
        line: rule.line,
        when: rule.when.as_str().to_owned(),
        truth: facts.truth(rule.when).as_str().to_owned(),
        effect: rule.effect.as_str().to_owned(),
        applies: facts.holds(rule.when, rule.effect),
        because: rule.because.clone(),
    }
}

/// The access rules at the place and above it, and how many of them are not shown.
fn grants(request: &Request, snapshot: &Snapshot, showing: Showing) -> (Vec<GrantStep>, usize) {
    let ResourceKind::Collection { id, path, .. } = &request.resource.kind else { return (Vec::new(), 0) };
    let index = snapshot.grants();
    let closure = index.closure(&request.subject);
    let mut rules = index.above(&index.names(), *id, path, request.now_s);
    let all = rules.len();
    match showing {
        Showing::OwnRules => rules.retain(|rule| rule.concerns(&closure)),
        Showing::AllRules(most) => {
            // What is about the subject comes before what is not, if there is no room for all.
            if all > most {
                rules.sort_by_key(|rule| !rule.concerns(&closure));
                rules.truncate(most);
                rules.sort_by_key(|rule| (rule.depth, rule.id));
            }
        }
    }
    let left_out = match showing {
        Showing::OwnRules => 0,
        Showing::AllRules(_) => all - rules.len(),
    };
    (rules.iter().map(|rule| step(rule, request, path, &closure)).collect(), left_out)
}

fn step(rule: &Reading<'_>, request: &Request, path: &RemotePath, closure: &Closure) -> GrantStep {
    let (does, why) = weigh(rule, request, closure);
    GrantStep {
        rule: rule.id,
        path: path.first(rule.depth),
        who: rule.principal.to_text(),
        permissions: rule.permissions.iter().collect(),
        deny: rule.deny,
        expires_s: rule.expires_s,
        purpose: rule.purpose.map(str::to_owned),
        does,
        why,
    }
}

/// As the index weighs a rule, with the reason in words.
fn weigh(rule: &Reading<'_>, request: &Request, closure: &Closure) -> (GrantDoes, String) {
    let required = request.action.required();
    let nothing = |why: String| (GrantDoes::Nothing, why);
    if !rule.concerns(closure) {
        return nothing("it is for somebody else".to_owned());
    }
    if !rule.live {
        return nothing("it has ended".to_owned());
    }
    if !rule.permissions.intersects(required) {
        let needed = if required.is_empty() { "no permission of a rule".to_owned() } else { required.in_words() };
        return nothing(format!("this needs {needed}, which the rule does not speak about"));
    }
    if rule.deny {
        return (
            GrantDoes::Refuses,
            "it refuses what this needs, and a refusal beats every rule that gives".to_owned(),
        );
    }
    match rule.purpose {
        Some(purpose) if request.purpose.as_deref() != Some(purpose) => {
            nothing(format!("it gives what this needs only where the purpose '{purpose}' is declared"))
        }
        _ => (GrantDoes::Gives, "it gives what this needs".to_owned()),
    }
}

/// Whether a bucket has a row about a fact.
pub(crate) fn speaks_of(rules: &[DataRule], request: &Request, fact: Fact) -> bool {
    bucket_of(request).is_some_and(|bucket| rules.iter().any(|rule| rule.bucket == bucket && rule.when == fact))
}
