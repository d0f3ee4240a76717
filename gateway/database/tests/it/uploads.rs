//! Resumable uploads.

use std::sync::Arc;

use sealane_database::upload::{self, Upload};
use sealane_database::{DbError, collection};
use sealane_model::entry::FileTime;
use sealane_model::id::{CollectionId, UploadId};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::support::{NOW, TestDatabase, ana, clock, collection_id, later, path, random, stored_collection};

on_both! {
    async fn an_upload_comes_back_as_it_began(db: &TestDatabase) {
        let collection = stored_collection(db.migrated().await, "in").await.id;
        let mut conn = db.database.acquire().await.unwrap();
        let plain = an_upload(collection);
        let sealed = Upload {
            digest: Some(sealane_crypto::sha256(b"content")),
            modified: FileTime { seconds: -5, nanos: 999_999_999 },
            ..an_upload(collection)
        };
        for upload in [plain, sealed] {
            upload::insert(&mut conn, &upload).await.unwrap();
            assert_eq!(upload::find(&mut conn, upload.id).await.unwrap(), Some(upload));
        }
    }

    async fn of_writers_at_the_same_offset_one_counts(db: &TestDatabase) {
        let collection = stored_collection(db.migrated().await, "in").await.id;
        let upload = an_upload(collection);
        upload::insert(&mut db.database.acquire().await.unwrap(), &upload).await.unwrap();
        let start = Arc::new(Barrier::new(8));
        let mut writers = JoinSet::new();
        for number in 1..=8 {
            let (database, start) = (db.database.clone(), Arc::clone(&start));
            writers.spawn(async move {
                start.wait().await;
                let won = upload::set_received(&mut database.acquire().await.unwrap(), upload.id, 0, number).await.unwrap();
                won.then_some(number)
            });
        }
        let won: Vec<u64> = writers.join_all().await.into_iter().flatten().collect();
        assert_eq!(won.len(), 1);
        let found = upload::find(&mut db.database.acquire().await.unwrap(), upload.id).await.unwrap().unwrap();
        assert_eq!(found.received, won[0]);
    }

    async fn abandoned_uploads_are_named_and_removed(db: &TestDatabase) {
        let collection = stored_collection(db.migrated().await, "in").await.id;
        let mut conn = db.database.acquire().await.unwrap();
        let (old, young) = (an_upload(collection), Upload { expires_at: later(120), ..an_upload(collection) });
        for upload in [&young, &old] {
            upload::insert(&mut conn, upload).await.unwrap();
        }
        assert_eq!(upload::expired(&mut conn, later(59), 9).await.unwrap(), []);
        assert_eq!(upload::expired(&mut conn, later(60), 9).await.unwrap(), std::slice::from_ref(&old));
        assert_eq!(upload::expired(&mut conn, later(120), 1).await.unwrap(), std::slice::from_ref(&old));
        assert!(upload::delete(&mut conn, old.id).await.unwrap());
        assert!(!upload::delete(&mut conn, old.id).await.unwrap());
    }

    async fn an_upload_goes_into_a_collection_that_exists(db: &TestDatabase) {
        let database = db.migrated().await;
        let mut conn = database.acquire().await.unwrap();
        let result = upload::insert(&mut conn, &an_upload(collection_id())).await;
        assert!(matches!(result, Err(DbError::Reference(_))), "{result:?}");
        let collection = stored_collection(database, "in").await.id;
        let upload = an_upload(collection);
        upload::insert(&mut conn, &upload).await.unwrap();
        collection::remove(&mut conn, collection, NOW).await.unwrap();
        assert_eq!(upload::find(&mut conn, upload.id).await.unwrap(), None);
    }

    async fn a_size_that_no_column_holds_is_refused(db: &TestDatabase) {
        let collection = stored_collection(db.migrated().await, "in").await.id;
        let upload = Upload { size: u64::MAX, ..an_upload(collection) };
        let result = upload::insert(&mut db.database.acquire().await.unwrap(), &upload).await;
        assert!(matches!(result, Err(DbError::Unstorable { table: "upload", column: "size" })), "{result:?}");
    }
}

fn an_upload(collection: CollectionId) -> Upload {
    Upload {
        id: UploadId::generate(&clock(), random()),
        owner: ana().id,
        collection,
        path: path("/in/scan \\xff.dcm"),
        size: 5 << 40,
        modified: FileTime { seconds: 1_700_000_000, nanos: 1 },
        digest: None,
        received: 0,
        created_at: NOW,
        expires_at: later(60),
    }
}
