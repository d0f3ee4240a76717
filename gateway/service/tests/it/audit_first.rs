//! No record, no act; and who may read the record.

use sealane_model::problem::ProblemKind;
use sealane_service::audit;
use sealane_service::identity::Begin;
use sealane_service::view::NewUpload;
use sealane_service::{PageQuery, access_rules, browse, collections, content, health, me, transfers, uploads};

use crate::backend::Backend;
use crate::harness::{Site, collection, path};

on_both!(nothing_is_done_that_cannot_be_recorded);
async fn nothing_is_done_that_cannot_be_recorded(on: &Backend) {
    let site = Site::start(on).await;
    site.write("imaging/scan", b"scan");
    let ana = site.person("ana").await;
    let here = collection("imaging");
    site.app.guard().log().clone().close().await;
    let app = &site.app;
    let page = PageQuery::default();
    let upload = NewUpload { path: path("/new"), size: 1, modified: None, digest: None };
    let problems = [
        me::show(app, &ana).await.err(),
        collections::list(app, &ana, &page).await.err(),
        collections::show(app, &ana, &here).await.err(),
        collections::show(app, &ana, &collection("no-such-thing")).await.err(),
        browse::list(app, &ana, &here, &path("/"), &page).await.err(),
        browse::stat(app, &ana, &here, &path("/scan")).await.err(),
        browse::make_directory(app, &ana, &here, &path("/made")).await.err(),
        browse::rename(app, &ana, &here, &path("/scan"), &path("/moved")).await.err(),
        browse::remove(app, &ana, &here, &path("/scan"), false).await.err(),
        content::open(app, &ana, &here, &path("/scan"), None, None).await.err(),
        uploads::begin(app, &ana, &here, upload).await.err(),
        access_rules::list(app, &ana, &here, &page).await.err(),
        transfers::list(app, &ana, &page).await.err(),
        site.try_sign_in(Begin::default()).await.err(),
    ];
    for problem in problems {
        let problem = problem.expect("it was done without a record");
        assert_eq!((problem.kind, problem.code.as_str()), (ProblemKind::Unavailable, "audit-unavailable"), "{problem}");
    }
    assert_eq!(std::fs::read(site.folder("imaging/scan")).unwrap(), b"scan");
    assert_eq!(std::fs::read_dir(site.folder("imaging")).unwrap().count(), 1);
    let ready = health::ready(app).await;
    assert!(!ready.ready);
    let parts: Vec<(&str, bool)> = ready.parts.iter().map(|part| (part.name.as_str(), part.ok)).collect();
    let alike = [("witness", true), ("storage", true), ("alarms", true), ("alerts", true)];
    assert_eq!(parts, [&[("database", true), ("audit", false)], &alike[..]].concat());
}

on_both!(a_site_in_order_is_ready);
async fn a_site_in_order_is_ready(on: &Backend) {
    let site = Site::start(on).await;
    assert!(health::ready(&site.app).await.ready);
    assert_eq!(health::live().status, "live");
}

on_both!(storage_that_is_gone_makes_the_site_unready);
async fn storage_that_is_gone_makes_the_site_unready(on: &Backend) {
    let site = Site::start(on).await;
    site.app.database().close().await;
    let ready = health::ready(&site.app).await;
    assert!(!ready.ready);
    assert_eq!(ready.parts[0].code.as_deref(), Some("database-unavailable"));
}

on_both!(officers_read_the_log_and_administrators_do_not);
async fn officers_read_the_log_and_administrators_do_not(on: &Backend) {
    let site = Site::start(on).await;
    let officer = site.person("officer").await;
    let admin = site.person("admin").await;
    let refused = audit::checkpoint::show(&site.app, &admin).await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Denied);
    let checkpoint = audit::checkpoint::show(&site.app, &officer).await.unwrap();
    assert!(checkpoint.note.contains(&format!("\n{}\n", checkpoint.size)));
}
