//! Nothing that tells of a person stands in the database in clear, and without the right key nothing opens.

use std::collections::BTreeMap;
use std::time::Duration;

use sealane_crypto::envelope::Signed;
use sealane_crypto::{SigningKey, sha256};
use sealane_database::device_login::{DeviceLogin, SessionFacts};
use sealane_database::login::PendingLogin;
use sealane_database::peer_contact::Contact;
use sealane_database::upload::Upload;
use sealane_database::{
    Database, Db, DbError, Kind, Unit, UnitKind, UnitState, access_rule, audit_hold, device_login, erasure,
    idempotency, lease, login, order, peer_contact, person, session, setting, task, task_event, unit, upload,
};
use sealane_model::access_rule::AccessRule;
use sealane_model::entry::FileTime;
use sealane_model::id::{ErasureId, HoldId, OrderId, SiteId, UploadId};
use sealane_model::order::{Item, Order, PersonAssertion, Protection};
use sealane_model::person::{Person, PersonId};
use sealane_model::session::{Session, SessionKind};
use sealane_model::task::{TaskRole, TaskState};
use sealane_policy::{Assurance, GrantRow, Permission, Principal};
use sqlx::Row as _;

use crate::support::{
    NOW, TestDatabase, clock, key, later, node_id, path, random, rule_id, site_id, stored_collection, task as new_task,
};

/// In every value that may not be found.
const SECRET: &str = "Zephyrine";

fn secret(what: &str) -> String {
    format!("{SECRET} {what}")
}

fn somebody() -> Person {
    Person {
        id: PersonId::new(format!("https://{SECRET}.example"), secret("subject")),
        email: Some(format!("{SECRET}@hospital.example")),
        name: Some(secret("Quillfeather")),
    }
}

on_both! {
    async fn what_tells_of_a_person_is_nowhere_in_the_database(db: &TestDatabase) {
        let database = db.migrated().await;
        fill(database).await;
        let dump = dump(database).await;
        assert!(dump.values().map(String::len).sum::<usize>() > 4_000, "the dump holds the rows");
        for (place, text) in &dump {
            assert!(!text.contains(SECRET) && !text.contains(&hex(SECRET)), "{place}: {text}");
            // Nor what anybody could compute from a guess.
            assert!(!text.contains(&sha256(SECRET.as_bytes()).to_string()), "{place}: {text}");
        }
        if database.kind() == Kind::Sqlite {
            // Write-ahead log and free pages too.
            for (file, bytes) in db.files() {
                assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "{}", file.display());
            }
        }
    }

    async fn the_search_for_clear_values_would_find_one(db: &TestDatabase) {
        let database = db.migrated().await;
        let mut conn = database.acquire().await.unwrap();
        sqlx::query("INSERT INTO storage_gateway (id, name, storage, classes) VALUES ('x', $1, '{}', '[]')")
            .bind(secret("disk")).execute(&mut *conn).await.unwrap();
        sqlx::query("INSERT INTO audit_path (id, collection, parent, token) VALUES (1, 1, 1, $1)")
            .bind(secret("token").into_bytes()).execute(&mut *conn).await.unwrap();
        drop(conn);
        let found = dump(database).await;
        assert!(found["storage_gateway.name"].contains(SECRET));
        assert!(found["audit_path.token"].contains(&hex(SECRET)));
    }

    async fn a_cell_in_another_row_is_not_believed(db: &TestDatabase) {
        let database = db.migrated().await;
        let (one, two) = (new_task(TaskRole::Both), new_task(TaskRole::Both));
        let mut conn = database.acquire().await.unwrap();
        task::insert(&mut conn, &one).await.unwrap();
        task::insert(&mut conn, &two).await.unwrap();
        sqlx::query("UPDATE task SET sealed = (SELECT sealed FROM task WHERE id = $1) WHERE id = $2")
            .bind(one.id.to_string()).bind(two.id.to_string()).execute(&mut *conn).await.unwrap();
        assert_eq!(task::find(&mut conn, one.id).await.unwrap(), Some(one));
        let moved = task::find(&mut conn, two.id).await.unwrap_err();
        assert!(matches!(moved, DbError::Corrupt { table: "task", column: "sealed" }), "{moved:?}");
    }

    async fn another_key_or_none_stops_the_start_and_changes_nothing(db: &TestDatabase) {
        let database = db.migrated().await;
        fill(database).await;
        let before = dump(database).await;
        let wrong = db.with_key(&key(8)).await;
        let error = wrong.migrate().await.unwrap_err();
        assert!(matches!(error, DbError::WrongKey), "{error:?}");
        assert!(error.to_string().contains("database.key") && error.to_string().contains("backup"), "{error}");
        let none = db.without_key().await;
        assert!(matches!(none.migrate().await, Err(DbError::NoKey)));
        let mut conn = none.acquire().await.unwrap();
        assert!(matches!(setting::get(&mut conn, "roles").await, Err(DbError::NoKey)));
        assert!(matches!(setting::put(&mut conn, "roles", "clear").await, Err(DbError::NoKey)), "never in clear instead");
        drop(conn);
        assert!(none.is_sealed().await.unwrap());
        assert_eq!(dump(database).await, before);
        db.with_key(&key(7)).await.migrate().await.unwrap();
    }

    async fn a_new_database_is_not_sealed_and_without_a_key_nothing_is_made(db: &TestDatabase) {
        let none = db.without_key().await;
        assert!(!none.is_sealed().await.unwrap());
        assert!(matches!(none.migrate().await, Err(DbError::NoKey)));
        assert!(dump(&none).await.is_empty(), "no table was made");
    }
}

/// Something personal in every table that can hold it.
async fn fill(database: &Database) {
    let collection = stored_collection(database, "imaging").await;
    let ana = somebody();
    let mut db = database.acquire().await.unwrap();
    let db: &mut Db = &mut db;
    person::upsert(db, &ana, NOW).await.unwrap();
    session::insert(
        db,
        &Session {
            digest: sha256(b"token"),
            person: ana.clone(),
            groups: vec![secret("group")],
            kind: SessionKind::Browser,
            assurance: Assurance { acr: Some(secret("acr")), ..Assurance::default() },
            created_at: NOW,
            expires_at: later(60),
        },
    )
    .await
    .unwrap();
    sign_ins(db, &ana).await;
    setting::put(db, "roles", &secret("role")).await.unwrap();
    access_rule::insert(db, &rule(collection.id, &ana.id)).await.unwrap();
    let contact = Contact { organisation: Some(secret("lab")), address: Some(secret("road")), phone: None };
    peer_contact::put(db, site_id(), &contact).await.unwrap();
    idempotency::claim(db, &secret("key"), &ana.id, &sha256(SECRET.as_bytes()), NOW).await.unwrap();
    idempotency::complete(db, &secret("key"), &ana.id, 201, &secret("answer")).await.unwrap();
    a_task(db, &ana).await;
    let upload = Upload {
        id: UploadId::generate(&clock(), random()),
        owner: ana.id.clone(),
        collection: collection.id,
        path: path(&format!("/{SECRET}")),
        size: 7,
        modified: FileTime { seconds: 1, nanos: 2 },
        digest: None,
        received: 0,
        created_at: NOW,
        expires_at: later(60),
    };
    upload::insert(db, &upload).await.unwrap();
    assert_eq!(upload::find(db, upload.id).await.unwrap(), Some(upload));
    requests_about_the_log(db, &ana).await;
}

async fn sign_ins(db: &mut Db, ana: &Person) {
    let pending = PendingLogin {
        state_digest: sha256(b"state"),
        provider: "https://idp.example".to_owned(),
        nonce: secret("nonce"),
        pkce_verifier: secret("verifier"),
        return_to: format!("/browse/{SECRET}"),
        device_code: Some(secret("code")),
        expires_at: later(60),
    };
    login::insert(db, &pending).await.unwrap();
    let device = DeviceLogin {
        device_digest: sha256(b"device"),
        user_code: secret("code"),
        client_label: secret("laptop"),
        created_at: NOW,
        expires_at: later(60),
    };
    device_login::insert(db, &device).await.unwrap();
    let facts = SessionFacts { person: ana.id.clone(), groups: vec![secret("group")], assurance: Assurance::default() };
    assert!(device_login::approve(db, &secret("code"), &facts, NOW).await.unwrap());
}

fn rule(collection: sealane_model::id::CollectionId, maker: &PersonId) -> AccessRule {
    AccessRule {
        grant: GrantRow {
            id: rule_id(),
            collection,
            path: path(&format!("/{SECRET}/scans")),
            principal: Principal::Email(format!("{SECRET}@hospital.example")),
            permissions: vec![Permission::Read],
            deny: false,
            expires_s: None,
            purpose: Some(secret("purpose")),
        },
        created_by: Some(maker.clone()),
        created_at: NOW,
    }
}

async fn a_task(db: &mut Db, ana: &Person) {
    let new = new_task(TaskRole::Both);
    let item = Item { source: path(&format!("/{SECRET}")), destination: path("/in"), recursive: true };
    let label = Some(secret("label"));
    let new = sealane_model::Task { owner: ana.id.clone(), label, items: vec![item], purpose: label_of("why"), ..new };
    task::insert(db, &new).await.unwrap();
    let message = secret("could not be read");
    task_event::append(db, new.id, NOW, "failed", &message, true).await.unwrap();
    assert_eq!(task_event::list(db, new.id, 0, 9).await.unwrap()[0].message, message);
    assert!(task::request_cancel(db, new.id, &secret("officer")).await.unwrap());
    assert_eq!(task::cancel_requested(db, new.id).await.unwrap(), label_of("officer"));
    let lease = lease::acquire(db, new.id, node_id(), NOW, Duration::from_secs(60)).await.unwrap().unwrap();
    let one = Unit {
        task: new.id,
        number: 1,
        item: 0,
        kind: UnitKind::Batch,
        file: 0,
        state: UnitState::Pending,
        bytes: 1,
        files: 1,
        value: secret("file").into_bytes(),
    };
    unit::insert_many(db, std::slice::from_ref(&one)).await.unwrap();
    unit::save(db, &lease, 1, UnitState::Pending, &secret("saved").into_bytes()).await.unwrap();
    assert_eq!(unit::page(db, new.id, 0, 9).await.unwrap()[0].value, secret("saved").into_bytes());
    let after = path(&format!("/{SECRET}/last"));
    unit::set_cursor(db, &lease, 0, Some(&after), false).await.unwrap();
    assert_eq!(unit::cursor(db, new.id).await.unwrap().unwrap().after, Some(after));
    let failed = TaskState::Failed { at: later(1), code: "denied".to_owned(), message };
    assert!(task::set_state(db, new.id, &failed, &secret("failed"), NOW, None).await.unwrap());
    let found = task::find(db, new.id).await.unwrap().unwrap();
    assert_eq!((found.state, found.nice_status, found.label), (failed, secret("failed"), new.label.clone()));
    an_order(db, &new, ana).await;
}

fn label_of(what: &str) -> Option<String> {
    Some(secret(what))
}

async fn an_order(db: &mut Db, task: &sealane_model::Task, ana: &Person) {
    let made = Order {
        id: OrderId::generate(&clock(), random()),
        task: task.id,
        coordinator: SiteId::generate(&clock(), random()),
        source: task.source.clone(),
        destination: task.destination.clone(),
        items: task.items.clone(),
        person: PersonAssertion {
            person: ana.clone(),
            groups: Vec::new(),
            assurance: Assurance::default(),
            client: Some("192.0.2.77".to_owned()),
        },
        purpose: label_of("why"),
        class: None,
        protection: Protection::MutualTls13,
        lanes: 2,
        issued_at: NOW,
        expires_at: later(60),
    };
    let signed = Signed::seal(&SigningKey::generate(random()), Order::CONTEXT, &made).unwrap();
    order::insert(db, &signed, &made).await.unwrap();
    assert_eq!(order::current(db, task.id).await.unwrap(), Some(signed));
}

async fn requests_about_the_log(db: &mut Db, ana: &Person) {
    let asked = erasure::Erasure {
        id: ErasureId::generate(&clock(), random()),
        token: Some("code".to_owned()),
        sealed: Some(vec![1]),
        requested_by: ana.id.clone(),
        requested_at: NOW,
        expires_at: later(60),
        approved: None,
    };
    erasure::insert(db, &asked).await.unwrap();
    assert!(erasure::approve(db, asked.id, &ana.id, NOW).await.unwrap());
    let hold = audit_hold::Hold {
        id: HoldId::generate(&clock(), random()),
        token: "code".to_owned(),
        sealed: vec![1],
        placed_by: ana.id.clone(),
        placed_at: NOW,
        release_asked: None,
    };
    audit_hold::insert(db, &hold).await.unwrap();
    assert!(audit_hold::ask_release(db, hold.id, &ana.id, NOW, NOW).await.unwrap());
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Every column of every table, its values after each other: texts as they are, bytes in hexadecimal.
pub(crate) async fn dump(database: &Database) -> BTreeMap<String, String> {
    let mut db = database.acquire().await.unwrap();
    let mut all = BTreeMap::new();
    for (table, column, kind) in crate::data_map::columns(&mut db, database.kind()).await {
        let as_text = match (kind.as_str(), database.kind()) {
            ("bytea", Kind::Postgres) => format!("encode({column}, 'hex')"),
            // Whatever the type says, SQLite keeps what it was given.
            (_, Kind::Sqlite) => {
                format!("CASE typeof({column}) WHEN 'blob' THEN lower(hex({column})) ELSE {column} END")
            }
            _ => column.clone(),
        };
        let select = format!("SELECT CAST({as_text} AS TEXT) AS value FROM {table}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(select)).fetch_all(&mut *db).await.unwrap();
        let values: Vec<String> = rows.iter().filter_map(|row| row.get::<Option<String>, _>("value")).collect();
        all.insert(format!("{table}.{column}"), values.join("\n"));
    }
    all
}
