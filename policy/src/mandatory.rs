//! The mandatory layer: what the class of the data asks for, which no access rule can override (NIST SP 800-53 AC-3, AC-16).
//!
//! The rules are `rules/classes.csv`, one row for each class and group of actions; a table with a hole in it is refused.
//! Every requirement that is not met is reported with what there is, what it takes and how to get it.

use crate::action::ActionGroup;
use crate::class::Class;
use crate::decision::Unmet;
use crate::lint::LintError;
use crate::subject::Subject;
use crate::table;

pub(crate) const FILE: &str = "rules/classes.csv";
const TEXT: &str = include_str!("../rules/classes.csv");
const HEADER: [&str; 7] =
    ["class", "actions", "max-sign-in-age-min", "anonymous", "peer-ceiling", "witnessed", "because"];

/// Clocks of two institutions may differ by so much (seconds).
const SKEW_S: i64 = 60;

/// What a class asks for, for one group of actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClassRule {
    pub(crate) class: Class,
    pub(crate) group: ActionGroup,
    pub(crate) max_sign_in_age_min: Option<i64>,
    pub(crate) anonymous: bool,
    pub(crate) peer_ceiling: bool,
    pub(crate) witnessed: bool,
    pub(crate) because: String,
    /// Where it stands in the table.
    pub(crate) line: usize,
}

/// All class rules, complete.
#[derive(Debug)]
pub(crate) struct ClassTable(Vec<ClassRule>);

/// What a subject lacks for a class.
#[derive(Debug, Default)]
pub(crate) struct Shortfall {
    /// No person is known.
    pub(crate) not_signed_in: Option<Unmet>,
    /// The person signed in too long ago, or nobody says when.
    pub(crate) too_old: Option<Unmet>,
    /// The peer may not speak for people up to this class.
    pub(crate) above_ceiling: Option<Unmet>,
    /// More of the audit log waits for its witnesses than may.
    pub(crate) exposed: Option<Unmet>,
}

impl Shortfall {
    pub(crate) const fn is_none(&self) -> bool {
        self.too_old.is_none() && self.is_none_but_age()
    }

    /// Whether a fresh sign-in, and nothing else, would do.
    pub(crate) const fn is_only_age(&self) -> bool {
        self.too_old.is_some() && self.is_none_but_age()
    }

    const fn is_none_but_age(&self) -> bool {
        self.not_signed_in.is_none() && self.above_ceiling.is_none() && self.exposed.is_none()
    }
}

impl ClassTable {
    /// The gateway's own table.
    pub(crate) fn embedded() -> Result<Self, LintError> {
        Self::parse(TEXT)
    }

    /// The text that the table was read from, for the hash of all rules.
    pub(crate) const fn text() -> &'static str {
        TEXT
    }

    fn parse(text: &str) -> Result<Self, LintError> {
        let mut rules: Vec<ClassRule> = Vec::new();
        for row in table::rows(FILE, text, HEADER)? {
            let wrong = |problem: &str| LintError::in_table(FILE, row.line, problem);
            let [class, group, age, anonymous, ceiling, witnessed, because] = row.cells;
            let rule = ClassRule {
                class: class.parse().map_err(|unknown: crate::class::UnknownClass| wrong(&unknown.to_string()))?,
                group: ActionGroup::ON_COLLECTIONS
                    .into_iter()
                    .find(|known| known.as_str() == group)
                    .ok_or_else(|| wrong("actions must be one of see, read, write, delete, govern"))?,
                max_sign_in_age_min: minutes(age).ok_or_else(|| wrong("minutes must be 1 to 1440, or - for any"))?,
                anonymous: flag(anonymous).ok_or_else(|| wrong("anonymous must be yes or no"))?,
                peer_ceiling: flag(ceiling).ok_or_else(|| wrong("peer-ceiling must be yes or no"))?,
                witnessed: flag(witnessed).ok_or_else(|| wrong("witnessed must be yes or no"))?,
                because: because.to_owned(),
                line: row.line,
            };
            if rule.anonymous && rule.class != Class::Public {
                return Err(wrong("only the class public can be open to people who have not signed in"));
            }
            if rule.class.is_restricted() && (rule.max_sign_in_age_min.is_none() || !rule.peer_ceiling) {
                return Err(wrong("a restricted class needs a sign-in age and the peer ceiling"));
            }
            if rules.iter().any(|other| other.class == rule.class && other.group == rule.group) {
                return Err(wrong("this class and group of actions is there twice"));
            }
            rules.push(rule);
        }
        Self::complete(rules)
    }

    fn complete(rules: Vec<ClassRule>) -> Result<Self, LintError> {
        for class in Class::ALL {
            for group in ActionGroup::ON_COLLECTIONS {
                if !rules.iter().any(|rule| rule.class == class && rule.group == group) {
                    let problem = format!("there is no row for {class}, {}", group.as_str());
                    return Err(LintError::in_table(FILE, 0, &problem));
                }
            }
        }
        Ok(Self(rules))
    }

    /// The rule for a class and a group of actions. None only for groups that are not about collections.
    pub(crate) fn rule(&self, class: Class, group: ActionGroup) -> Option<&ClassRule> {
        self.0.iter().find(|rule| rule.class == class && rule.group == group)
    }
}

impl ClassRule {
    /// What the subject lacks, and what the site does: `exposed` while its audit log waits too long for its witnesses.
    pub(crate) fn shortfall(&self, subject: &Subject, now_s: i64, exposed: bool) -> Shortfall {
        Shortfall {
            not_signed_in: self.not_signed_in(subject),
            too_old: self.too_old(subject, now_s),
            above_ceiling: self.above_ceiling(subject),
            exposed: self.exposed(exposed),
        }
    }

    fn exposed(&self, exposed: bool) -> Option<Unmet> {
        (exposed && self.witnessed).then(|| Unmet {
            have: "an audit log of which more waits for its witnesses than may".to_owned(),
            need: format!("an audit log whose witnesses keep up, for {} data", self.class),
            remedy: "try again in a minute; if it lasts, an administrator runs sealane audit witness status".to_owned(),
        })
    }

    fn not_signed_in(&self, subject: &Subject) -> Option<Unmet> {
        (!self.anonymous && subject.person.is_none()).then(|| Unmet {
            have: "nobody is signed in".to_owned(),
            need: format!("a signed-in person, for {} data", self.class),
            remedy: "sign in: sealane login".to_owned(),
        })
    }

    fn too_old(&self, subject: &Subject, now_s: i64) -> Option<Unmet> {
        let limit_min = self.max_sign_in_age_min?;
        subject.person.as_ref()?;
        // A sign-in that lies in the future by more than the clocks may differ is not known to have happened at all.
        let age_s = subject.assurance.auth_time_s.map(|at| now_s.saturating_sub(at)).filter(|age| *age >= -SKEW_S);
        let have = match age_s {
            Some(age) if age <= limit_min.saturating_mul(60) => return None,
            Some(age) => format!("a sign-in {} min old", age / 60),
            None => "a sign-in of unknown age".to_owned(),
        };
        Some(Unmet {
            have,
            need: format!("a sign-in at most {limit_min} min old, for {} data", self.class),
            remedy: "sign in again: sealane login --step-up".to_owned(),
        })
    }

    fn above_ceiling(&self, subject: &Subject) -> Option<Unmet> {
        if !self.peer_ceiling || subject.via_site.is_none() {
            return None;
        }
        let have = match subject.peer_ceiling {
            Some(ceiling) if self.class.is_within(ceiling) => return None,
            Some(ceiling) => format!("a peer that is accepted up to {ceiling}"),
            None => "a peer that is accepted for no class".to_owned(),
        };
        Some(Unmet {
            have,
            need: format!("a peer that is accepted for {}", self.class),
            remedy: "ask an administrator of this site to accept the peer for this class, or sign in at this site"
                .to_owned(),
        })
    }
}

fn minutes(cell: &str) -> Option<Option<i64>> {
    if cell == "-" {
        return Some(None);
    }
    cell.parse().ok().filter(|minutes| (1..=1440).contains(minutes)).map(Some)
}

fn flag(cell: &str) -> Option<bool> {
    match cell {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PersonId;
    use crate::subject::Assurance;

    fn problem_of(text: &str) -> String {
        ClassTable::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn the_table_in_force_is_complete() {
        let table = ClassTable::embedded().unwrap();
        assert_eq!(table.0.len(), Class::ALL.len() * ActionGroup::ON_COLLECTIONS.len());
    }

    #[test]
    fn a_wrong_row_is_refused_by_its_line() {
        let changed = |from: &str, to: &str| {
            assert!(TEXT.contains(from));
            problem_of(&TEXT.replacen(from, to, 1))
        };
        let line = TEXT.lines().position(|line| line.starts_with("public, see, -")).unwrap() + 1;
        assert!(changed("public, see, -", "publik, see, -").contains(&format!("line {line}: unknown class")));
        assert!(changed("public, see, -", "public, look, -").contains(&format!("line {line}: actions")));
        assert!(changed("phi, see, 60,", "phi, see, sixty,").contains("minutes must be"));
        assert!(changed("phi, see, 60,", "phi, see, 0,").contains("minutes must be"));
        assert!(changed("phi, see, 60,", "phi, see, -,").contains("restricted class needs"));
        assert!(changed("phi, see, 60, no, yes", "phi, see, 60, yes, yes").contains("only the class public"));
        assert!(changed("phi, see, 60, no, yes", "phi, see, 60, no, maybe").contains("yes or no"));
        assert!(changed("phi, see, 60", "phi, read, 60").contains("there twice"));
    }

    #[test]
    fn an_exposed_log_is_in_the_way_of_health_data_and_cui_alone() {
        let table = ClassTable::embedded().unwrap();
        let subject = Subject::person(PersonId::new("https://idp", "ana"), Assurance::default());
        for class in Class::ALL {
            let asks = matches!(class, Class::PhiLimited | Class::Phi | Class::CuiBasic | Class::CuiSpecified);
            for group in ActionGroup::ON_COLLECTIONS {
                let rule = table.rule(class, group).unwrap();
                assert_eq!(rule.shortfall(&subject, 0, true).exposed.is_some(), asks, "{class}");
                assert!(rule.shortfall(&subject, 0, false).exposed.is_none());
            }
        }
    }

    #[test]
    fn a_missing_row_is_refused_by_its_name() {
        let line = TEXT.lines().find(|line| line.starts_with("cui-basic, delete")).unwrap();
        assert!(problem_of(&TEXT.replace(line, "")).contains("no row for cui-basic, delete"));
    }

    #[test]
    fn a_sign_in_counts_up_to_the_second_of_its_limit() {
        let table = ClassTable::embedded().unwrap();
        let rule = table.rule(Class::Phi, ActionGroup::Read).unwrap();
        let signed_in_at = |at: Option<i64>| {
            let assurance = Assurance { auth_time_s: at, ..Assurance::default() };
            Subject::person(PersonId::new("https://idp", "ana"), assurance)
        };
        assert!(rule.shortfall(&signed_in_at(Some(0)), 3600, false).is_none());
        assert!(rule.shortfall(&signed_in_at(Some(0)), 3601, false).is_only_age());
        assert!(rule.shortfall(&signed_in_at(None), 0, false).is_only_age());
        assert!(rule.shortfall(&signed_in_at(Some(60)), 0, false).is_none());
        assert!(rule.shortfall(&signed_in_at(Some(61)), 0, false).is_only_age());
        assert!(rule.shortfall(&signed_in_at(Some(i64::MIN)), i64::MAX, false).is_only_age());
    }
}
