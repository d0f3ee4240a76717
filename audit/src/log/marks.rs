//! Marks: every so often, where an entry lies, so that reading need not begin at the beginning.

use super::cursor::Place;

/// Bytes between two marks.
const APART: u64 = 64 << 10;

#[derive(Debug, Clone, Default)]
pub(crate) struct Marks(Vec<(u64, Place)>);

impl Marks {
    /// Tells where the entry of that index lies, or the first opening of it. Indices never fall.
    pub(crate) fn note(&mut self, index: u64, at: Place) {
        let due = self.0.last().is_none_or(|(last, place)| {
            index > *last && (at.segment != place.segment || at.offset.saturating_sub(place.offset) >= APART)
        });
        if due {
            self.0.push((index, at));
        }
    }

    /// A place from which reading on leads past `index`.
    pub(crate) fn before(&self, index: u64) -> Place {
        let after = self.0.partition_point(|(marked, _)| *marked <= index);
        let mark = after.checked_sub(1).and_then(|at| self.0.get(at));
        mark.map(|(_, place)| *place).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_from_a_mark_never_starts_behind_the_entry() {
        let mut marks = Marks::default();
        assert_eq!(marks.before(7), Place::default());
        for index in 0..1000 {
            marks.note(index, Place { segment: 0, offset: index * 1000 });
        }
        assert!(marks.0.len() < 20);
        for index in 0..1000 {
            let place = marks.before(index);
            assert!(place.offset <= index * 1000 && index * 1000 - place.offset <= APART + 1000);
        }
    }
}
