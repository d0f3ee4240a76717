//! What may not be: refused with its reason, and nothing of it is there.

use sealane_model::problem::ProblemKind;
use sealane_model::{Class, Item};
use sealane_transfer::engine::End;

use super::world::{Wish, World, failed_with, item, path, transfer};
use crate::backend::Backend;

async fn nothing_is_there(world: &World) {
    assert_eq!((world.source.tasks().await, world.destination.tasks().await), (0, 0));
    assert!(world.destination.tree("").is_empty());
    world.source.settled().await;
    world.destination.settled().await;
}

on_both!(a_destination_whose_policy_says_no_gets_no_byte_and_no_task);
async fn a_destination_whose_policy_says_no_gets_no_byte_and_no_task(on: &Backend) {
    let world = World::of(on, Wish::default(), Wish { permissions: Vec::new(), ..Wish::default() }).await;
    world.source.write("a", b"a");
    let refused = world.push(vec![item("/a", "/a")]).await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Denied, "{refused}");
    assert!(refused.decision.is_some());
    nothing_is_there(&world).await;
}

on_both!(a_source_whose_policy_says_no_gives_nothing);
async fn a_source_whose_policy_says_no_gives_nothing(on: &Backend) {
    let world = World::of(on, Wish { permissions: Vec::new(), ..Wish::default() }, Wish::default()).await;
    world.source.write("a", b"a");
    let refused = world.pull(&world.destination.engine(), vec![item("/a", "/a")], 1).await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Denied, "{refused}");
    nothing_is_there(&world).await;
}

on_both!(a_collection_of_a_lower_class_does_not_get_stricter_data);
async fn a_collection_of_a_lower_class_does_not_get_stricter_data(on: &Backend) {
    let world = World::of(on, Wish { class: Class::Phi, ..Wish::default() }, Wish::default()).await;
    world.source.write("a", b"a");
    let pushed = world.push(vec![item("/a", "/a")]).await.unwrap_err();
    assert_eq!((pushed.kind, pushed.code.as_str()), (ProblemKind::Denied, "class-ceiling"));
    let pulled = world.pull(&world.destination.engine(), vec![item("/a", "/a")], 1).await.unwrap_err();
    assert_eq!((pulled.kind, pulled.code.as_str()), (ProblemKind::Denied, "class-ceiling"));
    assert_eq!(world.destination.tasks().await, 0);
    assert!(world.destination.tree("").is_empty());
}

on_both!(data_above_a_peers_ceiling_do_not_leave);
async fn data_above_a_peers_ceiling_do_not_leave(on: &Backend) {
    let phi = || Wish { class: Class::Phi, ..Wish::default() };
    let world = World::with_ceiling(on, phi(), phi(), Class::Internal).await;
    world.source.write("a", b"a");
    let refused = world.push(vec![item("/a", "/a")]).await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Denied, "{refused}");
    nothing_is_there(&world).await;
}

on_both!(a_read_only_destination_is_refused_at_once);
async fn a_read_only_destination_is_refused_at_once(on: &Backend) {
    let world = World::of(on, Wish::default(), Wish { read_only: true, ..Wish::default() }).await;
    world.source.write("a", b"a");
    let refused = world.push(vec![item("/a", "/a")]).await.unwrap_err();
    assert_eq!(refused.code, "collection-read-only");
    nothing_is_there(&world).await;
}

on_both!(a_peer_that_cannot_be_reached_is_named_as_the_cause);
async fn a_peer_that_cannot_be_reached_is_named_as_the_cause(on: &Backend) {
    let world = World::start(on).await;
    world.source.write("a", b"a");
    world.destination.gate.shut();
    let refused = world.push(vec![item("/a", "/a")]).await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Upstream, "{refused}");
    assert!(refused.next_step.is_some());
    nothing_is_there(&world).await;
}

on_both!(a_request_without_items_or_with_one_destination_twice_makes_no_sense);
async fn a_request_without_items_or_with_one_destination_twice_makes_no_sense(on: &Backend) {
    let world = World::start(on).await;
    let none = world.push(Vec::new()).await.unwrap_err();
    assert_eq!((none.kind, none.code.as_str()), (ProblemKind::BadRequest, "no-items"));
    let twice = world.push(vec![item("/a", "/x"), item("/b", "/x")]).await.unwrap_err();
    assert_eq!(twice.code, "same-destination");
    let here = || End::Here(Box::new(world.source.collection.clone()));
    let into_itself =
        world.source.engine().submit(transfer(here(), here(), vec![item("/a", "/a/b")])).await.unwrap_err();
    assert_eq!(into_itself.code, "into-itself");
    nothing_is_there(&world).await;
}

on_both!(a_directory_is_not_sent_as_a_file);
async fn a_directory_is_not_sent_as_a_file(on: &Backend) {
    let world = World::start(on).await;
    world.source.write("d/a", b"a");
    let node = world.destination.run().await;
    let single = Item { source: path("/d"), destination: path("/d"), recursive: false };
    let task = world.push(vec![single]).await.unwrap();
    assert_eq!(failed_with(&world.destination.ended(&node.engine, task.id).await), "source-is-a-directory");
    node.stop().await;
}

on_both!(what_is_not_at_the_source_ends_the_task_with_that_reason);
async fn what_is_not_at_the_source_ends_the_task_with_that_reason(on: &Backend) {
    let world = World::start(on).await;
    let node = world.destination.run().await;
    let task = world.push(vec![item("/missing", "/missing")]).await.unwrap();
    let ended = world.destination.ended(&node.engine, task.id).await;
    assert!(failed_with(&ended).contains("not-found") || failed_with(&ended).contains("vanished"), "{ended:?}");
    let mirror = world.source.ended(&world.source.engine(), task.id).await;
    assert_eq!(failed_with(&mirror), failed_with(&ended));
    node.stop().await;
    world.source.settled().await;
    world.destination.settled().await;
}
