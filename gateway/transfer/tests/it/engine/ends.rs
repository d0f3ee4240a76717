//! Tasks that end before their time: canceled, out of room, or with a source that does not hold still.

use std::io::Write as _;

use sealane_audit::event::Transfer as TransferKind;
use sealane_model::{Permit, Task, TaskId, permit};
use sealane_policy::{Action, Assurance, Resource, Subject};
use sealane_transfer::guard::Ask;

use super::files::noise;
use super::world::{Node, Site, Wish, World, ana, failed_with, item};
use crate::backend::Backend;

async fn may_cancel(site: &Site, task: TaskId) -> sealane_transfer::guard::Grant<permit::CancelTask> {
    let assurance = Assurance { acr: None, amr: Vec::new(), auth_time_s: Some(site.guard.clock().now().as_seconds()) };
    let subject = Subject::person(ana().id, assurance);
    let ask =
        Ask::new(subject, Action::CancelTask, Resource::task(task.to_string(), ana().id), TransferKind::TaskCancel);
    site.guard.permit(ask).await.unwrap()
}

/// A transfer that cannot end by itself: its source sends no more after 40 MiB.
async fn endless(world: &World, node: &Node) -> Task {
    world.source.write("large", noise(100 << 20));
    let task = world.push(vec![item("/large", "/large")]).await.unwrap();
    world.source.gate.allow(40 << 20);
    world.destination.until(&node.engine, task.id, |pulse| pulse.progress.bytes_moved > 0).await;
    task
}

async fn is_canceled_everywhere(world: &World, node: Node, task: &Task) {
    // The wish reaches the moving site, the end comes back: over connections that may speak again.
    world.source.gate.open();
    let there = world.destination.ended(&node.engine, task.id).await;
    let here = world.source.ended(&world.source.engine(), task.id).await;
    assert_eq!((failed_with(&there), failed_with(&here)), ("canceled", "canceled"));
    assert!(world.destination.tree("").is_empty(), "something was left");
    node.stop().await;
    world.destination.settled().await;
    world.source.settled().await;
}

on_both!(the_destination_can_cancel);
async fn the_destination_can_cancel(on: &Backend) {
    let world = World::start(on).await;
    let node = world.destination.run().await;
    let task = endless(&world, &node).await;
    let grant = may_cancel(&world.destination, task.id).await;
    let permit: &Permit<permit::CancelTask> = &grant.permit;
    node.engine.cancel(permit, task.id, None).await.unwrap();
    grant.succeeded(sealane_transfer::guard::Details::none()).await.unwrap();
    is_canceled_everywhere(&world, node, &task).await;
}

on_both!(the_source_can_cancel);
async fn the_source_can_cancel(on: &Backend) {
    let world = World::start(on).await;
    let node = world.destination.run().await;
    let task = endless(&world, &node).await;
    let grant = may_cancel(&world.source, task.id).await;
    world.source.engine().cancel(&grant.permit, task.id, None).await.unwrap();
    grant.succeeded(sealane_transfer::guard::Details::none()).await.unwrap();
    is_canceled_everywhere(&world, node, &task).await;
}

on_both!(a_task_that_ended_cannot_be_canceled);
async fn a_task_that_ended_cannot_be_canceled(on: &Backend) {
    let world = World::start(on).await;
    world.source.write("a", b"a");
    let node = world.destination.run().await;
    let task = world.push(vec![item("/a", "/a")]).await.unwrap();
    world.destination.ended(&node.engine, task.id).await;
    let grant = may_cancel(&world.destination, task.id).await;
    assert_eq!(node.engine.cancel(&grant.permit, task.id, None).await.unwrap_err().code, "task-ended");
    node.stop().await;
}

on_both!(a_large_file_that_grows_while_it_is_read_fails_and_the_others_arrive);
async fn a_large_file_that_grows_while_it_is_read_fails_and_the_others_arrive(on: &Backend) {
    let world = World::start(on).await;
    let node = world.destination.run().await;
    world.source.write("d/growing", noise(100 << 20));
    world.source.write("d/small", b"small");
    world.source.write("d/z-large", noise(20 << 20));
    let task = world.pull(&node.engine, vec![item("/d", "/d")], 1).await.unwrap();
    world.source.gate.allow(40 << 20);
    world.destination.until(&node.engine, task.id, |pulse| pulse.progress.bytes_moved > 0).await;
    let mut growing = std::fs::OpenOptions::new().append(true).open(world.source.path("d/growing")).unwrap();
    growing.write_all(b"more").unwrap();
    world.source.gate.open();

    let ended = world.destination.ended(&node.engine, task.id).await;
    assert_eq!(failed_with(&ended), "source-changed");
    assert!(!world.destination.path("d/growing").exists());
    for whole in ["d/small", "d/z-large"] {
        assert!(
            std::fs::read(world.destination.path(whole)).unwrap() == std::fs::read(world.source.path(whole)).unwrap(),
            "{whole}"
        );
    }
    assert_eq!(world.destination.tree("").len(), 3, "staging was left");
    assert!(world.destination.event_codes(task.id).await.contains(&"source-changed".to_owned()));
    node.stop().await;
    world.source.ended(&world.source.engine(), task.id).await;
    world.source.settled().await;
    world.destination.settled().await;
}

on_both!(a_directory_in_the_way_of_a_file_fails_that_file_alone);
async fn a_directory_in_the_way_of_a_file_fails_that_file_alone(on: &Backend) {
    let world = World::start(on).await;
    world.source.write("d/a", b"a");
    world.source.write("d/b", b"b");
    world.destination.write("d/a/occupied", b"x");
    let node = world.destination.run().await;
    let task = world.push(vec![item("/d", "/d")]).await.unwrap();
    let ended = world.destination.ended(&node.engine, task.id).await;
    assert_eq!(failed_with(&ended), "is-a-directory");
    assert_eq!(std::fs::read(world.destination.path("d/b")).unwrap(), b"b");
    assert_eq!(std::fs::read(world.destination.path("d/a/occupied")).unwrap(), b"x");
    node.stop().await;
}

/// A file system of 32 MiB; none where this process may not mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    #[expect(clippy::disallowed_methods, reason = "mounting needs the system's own tool")]
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=32m", "tmpfs"])
            .arg(folder.path())
            .status()
            .is_ok_and(|status| status.success());
        if mounted {
            return Some(Self(folder));
        }
        eprintln!("NOT RUN: a full disk ends the task: this process may not mount a file system");
        None
    }
}

impl Drop for SmallDisk {
    #[expect(clippy::disallowed_methods, reason = "unmounting needs the system's own tool")]
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

on_both!(a_full_disk_ends_the_task_and_leaves_no_staging);
async fn a_full_disk_ends_the_task_and_leaves_no_staging(on: &Backend) {
    let Some(disk) = SmallDisk::mount() else { return };
    let small = Wish { data: Some(disk.0.path().join("data")), ..Wish::default() };
    let world = World::of(on, Wish::default(), small).await;
    for number in 0..24 {
        world.source.write(format!("d/{number:02}"), noise(3 << 20));
    }
    let node = world.destination.run().await;
    let task = world.push(vec![item("/d", "/d")]).await.unwrap();
    let ended = world.destination.ended(&node.engine, task.id).await;
    assert_eq!(failed_with(&ended), "storage-full");
    for (path, (is_directory, content, _)) in world.destination.tree("d") {
        assert!(!is_directory && content == noise(3 << 20), "{path:?} is half there");
    }
    assert_eq!(world.destination.tree("").keys().filter(|path| path.components().count() == 1).count(), 1);
    node.stop().await;
    world.source.ended(&world.source.engine(), task.id).await;
    world.destination.settled().await;
}

on_both!(a_source_that_was_away_hears_of_a_failure_after_the_destinations_restart);
async fn a_source_that_was_away_hears_of_a_failure_after_the_destinations_restart(on: &Backend) {
    let world = World::start(on).await;
    let node = world.destination.run().await;
    let task = endless(&world, &node).await;
    world.source.gate.shut();
    let grant = may_cancel(&world.destination, task.id).await;
    node.engine.cancel(&grant.permit, task.id, None).await.unwrap();
    world.destination.ended(&node.engine, task.id).await;
    node.stop().await;
    assert!(!world.source.task(task.id).await.unwrap().state.is_final());

    world.source.gate.open();
    let node = world.destination.run().await;
    assert_eq!(failed_with(&world.source.ended(&world.source.engine(), task.id).await), "canceled");
    node.stop().await;
}
