//! The catalogue of controls, our statements and their evidence.
//!
//! **What for.** A compliance officer asks of each NIST SP 800-53 control: whose is it, how is it met, what shows that? The
//! catalogue is every control of the MODERATE baseline (and the few beyond it that the product meets), with who carries it;
//! a [`Statement`] says how, and names the tests that show it; [`Catalogue::gap`] lists what has no statement.
//!
//! **Promises.** Loaded strictly: an unknown word, a double, a dangling reference is an error with file and line, and all
//! of it is checked before anything is answered. Nothing is called met without a named test, and the tests exist.
//!
//! **Leaves to others.** Running checks against a live system, attestations, and writing OSCAL. The allocation of controls is
//! our engineering judgement, not NIST's; crosswalks are NIST's (SP 800-66r2 for HIPAA, the 800-171 links).

pub mod catalogue;
pub mod control;
pub mod crosswalk;
pub mod statement;

mod table;

pub use catalogue::{Catalogue, CatalogueError};
pub use control::{BadControlId, CheckMode, Control, ControlId, Coverage, PlannedCheck, Responsibility};
pub use crosswalk::{Requirement, Revision, Safeguard};
pub use statement::{Evidence, Statement, Status};
