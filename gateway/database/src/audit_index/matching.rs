//! Whether an entry on its way into the index is one that is asked for: the same question as [`super::prepare`], without a
//! database, for rules that watch the log.

use super::{IndexedEntry, PathWanted, Wanted};

impl Wanted {
    /// Whether an entry of the log `origin` matches. Order and number of entries mean nothing here.
    #[must_use]
    pub fn matches(&self, origin: &str, entry: &IndexedEntry) -> bool {
        self.is_of_kind(entry) && self.is_by(entry) && self.is_about(origin, entry)
    }

    fn is_of_kind(&self, entry: &IndexedEntry) -> bool {
        one_of(&self.kinds, Some(&entry.kind))
            && one_of(&self.phases, Some(&entry.phase))
            && one_of(&self.outcomes, entry.outcome.as_ref())
            && one_of(&self.classes, entry.class.as_ref())
            && same(self.code.as_ref(), entry.code.as_ref())
            && self.from.is_none_or(|from| entry.at >= from)
            && self.until.is_none_or(|until| entry.at < until)
    }

    fn is_by(&self, entry: &IndexedEntry) -> bool {
        let people = |people: &Vec<_>| entry.person.is_some_and(|person| people.contains(&person));
        self.people.as_ref().is_none_or(people)
            && same(self.issuer.as_ref(), entry.issuer.as_ref())
            && same(self.via_site.as_ref(), entry.via_site.as_ref())
            && same(self.session.as_ref(), entry.session.as_ref())
            && same(self.client.as_ref(), entry.client.as_ref())
            && same(self.purpose.as_ref(), entry.purpose.as_ref())
    }

    fn is_about(&self, origin: &str, entry: &IndexedEntry) -> bool {
        let place = match self.path {
            None => true,
            Some(PathWanted::At(token)) => entry.path.last() == Some(&token),
            Some(PathWanted::Beneath(token)) => entry.path.contains(&token),
        };
        place
            && self.origin.as_deref().is_none_or(|wanted| wanted == origin)
            && same(self.collection.as_ref(), entry.collection.as_ref())
            && same(self.task.as_ref(), entry.task.as_ref())
            && self.op.is_none_or(|op| op == entry.op)
            && same(self.decision.as_ref(), entry.decision.as_ref())
            && same(self.digest.as_ref(), entry.digest.as_ref())
            && same(self.rule.as_ref(), entry.rule.as_ref())
            && same(self.snapshot.as_ref(), entry.snapshot.as_ref())
            && same(self.peer.as_ref(), entry.peer.as_ref())
            && same(self.transport.as_ref(), entry.transport.as_ref())
    }
}

fn one_of(wanted: &[String], found: Option<&String>) -> bool {
    wanted.is_empty() || found.is_some_and(|found| wanted.contains(found))
}

fn same<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
    wanted.is_none() || wanted == found
}
