//! A database of the time before cells were sealed: afterwards everything is there, and nothing of it in clear.

use std::path::{Path, PathBuf};

use sealane_crypto::envelope::Signed;
use sealane_crypto::{SigningKey, sha256};
use sealane_database::idempotency::Claim;
use sealane_database::{
    Database, Kind, access_rule, audit_hold, erasure, idempotency, order, peer_contact, person, session, setting, task,
    task_event, unit, upload,
};
use sealane_model::id::{ErasureId, HoldId, OrderId, SiteId, TaskId, UploadId};
use sealane_model::order::Order;
use sealane_model::person::{Person, PersonId};
use sealane_model::task::TaskState;
use sealane_policy::Principal;
use sqlx::Row as _;

use crate::sealed::dump;
use crate::support::{NOW, TestDatabase, clock, key, path, random, rule_id, stored_collection};

const SECRET: &str = "Zephyrine";
const ISSUER: &str = "https://zephyrine.example";
/// Rows enough for several batches.
const MANY: i64 = 1_203;

struct Ids {
    task: TaskId,
    order: OrderId,
    upload: UploadId,
    erasure: ErasureId,
    hold: HoldId,
    rule: sealane_model::id::RuleId,
    site: SiteId,
}

on_both! {
    async fn everything_is_there_and_nothing_in_clear(db: &TestDatabase) {
        let none = db.without_key().await;
        before_sealing(&none).await;
        let ids = fill(&none).await;
        assert!(dump(&none).await.values().any(|text| text.contains(SECRET)), "it was in clear");
        none.close().await;

        let database = db.with_key(&key(7)).await;
        let applied = database.migrate().await.unwrap();
        assert_eq!(applied.first().map(|step| step.version), Some(15), "{applied:?}");
        for (place, text) in dump(&database).await {
            assert!(!text.contains(SECRET) && !text.contains(ISSUER), "{place}");
        }
        everything_is_there(&database, &ids).await;
        nothing_in_the_files(db, &database).await;
    }

    async fn writing_the_tables_anew_is_made_up_for_when_it_was_cut_short(db: &TestDatabase) {
        let none = db.without_key().await;
        before_sealing(&none).await;
        fill(&none).await;
        none.close().await;
        let database = db.with_key(&key(7)).await;
        database.migrate().await.unwrap();
        set(&database, "UPDATE cell_key SET cleared = 0").await;
        // What a page that was not written anew would hold.
        set(&database, "INSERT INTO setting (key, sealed) VALUES ('Zephyrine', CAST('x' AS BYTEA))").await;
        set(&database, "DELETE FROM setting WHERE key = 'Zephyrine'").await;
        database.migrate().await.unwrap();
        let cleared = sqlx::query("SELECT cleared FROM cell_key").fetch_one(&mut *database.acquire().await.unwrap()).await;
        assert_eq!(cleared.unwrap().get::<i64, _>(0), 1);
        nothing_in_the_files(db, &database).await;
    }

    async fn a_row_that_cannot_be_read_stops_the_upgrade_and_leaves_all_as_it_was(db: &TestDatabase) {
        let none = db.without_key().await;
        before_sealing(&none).await;
        fill(&none).await;
        set(&none, "UPDATE task SET items = 'Zephyrine'").await;
        let before = dump(&none).await;
        let database = db.with_key(&key(7)).await;
        let error = database.migrate().await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("task.items") && !shown.contains(SECRET), "{shown}");
        assert_eq!(dump(&none).await, before);
        assert!(!none.is_sealed().await.unwrap());
    }
}

async fn set(database: &Database, statement: &'static str) {
    sqlx::query(statement).execute(&mut *database.acquire().await.unwrap()).await.unwrap();
}

/// Free pages and the write-ahead log too, while the database is open.
async fn nothing_in_the_files(db: &TestDatabase, database: &Database) {
    if database.kind() == Kind::Postgres {
        return;
    }
    let files = db.files();
    assert!(files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > 10_000, "the files are these");
    for (file, bytes) in files {
        for secret in [SECRET, ISSUER] {
            let found = bytes.windows(secret.len()).filter(|window| *window == secret.as_bytes()).count();
            assert_eq!(found, 0, "{secret} in {}", file.display());
        }
    }
}

/// The tables as the version before had them.
async fn before_sealing(database: &Database) {
    let mut db = database.acquire().await.unwrap();
    let table = "CREATE TABLE schema_migration (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL,
                                                checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)";
    sqlx::raw_sql(table).execute(&mut *db).await.unwrap();
    for (version, name, file) in steps() {
        let text = std::fs::read_to_string(file).unwrap();
        let checksum = sha256(text.as_bytes()).to_string();
        sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut *db).await.unwrap();
        sqlx::query("INSERT INTO schema_migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, 0)")
            .bind(version)
            .bind(name)
            .bind(checksum)
            .execute(&mut *db)
            .await
            .unwrap();
    }
}

/// Number, name and file of each step before the sealing, in order.
fn steps() -> Vec<(i64, String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut steps: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let file = entry.unwrap().path();
            let stem = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let (number, name) = stem.split_once('_').unwrap();
            (number.parse().unwrap(), name.to_owned(), file)
        })
        .filter(|(number, _, _)| *number < 15)
        .collect();
    steps.sort();
    steps
}

fn ana() -> Person {
    Person {
        id: PersonId::new(ISSUER, "Zephyrine-1"),
        email: Some("Zephyrine@hospital.example".to_owned()),
        name: Some("Zephyrine Quill".to_owned()),
    }
}

/// Rows in clear, as the version before wrote them.
async fn fill(database: &Database) -> Ids {
    let collection = stored_collection(database, "imaging").await.id;
    let ids = Ids {
        task: TaskId::generate(&clock(), random()),
        order: OrderId::generate(&clock(), random()),
        upload: UploadId::generate(&clock(), random()),
        erasure: ErasureId::generate(&clock(), random()),
        hold: HoldId::generate(&clock(), random()),
        rule: rule_id(),
        site: SiteId::generate(&clock(), random()),
    };
    let signed = Signed::<Order>::seal(&SigningKey::generate(random()), Order::CONTEXT, &an_order(&ids, collection));
    let signed = serde_json::to_string(&signed.unwrap()).unwrap();
    let who = "'https://zephyrine.example', 'Zephyrine-1'";
    let (digest, now) = (sha256(b"token"), NOW.as_micros());
    let Ids { task, order, upload, erasure, hold, rule, site } = &ids;
    let mut all = vec![
        format!("INSERT INTO person VALUES ({who}, 'Zephyrine@hospital.example', 'Zephyrine Quill', 5, 6)"),
        format!(
            "INSERT INTO session VALUES ('{digest}', {who}, '[\"Zephyrine\"]', 'browser', \
             '{{\"acr\":\"Zephyrine\",\"amr\":[],\"auth_time_s\":7}}', 1, {now} + 9)"
        ),
        format!("INSERT INTO login VALUES ('x', 'idp', 'n', 'v', '/Zephyrine', NULL, {now})"),
        format!("INSERT INTO device_login VALUES ('x', 'code', 'Zephyrine', 'pending', NULL, 1, {now})"),
        "INSERT INTO setting VALUES ('roles', 'Zephyrine')".to_owned(),
        format!(
            "INSERT INTO access_rule VALUES ('{rule}', '{collection}', '/Zephyrine', \
             '{{\"kind\":\"email\",\"value\":\"Zephyrine@hospital.example\"}}', '[\"read\"]', 0, NULL, 'Zephyrine', {who}, 3)"
        ),
        format!("INSERT INTO peer_contact VALUES ('{site}', NULL, 'Zephyrine', '1')"),
        format!("INSERT INTO idempotency VALUES ('Zephyrine', {who}, '{}', {now}, 201, 'Zephyrine')", sha256(b"body")),
        format!(
            "INSERT INTO task VALUES ('{task}', {who}, 'Zephyrine', 'both', 1, '{site}', '{collection}', '{site}', \
             '{collection}', '[{{\"source\":\"/Zephyrine\",\"destination\":\"/in\",\"recursive\":true}}]', NULL, 4, 'FAILED', \
             NULL, 'denied', 'Zephyrine: no', 0, 0, 1, 0, 0, 0, 0, 0, 0, 'Zephyrine', NULL, NULL, 'Zephyrine', {MANY}, 1, 2)"
        ),
        format!("INSERT INTO expansion VALUES ('{task}', 0, '/Zephyrine/last', 0)"),
        format!("INSERT INTO transfer_order VALUES ('{order}', '{task}', '{signed}', 4)"),
        format!(
            "INSERT INTO upload VALUES ('{upload}', {who}, '{collection}', '/Zephyrine', 7, 1, 2, NULL, 0, 1, {now} + 9)"
        ),
        format!("INSERT INTO erasure VALUES ('{erasure}', 't', NULL, {who}, 1, 2, {who}, 3)"),
        format!("INSERT INTO audit_hold VALUES ('{hold}', 't', {}, {who}, 1, {who}, 2)", blob(database.kind(), "x")),
    ];
    for number in 1..=MANY {
        all.push(format!("INSERT INTO task_event VALUES ('{task}', {number}, 1, 'c', 'Zephyrine {number}', 0)"));
        all.push(format!(
            "INSERT INTO unit VALUES ('{task}', {number}, 0, 'batch', 0, 'done', 1, 1, {})",
            blob(database.kind(), &format!("Zephyrine {number}")),
        ));
    }
    let mut tx = database.begin().await.unwrap();
    for statement in all {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    ids
}

/// Bytes as a literal.
fn blob(kind: Kind, text: &str) -> String {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    match kind {
        Kind::Sqlite => format!("x'{hex}'"),
        Kind::Postgres => format!("CAST('\\x{hex}' AS BYTEA)"),
    }
}

fn an_order(ids: &Ids, collection: sealane_model::id::CollectionId) -> Order {
    use sealane_model::order::{Item, PersonAssertion, Place, Protection};
    Order {
        id: ids.order,
        task: ids.task,
        coordinator: ids.site,
        source: Place { site: ids.site, collection },
        destination: Place { site: ids.site, collection },
        items: vec![Item { source: path("/Zephyrine"), destination: path("/in"), recursive: true }],
        person: PersonAssertion {
            person: ana(),
            groups: Vec::new(),
            assurance: sealane_policy::Assurance::default(),
            client: None,
        },
        purpose: None,
        class: None,
        protection: Protection::Local,
        lanes: 1,
        issued_at: NOW,
        expires_at: NOW,
    }
}

async fn everything_is_there(database: &Database, ids: &Ids) {
    let mut conn = database.acquire().await.unwrap();
    let db = &mut *conn;
    assert_eq!(person::find(db, &ana().id).await.unwrap(), Some(ana()));
    assert_eq!(person::find_by_email(db, "Zephyrine@hospital.example").await.unwrap(), [ana()]);
    let session = session::find(db, &sha256(b"token"), NOW).await.unwrap().unwrap();
    assert_eq!(
        (session.person, session.groups, session.assurance.auth_time_s),
        (ana(), vec![SECRET.to_owned()], Some(7))
    );
    assert_eq!(setting::get(db, "roles").await.unwrap().as_deref(), Some(SECRET));
    let rule = access_rule::find(db, ids.rule).await.unwrap().unwrap();
    assert_eq!(rule.created_by, Some(ana().id));
    assert_eq!((rule.grant.path, rule.grant.purpose.as_deref()), (path("/Zephyrine"), Some(SECRET)));
    assert_eq!(rule.grant.principal, Principal::Email("Zephyrine@hospital.example".to_owned()));
    assert!(access_rule::configured(db).await.unwrap().is_empty());
    let contact = peer_contact::find(db, ids.site).await.unwrap().unwrap();
    assert_eq!(
        (contact.organisation, contact.address.as_deref(), contact.phone.as_deref()),
        (None, Some(SECRET), Some("1"))
    );
    let again = idempotency::claim(db, SECRET, &ana().id, &sha256(b"body"), NOW).await.unwrap();
    assert_eq!(again, Claim::Replay { response: SECRET.to_owned(), status: 201 });
    let other = idempotency::claim(db, SECRET, &ana().id, &sha256(b"other"), NOW).await.unwrap();
    assert_eq!(other, Claim::Conflict);

    let task = task::list(db, Some(&ana().id), None, 9).await.unwrap().remove(0);
    assert_eq!((task.id, task.owner, task.label.as_deref()), (ids.task, ana().id, Some(SECRET)));
    assert_eq!((task.items[0].source.clone(), task.nice_status.as_str()), (path("/Zephyrine"), SECRET));
    assert!(matches!(task.state, TaskState::Failed { message, .. } if message == "Zephyrine: no"));
    assert_eq!(task::cancel_requested(db, ids.task).await.unwrap().as_deref(), Some(SECRET));
    let many = usize::try_from(MANY).unwrap();
    let events = task_event::list(db, ids.task, 0, many * 2).await.unwrap();
    let units = unit::page(db, ids.task, 0, many * 2).await.unwrap();
    assert_eq!((events.len(), units.len()), (many, many));
    for (event, unit) in events.iter().zip(&units) {
        let expected = format!("Zephyrine {}", event.sequence);
        assert_eq!((event.message.as_str(), unit.value.as_slice()), (expected.as_str(), expected.as_bytes()));
    }
    assert_eq!(unit::cursor(db, ids.task).await.unwrap().unwrap().after, Some(path("/Zephyrine/last")));
    assert!(order::find(db, ids.order).await.unwrap().is_some());
    let upload = upload::find(db, ids.upload).await.unwrap().unwrap();
    assert_eq!((upload.owner, upload.path), (ana().id, path("/Zephyrine")));
    let erasure = erasure::find(db, ids.erasure).await.unwrap().unwrap();
    assert_eq!((erasure.requested_by, erasure.approved.map(|(by, _)| by)), (ana().id, Some(ana().id)));
    let hold = audit_hold::find(db, ids.hold).await.unwrap().unwrap();
    assert_eq!((hold.placed_by, hold.release_asked.map(|(by, _)| by)), (ana().id, Some(ana().id)));
    assert!(!audit_hold::release(db, ids.hold, &ana().id, NOW).await.unwrap(), "not the one who asked");
}
