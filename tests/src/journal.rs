//! An audit log of a site that has stopped, read entry by entry with the site's own keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::ensure;
use sealane_audit::{EntryView, Filter, Log, Phase};
use sealane_cli::site_keys::audit_keys;
use sealane_crypto::SystemRandom;

use crate::runtime::wait;
use crate::site::Site;

/// The entries.
pub struct Journal {
    entries: Vec<EntryView>,
    open_intents: usize,
}

impl Journal {
    /// Read the log of a node that does not run.
    ///
    /// # Errors
    /// When it cannot be opened, or something still writes to it.
    pub fn read(site: &Site) -> anyhow::Result<Self> {
        let random = SystemRandom::new()?;
        let node = site.node().parse()?;
        let keys = audit_keys(&site.keys(), &node, &random)?;
        let origin = format!("sealane/{}/{node}", site.name());
        let (log, recovery) = Log::open(&site.audit(), &origin, keys, Arc::new(random))?;
        let mut entries: Vec<EntryView> = Vec::new();
        loop {
            let page = log.entries(entries.len() as u64, 10_000, &Filter::all())?;
            if page.is_empty() {
                break;
            }
            entries.extend(page);
        }
        wait(log.close());
        Ok(Self { entries, open_intents: recovery.open_intents.len() })
    }

    /// The entries, in the order of the log.
    #[must_use]
    pub fn entries(&self) -> &[EntryView] {
        &self.entries
    }

    /// How many entries have this kind and phase.
    #[must_use]
    pub fn count(&self, kind: &str, phase: Phase) -> usize {
        self.entries.iter().filter(|it| it.entry.kind.name() == kind && it.entry.phase == phase).count()
    }

    /// Each intent has one outcome, and no outcome comes before its intent.
    ///
    /// # Errors
    /// With the operations for which that is not so.
    pub fn every_intent_has_one_outcome(&self) -> anyhow::Result<()> {
        let mut operations: BTreeMap<String, Vec<&EntryView>> = BTreeMap::new();
        for view in &self.entries {
            operations.entry(view.entry.op.to_string()).or_default().push(view);
        }
        let mut wrong = Vec::new();
        for (op, views) in &operations {
            let count = |phase| views.iter().filter(|view| view.entry.phase == phase).count();
            let (intents, outcomes) = (count(Phase::Intent), count(Phase::Outcome));
            let begins = views.first().is_some_and(|view| view.entry.phase != Phase::Outcome || intents == 0);
            if intents > 0 && (intents != 1 || outcomes != 1 || !begins) {
                let kind = views.first().map_or("?", |view| view.entry.kind.name());
                wrong.push(format!("{kind} {op}: {intents} intents, {outcomes} outcomes"));
            }
        }
        ensure!(wrong.is_empty(), "{} operations are not closed once:\n{}", wrong.len(), wrong.join("\n"));
        ensure!(self.open_intents == 0, "the log itself counts {} open intents", self.open_intents);
        Ok(())
    }
}
