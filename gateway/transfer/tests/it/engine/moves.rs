//! What arrives is what was sent.

use std::fs::{File, FileTimes};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, UNIX_EPOCH};

use sealane_audit::event::Transfer as TransferKind;
use sealane_model::{Item, TaskState};
use sealane_transfer::engine::{End, NewTransfer};

use super::files::{name, noise};
use super::world::{Site, Wish, World, ana, item, path, transfer};
use crate::backend::Backend;

/// Every kind of name and size that a collection can hold.
fn fill(site: &Site) {
    site.write("study/plain.csv", b"id;value\n1;2\n");
    site.write("study/with space and 'quotes'", b"x");
    site.write(name("study/caf\u{e9}".as_bytes()), b"composed");
    site.write(name("study/cafe\u{301}".as_bytes()), b"decomposed");
    site.write(name(b"study/not-utf8-\xff\xfe"), b"bytes");
    site.write(name(b"study/new\nline\t\x1b[31m"), b"controls");
    site.write(name(&[b"study/".as_slice(), &[b'n'; 255]].concat()), b"longest");
    site.write("study/back\\slash", b"x");
    site.write("study/empty", b"");
    site.write("study/large.img", noise((37 << 20) + 11));
    site.write("study/one-record", noise(1 << 20));
    site.write("study/at-the-border", noise(4 << 20));
    for number in 0..1_500 {
        site.write(format!("study/many/{:02}/{number}", number % 20), format!("{number}").as_bytes());
    }
    std::fs::create_dir_all(site.path("study/empty-directory/inner")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", site.path("study/link")).unwrap();
    set_time(site, "study/plain.csv", 981_173_106, 123_456_789);
    set_time(site, "study/empty-directory/inner", 86_400, 1);
    set_time(site, "study", 1_000_000_000, 5);
}

fn set_time(site: &Site, name: &str, seconds: u64, nanos: u32) {
    let time = UNIX_EPOCH + Duration::new(seconds, nanos);
    File::open(site.path(name)).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
}

on_both!(a_tree_of_odd_names_arrives_byte_for_byte_with_its_times);
async fn a_tree_of_odd_names_arrives_byte_for_byte_with_its_times(on: &Backend) {
    let world = World::start(on).await;
    fill(&world.source);
    let node = world.destination.run().await;
    let task = world.push(vec![item("/study", "/in/from-a")]).await.unwrap();
    let ended = world.destination.ended(&node.engine, task.id).await;
    assert!(matches!(ended.state, TaskState::Succeeded { .. }), "{:?}", world.destination.events(task.id).await);

    let mut sent = world.source.tree("study");
    sent.remove(std::path::Path::new("link"));
    assert!(world.destination.tree("in/from-a") == sent, "the trees differ");
    let root = std::fs::metadata(world.destination.path("in/from-a")).unwrap();
    assert_eq!((root.mtime(), root.mtime_nsec()), (1_000_000_000, 5));
    assert_eq!(
        std::fs::metadata(world.destination.path("in/from-a/plain.csv")).unwrap().permissions().mode() & 0o777,
        0o600
    );

    let progress = ended.progress;
    assert_eq!((progress.files_done, progress.files_total, progress.skipped), (1_512, 1_512, 1));
    assert_eq!((progress.bytes_done, progress.bytes_moved), (progress.bytes_total, progress.bytes_total));
    assert!(progress.expanded);
    assert!(world.destination.tree("").keys().all(|path| !path.to_string_lossy().contains(".sealane-part")));
    node.stop().await;
}

on_both!(both_sites_keep_the_same_end_in_their_tasks_and_logs);
async fn both_sites_keep_the_same_end_in_their_tasks_and_logs(on: &Backend) {
    let world = World::start(on).await;
    world.source.write("data/a", b"alpha");
    world.source.write("data/b", noise(5 << 20));
    let node = world.destination.run().await;
    let task = world.push(vec![item("/data", "/data")]).await.unwrap();
    let there = world.destination.ended(&node.engine, task.id).await;
    let here = world.source.ended(&world.source.engine(), task.id).await;

    assert!(there.manifest.is_some());
    assert_eq!((here.manifest, here.progress.files_done), (there.manifest, 2));
    assert!(matches!(here.state, TaskState::Succeeded { .. }));
    assert!(there.cipher.as_deref().is_some_and(|cipher| cipher.contains("TLS13")));
    assert_eq!(here.cipher, there.cipher);
    node.stop().await;
    for site in [&world.source, &world.destination] {
        world_is_settled(site, there.manifest).await;
    }
}

/// Every intent has one outcome, and the end of the task is told with its counts.
async fn world_is_settled(site: &Site, manifest: Option<sealane_crypto::digest::Digest>) {
    site.settled().await;
    let finish: Vec<_> =
        site.entries().into_iter().filter(|view| view.entry.kind == TransferKind::Finish.into()).collect();
    let [finish] = finish.as_slice() else { panic!("{} entries tell the end", finish.len()) };
    assert_eq!(finish.entry.object.digest, manifest);
    assert_eq!((finish.entry.object.files, finish.entry.object.bytes), (Some(2), Some((5 << 20) + 5)));
}

on_both!(a_destination_can_fetch_what_it_wants);
async fn a_destination_can_fetch_what_it_wants(on: &Backend) {
    let world = World::start(on).await;
    world.source.write("out/a/b", noise(300_000));
    let node = world.destination.run().await;
    let task = world.pull(&node.engine, vec![item("/out/a", "/a")], 2).await.unwrap();
    let ended = world.destination.ended(&node.engine, task.id).await;
    assert!(matches!(ended.state, TaskState::Succeeded { .. }), "{:?}", world.destination.events(task.id).await);
    assert_eq!(world.destination.tree("a"), world.source.tree("out/a"));
    world.source.ended(&world.source.engine(), task.id).await;
    node.stop().await;
    world.source.settled().await;
    world.destination.settled().await;
}

on_both!(data_move_within_a_site_without_a_lane);
async fn data_move_within_a_site_without_a_lane(on: &Backend) {
    let site = Site::start(on, "hospital-a", Wish::default()).await;
    site.write("from/small", b"small");
    site.write("from/deep/large", noise(21 << 20));
    let node = site.run().await;
    let here = || End::Here(Box::new(site.collection.clone()));
    let task = node.engine.submit(transfer(here(), here(), vec![item("/from", "/copy")])).await.unwrap();
    let ended = site.ended(&node.engine, task.id).await;
    assert!(matches!(ended.state, TaskState::Succeeded { .. }), "{:?}", site.events(task.id).await);
    assert_eq!(site.tree("copy"), site.tree("from"));
    node.stop().await;
    site.settled().await;
    assert!(site.entries().iter().all(|view| view.entry.kind != TransferKind::LaneOpen.into()));
}

on_both!(a_single_file_arrives_in_folders_that_were_not_there_and_replaces_what_was);
async fn a_single_file_arrives_in_folders_that_were_not_there_and_replaces_what_was(on: &Backend) {
    let world = World::start(on).await;
    world.source.write("results.csv", b"new");
    world.source.write("other.csv", b"other");
    world.destination.write("there/results.csv", b"an older and longer version");
    let single = |from: &str, to: &str| Item { source: path(from), destination: path(to), recursive: false };
    let node = world.destination.run().await;
    let items = vec![single("/results.csv", "/there/results.csv"), single("/other.csv", "/made/for/it/o.csv")];
    let task = world.push(items).await.unwrap();
    let ended = world.destination.ended(&node.engine, task.id).await;
    assert!(matches!(ended.state, TaskState::Succeeded { .. }), "{:?}", world.destination.events(task.id).await);
    assert_eq!(std::fs::read(world.destination.path("there/results.csv")).unwrap(), b"new");
    assert_eq!(std::fs::read(world.destination.path("made/for/it/o.csv")).unwrap(), b"other");
    node.stop().await;
}

on_both!(an_empty_directory_is_a_transfer_too);
async fn an_empty_directory_is_a_transfer_too(on: &Backend) {
    let world = World::start(on).await;
    std::fs::create_dir(world.source.path("nothing")).unwrap();
    let node = world.destination.run().await;
    let task = world.push(vec![item("/nothing", "/nothing")]).await.unwrap();
    let ended = world.destination.ended(&node.engine, task.id).await;
    assert!(matches!(ended.state, TaskState::Succeeded { .. }));
    assert!(world.destination.path("nothing").is_dir());
    node.stop().await;
}

on_both!(holes_of_a_sparse_file_stay_holes);
async fn holes_of_a_sparse_file_stay_holes(on: &Backend) {
    let world = World::start(on).await;
    let size = 200 << 20;
    File::create(world.source.path("sparse")).unwrap().set_len(size).unwrap();
    let node = world.destination.run().await;
    let task = world.push(vec![item("/sparse", "/sparse")]).await.unwrap();
    world.destination.ended(&node.engine, task.id).await;
    let arrived = std::fs::metadata(world.destination.path("sparse")).unwrap();
    assert_eq!(arrived.size(), size);
    assert!(arrived.blocks() * 512 < 16 << 20, "{} blocks", arrived.blocks());
    node.stop().await;
}

on_both!(the_same_submission_again_is_the_same_task);
async fn the_same_submission_again_is_the_same_task(on: &Backend) {
    let world = World::start(on).await;
    world.source.write("a", b"a");
    let peer = world.source.peer(&world.destination).await;
    let engine = world.source.engine();
    let first = world.push(vec![item("/a", "/a")]).await.unwrap();
    let again = transfer(
        End::Here(Box::new(world.source.collection.clone())),
        End::There(Box::new(peer), world.destination.collection.id),
        vec![item("/a", "/a")],
    );
    let again = engine.submit(NewTransfer { submission_id: Some(first.id), ..again }).await.unwrap();
    assert_eq!((again.id, again.owner), (first.id, ana().id));
    assert_eq!((world.source.tasks().await, world.destination.tasks().await), (1, 1));
}
