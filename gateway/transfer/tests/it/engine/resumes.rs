//! Crashes, lost lanes, lost nodes: what is durable is not fetched again, and the end is the same.

use sealane_model::limits::RANGE_BYTES;
use sealane_model::{Task, TaskState};

use super::files::noise;
use super::world::{Node, PATIENCE, Wish, World, item};
use crate::backend::Backend;

const LARGE: usize = 100 << 20;

/// A transfer of one large file over one lane, held after some of it is durable.
async fn held(world: &World, node: &Node) -> Task {
    world.source.write("large", noise(LARGE));
    let task = world.pull(&node.engine, vec![item("/large", "/large")], 1).await.unwrap();
    world.source.gate.allow(60 << 20);
    // 60 MiB of ciphertext hold three ranges of 16 MiB and some of the fourth.
    world.destination.until(&node.engine, task.id, |pulse| pulse.progress.bytes_done >= 3 * RANGE_BYTES).await;
    task
}

async fn arrives_whole(world: &World, node: &Node, task: &Task) -> Task {
    let ended = world.destination.ended(&node.engine, task.id).await;
    assert!(matches!(ended.state, TaskState::Succeeded { .. }), "{:?}", world.destination.events(task.id).await);
    assert!(world.destination.tree("") == world.source.tree(""), "the trees differ");
    ended
}

fn moved_little_twice(ended: &Task) {
    let large = u64::try_from(LARGE).unwrap();
    let again = ended.progress.bytes_moved - large;
    assert!(again <= RANGE_BYTES, "{again} bytes were fetched again");
    assert_eq!((ended.progress.bytes_done, ended.progress.files_done), (large, 1));
}

on_both!(after_a_crash_durable_ranges_are_not_fetched_again);
async fn after_a_crash_durable_ranges_are_not_fetched_again(on: &Backend) {
    let world = World::start(on).await;
    let node = world.destination.run().await;
    let task = held(&world, &node).await;
    node.crash().await;
    assert!(!world.destination.path("large").exists(), "half a file has its name");

    world.source.gate.cut();
    world.source.gate.open();
    let node = world.destination.run().await;
    let ended = arrives_whole(&world, &node, &task).await;
    moved_little_twice(&ended);
    node.stop().await;
}

on_both!(a_node_that_was_killed_does_not_wait_for_its_own_lease);
async fn a_node_that_was_killed_does_not_wait_for_its_own_lease(on: &Backend) {
    let patient = Wish { lease: PATIENCE * 60, ..Wish::default() };
    let world = World::of(on, Wish::default(), patient).await;
    let node = world.destination.run().await;
    let task = held(&world, &node).await;
    node.crash().await;
    world.source.gate.cut();
    world.source.gate.open();
    let node = world.destination.run().await;
    let ended = arrives_whole(&world, &node, &task).await;
    moved_little_twice(&ended);
    node.stop().await;
}

on_both!(another_node_of_the_site_takes_over_when_the_first_is_gone);
async fn another_node_of_the_site_takes_over_when_the_first_is_gone(on: &Backend) {
    let world = World::start(on).await;
    let first = world.destination.run().await;
    let task = held(&world, &first).await;
    let second = world.destination.run_beside();
    first.crash().await;
    world.source.gate.cut();
    world.source.gate.open();
    let ended = arrives_whole(&world, &second, &task).await;
    moved_little_twice(&ended);
    assert!(world.destination.event_codes(task.id).await.contains(&"resumed".to_owned()));
    second.stop().await;
}

on_both!(a_stopping_site_puts_its_tasks_down_and_goes_on_at_its_next_start);
async fn a_stopping_site_puts_its_tasks_down_and_goes_on_at_its_next_start(on: &Backend) {
    let world = World::start(on).await;
    let node = world.destination.run().await;
    let task = held(&world, &node).await;
    node.stop().await;
    let paused = world.destination.task(task.id).await.unwrap();
    assert_eq!(paused.state, TaskState::Active);
    assert!(world.destination.event_codes(task.id).await.contains(&"paused".to_owned()));

    world.source.gate.cut();
    world.source.gate.open();
    let node = world.destination.run().await;
    let ended = arrives_whole(&world, &node, &task).await;
    moved_little_twice(&ended);
    node.stop().await;
}

on_both!(a_lost_lane_is_opened_again_and_only_its_range_is_repeated);
async fn a_lost_lane_is_opened_again_and_only_its_range_is_repeated(on: &Backend) {
    let world = World::start(on).await;
    let node = world.destination.run().await;
    let task = held(&world, &node).await;
    world.source.gate.cut();
    world.source.gate.open();
    let ended = arrives_whole(&world, &node, &task).await;
    moved_little_twice(&ended);
    let codes = world.destination.event_codes(task.id).await;
    assert!(codes.contains(&"lane-lost".to_owned()) && codes.contains(&"resumed".to_owned()), "{codes:?}");
    node.stop().await;
    world.source.ended(&world.source.engine(), task.id).await;
}

on_both!(a_task_waits_for_a_peer_that_is_away_and_goes_on_when_it_is_back);
async fn a_task_waits_for_a_peer_that_is_away_and_goes_on_when_it_is_back(on: &Backend) {
    let world = World::start(on).await;
    let node = world.destination.run().await;
    let task = held(&world, &node).await;
    world.source.gate.shut();
    world.destination.until(&node.engine, task.id, |pulse| matches!(pulse.state, TaskState::Inactive { .. })).await;
    world.source.gate.open();
    arrives_whole(&world, &node, &task).await;
    let codes = world.destination.event_codes(task.id).await;
    assert!(codes.contains(&"peer-unreachable".to_owned()), "{codes:?}");
    node.stop().await;
}

on_both!(listing_goes_on_where_it_was_and_lists_nothing_twice);
async fn listing_goes_on_where_it_was_and_lists_nothing_twice(on: &Backend) {
    let world = World::start(on).await;
    for number in 0..4_500 {
        world.source.write(format!("many/{}/{number}", number % 7), b"content");
    }
    let node = world.destination.run().await;
    let task = world.pull(&node.engine, vec![item("/many", "/many")], 2).await.unwrap();
    world.destination.until(&node.engine, task.id, |pulse| pulse.progress.files_total > 0).await;
    node.crash().await;
    let node = world.destination.run().await;
    let ended = world.destination.ended(&node.engine, task.id).await;
    assert!(matches!(ended.state, TaskState::Succeeded { .. }), "{:?}", world.destination.events(task.id).await);
    assert_eq!((ended.progress.files_total, ended.progress.files_done, ended.progress.directories), (4_500, 4_500, 8));
    assert!(world.destination.tree("many") == world.source.tree("many"), "the trees differ");
    node.stop().await;
}

on_both!(after_a_restart_every_intent_gets_its_one_outcome);
async fn after_a_restart_every_intent_gets_its_one_outcome(on: &Backend) {
    let world = World::start(on).await;
    let node = world.destination.run().await;
    let task = held(&world, &node).await;
    node.crash().await;
    world.source.gate.cut();
    world.source.gate.open();

    // The crash of this test leaves a live process, whose dropped grants write what recovery would: only the task's own
    // intent is still open.
    let only_its_own = async {
        while world.destination.open_intents().open_intents.len() > 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, only_its_own).await.expect("dropped grants are recorded");
    let open = world.destination.open_intents().open_intents;
    let [own] = open.as_slice() else { panic!("{open:?}") };
    assert_eq!(own.op.uuid(), task.id.uuid());

    let node = world.destination.run().await;
    arrives_whole(&world, &node, &task).await;
    world.destination.settled().await;
    node.stop().await;
    world.source.settled().await;
}

on_both!(recovery_closes_strangers_and_keeps_the_tasks_own_intent_until_its_end);
async fn recovery_closes_strangers_and_keeps_the_tasks_own_intent_until_its_end(on: &Backend) {
    use sealane_audit::Phase;
    use sealane_audit::event::{Access, Transfer as TransferKind};

    let world = World::start(on).await;
    world.source.write("a", b"a");
    let task = world.push(vec![item("/a", "/a")]).await.unwrap();
    let guard = &world.destination.guard;
    for kind in [sealane_audit::Kind::from(Access::ContentRead), TransferKind::LaneOpen.into()] {
        guard.record(guard.event(kind, Phase::Intent, guard.fresh_op())).await.unwrap();
    }
    // A process that died took its ledger along: this engine learns of the task from the log alone.
    let node = world.destination.run().await;
    world.destination.ended(&node.engine, task.id).await;
    world.destination.settled().await;
    node.stop().await;
    let finishes =
        world.destination.entries().iter().filter(|view| view.entry.kind == TransferKind::Finish.into()).count();
    assert_eq!(finishes, 1);
}
