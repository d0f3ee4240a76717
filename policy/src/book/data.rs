//! `rules/data.csv`: which facts about a request permit it, and which forbid it.

use super::RowEffect;
use crate::action::Action;
use crate::lint::LintError;
use crate::table;

pub(crate) const FILE: &str = "rules/data.csv";
pub(super) const TEXT: &str = include_str!("../../rules/data.csv");
const HEADER: [&str; 5] = ["bucket", "id", "when", "effect", "because"];

/// A bucket with more rows than this makes decisions slow, and reviews slower.
pub(crate) const MAX_ROWS: usize = 8;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$item:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name {
            $($(#[$item])* $variant,)+
        }

        impl $name {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),+];

            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            pub(crate) fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }
    };
}

words!(
    /// Which question a row helps to answer.
    Bucket {
        Data = "data",
        Tree = "tree",
        Show = "show",
        Rules = "rules",
        ReadRules = "read-rules",
        Task = "task",
        TaskAudit = "task-audit",
        Cancel = "cancel",
    }
);

words!(
    /// A fact about a request. What each means is written in the table's own head.
    Fact {
        ClassUnmet = "class-unmet",
        Refused = "refused",
        RefusedBeneath = "refused-beneath",
        Granted = "granted",
        Visible = "visible",
        Owner = "owner",
        Administrator = "administrator",
        Officer = "officer",
        Auditor = "auditor",
        Nobody = "nobody",
    }
);

impl Bucket {
    /// The bucket that answers about an action on a collection. None where the action is not about collections.
    pub(crate) const fn on_collection(action: Action) -> Option<Self> {
        match action {
            Action::ListDirectory
            | Action::StatEntry
            | Action::ReadContent
            | Action::WriteContent
            | Action::CreateDirectory
            | Action::TransferOut
            | Action::TransferIn => Some(Self::Data),
            Action::RenameEntry | Action::DeleteEntry => Some(Self::Tree),
            Action::ShowCollection => Some(Self::Show),
            Action::ManageRules => Some(Self::Rules),
            Action::ReadRules => Some(Self::ReadRules),
            _ => None,
        }
    }

    /// The bucket that answers about an action on a task. None where the action is not about tasks.
    pub(crate) const fn on_task(action: Action) -> Option<Self> {
        match action {
            Action::ShowTask => Some(Self::Task),
            Action::ReadAudit => Some(Self::TaskAudit),
            Action::CancelTask => Some(Self::Cancel),
            _ => None,
        }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataRule {
    pub(crate) bucket: Bucket,
    pub(crate) id: String,
    pub(crate) when: Fact,
    pub(crate) effect: RowEffect,
    /// The reason, for reviewers.
    pub(crate) because: String,
    /// Where it stands in the table.
    pub(crate) line: usize,
}

/// The rows of the gateway's own table, checked.
pub(crate) fn data_rules() -> Result<Vec<DataRule>, LintError> {
    parse(TEXT)
}

fn parse(text: &str) -> Result<Vec<DataRule>, LintError> {
    let mut rules: Vec<DataRule> = Vec::new();
    for row in table::rows(FILE, text, HEADER)? {
        let wrong = |problem: &str| LintError::in_table(FILE, row.line, problem);
        let [bucket, id, when, effect, because] = row.cells;
        let rule = DataRule {
            bucket: Bucket::parse(bucket).ok_or_else(|| wrong("unknown bucket"))?,
            id: id.to_owned(),
            when: Fact::parse(when).ok_or_else(|| wrong("unknown fact"))?,
            effect: RowEffect::parse(effect).ok_or_else(|| wrong("the effect must be allow or deny"))?,
            because: because.to_owned(),
            line: row.line,
        };
        if !rule.id.strip_prefix(rule.bucket.as_str()).is_some_and(|rest| rest.starts_with('.')) {
            return Err(wrong("the id must begin with its bucket and a dot"));
        }
        if rules.iter().any(|other| other.id == rule.id) {
            return Err(wrong("the id is there twice"));
        }
        rules.push(rule);
    }
    for bucket in Bucket::ALL {
        check_bucket(*bucket, &rules)?;
    }
    Ok(rules)
}

/// An empty bucket, or one that never denies, would let casbin say yes to nothing in particular.
fn check_bucket(bucket: Bucket, rules: &[DataRule]) -> Result<(), LintError> {
    let count = |effect| rules.iter().filter(|rule| rule.bucket == bucket && rule.effect == effect).count();
    let (allows, denies) = (count(RowEffect::Allow), count(RowEffect::Deny));
    if allows == 0 || denies == 0 || allows + denies > MAX_ROWS {
        let problem =
            format!("the bucket {} needs at least one allow, one deny, and at most {MAX_ROWS} rows", bucket.as_str());
        return Err(LintError::in_table(FILE, 0, &problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(from: &str, to: &str) -> String {
        assert!(TEXT.contains(from));
        parse(&TEXT.replacen(from, to, 1)).unwrap_err().to_string()
    }

    #[test]
    fn the_table_in_force_is_sound() {
        assert!(data_rules().unwrap().len() > Bucket::ALL.len());
    }

    #[test]
    fn an_effect_with_a_capital_letter_is_refused_not_ignored() {
        assert!(refused("refused, deny", "refused, Deny").contains("allow or deny"));
    }

    #[test]
    fn an_unknown_fact_bucket_or_id_is_refused() {
        assert!(refused("data.granted, granted", "data.granted, grantd").contains("unknown fact"));
        assert!(refused("data, data.granted", "dat, data.granted").contains("unknown bucket"));
        assert!(refused("data, data.granted", "data, tree.granted").contains("begin with its bucket"));
        assert!(refused("data, data.refused", "data, data.class").contains("twice"));
    }

    #[test]
    fn a_bucket_without_a_deny_or_without_any_row_is_refused() {
        assert!(refused("task, task.nobody, nobody, deny", "task, task.nobody, nobody, allow").contains("bucket task"));
        let without: String =
            TEXT.lines().filter(|line| !line.starts_with("cancel,")).map(|line| format!("{line}\n")).collect();
        assert!(parse(&without).unwrap_err().to_string().contains("bucket cancel"));
    }

    #[test]
    fn no_collection_bucket_can_allow_without_weighing_the_class_and_refusals() {
        let rules = data_rules().unwrap();
        for bucket in Action::ALL.iter().filter_map(|action| Bucket::on_collection(*action)) {
            for fact in [Fact::ClassUnmet, Fact::Refused] {
                let deny =
                    |rule: &&DataRule| rule.bucket == bucket && rule.when == fact && rule.effect == RowEffect::Deny;
                assert!(rules.iter().any(|rule| deny(&rule)), "{} {}", bucket.as_str(), fact.as_str());
            }
        }
    }
}
