//! How the product meets a control, and what shows it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalogue::CatalogueError;
use crate::control::ControlId;

const FILE: &str = "statements.toml";
const TEXT: &str = include_str!("../statements.toml");

/// How far a control is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// What the product has to do for it, it does.
    Met,
    /// A part is there; the statement says what is missing.
    Partly,
}

/// A test that shows what a statement claims.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Evidence {
    /// The source file, from the top of the repository.
    pub file: String,
    /// The name of the test in it.
    pub test: String,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.file, self.test)
    }
}

impl Serialize for Evidence {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Evidence {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let word =
            |test: &str| !test.is_empty() && test.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        match text.split_once("::") {
            Some((file, test)) if file.ends_with(".rs") && word(test) => {
                Ok(Self { file: file.to_owned(), test: test.to_owned() })
            }
            _ => Err(serde::de::Error::custom("evidence is file.rs::name_of_the_test")),
        }
    }
}

/// How the product meets one control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Which control.
    pub control: ControlId,
    /// How far it is met.
    pub status: Status,
    /// How.
    pub how: String,
    /// What is not there yet; exactly where it is met partly.
    pub missing: Option<String>,
    /// What remains the institution's own to do.
    pub site: Option<String>,
    /// The tests that show it: at least one.
    pub evidence: Vec<Evidence>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    statement: Vec<Statement>,
}

/// The product's own statements.
pub(crate) fn embedded() -> Result<Vec<Statement>, CatalogueError> {
    parse(TEXT)
}

pub(crate) fn parse(text: &str) -> Result<Vec<Statement>, CatalogueError> {
    let document: Document =
        toml::from_str(text).map_err(|error| CatalogueError::Statements { file: FILE, problem: error.to_string() })?;
    for statement in &document.statement {
        let wrong = |problem: &'static str| CatalogueError::Statement { control: statement.control, problem };
        if statement.evidence.is_empty() {
            return Err(wrong("nothing is claimed without a test: name at least one in `evidence`"));
        }
        if (statement.status == Status::Partly) != statement.missing.is_some() {
            return Err(wrong("`missing` says what is not there yet, exactly where the status is partly"));
        }
        let texts = [Some(&statement.how), statement.missing.as_ref(), statement.site.as_ref()];
        if texts.into_iter().flatten().any(|text| text.trim().is_empty()) {
            return Err(wrong("a text is empty"));
        }
    }
    Ok(document.statement)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "[[statement]]\ncontrol = \"AU-2\"\nstatus = \"met\"\nhow = \"so\"\nevidence = [\"a/b.rs::c_d\"]\n";

    fn problem(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from));
        parse(&GOOD.replace(from, to)).unwrap_err().to_string()
    }

    #[test]
    fn a_good_statement_is_read() {
        assert_eq!(parse(GOOD).unwrap()[0].evidence[0].to_string(), "a/b.rs::c_d");
    }

    #[test]
    fn nothing_is_met_without_a_test() {
        assert!(problem("[\"a/b.rs::c_d\"]", "[]").contains("AU-2: nothing is claimed without a test"));
        assert!(problem("a/b.rs::c_d", "trust me").contains("evidence is file.rs::name_of_the_test"));
    }

    #[test]
    fn partly_says_what_is_missing_and_met_has_nothing_missing() {
        assert!(problem("\"met\"", "\"partly\"").contains("missing"));
        assert!(problem("how =", "missing = \"x\"\nhow =").contains("missing"));
    }

    #[test]
    fn unknown_words_are_refused() {
        assert!(problem("\"met\"", "\"green\"").contains("green"));
        assert!(problem("how =", "remark = \"x\"\nhow =").contains("remark"));
        assert!(problem("AU-2", "AU2").contains("not a control id"));
        assert!(problem("\"so\"", "\" \"").contains("empty"));
    }
}
