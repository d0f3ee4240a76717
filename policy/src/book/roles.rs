//! `rules/roles.csv`: who may do what at the site itself.

use super::RowEffect;
use crate::action::{Action, ActionGroup};
use crate::lint::LintError;
use crate::role::Role;
use crate::subject::Subject;
use crate::table;

pub(crate) const FILE: &str = "rules/roles.csv";
pub(super) const TEXT: &str = include_str!("../../rules/roles.csv");

/// The kinds of callers: a column each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    Anonymous,
    Peer,
    Visitor,
    SignedIn,
    Role(Role),
}

impl Caller {
    pub(crate) const ALL: [Self; 9] = [
        Self::Anonymous,
        Self::Peer,
        Self::Visitor,
        Self::SignedIn,
        Self::Role(Role::Researcher),
        Self::Role(Role::Administrator),
        Self::Role(Role::SecurityOfficer),
        Self::Role(Role::ComplianceOfficer),
        Self::Role(Role::Auditor),
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Peer => "peer",
            Self::Visitor => "visitor",
            Self::SignedIn => "signed-in",
            Self::Role(role) => role.as_str(),
        }
    }

    /// Whether a subject is such a caller.
    pub(crate) fn is(self, subject: &Subject) -> bool {
        match (self, subject.person.is_some(), subject.via_site.is_some()) {
            (Self::Anonymous, false, false)
            | (Self::Peer, false, true)
            | (Self::Visitor, true, true)
            | (Self::SignedIn, true, false) => true,
            (Self::Role(role), true, false) => subject.has_role(role),
            _ => false,
        }
    }
}

/// One action with its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoleRule {
    pub(crate) action: Action,
    pub(crate) cells: Vec<(Caller, RowEffect)>,
    /// Where it stands in the table.
    pub(crate) line: usize,
}

impl RoleRule {
    /// The callers whose cell has this effect.
    pub(crate) fn callers(&self, effect: RowEffect) -> impl Iterator<Item = Caller> {
        self.cells.iter().filter(move |cell| cell.1 == effect).map(|cell| cell.0)
    }
}

/// The rows of the gateway's own table, checked.
pub(crate) fn role_rules() -> Result<Vec<RoleRule>, LintError> {
    parse(TEXT)
}

fn header() -> [&'static str; 10] {
    let mut header = ["action"; 10];
    for (name, caller) in header.iter_mut().skip(1).zip(Caller::ALL) {
        *name = caller.as_str();
    }
    header
}

fn parse(text: &str) -> Result<Vec<RoleRule>, LintError> {
    let mut rules: Vec<RoleRule> = Vec::new();
    for row in table::rows(FILE, text, header())? {
        let wrong = |problem: &str| LintError::in_table(FILE, row.line, problem);
        let [action, words @ ..] = row.cells;
        let action: Action = action.parse().map_err(|_| wrong("unknown action"))?;
        if action.group() != ActionGroup::Site {
            return Err(wrong("this action is not about the site itself"));
        }
        if rules.iter().any(|other| other.action == action) {
            return Err(wrong("this action is there twice"));
        }
        let mut cells = Vec::new();
        for (caller, word) in Caller::ALL.into_iter().zip(words).filter(|(_, word)| *word != "-") {
            let effect = RowEffect::parse(word).ok_or_else(|| wrong("a cell is allow, deny or -"))?;
            cells.push((caller, effect));
        }
        rules.push(RoleRule { action, cells, line: row.line });
    }
    complete(rules)
}

fn complete(rules: Vec<RoleRule>) -> Result<Vec<RoleRule>, LintError> {
    for action in Action::ALL.iter().filter(|action| action.group() == ActionGroup::Site) {
        if !rules.iter().any(|rule| rule.action == *action) {
            return Err(LintError::in_table(FILE, 0, &format!("there is no row for {action}")));
        }
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(from: &str, to: &str) -> String {
        assert!(TEXT.contains(from));
        parse(&TEXT.replacen(from, to, 1)).unwrap_err().to_string()
    }

    #[test]
    fn the_table_in_force_is_complete() {
        assert!(!role_rules().unwrap().is_empty());
    }

    #[test]
    fn a_wrong_cell_action_or_column_is_refused() {
        assert!(refused("sign-out, -, -, -, allow", "sign-out, -, -, -, Allow").contains("allow, deny or -"));
        assert!(refused("\nsign-out,", "\nsign-off,").contains("unknown action"));
        assert!(refused("\nsign-out,", "\nread-content,").contains("not about the site"));
        assert!(refused("\nsign-out,", "\nsign-in,").contains("twice"));
        assert!(refused("action, anonymous, peer", "action, peer, anonymous").contains("header"));
    }

    #[test]
    fn an_action_that_nobody_wrote_about_is_refused() {
        let line = TEXT.lines().find(|line| line.starts_with("open-lane")).unwrap();
        assert!(parse(&TEXT.replace(line, "")).unwrap_err().to_string().contains("no row for open-lane"));
    }

    #[test]
    fn roles_do_not_count_for_a_person_for_whom_a_peer_speaks() {
        let mut subject = Subject::peer("b");
        subject.person = Some(crate::id::PersonId::new("https://idp", "ana"));
        subject.roles = Role::ALL.to_vec();
        let callers: Vec<Caller> = Caller::ALL.into_iter().filter(|caller| caller.is(&subject)).collect();
        assert_eq!(callers, [Caller::Visitor]);
    }
}
