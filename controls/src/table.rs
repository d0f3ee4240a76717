//! The catalogue's tables (RFC 4180), read strictly: the header as expected, every word known, problems named by line.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::catalogue::CatalogueError;
use crate::control::{CheckMode, Control, ControlId, Coverage, PlannedCheck, Responsibility};
use crate::crosswalk::{Requirement, Revision, Safeguard};

/// One table: its name for messages, and its text.
pub(crate) type Table = (&'static str, &'static str);

pub(crate) const MODERATE: Table = ("catalog/responsibility.csv", include_str!("../catalog/responsibility.csv"));
pub(crate) const BEYOND: Table = ("catalog/beyond_moderate.csv", include_str!("../catalog/beyond_moderate.csv"));
pub(crate) const CUI: Table =
    ("catalog/responsibility_800-171.csv", include_str!("../catalog/responsibility_800-171.csv"));
pub(crate) const HIPAA: Table =
    ("catalog/hipaa_66r2_crosswalk.csv", include_str!("../catalog/hipaa_66r2_crosswalk.csv"));

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ControlRow {
    control_id: ControlId,
    title: String,
    baseline_low: Flag,
    baseline_moderate: Flag,
    sp800_171_refs: String,
    hipaa_refs: String,
    responsibility: Responsibility,
    how_the_gateway_implements_it: String,
    automated_evidence_check: String,
    coverage: Coverage,
    check_mode: Mode,
    check_id: String,
    oscal_id: String,
    family: String,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Flag {
    Yes,
    No,
}

#[derive(Deserialize)]
enum Mode {
    #[serde(rename = "-")]
    None,
    #[serde(untagged)]
    Some(CheckMode),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequirementRow {
    revision: Revision,
    requirement: String,
    title: String,
    #[serde(rename = "type")]
    kind: String,
    dod_weight: Option<u8>,
    sp800_53r5_controls: String,
    responsibility: Responsibility,
    check_ids: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SafeguardRow {
    standard: String,
    sp800_53r5_controls: String,
    with_gateway_check: String,
}

/// The controls of a table.
pub(crate) fn controls(table: Table) -> Result<Vec<Control>, CatalogueError> {
    read(table, |row: ControlRow| {
        if row.oscal_id != row.control_id.oscal() || row.family != row.control_id.family() {
            return Err("the id, the OSCAL id and the family do not agree");
        }
        let check = match (row.check_mode, row.check_id.is_empty() || row.automated_evidence_check.is_empty()) {
            (Mode::None, _) if row.check_id.is_empty() => None,
            (Mode::Some(mode), false) => {
                Some(PlannedCheck { id: row.check_id, mode, description: row.automated_evidence_check })
            }
            _ => return Err("a check has a mode, an id and a description, or none of them"),
        };
        if row.title.is_empty() || row.how_the_gateway_implements_it.is_empty() {
            return Err("a control has a title and a design");
        }
        Ok(Control {
            id: row.control_id,
            title: row.title,
            in_low: row.baseline_low == Flag::Yes,
            in_moderate: row.baseline_moderate == Flag::Yes,
            responsibility: row.responsibility,
            design: row.how_the_gateway_implements_it,
            coverage: row.coverage,
            check,
            requirements: requirement_references(&row.sp800_171_refs)?,
            safeguards: words(&row.hipaa_refs),
        })
    })
}

/// The requirements of SP 800-171.
pub(crate) fn requirements(table: Table) -> Result<Vec<Requirement>, CatalogueError> {
    read(table, |row: RequirementRow| {
        let basic_or_derived = matches!(row.kind.as_str(), "basic" | "derived");
        let as_revision_2 = basic_or_derived && row.dod_weight.is_some();
        let as_revision_3 = row.kind.is_empty() && row.dod_weight.is_none();
        if !(if row.revision == Revision::R2 { as_revision_2 } else { as_revision_3 }) {
            return Err("a requirement of revision 2 has a type and a weight, one of revision 3 has neither");
        }
        Ok(Requirement {
            revision: row.revision,
            number: row.requirement,
            title: row.title,
            text: row.text,
            weight: row.dod_weight,
            responsibility: row.responsibility,
            controls: words(&row.sp800_53r5_controls),
            checks: words(&row.check_ids),
        })
    })
}

/// The standards of the HIPAA security rule.
pub(crate) fn safeguards(table: Table) -> Result<Vec<Safeguard>, CatalogueError> {
    read(table, |row: SafeguardRow| {
        let controls: Vec<String> = words(&row.sp800_53r5_controls).into_iter().map(|id| oscal(&id)).collect();
        if !words(&row.with_gateway_check).into_iter().all(|id| controls.contains(&oscal(&id))) {
            return Err("a control with a check is not among the controls of the standard");
        }
        Ok(Safeguard { standard: row.standard, controls })
    })
}

fn read<Row: DeserializeOwned, Item>(
    (file, text): Table,
    item: impl Fn(Row) -> Result<Item, &'static str>,
) -> Result<Vec<Item>, CatalogueError> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| CatalogueError::row(file, 1, error.to_string()))?.clone();
    let mut items = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| CatalogueError::row(file, 0, error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let row =
            record.deserialize(Some(&header)).map_err(|error| CatalogueError::row(file, line, error.to_string()))?;
        items.push(item(row).map_err(|problem| CatalogueError::row(file, line, problem.to_owned()))?);
    }
    Ok(items)
}

fn words(cell: &str) -> Vec<String> {
    cell.split_whitespace().map(str::to_owned).collect()
}

/// `au-9(3)` as OSCAL writes it.
fn oscal(id: &str) -> String {
    id.replace('(', ".").replace(')', "")
}

/// `r2: 3.1.1 3.1.2; r3: 03.01.01` as single references.
fn requirement_references(cell: &str) -> Result<Vec<String>, &'static str> {
    let mut references = Vec::new();
    for part in cell.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once(':') {
            Some((revision @ ("r2" | "r3"), numbers)) => {
                references.extend(numbers.split_whitespace().map(|number| format!("{revision}: {number}")));
            }
            _ => return Err("references to SP 800-171 are written `r2: 3.1.1 3.1.2; r3: 03.01.01`"),
        }
    }
    Ok(references)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(from: &str, to: &str) -> String {
        assert!(BEYOND.1.contains(from));
        let text: &'static str = BEYOND.1.replacen(from, to, 1).leak();
        controls(("t.csv", text)).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_row_is_refused_by_its_line() {
        assert!(problem(",product,\"Each act", ",producer,\"Each act").contains("t.csv line 3"));
        assert!(problem("partial,replay", "partial,reply").contains("t.csv line 3"));
        assert!(problem("AU-10,Non", "AU10,Non").contains("not a control id"));
        assert!(problem("au-10,AU", "au-11,AU").contains("do not agree"));
        assert!(problem("replay,au-10.replay", "-,au-10.replay").contains("a mode, an id"));
        assert!(problem("Non-repudiation,no", "Non-repudiation,maybe").contains("line 3"));
        assert!(problem("control_id,title", "control,title").contains("t.csv line 2"));
    }

    #[test]
    fn references_without_their_revision_are_refused() {
        assert!(requirement_references("3.1.1").is_err());
        assert_eq!(
            requirement_references("r2: 3.1.1 3.1.2; r3: 03.01.01").unwrap(),
            ["r2: 3.1.1", "r2: 3.1.2", "r3: 03.01.01"]
        );
    }
}
