//! What is to be said of one transfer, given what both logs say of it.

use std::fmt;

use super::Standing;
use super::account::{Account, Ended, Said};

/// An end that one site recorded and the other still has open may be a difference of minutes; after a day and an hour,
/// which is beyond the longest deadline of a task by default, it is none.
const RUNNING_NS: i64 = 25 * 3600 * 1_000_000_000;

pub(super) struct Sides<'a> {
    pub(super) a: &'a Account,
    pub(super) b: &'a Account,
    pub(super) site_a: Option<&'a str>,
    pub(super) site_b: Option<&'a str>,
}

type Verdict = (Standing, String);

impl Sides<'_> {
    /// `None` if it is no transfer between the two sites, or nothing was to be moved.
    pub(super) fn judge(&self, task: &str) -> Option<Verdict> {
        let (a, b) = (self.a.said(task), self.b.said(task));
        let names_b = a.and_then(|said| self.a.peer(said)).zip(self.site_b).map(|(peer, site)| peer == site);
        let names_a = b.and_then(|said| self.b.peer(said)).zip(self.site_a).map(|(peer, site)| peer == site);
        if names_a != Some(true) && names_b != Some(true) {
            return None;
        }
        if names_a == Some(false) || names_b == Some(false) {
            return Some((
                Standing::Differs,
                "the sites recorded it as a transfer with different other sites".to_owned(),
            ));
        }
        match (a.and_then(|said| said.end.as_ref()), b.and_then(|said| said.end.as_ref())) {
            (Some(end_a), Some(end_b)) => Some(self.both(a?, end_a, b?, end_b)),
            (Some(end), None) => Some(one(self.a, end, self.b, b)),
            (None, Some(end)) => Some(one(self.b, end, self.a, a)),
            (None, None) => {
                let open = [a, b].into_iter().flatten().any(|said| said.open);
                open.then(|| (Standing::Running, "it has not ended at either site".to_owned()))
            }
        }
    }

    fn both(&self, said_a: &Said, a: &Ended, said_b: &Said, b: &Ended) -> Verdict {
        for (said, account) in [(said_a, self.a), (said_b, self.b)] {
            if said.contradicts {
                return (Standing::Differs, format!("{} recorded its end twice, differently", account.origin()));
            }
        }
        if a.done != b.done {
            let (failed, code) = if a.done { (self.b, &b.code) } else { (self.a, &a.code) };
            return (
                Standing::Differs,
                format!("{} recorded that it failed ({code}), the other that it was done", failed.origin()),
            );
        }
        if !a.done {
            return (Standing::Agreed, String::new());
        }
        let difference = self
            .differ("the manifest's digest", a.manifest.as_ref(), b.manifest.as_ref())
            .or_else(|| self.differ("the number of files", a.files.as_ref(), b.files.as_ref()))
            .or_else(|| self.differ("the number of bytes", a.bytes.as_ref(), b.bytes.as_ref()));
        if let Some(reason) = difference {
            return (Standing::Differs, reason);
        }
        let lacking: Vec<_> =
            [(said_a, self.a), (said_b, self.b)].into_iter().filter(|(said, _)| !said.receipt).collect();
        match lacking.as_slice() {
            [] => (Standing::Agreed, String::new()),
            [(_, account)] => {
                (Standing::Owed, format!("{} does not hold the other site's proof yet", account.origin()))
            }
            _ => (Standing::Owed, "neither site holds the other's proof yet".to_owned()),
        }
    }

    fn differ<T: PartialEq + fmt::Display>(&self, what: &str, a: Option<&T>, b: Option<&T>) -> Option<String> {
        let word = |value: Option<&T>| value.map_or_else(|| "not recorded".to_owned(), ToString::to_string);
        let told = || format!("{what} is {} in {} and {} in {}", word(a), self.a.origin(), word(b), self.b.origin());
        (a != b).then(told)
    }
}

/// One site recorded an end, the other did not.
fn one(here: &Account, end: &Ended, there: &Account, said: Option<&Said>) -> Verdict {
    let name = there.origin();
    let span = there.span();
    match said {
        Some(said) if said.open => {
            let stale = span.is_some_and(|(_, last)| last.saturating_sub(end.at_ns) > RUNNING_NS);
            if stale {
                let reason = format!("{} recorded its end, and {name} never did, more than a day later", here.origin());
                return (Standing::OneSided, reason);
            }
            (Standing::Running, format!("{name} has not recorded its end yet"))
        }
        // What failed at one site may never have begun at the other.
        Some(_) if !end.done => (Standing::Agreed, String::new()),
        Some(said) if said.begun => {
            (Standing::OneSided, format!("{name} began it and recorded no end of it, and {} did", here.origin()))
        }
        _ => match span {
            Some((first, last)) if (first..=last).contains(&end.at_ns) => {
                (Standing::OneSided, format!("{} recorded it, {name} did not", here.origin()))
            }
            _ => (Standing::Beyond, format!("it ended when the export of {name} had ended, or not begun")),
        },
    }
}
