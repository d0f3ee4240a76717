//! Entries as those who may read the log see them.

use std::collections::{BTreeMap, HashMap};

use sealane_audit::event::PREMISES;
use sealane_audit::{Absence, EntryView};
use sealane_crypto::digest::Digest;
use sealane_database::audit_index::FoundEntry;
use sealane_database::{collection, peer};
use sealane_model::{CollectionId, Problem, Timestamp};
use uuid::Uuid;

use super::indexer::word;
use super::walk::Hit;
use crate::app::App;
use crate::problem;
use crate::view::audit::AuditRow;

/// One page of an answer, with the names of its collections and peers.
pub(super) async fn rows(app: &App, hits: Vec<Hit>) -> Result<Vec<AuditRow>, Problem> {
    let names = Names::of(app, &hits).await?;
    Ok(hits.into_iter().map(|hit| names.add(row(hit))).collect())
}

fn row(hit: Hit) -> AuditRow {
    match hit.own {
        Some(view) => own(hit.found.origin, view),
        None => others(hit.found),
    }
}

/// An entry of this node's log, with every personal value that can still be shown.
fn own(log: String, view: EntryView) -> AuditRow {
    let revealed = |field: &str| view.revealed.get(field).map(|value| value.expose().to_owned());
    let private = |(field, value): (&String, &sealane_audit::Private)| {
        // What a decision rested on is told by `policy why`, in words.
        let name = field.strip_prefix("private.").filter(|name| *name != PREMISES)?;
        Some((name.to_owned(), value.expose().to_owned()))
    };
    let private: BTreeMap<String, String> = view.revealed.iter().filter_map(private).collect();
    let absent = |why: Absence| {
        let fields = view.absent.iter().filter(move |(_, absence)| **absence == why);
        fields.map(|(field, _)| field.strip_prefix("private.").unwrap_or(field).to_owned()).collect()
    };
    let (client, subject, path) = (revealed("client"), revealed("actor.subject"), revealed("object.path"));
    let (erased, damaged) = (absent(Absence::Erased), absent(Absence::Damaged));
    let entry = view.entry;
    let actor = entry.actor.as_ref();
    let change =
        entry.change.iter().filter_map(|(name, change)| Some((name.clone(), serde_json::to_value(change).ok()?)));
    let (code, message, outcome) = entry.outcome.as_ref().map_or((None, None, None), |outcome| {
        let message = Some(outcome.message.clone()).filter(|message| !message.is_empty());
        (Some(outcome.code.clone()), message, word(&outcome.outcome))
    });
    AuditRow {
        log,
        index: entry.index,
        at: Timestamp::from_micros(entry.at_ns.div_euclid(1_000)),
        kind: entry.kind.name().to_owned(),
        phase: word(&entry.phase).unwrap_or_default(),
        op: entry.op.to_string(),
        outcome,
        code,
        message,
        issuer: actor.map(|actor| actor.issuer.clone()),
        subject,
        acr: actor.and_then(|actor| actor.acr.clone()),
        amr: actor.map(|actor| actor.amr.clone()).unwrap_or_default(),
        auth_time: actor.and_then(|actor| actor.auth_time_s).map(Timestamp::from_seconds),
        session: actor.and_then(|actor| actor.session.clone()),
        via_site: actor.and_then(|actor| actor.via_site.clone()),
        client,
        collection: entry.object.collection.clone(),
        collection_name: None,
        path,
        task: entry.object.task.clone(),
        class: entry.object.class.clone(),
        bytes: entry.object.bytes,
        files: entry.object.files,
        digest: entry.object.digest.map(|digest| digest.to_string()),
        decision: entry.decision.as_ref().map(|decision| decision.id.to_string()),
        effect: entry.decision.as_ref().map(|decision| decision.effect.clone()),
        rule: entry.decision.as_ref().and_then(|decision| decision.rule.clone()),
        reason: entry.decision.as_ref().map(|decision| decision.reason.clone()),
        snapshot: entry.decision.as_ref().map(|decision| decision.snapshot.to_string()),
        peer: entry.peer.clone(),
        peer_name: None,
        transport: entry.transport.clone(),
        change: change.collect(),
        detail: entry.detail.clone(),
        private,
        erased,
        damaged,
        elsewhere: Vec::new(),
        leaf: Some(view.leaf.to_string()),
    }
}

/// An entry of another node's log: the facts, and which personal values that node keeps.
fn others(found: FoundEntry) -> AuditRow {
    let kept = [
        ("actor.subject", found.has_person),
        ("client", found.has_client),
        ("object.path", found.has_path),
        ("purpose", found.has_purpose),
    ];
    AuditRow {
        log: found.origin,
        index: found.place,
        at: found.at,
        kind: found.kind,
        phase: found.phase,
        op: Uuid::from_bytes(found.op).to_string(),
        outcome: found.outcome,
        code: found.code,
        issuer: found.issuer,
        session: found.session,
        via_site: found.via_site,
        collection: found.collection,
        task: found.task,
        class: found.class,
        bytes: found.bytes,
        files: found.files,
        digest: found.digest.map(|digest| Digest::from_bytes(digest).to_string()),
        decision: found.decision.map(|id| Uuid::from_bytes(id).to_string()),
        rule: found.rule,
        snapshot: found.snapshot,
        peer: found.peer,
        transport: found.transport,
        elsewhere: kept.into_iter().filter(|(_, has)| *has).map(|(field, _)| field.to_owned()).collect(),
        ..AuditRow::default()
    }
}

/// What collections and peers are called today.
struct Names {
    collections: HashMap<String, String>,
    peers: HashMap<String, String>,
}

impl Names {
    async fn of(app: &App, hits: &[Hit]) -> Result<Self, Problem> {
        let mut db = app.db().await?;
        let mut collections = HashMap::new();
        for id in hits.iter().filter_map(|hit| hit.found.collection.as_ref()) {
            let Ok(parsed) = id.parse::<CollectionId>() else { continue };
            if !collections.contains_key(id) {
                let found = collection::find(&mut db, parsed).await.map_err(problem::database)?;
                collections.insert(id.clone(), found.map(|found| found.name.to_string()));
            }
        }
        let collections = collections.into_iter().filter_map(|(id, name)| Some((id, name?))).collect();
        let peers = peer::list(&mut db).await.map_err(problem::database)?;
        let peers = peers.into_iter().map(|peer| (peer.descriptor.site.to_string(), peer.descriptor.name.to_string()));
        Ok(Self { collections, peers: peers.collect() })
    }

    fn add(&self, mut row: AuditRow) -> AuditRow {
        row.collection_name = row.collection.as_ref().and_then(|id| self.collections.get(id)).cloned();
        row.peer_name = row.peer.as_ref().and_then(|site| self.peers.get(site)).cloned();
        row
    }
}
