//! An alert as it is stored.

use sealane_model::alert::{Alarm, AlertState, Finding, Severity};
use sealane_model::id::{AlertId, AlertRuleId};
use sealane_model::person::PersonId;
use sealane_model::time::Timestamp;
use sealane_policy::Role;
use sqlx::any::AnyRow;

use super::TABLE;
use crate::DbError;
use crate::cells::Cells;
use crate::seal::{Cell, Sealer};

/// What every question about alerts begins with.
pub(super) const COLUMNS: &str =
    "SELECT id, rule, rule_name, severity, concerns, raised_by, group_key, alarm, subject, raised_at, first_at,
     last_at, entries, amount, log, floor, raised_place, cleared_at, cleared_place, state, sealed_acknowledgement,
     acknowledged_at, sealed_closing, closed_at, closed_op, finding
     FROM alert WHERE ";

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// The rule that raised it; an id of its own where the site did.
    pub rule: AlertRuleId,
    /// The rule's name at that time, or the alarm's.
    pub rule_name: String,
    /// How grave it is.
    pub severity: Severity,
    /// Whose it is.
    pub concerns: Role,
    /// Leaf hash of the entry that made it enough.
    pub raised_by: String,
    /// What its entries have in common: a keyed token, a collection's id, or nothing.
    pub group: String,
    /// What the site noticed by itself, and about what.
    pub alarm: Option<(Alarm, String)>,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// Time of its first entry.
    pub first_at: Timestamp,
    /// Time of its last entry.
    pub last_at: Timestamp,
    /// How many entries.
    pub entries: u64,
    /// Bytes that they are about.
    pub amount: u64,
    /// The log that tells of it.
    pub log: String,
    /// The entry that does is not before this place.
    pub floor: u64,
    /// Where that entry is.
    pub raised_place: Option<u64>,
    /// When it was over.
    pub cleared_at: Option<Timestamp>,
    /// Where the entry about that is.
    pub cleared_place: Option<u64>,
    /// Where it stands.
    pub state: AlertState,
    /// Who looks into it, since when.
    pub acknowledged: Option<(PersonId, Timestamp)>,
    /// Who closed it, when.
    pub closed: Option<(PersonId, Timestamp)>,
    /// The operation in the audit log that closed it.
    pub closed_op: Option<String>,
    /// What it was.
    pub finding: Option<Finding>,
}

pub(super) fn read(sealer: &Sealer, row: &AnyRow) -> Result<Alert, DbError> {
    let cells = Cells::of(TABLE, row);
    let alarm = match (cells.opt_text("alarm")?, cells.opt_text("subject")?) {
        (Some(_), Some(subject)) => Some((cells.word("alarm")?, subject)),
        (None, None) => None,
        _ => return Err(cells.corrupt("alarm")),
    };
    let opt_number = |column| -> Result<Option<u64>, DbError> {
        cells.opt_int(column)?.map(|place| u64::try_from(place).map_err(|_| cells.corrupt(column))).transpose()
    };
    let finding = match cells.opt_text("finding")? {
        Some(_) => Some(cells.word("finding")?),
        None => None,
    };
    Ok(Alert {
        id: cells.parsed("id")?,
        rule: cells.parsed("rule")?,
        rule_name: cells.text("rule_name")?,
        severity: cells.word("severity")?,
        concerns: cells.parsed("concerns")?,
        raised_by: cells.text("raised_by")?,
        group: cells.text("group_key")?,
        alarm,
        raised_at: cells.time("raised_at")?,
        first_at: cells.time("first_at")?,
        last_at: cells.time("last_at")?,
        entries: cells.number("entries")?,
        amount: cells.number("amount")?,
        log: cells.text("log")?,
        floor: cells.number("floor")?,
        raised_place: opt_number("raised_place")?,
        cleared_at: cells.opt_time("cleared_at")?,
        cleared_place: opt_number("cleared_place")?,
        state: cells.word("state")?,
        acknowledged: person(sealer, &cells, Cell::AlertAcknowledgement, "acknowledged_at")?,
        closed: person(sealer, &cells, Cell::AlertClosing, "closed_at")?,
        closed_op: cells.opt_text("closed_op")?,
        finding,
    })
}

fn person(
    sealer: &Sealer,
    cells: &Cells<'_>,
    cell: Cell,
    at: &'static str,
) -> Result<Option<(PersonId, Timestamp)>, DbError> {
    match (cells.opt_open(sealer, cell, cells.text("id")?)?, cells.opt_time(at)?) {
        (Some(by), Some(at)) => Ok(Some((by, at))),
        (None, None) => Ok(None),
        _ => Err(cells.corrupt(at)),
    }
}
