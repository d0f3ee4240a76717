//! Verifying a log directory, offline, with nothing but its files and perhaps a key.
//!
//! Everything is recomputed from the entries: their order and links, the RFC 6962 roots, the signatures
//! over them, the commitments behind the openings. Nothing derived is trusted. Four verdicts are given
//! apart: *integrity* (nothing was altered), *completeness* (nothing is missing), *authenticity* (the
//! right key signed), *time* (witnesses vouch for when). The first bad entry is named.
//!
//! A log rewritten and signed again with the same key passes here unless an older checkpoint, kept
//! elsewhere, is given as an anchor.

mod blame;
mod entry;
mod evidence;
mod hash_tiles;
mod look;
mod openings;
mod pack;
mod pipeline;
mod report;
mod slab;
mod tiles;
mod time;
mod trust;
mod verdict;
mod walk;

use std::io;
use std::path::Path;

pub use self::entry::verify_entry;
pub use self::evidence::{ReceiptReport, verify_proof, verify_receipt};
pub use self::pack::verify_pack;
pub use self::report::{KeyUsed, Packed, Report, Subject, TileVerdicts};
use self::tiles::TileWalk;
use self::trust::Key;
pub use self::trust::{Options, Pin};
pub use self::verdict::Verdict;
use self::walk::Walk;
use crate::log::layout::Layout;

/// Verifies the log in `dir`, or a copy of one. Changes nothing.
///
/// The segments are what counts. A copy that was fetched over HTTP has none: then the entries are read
/// from the C2SP entry bundles.
#[must_use]
pub fn verify_dir(dir: &Path, options: &Options) -> Report {
    let layout = Layout::new(dir);
    let key = Key::find(&layout, options);
    look(&layout, &key, options).unwrap_or_else(|error| Report::unreadable(format!("the log cannot be read: {error}")))
}

fn look(layout: &Layout, key: &Key, options: &Options) -> io::Result<Report> {
    if layout.segments().is_dir() {
        let mut report = Walk::new(layout, key, options).run()?;
        if options.tiles {
            report.tiles = Some(TileWalk::new(layout, key, options).run()?.beside_segments());
        }
        return Ok(report);
    }
    if layout.tiles().is_dir() {
        return Ok(TileWalk::new(layout, key, options).run()?.alone());
    }
    Ok(Report::unreadable("this is no log directory: it has neither seg/ nor tile/".to_owned()))
}
