//! Answers in words: why, what was missing, and how to get it.
//!
//! casbin says only yes or no. Here every requirement that is not met is listed, not just the first, and the first reason is
//! the one that the person must deal with first. Sentences hold no names, paths or addresses.

use crate::action::Action;
use crate::book::{Caller, DataRule, Fact, RoleRule, RowEffect};
use crate::decision::{Effect, Reason, Unmet};
use crate::facts::Facts;
use crate::path::RemotePath;
use crate::permission::Permissions;
use crate::subject::Subject;

/// A decision before it has an id.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) effect: Effect,
    pub(crate) reason: Reason,
    pub(crate) unmet: Vec<Unmet>,
    pub(crate) rule: Option<String>,
    pub(crate) refused_beneath: Vec<RemotePath>,
}

impl Verdict {
    fn deny(code: &'static str, text: String, unmet: Vec<Unmet>) -> Self {
        Self { effect: Effect::Deny, reason: Reason { code, text }, unmet, rule: None, refused_beneath: Vec::new() }
    }

    /// Yes.
    pub(crate) fn permit(rule: String, refused_beneath: Vec<RemotePath>) -> Self {
        let reason = Reason { code: "permitted", text: "the rules permit it".to_owned() };
        Self { effect: Effect::Permit, reason, unmet: Vec::new(), rule: Some(rule), refused_beneath }
    }

    /// The decision could not be made.
    pub(crate) fn fault() -> Self {
        let unmet = Unmet {
            have: "a decision that failed".to_owned(),
            need: "a decision".to_owned(),
            remedy: "try again; if it stays so, give an administrator the id of this decision".to_owned(),
        };
        Self::deny("pdp.fault", "the decision could not be made, so the answer is no".to_owned(), vec![unmet])
    }

    /// The action does not fit the resource.
    pub(crate) fn mismatch(action: Action) -> Self {
        let unmet = Unmet {
            have: format!("the action {action} on another kind of thing"),
            need: "an action that fits what it is asked for".to_owned(),
            remedy: "report this to the developers: a caller asks for something that makes no sense".to_owned(),
        };
        Self::deny("request.mismatch", "the action does not fit the thing that it is asked for".to_owned(), vec![unmet])
    }

    /// Yes, after a fresh sign-in.
    pub(crate) fn step_up(action: Action, facts: &Facts) -> Self {
        let unmet: Vec<Unmet> = facts.shortfall.too_old.iter().cloned().collect();
        let text = format!("to {} you must have signed in more recently", action.in_words());
        Self { effect: Effect::StepUp, ..Self::deny("sign-in.too-old", text, unmet) }
    }

    fn with_rule(mut self, rule: Option<String>) -> Self {
        self.rule = rule;
        self
    }
}

/// The rows and access rules that decided, for the record.
pub(crate) fn deciding(rows: &[&DataRule], facts: &Facts, effect: RowEffect) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    for row in rows.iter().filter(|row| row.effect == effect && facts.holds(row.when, effect)) {
        names.push(row.id.clone());
        match row.when {
            Fact::Granted => names.extend(facts.findings.granting.iter().map(|id| format!("rule:{id}"))),
            Fact::Refused => names.extend(facts.findings.refusing.iter().map(|id| format!("rule:{id}"))),
            _ => {}
        }
    }
    (!names.is_empty()).then(|| names.join(" "))
}

/// Why a bucket did not permit.
pub(crate) fn denial(action: Action, rows: &[&DataRule], facts: &Facts) -> Verdict {
    let mut missing = Missing { action, first: None, unmet: Vec::new() };
    missing.class(facts);
    if rows.iter().any(|row| row.when == Fact::Auditor && row.effect == RowEffect::Deny) {
        missing.auditor(facts);
    }
    let speaks_of = |fact: Fact| rows.iter().any(|row| row.when == fact);
    if speaks_of(Fact::Refused) {
        missing.refusals(facts, speaks_of(Fact::RefusedBeneath));
    }
    if speaks_of(Fact::Granted) {
        missing.grants(facts);
    }
    if speaks_of(Fact::Visible) && !facts.holds(Fact::Visible, RowEffect::Allow) {
        missing.visibility();
    }
    if speaks_of(Fact::Nobody) {
        missing.ownership(facts);
    }
    missing.exposed(facts);
    missing.age(facts);
    missing.into_verdict().with_rule(deciding(rows, facts, RowEffect::Deny))
}

/// Why somebody may not do something at the site itself.
pub(crate) fn site_denial(action: Action, subject: &Subject, rule: Option<&RoleRule>) -> Verdict {
    let allowed: Vec<Caller> = rule.map(|rule| rule.callers(RowEffect::Allow).collect()).unwrap_or_default();
    if subject.person.is_none() && subject.via_site.is_none() {
        let unmet = Unmet {
            have: "nobody is signed in".to_owned(),
            need: "a signed-in person".to_owned(),
            remedy: "sign in: sealane login".to_owned(),
        };
        return Verdict::deny(
            "sign-in.required",
            format!("to {} you must be signed in", action.in_words()),
            vec![unmet],
        );
    }
    let roles: Vec<String> = allowed
        .iter()
        .filter_map(|caller| match caller {
            Caller::Role(role) => Some(format!("'{role}'")),
            _ => None,
        })
        .collect();
    let (need, remedy) = if roles.is_empty() {
        ("a caller of another kind".to_owned(), "sign in at this site itself".to_owned())
    } else {
        let roles = roles.join(" or ");
        (format!("the role {roles}"), format!("ask an administrator of this site for the role {roles}"))
    };
    let have = if subject.is_local_person() { "none of the roles that may" } else { "no roles: a peer speaks here" };
    let unmet = Unmet { have: have.to_owned(), need, remedy };
    Verdict::deny("role.missing", format!("your roles do not let you {}", action.in_words()), vec![unmet])
}

/// What is missing, gathered in the order in which a person must deal with it.
struct Missing {
    action: Action,
    first: Option<Reason>,
    unmet: Vec<Unmet>,
}

impl Missing {
    fn add(&mut self, code: &'static str, text: String, unmet: Unmet) {
        self.first.get_or_insert(Reason { code, text });
        self.unmet.push(unmet);
    }

    fn class(&mut self, facts: &Facts) {
        let does = self.action.in_words();
        if let Some(unmet) = &facts.shortfall.not_signed_in {
            self.add("sign-in.required", format!("to {does} you must be signed in"), unmet.clone());
        }
        if let Some(unmet) = &facts.shortfall.above_ceiling {
            let text =
                format!("the site that speaks for you is not accepted for this class of data, so you cannot {does}");
            self.add("peer.ceiling", text, unmet.clone());
        }
    }

    fn auditor(&mut self, facts: &Facts) {
        if facts.holds(Fact::Auditor, RowEffect::Deny) {
            let unmet = Unmet {
                have: "the role 'auditor'".to_owned(),
                need: "not to be an auditor of this site".to_owned(),
                remedy: "ask somebody who is no auditor to do it, or an administrator to take the role from you"
                    .to_owned(),
            };
            let text =
                format!("an auditor changes nothing and touches no data, so you cannot {}", self.action.in_words());
            self.add("role.auditor", text, unmet);
        }
    }

    /// After what the person lacks: who may not know of a thing must not learn of it from this.
    fn exposed(&mut self, facts: &Facts) {
        if let Some(unmet) = &facts.shortfall.exposed {
            let text =
                format!("the site's audit log waits for its witnesses, so nobody can {} now", self.action.in_words());
            self.add("audit.exposed", text, unmet.clone());
        }
    }

    fn age(&mut self, facts: &Facts) {
        if let Some(unmet) = &facts.shortfall.too_old {
            let text = format!("to {} you must have signed in more recently", self.action.in_words());
            self.add("sign-in.too-old", text, unmet.clone());
        }
    }

    fn refusals(&mut self, facts: &Facts, beneath: bool) {
        let does = self.action.in_words();
        if let Some(rule) = facts.findings.refusing {
            let unmet = Unmet {
                have: format!("an access rule that refuses {}", self.action.required().in_words()),
                need: "no access rule that refuses it".to_owned(),
                remedy: format!("ask the manager of the collection about the access rule {rule}"),
            };
            self.add("rule.refused", format!("an access rule forbids you to {does}"), unmet);
        }
        if beneath && !facts.findings.refused_beneath.is_empty() {
            let unmet = Unmet {
                have: format!("an access rule beneath it that refuses {}", self.action.required().in_words()),
                need: "no access rule that refuses it for any part".to_owned(),
                remedy: "work on the parts that are not refused, or ask the manager of the collection".to_owned(),
            };
            self.add("rule.refused-beneath", format!("an access rule beneath it forbids you to {does}"), unmet);
        }
    }

    fn grants(&mut self, facts: &Facts) {
        if facts.holds(Fact::Granted, RowEffect::Allow) {
            return;
        }
        let (does, findings) = (self.action.in_words(), &facts.findings);
        let lacking = self.action.required().without(findings.given).in_words();
        let remedy = format!("ask the manager of the collection for an access rule with {lacking}");
        let need = format!("an access rule that gives {lacking} in this place");
        if let Some((_, purpose)) = &findings.other_purpose {
            let unmet = Unmet {
                have: "an access rule for another purpose than the one declared".to_owned(),
                need: format!("the declared purpose '{purpose}'"),
                remedy: format!("if that is your purpose, declare it: --purpose '{purpose}'; else {remedy}"),
            };
            self.add("rule.purpose", format!("the access rule that lets you {does} is for another purpose"), unmet);
        } else if findings.ended.is_some() {
            let have = "an access rule that has ended".to_owned();
            self.add(
                "rule.expired",
                format!("the access rule that let you {does} has ended"),
                Unmet { have, need, remedy },
            );
        } else {
            let have = have_in_words(findings.given);
            self.add("rule.missing", format!("no access rule lets you {does}"), Unmet { have, need, remedy });
        }
    }

    fn visibility(&mut self) {
        let unmet = Unmet {
            have: "no access rule in this collection".to_owned(),
            need: "an access rule somewhere in this collection".to_owned(),
            remedy: "ask the manager of the collection for an access rule with 'list'".to_owned(),
        };
        self.add("rule.missing", "no access rule lets you see this collection".to_owned(), unmet);
    }

    fn ownership(&mut self, facts: &Facts) {
        let does = self.action.in_words();
        if facts.holds(Fact::Nobody, RowEffect::Deny) {
            let unmet = Unmet {
                have: "nobody is signed in".to_owned(),
                need: "the person who submitted the task".to_owned(),
                remedy: "sign in: sealane login".to_owned(),
            };
            self.add("sign-in.required", format!("to {does} you must be signed in"), unmet);
        } else {
            let unmet = Unmet {
                have: "a task of somebody else".to_owned(),
                need: "the person who submitted it".to_owned(),
                remedy: "ask whoever submitted the task".to_owned(),
            };
            self.add("task.not-yours", format!("it is not your task, so you cannot {does}"), unmet);
        }
    }

    fn into_verdict(self) -> Verdict {
        let Some(Reason { code, text }) = self.first else {
            // Nothing known is missing and still the answer is no: two deciders disagree, or a fact is unknown.
            return Verdict::fault();
        };
        Verdict::deny(code, text, self.unmet)
    }
}

fn have_in_words(given: Permissions) -> String {
    if given.is_empty() { "no access rule here".to_owned() } else { format!("access rules with {}", given.in_words()) }
}
