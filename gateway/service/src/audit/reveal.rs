//! Entries read from this node's own log, by their places.

use std::collections::HashMap;

use sealane_audit::EntryView;
use sealane_model::Problem;

use super::indexer::read;
use crate::app::App;

/// Places that lie at most so far apart are read in one go.
const NEAR: u64 = 16;
/// Entries of one go.
const LONGEST: u64 = 512;

/// The entries at some places of this node's log.
pub(crate) async fn entries(app: &App, mut places: Vec<u64>) -> Result<HashMap<u64, EntryView>, Problem> {
    places.sort_unstable();
    places.dedup();
    let log = app.guard().log();
    let mut found = HashMap::with_capacity(places.len());
    for (first, last) in stretches(&places) {
        let count = usize::try_from(last - first + 1).unwrap_or(usize::MAX);
        let views = read(log, first, count).await?;
        let wanted = views.into_iter().filter(|view| places.binary_search(&view.entry.index).is_ok());
        found.extend(wanted.map(|view| (view.entry.index, view)));
    }
    Ok(found)
}

/// First and last place of each stretch that is read in one go.
fn stretches(places: &[u64]) -> Vec<(u64, u64)> {
    let mut stretches: Vec<(u64, u64)> = Vec::new();
    for place in places {
        match stretches.last_mut() {
            Some((first, last)) if *place - *last <= NEAR && *place - *first < LONGEST => *last = *place,
            _ => stretches.push((*place, *place)),
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_near_each_other_are_read_together() {
        assert_eq!(stretches(&[]), []);
        assert_eq!(stretches(&[3, 4, 20, 40, 56]), [(3, 20), (40, 56)]);
        let all: Vec<u64> = (0..1_000).collect();
        assert_eq!(stretches(&all), [(0, 511), (512, 999)]);
    }
}
