//! Alerts: what a rule or the site itself noticed, and what people made of it.
//!
//! **Promises.** An entry makes one alert of a rule, however often it is looked at. An alarm stands once for its subject
//! until it clears. States change from the one before only: of two people at once, one does it.
//!
//! **Leaves to others.** Entries in the audit log about all this, and who may.

mod alarm;
mod queue;
mod raise;
mod row;
mod step;

pub use alarm::{clear, standing, told_cleared, told_raised, untold};
pub use queue::{AlertEntry, AlertFilter, counts, entries, find, list, newer, since};
pub use raise::{join, open_near, raise};
pub use row::Alert;
pub use step::{acknowledge, close, forget_person, is_about};

const TABLE: &str = "alert";
