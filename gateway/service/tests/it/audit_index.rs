//! The audit log's search index: fed from the log, built again from it, never another log's.

use sealane_database::audit_index::{self, FoundEntry, PathWanted, Wanted};
use sealane_model::problem::ProblemKind;
use sealane_service::audit::{IndexKey, catch_up, rebuild};
use sealane_service::{Actor, browse, content};
use tokio_util::sync::CancellationToken;

use crate::backend::Backend;
use crate::harness::{Site, collection, path};

fn key() -> IndexKey {
    IndexKey::derived_from(&sealane_crypto::Secret::new(b"index".to_vec()))
}

async fn found(site: &Site, wanted: &Wanted) -> Vec<FoundEntry> {
    let mut db = site.app.database().acquire().await.unwrap();
    let Some(mut search) = audit_index::prepare(&mut db, wanted).await.unwrap() else { return Vec::new() };
    audit_index::page(&mut db, &mut search, None, 1_000).await.unwrap().entries
}

/// Ana lists, reads a file twice and looks at another one.
async fn busy(on: &Backend) -> Site {
    let site = Site::start(on).await;
    site.write("imaging/2026/scan", b"scan");
    site.write("imaging/2027/scan", b"scan");
    let ana = site.person("ana").await;
    let here = collection("imaging");
    browse::list(&site.app, &ana, &here, &path("/2026"), &Default::default()).await.unwrap();
    for _ in 0..2 {
        let download = content::open(&site.app, &ana, &here, &path("/2026/scan"), None, None).await.unwrap();
        futures_util::StreamExt::collect::<Vec<_>>(download.body).await;
    }
    browse::stat(&site.app, &ana, &here, &path("/2027/scan")).await.unwrap();
    site
}

async fn questions(site: &Site) -> Vec<Wanted> {
    let imaging = {
        let mut db = site.app.database().acquire().await.unwrap();
        let name = "imaging".parse().unwrap();
        sealane_database::collection::find_by_name(&mut db, &name).await.unwrap().unwrap().id.to_string()
    };
    let ana = sealane_model::PersonId::new(site.provider.issuer(), "ana");
    let in_imaging = Wanted { collection: Some(imaging.clone()), ..Wanted::default() };
    let at = |wanted| Wanted { path: Some(wanted), ..in_imaging.clone() };
    vec![
        Wanted::default(),
        Wanted { people: Some(vec![key().person(&ana)]), ..Wanted::default() },
        Wanted { client: Some(key().client("192.0.2.7")), ..Wanted::default() },
        Wanted { kinds: vec!["content.read".to_owned()], ..Wanted::default() },
        at(PathWanted::At(key().path(&imaging, &path("/2026/scan")))),
        at(PathWanted::Beneath(key().path(&imaging, &path("/2026")))),
        at(PathWanted::Beneath(key().path(&imaging, &path("/")))),
        in_imaging,
    ]
}

on_both!(what_is_in_the_log_is_found_by_person_address_kind_and_place);
async fn what_is_in_the_log_is_found_by_person_address_kind_and_place(on: &Backend) {
    let site = busy(on).await;
    catch_up(&site.app).await.unwrap();
    let mut counts = Vec::new();
    for wanted in questions(&site).await {
        counts.push(found(&site, &wanted).await.len());
    }
    let size = usize::try_from(site.app.guard().log().head().0).unwrap();
    assert_eq!(counts[0], size);
    assert!(counts[1] >= 8 && counts[1] < size, "{counts:?}");
    assert_eq!(counts[3..7], [4, 4, 6, 8], "intent and outcome of each: {counts:?}");
}

on_both!(an_index_that_is_built_again_gives_the_same_answers);
async fn an_index_that_is_built_again_gives_the_same_answers(on: &Backend) {
    let site = busy(on).await;
    catch_up(&site.app).await.unwrap();
    let (questions, before) = {
        let questions = questions(&site).await;
        let mut before = Vec::new();
        for wanted in &questions {
            before.push(found(&site, wanted).await);
        }
        (questions, before)
    };
    let log = site.app.guard().log();
    let size = log.head().0;
    assert_eq!(rebuild(&site.app, &Actor::operator()).await.unwrap(), size);
    assert!(found(&site, &Wanted::default()).await.is_empty());
    catch_up(&site.app).await.unwrap();
    for (wanted, before) in questions.iter().zip(before) {
        let mut after = found(&site, wanted).await;
        // Building it again is itself recorded.
        after.retain(|entry| entry.place < size);
        assert_eq!(after, before, "{wanted:?}");
    }
}

on_both!(only_an_administrator_has_the_index_built_again);
async fn only_an_administrator_has_the_index_built_again(on: &Backend) {
    let site = busy(on).await;
    catch_up(&site.app).await.unwrap();
    for who in ["ana", "officer", "auditor"] {
        let caller = site.person(who).await;
        let problem = rebuild(&site.app, &Actor::from(&caller)).await.unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Denied, "{who}");
    }
    assert!(!found(&site, &Wanted::default()).await.is_empty());
}

on_both!(an_index_of_another_log_is_noticed_and_built_again);
async fn an_index_of_another_log_is_noticed_and_built_again(on: &Backend) {
    let site = busy(on).await;
    catch_up(&site.app).await.unwrap();
    let before = found(&site, &Wanted::default()).await;
    // As after restoring a database whose log went another way: the last entry that it knows is not this log's.
    let other = Site::start(on).await;
    let origin = site.app.guard().log().origin().to_owned();
    let mut db = other.app.database().acquire().await.unwrap();
    let position =
        audit_index::enlist(&mut db, other.app.guard().log().origin(), other.app.clock().now()).await.unwrap();
    drop(db);
    assert_eq!(position.origin, origin, "two sites of one name");
    let stray = audit_index::IndexedEntry { kind: "content.read".into(), phase: "info".into(), ..Default::default() };
    let batch = audit_index::Batch { entries: &[stray], tip: "of another log", size: 1, now: other.app.clock().now() };
    let mut tx = other.app.database().begin().await.unwrap();
    audit_index::append(&mut tx, &position, &batch).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    catch_up(&other.app).await.unwrap();
    let found = found(&other, &Wanted::default()).await;
    assert_eq!(found.len() as u64, other.app.guard().log().head().0);
    assert!(found.len() < before.len());
    assert!(found.iter().all(|entry| entry.op != [0; 16]), "the stray entry is gone");
}

on_both!(the_indexer_follows_the_log_until_the_site_stops);
async fn the_indexer_follows_the_log_until_the_site_stops(on: &Backend) {
    let site = busy(on).await;
    let shutdown = CancellationToken::new();
    let indexer = tokio::spawn(sealane_service::audit::run(site.app.clone(), shutdown.clone()));
    let mut growth = site.app.guard().log().growth();
    let size = *growth.borrow_and_update();
    while (found(&site, &Wanted::default()).await.len() as u64) < size {
        tokio::task::yield_now().await;
    }
    let ana = site.person("ana").await;
    browse::stat(&site.app, &ana, &collection("imaging"), &path("/2026/scan")).await.unwrap();
    let size = *growth.borrow_and_update();
    while (found(&site, &Wanted::default()).await.len() as u64) < size {
        tokio::task::yield_now().await;
    }
    shutdown.cancel();
    indexer.await.unwrap();
}
