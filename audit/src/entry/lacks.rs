//! What an entry leaves unsaid that its kind must say (NIST SP 800-53 AU-3, AU-8): for tests, checks and reviewers.
//!
//! What type of event, when, where, from where, with what outcome, and who. Where: the log of a node is that node's, and
//! the object says where in the site. What does not apply is not asked for: the operator of a site sits at its machine
//! and has no address, and whoever asks for what is not there has no place to be named.

use super::Entry;
use crate::event::facts::{About, By};
use crate::event::{Outcome, Phase};

/// The issuer of whoever runs a command on the site's own machine.
const OPERATOR: &str = "urn:sealane:operator";

impl Entry {
    /// The members that are missing, in the words of the entry's format; empty where it says all that it must.
    #[must_use]
    pub fn lacks(&self) -> Vec<&'static str> {
        let facts = self.kind.facts();
        let mut lacks = Vec::new();
        let mut need = |given: bool, name| {
            if !given {
                lacks.push(name);
            }
        };
        need(facts.phases.allow(self.phase), "phase");
        need(self.phase == Phase::Intent || self.outcome.is_some() || self.phase == Phase::Info, "outcome");
        need(self.phase != Phase::Intent || self.outcome.is_none(), "phase");
        // The log itself has no clock: it says when by the events that it is handed.
        let by_log = matches!(self.kind.name(), "log.recover" | "log.resume");
        need(by_log || self.mono_us.is_some(), "mono");
        need(by_log || self.clock.is_some(), "clock");
        let is_operator = self.actor.as_ref().is_some_and(|actor| actor.issuer == OPERATOR);
        match facts.by {
            By::Person => {
                need(self.actor.is_some(), "actor");
                need(self.client.is_some() || is_operator, "client");
            }
            By::Anybody => need(self.client.is_some(), "client"),
            By::Peer => need(self.peer.is_some() || self.is_turned_away(), "peer"),
            By::Site => {}
        }
        if !self.is_turned_away() {
            self.object_lacks(facts.about, &mut need);
        }
        lacks
    }

    /// It was refused before anybody decided about anything: what was asked for is not there, or not theirs to know.
    fn is_turned_away(&self) -> bool {
        let refused = |outcome: Outcome| outcome != Outcome::Done && outcome != Outcome::Interrupted;
        self.decision.is_none()
            && self.object.collection.is_none()
            && self.outcome.as_ref().is_some_and(|known| refused(known.outcome))
    }

    fn object_lacks(&self, about: About, need: &mut impl FnMut(bool, &'static str)) {
        let object = &self.object;
        if matches!(about, About::Place | About::File) && self.peer.is_none() {
            need(object.collection.is_some(), "object.collection");
            need(object.class.is_some(), "object.class");
        }
        if matches!(about, About::Place | About::File) {
            need(object.path.is_some(), "object.path");
        }
        if matches!(about, About::Task | About::File) {
            need(object.task.is_some(), "object.task");
        }
        if about == About::File {
            need(object.bytes.is_some(), "object.bytes");
        }
        if about == About::Change && self.phase != Phase::Outcome {
            let named = self.private.keys().any(|name| name.ends_with(".old") || name.ends_with(".new"));
            need(!self.change.is_empty() || named, "change");
        }
    }
}
