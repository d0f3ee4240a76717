//! Walking down places in order, keeping in mind the answer that holds above each.

use crate::path::RemotePath;

/// The answers that lie above the place that was looked at last, the nearest at the end.
#[derive(Default)]
pub(crate) struct Descent(Vec<usize>);

impl Descent {
    /// The nearest answer above a place. Places come in their order; `path_of` tells where an answer stands.
    pub(crate) fn above<'a>(
        &mut self,
        path: &RemotePath,
        path_of: impl Fn(usize) -> Option<&'a RemotePath>,
    ) -> Option<usize> {
        while let Some(last) = self.0.last().copied() {
            if path_of(last).is_some_and(|above| path.starts_with(above)) {
                return Some(last);
            }
            self.0.pop();
        }
        None
    }

    /// Notes that the answer of this number stands at the place that was looked at last.
    pub(crate) fn answered(&mut self, number: usize) {
        self.0.push(number);
    }
}
