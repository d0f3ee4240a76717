//! Every file that moves, and every directory that is made, has an entry of its own at each site.

use std::collections::BTreeMap;

use sealane_audit::event::{Access, Transfer as TransferKind};
use sealane_audit::{EntryView, Kind, Outcome, Phase};
use sealane_crypto::digest::Digest;
use sealane_crypto::digest::tree::root_of;
use sealane_model::{TaskId, TaskState};
use sealane_transfer::engine::{End, NewTransfer};

use super::files::noise;
use super::world::{CLIENT, PATIENCE, Site, World, failed_with, item, transfer};
use crate::backend::Backend;

const LARGE: usize = (20 << 20) + 5;

fn fill(site: &Site) {
    for number in 0..1_200_u32 {
        site.write(format!("set/many/{number}"), &number.to_le_bytes());
    }
    site.write("set/empty", b"");
    site.write("set/middle", noise(3 << 20));
    site.write("set/large", noise(LARGE));
}

fn of_kind(site: &Site, kind: impl Into<Kind>) -> Vec<EntryView> {
    let kind = kind.into();
    site.entries().into_iter().filter(|view| view.entry.kind == kind).collect()
}

fn path_of(view: &EntryView) -> String {
    view.revealed.get("object.path").map(|path| path.expose().to_owned()).unwrap_or_default()
}

/// What an entry about a file must say (AU-3): who, from where, of which task, to or from which site.
fn says_all(view: &EntryView, site: &Site, task: TaskId, peer: Option<&Site>) {
    let entry = &view.entry;
    assert_eq!(view.revealed["actor.subject"].expose(), "ana");
    assert_eq!(view.revealed["client"].expose(), CLIENT);
    assert_eq!(view.revealed["private.purpose"].expose(), "protocol 7");
    assert_eq!(entry.object.task.as_deref(), Some(task.to_string().as_str()));
    assert_eq!(entry.object.collection, Some(site.collection.id.to_string()));
    assert_eq!(entry.object.class.as_deref(), Some("internal"));
    assert_eq!(entry.peer, peer.map(|peer| peer.identity.site.to_string()));
    assert!(entry.mono_us.is_some() && entry.clock.is_some());
    if entry.phase == Phase::Info {
        assert_eq!(entry.op.uuid(), task.uuid());
    }
}

/// No entry of a site leaves unsaid what its kind must say.
fn lacks_nothing(site: &Site) {
    for view in site.entries() {
        let (entry, lacks) = (&view.entry, view.entry.lacks());
        assert!(lacks.is_empty(), "{} ({:?}) lacks {lacks:?}: {}", entry.kind, entry.phase, view.json);
    }
}

/// Paths with sizes and digests of whole small files; each path once.
fn by_path(views: &[EntryView]) -> BTreeMap<String, (u64, Digest)> {
    let mut found = BTreeMap::new();
    for view in views {
        let object = &view.entry.object;
        assert_eq!(view.entry.outcome.as_ref().unwrap().outcome, Outcome::Done);
        let known = found.insert(path_of(view), (object.bytes.unwrap(), object.digest.unwrap()));
        assert!(known.is_none(), "{} stands there twice", path_of(view));
    }
    found
}

on_both!(every_file_has_an_entry_at_both_sites_that_says_the_same);
async fn every_file_has_an_entry_at_both_sites_that_says_the_same(on: &Backend) {
    let world = World::start(on).await;
    let (source, destination) = (&world.source, &world.destination);
    fill(source);
    let node = destination.run().await;
    let task = world.push(vec![item("/set", "/in/got")]).await.unwrap();
    let ended = destination.ended(&node.engine, task.id).await;
    assert!(matches!(ended.state, TaskState::Succeeded { .. }), "{:?}", destination.events(task.id).await);
    source.settled().await;

    let released = of_kind(source, TransferKind::FileRelease);
    released.iter().for_each(|view| says_all(view, source, task.id, Some(destination)));
    let (whole, ranges): (Vec<_>, Vec<_>) = released.into_iter().partition(|view| view.entry.phase == Phase::Info);
    let committed = of_kind(destination, TransferKind::FileCommit);
    committed.iter().for_each(|view| says_all(view, destination, task.id, Some(source)));
    let (whole, mut committed) = (by_path(&whole), by_path(&committed));
    assert_eq!((whole.len(), committed.len()), (1_202, 1_203));

    // A large file leaves in ranges, each recorded before its bytes leave and again when it was sent.
    let large = committed.remove("/in/got/large").unwrap();
    let mut ends = BTreeMap::new();
    for view in &ranges {
        assert_eq!(path_of(view), "/set/large");
        if view.entry.phase == Phase::Outcome {
            let offset = view.entry.detail["offset"].as_u64().unwrap();
            ends.insert(offset, (view.entry.object.bytes.unwrap(), view.entry.object.digest.unwrap()));
        }
    }
    assert_eq!((ranges.len(), ends.len()), (4, 2), "an intent and an outcome for each range");
    assert_eq!(ends.values().map(|(bytes, _)| bytes).sum::<u64>(), large.0);
    assert_eq!(root_of(&ends.values().map(|(_, digest)| *digest).collect::<Vec<_>>()), large.1);
    let released: BTreeMap<_, _> =
        whole.into_iter().map(|(path, said)| (path.replace("/set/", "/in/got/"), said)).collect();
    assert!(released == committed, "both sites say the same of every small file");

    let made: Vec<String> = of_kind(destination, Access::DirectoryCreate)
        .iter()
        .filter(|view| view.entry.detail.get("made") == Some(&true.into()))
        .map(path_of)
        .collect();
    assert_eq!(made, ["/in/got", "/in/got/many"]);
    lacks_nothing(source);
    lacks_nothing(destination);
    node.stop().await;
}

on_both!(within_one_site_a_file_is_recorded_where_it_was_and_where_it_is);
async fn within_one_site_a_file_is_recorded_where_it_was_and_where_it_is(on: &Backend) {
    let world = World::start(on).await;
    let site = &world.destination;
    fill(site);
    let node = site.run().await;
    let here = || End::Here(Box::new(site.collection.clone()));
    let new = NewTransfer { lanes: Some(2), ..transfer(here(), here(), vec![item("/set", "/copy")]) };
    let task = node.engine.submit(new).await.unwrap();
    assert!(matches!(site.ended(&node.engine, task.id).await.state, TaskState::Succeeded { .. }));
    let released = of_kind(site, TransferKind::FileRelease);
    released.iter().for_each(|view| says_all(view, site, task.id, None));
    let committed = of_kind(site, TransferKind::FileCommit);
    committed.iter().for_each(|view| says_all(view, site, task.id, None));
    assert_eq!((released.len(), committed.len()), (1_202 + 2, 1_203));
    assert!(committed.iter().all(|view| path_of(view).starts_with("/copy/")));
    lacks_nothing(site);
    node.stop().await;
}

on_both!(a_file_that_cannot_be_taken_along_is_recorded_as_failed);
async fn a_file_that_cannot_be_taken_along_is_recorded_as_failed(on: &Backend) {
    let world = World::start(on).await;
    world.source.write("set/good", b"good");
    world.source.write("set/taken", b"taken");
    world.source.write("set/large", noise(LARGE));
    std::fs::create_dir_all(world.destination.path("got/taken/inside")).unwrap();
    std::fs::create_dir_all(world.destination.path("got/large/inside")).unwrap();
    let node = world.destination.run().await;
    let task = world.push(vec![item("/set", "/got")]).await.unwrap();
    let ended = world.destination.ended(&node.engine, task.id).await;
    let code = failed_with(&ended).to_owned();
    let committed = of_kind(&world.destination, TransferKind::FileCommit);
    let outcomes: BTreeMap<String, (Outcome, String)> = committed
        .iter()
        .map(|view| (path_of(view), view.entry.outcome.clone().unwrap()))
        .map(|(path, outcome)| (path, (outcome.outcome, outcome.code)))
        .collect();
    assert_eq!(outcomes["/got/good"].0, Outcome::Done);
    assert_eq!(outcomes["/got/taken"], (Outcome::Failed, code.clone()));
    assert_eq!(outcomes["/got/large"], (Outcome::Failed, code));
    node.stop().await;
}

on_both!(a_destination_that_cannot_record_says_of_no_file_that_it_is_there);
async fn a_destination_that_cannot_record_says_of_no_file_that_it_is_there(on: &Backend) {
    let world = World::start(on).await;
    world.source.write("set/one", noise(2 << 20));
    world.source.write("set/two", noise(2 << 20));
    let site = &world.destination;
    let node = site.run().await;
    world.source.gate.allow(1 << 20);
    let task = world.pull(&node.engine, vec![item("/set", "/got")], 1).await.unwrap();
    site.until(&node.engine, task.id, |pulse| pulse.progress.files_total == 2).await;
    let (segments, away) = (site.guard.log().directory().join("seg"), site.guard.log().directory().join("away"));
    std::fs::rename(&segments, &away).unwrap();
    world.source.gate.open();
    let refused = async {
        while !site.event_codes(task.id).await.contains(&"interrupted".to_owned()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.expect("the run stops");
    assert_eq!(site.task(task.id).await.unwrap().progress.files_done, 0, "no row says more than the log");

    std::fs::rename(&away, &segments).unwrap();
    let ended = site.ended(&node.engine, task.id).await;
    assert!(matches!(ended.state, TaskState::Succeeded { .. }), "{:?}", site.events(task.id).await);
    assert_eq!(by_path(&of_kind(site, TransferKind::FileCommit)).len(), 2);
    node.stop().await;
}

on_both!(a_task_s_own_entries_name_its_person_at_both_sites_to_the_end);
async fn a_task_s_own_entries_name_its_person_at_both_sites_to_the_end(on: &Backend) {
    let world = World::start(on).await;
    world.source.write("a", b"a");
    let node = world.destination.run().await;
    let task = world.push(vec![item("/a", "/a")]).await.unwrap();
    world.destination.ended(&node.engine, task.id).await;
    let engine = world.source.engine();
    world.source.ended(&engine, task.id).await;
    world.source.settled().await;
    world.destination.settled().await;
    for (site, kind) in [(&world.source, TransferKind::Release), (&world.destination, TransferKind::Accept)] {
        let mut views = of_kind(site, kind);
        views.extend(of_kind(site, TransferKind::Finish));
        let own: Vec<_> = views.iter().filter(|view| view.entry.op.uuid() == task.id.uuid()).collect();
        assert_eq!(own.len(), 3, "intent, finish, outcome");
        for view in own {
            assert_eq!(view.revealed["actor.subject"].expose(), "ana");
            assert_eq!(view.revealed["client"].expose(), CLIENT);
        }
    }
    let via: Vec<_> = of_kind(&world.destination, TransferKind::Accept);
    let source = world.source.identity.site.to_string();
    assert!(via.iter().all(|view| view.entry.actor.as_ref().unwrap().via_site.as_ref() == Some(&source)));
    node.stop().await;
}
