//! A control of NIST SP 800-53 revision 5, with who carries it and how we mean to check it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The id of a control or enhancement, such as `AU-9` or `AU-9(3)`; ordered as in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ControlId {
    family: [u8; 2],
    number: u16,
    enhancement: Option<u16>,
}

/// A text that is no control id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a control id: expected two capital letters, a number and perhaps an enhancement, such as AU-9 or AU-9(3)")]
pub struct BadControlId;

impl ControlId {
    /// The family, such as `AU`.
    #[must_use]
    pub fn family(&self) -> String {
        self.family.iter().copied().map(char::from).collect()
    }

    /// The enhancement's number, where it is one.
    #[must_use]
    pub const fn enhancement(&self) -> Option<u16> {
        self.enhancement
    }

    /// The id as OSCAL writes it: `au-9.3`.
    #[must_use]
    pub fn oscal(&self) -> String {
        let base = format!("{}-{}", self.family().to_lowercase(), self.number);
        self.enhancement.map_or_else(|| base.clone(), |enhancement| format!("{base}.{enhancement}"))
    }
}

impl fmt::Display for ControlId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.family(), self.number)?;
        self.enhancement.map_or(Ok(()), |enhancement| write!(f, "({enhancement})"))
    }
}

impl FromStr for ControlId {
    type Err = BadControlId;

    fn from_str(text: &str) -> Result<Self, BadControlId> {
        let (family, rest) = text.split_once('-').ok_or(BadControlId)?;
        let family: [u8; 2] = family.as_bytes().try_into().map_err(|_| BadControlId)?;
        let (number, enhancement) = match rest.split_once('(') {
            Some((number, tail)) => (number, Some(positive(tail.strip_suffix(')').ok_or(BadControlId)?)?)),
            None => (rest, None),
        };
        if !family.iter().all(u8::is_ascii_uppercase) {
            return Err(BadControlId);
        }
        Ok(Self { family, number: positive(number)?, enhancement })
    }
}

/// A number as NIST writes it: no sign, no leading zero.
fn positive(text: &str) -> Result<u16, BadControlId> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if plain { text.parse().map_err(|_| BadControlId) } else { Err(BadControlId) }
}

impl Serialize for ControlId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ControlId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Who carries a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Responsibility {
    /// The product.
    Product,
    /// Both: the product provides, the institution operates.
    Shared,
    /// The institution.
    Customer,
}

/// How much of a control a machine check is meant to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// All of it.
    Full,
    /// A part of it.
    Partial,
    /// Only evidence for a human's judgement.
    Evidence,
    /// Nothing.
    None,
}

/// How a check finds out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckMode {
    /// It tries, against the live system.
    Probe,
    /// It verifies what was recorded.
    Replay,
    /// It asks for a state.
    Query,
    /// It looks at how the program was built.
    Build,
}

/// The machine check that is planned for a control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedCheck {
    /// Its id, such as `au-9.replay`.
    pub id: String,
    /// How it finds out.
    pub mode: CheckMode,
    /// What it does.
    pub description: String,
}

/// One control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Control {
    /// Its id.
    pub id: ControlId,
    /// Its title.
    pub title: String,
    /// Whether it is in the LOW baseline.
    pub in_low: bool,
    /// Whether it is in the MODERATE baseline.
    pub in_moderate: bool,
    /// Who carries it.
    pub responsibility: Responsibility,
    /// How the product is designed to meet it, or to help.
    pub design: String,
    /// How much of it the check is meant to show.
    pub coverage: Coverage,
    /// The check that is planned.
    pub check: Option<PlannedCheck>,
    /// Requirements of SP 800-171 that it serves: `r2: 3.1.1`, `r3: 03.01.01`.
    pub requirements: Vec<String>,
    /// Standards and specifications of the HIPAA security rule that it serves.
    pub safeguards: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_and_sort_as_in_the_catalogue() {
        let mut ids: Vec<ControlId> =
            ["AU-10", "AU-9(4)", "AU-9", "AC-2(13)", "AU-9(3)"].map(|id| id.parse().unwrap()).into();
        ids.sort();
        let sorted: Vec<String> = ids.iter().map(ToString::to_string).collect();
        assert_eq!(sorted, ["AC-2(13)", "AU-9", "AU-9(3)", "AU-9(4)", "AU-10"]);
        assert_eq!(ids[2].oscal(), "au-9.3");
    }

    #[test]
    fn what_is_no_control_id_is_refused() {
        for text in [
            "", "AU", "AU-", "AU-0", "AU-09", "au-9", "AUX-9", "AU-9(", "AU-9()", "AU-9(3", "AU-+9", "AU-9(3)x",
            "\u{c4}-9",
        ] {
            assert_eq!(text.parse::<ControlId>(), Err(BadControlId), "{text}");
        }
    }
}
