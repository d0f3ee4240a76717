//! Downloads: whole, in part, and stopped in the middle.

use futures_util::StreamExt;
use sealane_audit::Outcome;
use sealane_audit::event::Access;
use sealane_model::Permission;
use sealane_model::problem::ProblemKind;
use sealane_service::content::{self, ByteRange, Download};
use sealane_service::view::{NewRule, PrincipalView};
use sealane_service::{Caller, access_rules};

use crate::backend::Backend;
use crate::harness::{Site, collection, path};

async fn open(site: &Site, caller: &Caller, range: Option<ByteRange>) -> Result<Download, sealane_model::Problem> {
    content::open(&site.app, caller, &collection("imaging"), &path("/scan"), range, None).await
}

async fn bytes(download: Download) -> Result<Vec<u8>, sealane_model::Problem> {
    let mut all = Vec::new();
    let mut body = download.body;
    while let Some(chunk) = body.next().await {
        all.extend(chunk?);
    }
    Ok(all)
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

on_both!(a_file_arrives_whole_and_in_part);
async fn a_file_arrives_whole_and_in_part(on: &Backend) {
    let site = Site::start(on).await;
    let content = pattern(3_000_000);
    site.write("imaging/scan", &content);
    let ana = site.person("ana").await;
    let whole = open(&site, &ana, None).await.unwrap();
    assert_eq!((whole.start, whole.end, whole.partial), (0, 3_000_000, false));
    assert_eq!(bytes(whole).await.unwrap(), content);
    let part = open(&site, &ana, Some(ByteRange::Between(1_000_000, 2_999_998))).await.unwrap();
    assert!(part.partial);
    assert_eq!(bytes(part).await.unwrap(), content[1_000_000..2_999_999]);
    site.app.settle().await;
    let outcome = site
        .entries(Access::ContentRead)
        .into_iter()
        .filter_map(|view| view.entry.outcome.map(|_| view.entry.object.bytes));
    assert_eq!(outcome.collect::<Vec<_>>(), [Some(3_000_000), Some(1_999_999)]);
}

on_both!(an_empty_file_is_a_file);
async fn an_empty_file_is_a_file(on: &Backend) {
    let site = Site::start(on).await;
    site.write("imaging/scan", b"");
    let ana = site.person("ana").await;
    assert!(bytes(open(&site, &ana, None).await.unwrap()).await.unwrap().is_empty());
}

on_both!(a_range_beyond_the_end_is_refused_and_recorded);
async fn a_range_beyond_the_end_is_refused_and_recorded(on: &Backend) {
    let site = Site::start(on).await;
    site.write("imaging/scan", b"0123456789");
    let ana = site.person("ana").await;
    let problem = open(&site, &ana, Some(ByteRange::From(10))).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Range);
    assert_eq!(site.outcomes(Access::ContentRead), [(Outcome::Failed, "range-empty".to_owned())]);
}

on_both!(a_range_counts_only_for_the_same_state_of_the_file);
async fn a_range_counts_only_for_the_same_state_of_the_file(on: &Backend) {
    let site = Site::start(on).await;
    site.write("imaging/scan", b"0123456789");
    let ana = site.person("ana").await;
    let tag = open(&site, &ana, None).await.unwrap().etag;
    let here = collection("imaging");
    let same =
        content::open(&site.app, &ana, &here, &path("/scan"), Some(ByteRange::From(5)), Some(&tag)).await.unwrap();
    assert_eq!((same.start, same.partial), (5, true));
    site.write("imaging/scan", b"0123456789-");
    let other =
        content::open(&site.app, &ana, &here, &path("/scan"), Some(ByteRange::From(5)), Some(&tag)).await.unwrap();
    assert_eq!((other.start, other.end, other.partial), (0, 11, false));
    assert_ne!(other.etag, tag);
}

on_both!(a_file_that_shrinks_while_it_is_read_ends_with_an_error);
async fn a_file_that_shrinks_while_it_is_read_ends_with_an_error(on: &Backend) {
    let site = Site::start(on).await;
    site.write("imaging/scan", &pattern(8 << 20));
    let ana = site.person("ana").await;
    let download = open(&site, &ana, None).await.unwrap();
    site.write("imaging/scan", b"short");
    let problem = bytes(download).await.unwrap_err();
    assert_eq!(problem.code, "source-changed");
    site.app.settle().await;
    assert_eq!(site.outcomes(Access::ContentRead), [(Outcome::Failed, "source-changed".to_owned())]);
}

on_both!(a_revoked_rule_stops_a_running_download);
async fn a_revoked_rule_stops_a_running_download(on: &Backend) {
    let site = Site::start(on).await;
    site.write("imaging/scan", &pattern(8 << 20));
    let ana = site.person("ana").await;
    let ben = site.person("ben").await;
    let rule = NewRule {
        path: None,
        principal: PrincipalView::Email { email: "ben@hospital-a.example".to_owned() },
        permissions: vec![Permission::Read],
        deny: false,
        expires_at: None,
        purpose: None,
    };
    let rule = access_rules::create(&site.app, &ana, &collection("imaging"), rule).await.unwrap();
    let download = open(&site, &ben, None).await.unwrap();
    access_rules::revoke(&site.app, &ana, rule.id).await.unwrap();
    assert_eq!(bytes(download).await.unwrap_err().code, "access-revoked");
    site.app.settle().await;
    assert_eq!(site.outcomes(Access::ContentRead), [(Outcome::Denied, "access-revoked".to_owned())]);
}

on_both!(a_reader_who_goes_away_is_recorded_with_what_had_left);
async fn a_reader_who_goes_away_is_recorded_with_what_had_left(on: &Backend) {
    let site = Site::start(on).await;
    site.write("imaging/scan", &pattern(8 << 20));
    let ana = site.person("ana").await;
    let mut download = open(&site, &ana, None).await.unwrap();
    download.body.next().await.unwrap().unwrap();
    drop(download);
    site.app.settle().await;
    assert_eq!(site.outcomes(Access::ContentRead), [(Outcome::Interrupted, "client-gone".to_owned())]);
}

on_both!(only_files_have_content);
async fn only_files_have_content(on: &Backend) {
    let site = Site::start(on).await;
    std::fs::create_dir(site.folder("imaging/scan")).unwrap();
    let ana = site.person("ana").await;
    assert_eq!(open(&site, &ana, None).await.unwrap_err().kind, ProblemKind::BadRequest);
}
