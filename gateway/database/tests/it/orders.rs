//! Signed orders: kept exactly, the latest is current.

use std::time::Duration;

use sealane_crypto::envelope::Signed;
use sealane_crypto::sign::SigningKey;
use sealane_database::{DbError, order};
use sealane_model::id::{OrderId, TaskId};
use sealane_model::order::{Order, PersonAssertion, Protection};
use sealane_model::task::TaskRole;
use sealane_model::time::Timestamp;
use sealane_policy::{Assurance, Class};

use crate::support::{NOW, TestDatabase, ana, clock, later, random, task};

on_both! {
    async fn an_order_comes_back_with_its_signature_intact(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let key = SigningKey::generate(random());
        let order = an_order(NOW, None);
        let signed = Signed::seal(&key, Order::CONTEXT, &order).unwrap();
        order::insert(&mut conn, &signed, &order).await.unwrap();
        let found = order::find(&mut conn, order.id).await.unwrap().unwrap();
        assert_eq!(found.open(&key.verifying_key(), Order::CONTEXT).unwrap(), order);
        assert!(order::find(&mut conn, OrderId::generate(&clock(), random())).await.unwrap().is_none());
    }

    async fn the_latest_order_of_a_task_is_current(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let key = SigningKey::generate(random());
        let newer = an_order(later(60), None);
        let older = an_order(NOW, Some(newer.task));
        let other = an_order(later(99), None);
        for order in [&newer, &older, &other] {
            order::insert(&mut conn, &Signed::seal(&key, Order::CONTEXT, order).unwrap(), order).await.unwrap();
        }
        let current = order::current(&mut conn, newer.task).await.unwrap().unwrap();
        assert_eq!(current.open(&key.verifying_key(), Order::CONTEXT).unwrap(), newer);
    }

    async fn an_order_may_be_offered_twice_but_its_id_not_reused(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let key = SigningKey::generate(random());
        let order = an_order(NOW, None);
        let signed = Signed::seal(&key, Order::CONTEXT, &order).unwrap();
        order::insert(&mut conn, &signed, &order).await.unwrap();
        order::insert(&mut conn, &signed, &order).await.unwrap();
        let altered = Order { lanes: 32, ..order };
        let forged = Signed::seal(&key, Order::CONTEXT, &altered).unwrap();
        let result = order::insert(&mut conn, &forged, &altered).await;
        assert!(matches!(result, Err(DbError::Duplicate(_))), "{result:?}");
        assert!(order::find(&mut conn, altered.id).await.unwrap() == Some(signed));
    }
}

fn an_order(issued_at: Timestamp, of: Option<TaskId>) -> Order {
    let task = task(TaskRole::Source);
    Order {
        id: OrderId::generate(&clock(), random()),
        task: of.unwrap_or(task.id),
        coordinator: task.source.site,
        source: task.source,
        destination: task.destination,
        items: task.items,
        person: PersonAssertion { person: ana(), groups: Vec::new(), assurance: Assurance::default(), client: None },
        purpose: task.purpose,
        class: Some(Class::Phi),
        protection: Protection::MutualTls13,
        lanes: 4,
        issued_at,
        expires_at: issued_at.after(Duration::from_secs(900)),
    }
}
