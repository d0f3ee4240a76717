//! All controls with their statements, checked as a whole.

use std::collections::{BTreeMap, HashSet};

use crate::control::{Control, ControlId, Responsibility};
use crate::crosswalk::{Requirement, Revision, Safeguard};
use crate::statement::{self, Statement};
use crate::table;

/// Why the catalogue cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// A row of a table is wrong.
    #[error("{file} line {line}: {problem}")]
    Row {
        /// Which table.
        file: &'static str,
        /// Which line, counted from 1; 0 where the reader did not say.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// The statements cannot be read.
    #[error("{file}: {problem}")]
    Statements {
        /// Which file.
        file: &'static str,
        /// What is wrong, with its line.
        problem: String,
    },
    /// A statement is wrong.
    #[error("the statement about {control}: {problem}")]
    Statement {
        /// About which control.
        control: ControlId,
        /// What is wrong.
        problem: &'static str,
    },
    /// A control is there twice.
    #[error("the control {0} is there twice: remove one of the rows")]
    Duplicate(ControlId),
    /// Something is referred to that does not exist.
    #[error("{from} refers to {to}, which is not there: correct the reference")]
    Dangling {
        /// What refers.
        from: String,
        /// To what.
        to: String,
    },
}

impl CatalogueError {
    pub(crate) const fn row(file: &'static str, line: u64, problem: String) -> Self {
        Self::Row { file, line, problem }
    }
}

/// All controls, their statements and the crosswalks.
#[derive(Debug)]
pub struct Catalogue {
    controls: BTreeMap<ControlId, Control>,
    statements: BTreeMap<ControlId, Statement>,
    requirements: Vec<Requirement>,
    safeguards: Vec<Safeguard>,
}

impl Catalogue {
    /// Reads and checks everything that is embedded.
    pub fn load() -> Result<Self, CatalogueError> {
        let mut controls = table::controls(table::MODERATE)?;
        controls.extend(table::controls(table::BEYOND)?);
        let catalogue = Self {
            controls: unique(controls, |control| control.id)?,
            statements: unique(statement::embedded()?, |statement| statement.control)?,
            requirements: table::requirements(table::CUI)?,
            safeguards: table::safeguards(table::HIPAA)?,
        };
        catalogue.check_references()?;
        Ok(catalogue)
    }

    /// The control with an id.
    #[must_use]
    pub fn find(&self, id: ControlId) -> Option<&Control> {
        self.controls.get(&id)
    }

    /// All controls, in the order of the catalogue.
    pub fn iter(&self) -> impl Iterator<Item = &Control> {
        self.controls.values()
    }

    /// What the product says about a control.
    #[must_use]
    pub fn statement(&self, id: ControlId) -> Option<&Statement> {
        self.statements.get(&id)
    }

    /// All statements, in the order of the catalogue.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.statements.values()
    }

    /// The controls that the product carries, alone or with the institution, and that have no statement yet.
    pub fn gap(&self) -> impl Iterator<Item = &Control> {
        self.iter()
            .filter(|control| control.responsibility != Responsibility::Customer)
            .filter(|control| !self.statements.contains_key(&control.id))
    }

    /// The requirements of SP 800-171, both revisions.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// The standards of the HIPAA security rule.
    #[must_use]
    pub fn safeguards(&self) -> &[Safeguard] {
        &self.safeguards
    }

    fn check_references(&self) -> Result<(), CatalogueError> {
        if let Some(control) = self.statements.keys().find(|id| !self.controls.contains_key(id)) {
            return Err(dangling(format!("the statement about {control}"), control.to_string()));
        }
        let checks: HashSet<&str> =
            self.iter().filter_map(|control| Some(control.check.as_ref()?.id.as_str())).collect();
        for requirement in &self.requirements {
            if let Some(check) = requirement.checks.iter().find(|check| !checks.contains(check.as_str())) {
                return Err(dangling(format!("requirement {}", requirement.number), check.clone()));
            }
        }
        let numbers: HashSet<String> = self.requirements.iter().map(reference).collect();
        for control in self.iter() {
            if let Some(missing) = control.requirements.iter().find(|number| !numbers.contains(*number)) {
                return Err(dangling(control.id.to_string(), missing.clone()));
            }
        }
        Ok(())
    }
}

fn reference(requirement: &Requirement) -> String {
    let revision = match requirement.revision {
        Revision::R2 => "r2",
        Revision::R3 => "r3",
    };
    format!("{revision}: {}", requirement.number)
}

const fn dangling(from: String, to: String) -> CatalogueError {
    CatalogueError::Dangling { from, to }
}

fn unique<Item>(
    items: Vec<Item>,
    id: impl Fn(&Item) -> ControlId,
) -> Result<BTreeMap<ControlId, Item>, CatalogueError> {
    let mut map = BTreeMap::new();
    for item in items {
        let id = id(&item);
        if map.insert(id, item).is_some() {
            return Err(CatalogueError::Duplicate(id));
        }
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_that_is_there_twice_is_refused() {
        let twice = [table::controls(table::BEYOND).unwrap(), table::controls(table::BEYOND).unwrap()].concat();
        assert_eq!(
            unique(twice, |control| control.id).unwrap_err(),
            CatalogueError::Duplicate("AU-9(3)".parse().unwrap())
        );
    }

    #[test]
    fn a_statement_about_no_control_and_a_check_that_is_not_there_are_refused() {
        let mut catalogue = Catalogue::load().unwrap();
        let id: ControlId = "AU-2".parse().unwrap();
        let control = catalogue.controls.remove(&id).unwrap();
        assert!(matches!(catalogue.check_references(), Err(CatalogueError::Dangling { to, .. }) if to == "AU-2"));
        catalogue.controls.insert(id, control);
        catalogue.requirements[0].checks.push("au-99.probe".to_owned());
        assert!(
            matches!(catalogue.check_references(), Err(CatalogueError::Dangling { to, .. }) if to == "au-99.probe")
        );
    }
}
