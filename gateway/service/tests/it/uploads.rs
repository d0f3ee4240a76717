//! Uploads: in pieces, interrupted, resumed, checked.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::stream::iter;
use sealane_audit::event::Access;
use sealane_crypto::TreeHasher;
use sealane_crypto::digest::Digest;
use sealane_model::problem::ProblemKind;
use sealane_model::{FileTime, Problem, UploadId};
use sealane_service::view::{Modified, NewUpload, UploadView};
use sealane_service::{Caller, uploads};

use crate::backend::Backend;
use crate::harness::{Site, collection, path};

fn digest(content: &[u8]) -> Digest {
    let mut hasher = TreeHasher::new();
    hasher.update(content);
    hasher.finish()
}

fn new(content: &[u8]) -> NewUpload {
    NewUpload {
        path: path("/new.dcm"),
        size: u64::try_from(content.len()).unwrap(),
        modified: Some(Modified(FileTime { seconds: 1_700_000_000, nanos: 123_456_789 })),
        digest: Some(digest(content)),
    }
}

async fn begin(site: &Site, caller: &Caller, request: NewUpload) -> UploadView {
    uploads::begin(&site.app, caller, &collection("imaging"), request).await.unwrap()
}

async fn append(
    site: &Site,
    caller: &Caller,
    id: UploadId,
    offset: u64,
    pieces: &[&[u8]],
) -> Result<UploadView, Problem> {
    let pieces: Vec<Result<Vec<u8>, Infallible>> = pieces.iter().map(|piece| Ok(piece.to_vec())).collect();
    uploads::append(&site.app, caller, id, offset, iter(pieces)).await
}

fn part_folders(site: &Site) -> usize {
    std::fs::read_dir(site.folder("imaging"))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".sealane-part-"))
        .count()
}

on_both!(a_file_sent_in_pieces_gets_its_name_when_it_is_whole);
async fn a_file_sent_in_pieces_gets_its_name_when_it_is_whole(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let content: Vec<u8> = (0..2_500_000_u32).map(|at| u8::try_from(at % 253).unwrap()).collect();
    let upload = begin(&site, &ana, new(&content)).await;
    assert_eq!(upload.received, 0);
    let (first, second) = content.split_at(1_200_000);
    assert_eq!(append(&site, &ana, upload.id, 0, &[&first[..7], &first[7..]]).await.unwrap().received, 1_200_000);
    assert!(!site.folder("imaging/new.dcm").exists());
    assert_eq!(uploads::commit(&site.app, &ana, upload.id).await.unwrap_err().code, "upload-incomplete");
    assert_eq!(uploads::status(&site.app, &ana, upload.id).await.unwrap().received, 1_200_000);
    append(&site, &ana, upload.id, 1_200_000, &[second]).await.unwrap();
    let stored = uploads::commit(&site.app, &ana, upload.id).await.unwrap();
    assert_eq!(stored.digest, Some(digest(&content)));
    assert_eq!(std::fs::read(site.folder("imaging/new.dcm")).unwrap(), content);
    let modified = std::fs::metadata(site.folder("imaging/new.dcm")).unwrap().modified().unwrap();
    assert_eq!(modified.duration_since(std::time::UNIX_EPOCH).unwrap(), Duration::new(1_700_000_000, 123_456_789));
    assert_eq!(part_folders(&site), 0);
    assert_eq!(uploads::status(&site.app, &ana, upload.id).await.unwrap_err().code, "upload-unknown");
}

on_both!(what_came_before_the_connection_broke_is_kept);
async fn what_came_before_the_connection_broke_is_kept(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let upload = begin(&site, &ana, new(b"0123456789")).await;
    let broken: Vec<Result<&[u8], &str>> = vec![Ok(b"0123"), Err("reset by peer")];
    let problem = uploads::append(&site.app, &ana, upload.id, 0, iter(broken)).await.unwrap_err();
    assert_eq!(problem.code, "upload-broken");
    assert_eq!(uploads::status(&site.app, &ana, upload.id).await.unwrap().received, 4);
    append(&site, &ana, upload.id, 4, &[b"456789"]).await.unwrap();
    uploads::commit(&site.app, &ana, upload.id).await.unwrap();
    assert_eq!(std::fs::read(site.folder("imaging/new.dcm")).unwrap(), b"0123456789");
}

on_both!(bytes_at_another_offset_are_refused_and_the_right_one_is_named);
async fn bytes_at_another_offset_are_refused_and_the_right_one_is_named(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let upload = begin(&site, &ana, new(b"0123456789")).await;
    append(&site, &ana, upload.id, 0, &[b"0123"]).await.unwrap();
    for offset in [0, 3, 5] {
        let problem = append(&site, &ana, upload.id, offset, &[b"x"]).await.unwrap_err();
        assert_eq!((problem.kind, problem.code.as_str()), (ProblemKind::Conflict, "upload-offset"));
        assert_eq!(problem.next_step.as_deref(), Some("Send from offset 4."));
    }
}

on_both!(more_than_was_announced_is_refused);
async fn more_than_was_announced_is_refused(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let upload = begin(&site, &ana, new(b"0123456789")).await;
    let problem = append(&site, &ana, upload.id, 0, &[b"01234", b"567890"]).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::TooLarge);
    assert_eq!(uploads::status(&site.app, &ana, upload.id).await.unwrap().received, 5);
}

on_both!(content_with_another_digest_never_gets_the_name);
async fn content_with_another_digest_never_gets_the_name(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let upload = begin(&site, &ana, new(b"0123456789")).await;
    append(&site, &ana, upload.id, 0, &[b"0123456780"]).await.unwrap();
    let problem = uploads::commit(&site.app, &ana, upload.id).await.unwrap_err();
    assert_eq!((problem.kind, problem.code.as_str()), (ProblemKind::Integrity, "digest-mismatch"));
    assert!(!site.folder("imaging/new.dcm").exists());
    assert_eq!(part_folders(&site), 0);
}

on_both!(an_empty_file_can_be_uploaded);
async fn an_empty_file_can_be_uploaded(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let upload = begin(&site, &ana, new(b"")).await;
    uploads::commit(&site.app, &ana, upload.id).await.unwrap();
    assert_eq!(std::fs::metadata(site.folder("imaging/new.dcm")).unwrap().len(), 0);
}

on_both!(somebody_elses_upload_is_none);
async fn somebody_elses_upload_is_none(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let upload = begin(&site, &ana, new(b"0123456789")).await;
    let ben = site.person("ben").await;
    let none = UploadId::from_uuid(uuid::Uuid::from_u128(1));
    let theirs = uploads::status(&site.app, &ben, upload.id).await.unwrap_err();
    assert_eq!(theirs, uploads::status(&site.app, &ben, none).await.unwrap_err());
    assert_eq!(append(&site, &ben, upload.id, 0, &[b"x"]).await.unwrap_err(), theirs);
    assert_eq!(uploads::commit(&site.app, &ben, upload.id).await.unwrap_err(), theirs);
    assert_eq!(uploads::abandon(&site.app, &ben, upload.id).await.unwrap_err(), theirs);
}

on_both!(an_upload_that_is_given_up_leaves_nothing);
async fn an_upload_that_is_given_up_leaves_nothing(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let upload = begin(&site, &ana, new(b"0123456789")).await;
    append(&site, &ana, upload.id, 0, &[b"0123"]).await.unwrap();
    assert_eq!(part_folders(&site), 1);
    uploads::abandon(&site.app, &ana, upload.id).await.unwrap();
    assert_eq!(part_folders(&site), 0);
    assert!(uploads::status(&site.app, &ana, upload.id).await.is_err());
}

on_both!(an_upload_that_nobody_finished_is_cleared_away_by_the_next);
async fn an_upload_that_nobody_finished_is_cleared_away_by_the_next(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let old = begin(&site, &ana, new(b"0123456789")).await;
    site.pass(Duration::from_secs(24 * 3600));
    let ana = site.person("ana").await;
    assert_eq!(uploads::status(&site.app, &ana, old.id).await.unwrap_err().code, "upload-unknown");
    assert_eq!(part_folders(&site), 1);
    begin(&site, &ana, new(b"0123456789")).await;
    assert_eq!(part_folders(&site), 1);
}

on_both!(nothing_is_written_where_a_person_may_not);
async fn nothing_is_written_where_a_person_may_not(on: &Backend) {
    let site = Site::start(on).await;
    let ben = site.person("ben").await;
    let problem = uploads::begin(&site.app, &ben, &collection("imaging"), new(b"x")).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::NotFound);
    assert_eq!(part_folders(&site), 0);
}

on_both!(a_file_needs_a_name);
async fn a_file_needs_a_name(on: &Backend) {
    let site = Site::start(on).await;
    let ana = site.person("ana").await;
    let request = NewUpload { path: path("/"), ..new(b"x") };
    assert_eq!(uploads::begin(&site.app, &ana, &collection("imaging"), request).await.unwrap_err().code, "upload-path");
    assert!(site.entries(Access::ContentWrite).is_empty());
}
