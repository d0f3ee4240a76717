//! Two sites: what a peer shows to a person, and a transfer from submission to its receipt.

use futures_util::StreamExt;
use sealane_model::problem::ProblemKind;
use sealane_model::{Class, Permission, Principal, TaskState};
use sealane_service::view::{AcceptPeer, NewItem, NewTask, TaskView};
use sealane_service::{Actor, Caller, PageQuery, browse, collections, peers, receipts, transfers};

use crate::backend::Backend;
use crate::harness::{Site, collection, name, path};

async fn introduce(host: &Site, guest: &Site) {
    let invitation = peers::invite(&guest.app, &Actor::operator()).await.unwrap();
    let request = AcceptPeer {
        invitation: invitation.invitation,
        fingerprint: invitation.fingerprint,
        issuers: vec![guest.provider.issuer()],
        ceiling: Class::Internal,
    };
    peers::accept(&host.app, &Actor::operator(), request).await.unwrap();
}

/// Hospital A and University B know each other; Ana of A may see and write at B.
async fn two_sites(on: &Backend) -> (Site, Site, Caller) {
    let a = Site::start(on).await;
    let b = Site::start_as(on, "university-b", |_| {}).await;
    introduce(&a, &b).await;
    introduce(&b, &a).await;
    let ana = Principal::Email("ana@hospital-a.example".to_owned());
    b.with_rules(vec![b.rule("imaging", "/", ana, &[Permission::List, Permission::Read, Permission::Write])]).await;
    let ana = a.person("ana").await;
    (a, b, ana)
}

fn task(source: &str, destination: &str) -> NewTask {
    NewTask {
        label: Some("scans".to_owned()),
        source: source.to_owned(),
        destination: destination.to_owned(),
        items: vec![NewItem { source: path("/study"), destination: path("/study"), recursive: true }],
        purpose: None,
        lanes: Some(2),
        submission_id: None,
    }
}

async fn follow(site: &Site, caller: &Caller, task: &TaskView) -> TaskView {
    let stream = transfers::watch(&site.app, caller, task.id).await.unwrap();
    stream.collect::<Vec<_>>().await.pop().unwrap()
}

on_both!(a_peers_collection_is_browsed_as_the_peer_allows);
async fn a_peers_collection_is_browsed_as_the_peer_allows(on: &Backend) {
    let (a, b, ana) = two_sites(on).await;
    for file in ["study/a", "study/b", "study/ba", "study/c"] {
        b.write(&format!("imaging/{file}"), b"scan");
    }
    let shown = peers::collections(&a.app, &ana, &name("university-b")).await.unwrap();
    assert_eq!(shown.iter().map(|view| view.reference.as_str()).collect::<Vec<_>>(), ["university-b/imaging"]);
    assert!(shown[0].remote && shown[0].may.write && !shown[0].may.delete);
    let there = collection("university-b~imaging");
    assert_eq!(collections::show(&a.app, &ana, &there).await.unwrap(), shown[0]);
    let first =
        browse::list(&a.app, &ana, &there, &path("/study"), &PageQuery { after: None, limit: Some(3) }).await.unwrap();
    let rest = PageQuery { after: first.next.clone(), limit: None };
    let rest = browse::list(&a.app, &ana, &there, &path("/study"), &rest).await.unwrap();
    let names: Vec<&str> = first.items.iter().chain(&rest.items).map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "ba", "c"]);
    assert_eq!(browse::stat(&a.app, &ana, &there, &path("/study/ba")).await.unwrap().size, 4);
    assert_eq!(browse::stat(&a.app, &ana, &there, &path("/study/bb")).await.unwrap_err().kind, ProblemKind::NotFound);
    let elsewhere = browse::make_directory(&a.app, &ana, &there, &path("/new")).await.unwrap_err();
    assert_eq!(elsewhere.code, "collection-elsewhere");
    assert_eq!(
        collections::show(&a.app, &ana, &collection("university-b/patients")).await.unwrap_err().kind,
        ProblemKind::NotFound
    );
}

on_both!(a_transfer_is_submitted_followed_and_proved);
async fn a_transfer_is_submitted_followed_and_proved(on: &Backend) {
    let (a, b, ana) = two_sites(on).await;
    a.write("imaging/study/scan-1", &vec![7; 300_000]);
    a.write("imaging/study/deep/scan-2", b"scan");
    let submitted = transfers::submit(&a.app, &ana, task("imaging", "university-b/imaging")).await.unwrap();
    assert_eq!(
        (submitted.source.name.as_deref(), submitted.destination.name.as_deref()),
        (Some("imaging"), Some("imaging"))
    );
    assert_eq!((submitted.destination.site.as_str(), submitted.destination.here), ("university-b", false));
    let ended = follow(&a, &ana, &submitted).await;
    assert!(matches!(ended.state, TaskState::Succeeded { .. }), "{:?}", ended.state);
    assert_eq!(std::fs::read(b.folder("imaging/study/scan-1")).unwrap(), vec![7; 300_000]);
    assert_eq!(std::fs::read(b.folder("imaging/study/deep/scan-2")).unwrap(), b"scan");
    let receipt = receipts::record(&a.app, &ana, submitted.id).await.unwrap();
    assert_eq!(receipt.task.manifest, ended.manifest);
    assert!(ended.manifest.is_some());
    let ciphers: Vec<&str> = receipt.entries.iter().filter_map(|entry| entry.transport.as_deref()).collect();
    assert!(ciphers.iter().any(|cipher| cipher.starts_with("TLS13_")), "{ciphers:?}");
    assert_eq!(receipt.task.cipher.as_deref(), ciphers.first().copied());
    assert!(receipt.entries.iter().any(|entry| entry.kind == "transfer.submit"));
    assert!(receipt.checkpoint.size > receipt.entries.last().unwrap().index);
    let events = transfers::events(&a.app, &ana, submitted.id, 0, 100).await.unwrap();
    assert!(!events.is_empty());
    assert_eq!(transfers::list(&a.app, &ana, &PageQuery::default()).await.unwrap().items.len(), 1);
    assert!(transfers::cancel(&a.app, &ana, submitted.id).await.is_err(), "what has ended cannot be stopped");
    let ben = a.person("ben").await;
    assert_eq!(receipts::document(&a.app, &ben, submitted.id).await.unwrap_err().code, "task-unknown");
    let hidden = transfers::show(&a.app, &ben, submitted.id).await.unwrap_err();
    assert_eq!(hidden.code, "task-unknown");
    assert_eq!(hidden, transfers::cancel(&a.app, &ben, submitted.id).await.unwrap_err());
    assert!(transfers::list(&a.app, &ben, &PageQuery::default()).await.unwrap().items.is_empty());
    let admin = a.person("admin").await;
    assert_eq!(transfers::list_all(&a.app, &admin, &PageQuery::default()).await.unwrap().items.len(), 1);
}

on_both!(a_transfer_that_the_other_site_refuses_never_begins);
async fn a_transfer_that_the_other_site_refuses_never_begins(on: &Backend) {
    let (a, _b, ana) = two_sites(on).await;
    a.write("imaging/study/scan-1", b"scan");
    let remote = collections::show(&a.app, &ana, &collection("university-b/imaging")).await.unwrap();
    let ben = a.person("ben").await;
    let problem =
        transfers::submit(&a.app, &ben, task("imaging", &format!("university-b/{}", remote.id))).await.unwrap_err();
    assert!(matches!(problem.kind, ProblemKind::NotFound | ProblemKind::Denied), "{problem}");
    assert!(transfers::list(&a.app, &ben, &PageQuery::default()).await.unwrap().items.is_empty());
}
