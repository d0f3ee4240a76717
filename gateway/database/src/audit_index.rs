//! The search index over the nodes' audit logs.
//!
//! **What for.** Finding entries in seconds among tens of millions, over all nodes of the site, by any of their fields. The
//! logs are the truth; the index is derived from them, each node feeding its own, and can be emptied and rebuilt at any time
//! with the same answers.
//!
//! **Shape.** An entry is a row of numbers. What they mean stands in dictionaries: words that name nobody, names (people,
//! their addresses and purposes) and paths, of which only keyed tokens are kept. So no personal value is here in clear, and
//! forgetting a person or a collection removes a few dictionary rows, after which nobody can tell whose the numbers were.
//! Paths have their parents, so all beneath a directory is found without looking at every path.
//!
//! **Promises.** An entry is in the index with the position that says so, or not at all. Answers come in pages after a key
//! (time, log, place), in that order or its reverse, without a limit on their number.
//!
//! **Leaves to others.** Making tokens, reading the logs, and revealing what stands behind a token: the service.

mod entry;
mod log;
mod matching;
mod name;
mod page;
mod path;
mod row;
mod search;
mod tally;
mod watch;
mod word;

pub use entry::{Batch, IndexedEntry, append};
pub use log::{LogPosition, empty, enlist, positions, restart, tell_size};
pub use name::forget_person;
pub use page::{Key, Mark, Page, marks, page};
pub use path::forget_collection;
pub use row::FoundEntry;
pub use search::{PathWanted, Search, Wanted, prepare};
pub use tally::{Tally, tally};
pub use watch::{watched, watched_to};

/// A keyed token of a personal value: 128 bits of a message authentication code.
pub type Token = [u8; 16];

/// Hands out ids that no other node's hands out: a counter of the log, beside the log's number.
struct Ids {
    number: i64,
    next: i64,
}

/// Most logs of a site; ids are numbers of a log's counter times this.
const MOST_LOGS: i64 = 1024;

impl Ids {
    const fn fresh(&mut self) -> i64 {
        let id = self.next * MOST_LOGS + self.number;
        self.next += 1;
        id
    }
}
