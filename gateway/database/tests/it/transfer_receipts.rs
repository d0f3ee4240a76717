//! Receipts between two sites: what is owed, and who asks for it.

use std::sync::Arc;

use sealane_database::DbError;
use sealane_database::transfer_receipt::{self, Held, ReceiptState};
use sealane_model::task::TaskRole;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::support::{NOW, TestDatabase, later, site_id, stored_task, task};

fn document(text: &str, confirmed: bool) -> Held<'_> {
    Held { document: text, confirmed, next_at: later(7) }
}

on_both! {
    async fn a_receipt_is_owed_until_it_is_held_and_then_stays_held(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Destination).await.id;
        let mut conn = db.database.acquire().await.unwrap();
        let peer = site_id();
        transfer_receipt::owe(&mut conn, task, peer, true, "ours", NOW).await.unwrap();
        transfer_receipt::owe(&mut conn, task, site_id(), false, "again", later(1)).await.unwrap();
        let owed = transfer_receipt::find(&mut conn, task).await.unwrap().unwrap();
        assert_eq!((owed.peer, owed.asks, owed.ours.as_str(), owed.state), (peer, true, "ours", ReceiptState::Owed));

        transfer_receipt::hindered(&mut conn, task, "away").await.unwrap();
        assert!(transfer_receipt::refuse(&mut conn, task, "receipt-differs", later(2)).await.unwrap());
        assert!(!transfer_receipt::refuse(&mut conn, task, "receipt-differs", later(3)).await.unwrap());
        let refused = transfer_receipt::find(&mut conn, task).await.unwrap().unwrap();
        assert_eq!((refused.state, refused.cause.as_deref(), refused.since), (ReceiptState::Refused, Some("receipt-differs"), later(2)));

        assert!(transfer_receipt::hold(&mut conn, task, &document("document", false), later(4)).await.unwrap());
        assert!(!transfer_receipt::hold(&mut conn, task, &document("another", false), later(5)).await.unwrap());
        assert!(!transfer_receipt::refuse(&mut conn, task, "receipt-differs", later(6)).await.unwrap());
        let held = transfer_receipt::find(&mut conn, task).await.unwrap().unwrap();
        assert_eq!((held.state, held.document.as_deref(), held.cause, held.since), (ReceiptState::Held, Some("document"), None, later(4)));
        assert_eq!(transfer_receipt::due(&mut conn, later(9), 9).await.unwrap(), []);
    }

    async fn what_is_due_is_what_this_site_asks_for_the_longest_due_first(db: &TestDatabase) {
        let database = db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let mut tasks = Vec::new();
        for (seconds, asks) in [(5, true), (1, true), (1, false), (9, true)] {
            let task = stored_task(database, TaskRole::Destination).await.id;
            transfer_receipt::owe(&mut conn, task, site_id(), asks, "ours", later(seconds)).await.unwrap();
            tasks.push(task);
        }
        let due = transfer_receipt::due(&mut conn, later(5), 9).await.unwrap();
        assert_eq!(due.iter().map(|row| row.task).collect::<Vec<_>>(), [tasks[1], tasks[0]]);
        assert_eq!(transfer_receipt::due(&mut conn, later(5), 1).await.unwrap().len(), 1);
    }

    async fn of_nodes_that_take_what_is_due_one_gets_it(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Destination).await.id;
        let mut conn = db.database.acquire().await.unwrap();
        transfer_receipt::owe(&mut conn, task, site_id(), true, "ours", NOW).await.unwrap();
        let seen = transfer_receipt::find(&mut conn, task).await.unwrap().unwrap();
        let start = Arc::new(Barrier::new(4));
        let mut nodes = JoinSet::new();
        for seconds in 1..=4 {
            let (database, start, seen) = (db.database.clone(), Arc::clone(&start), seen.clone());
            nodes.spawn(async move {
                start.wait().await;
                transfer_receipt::claim(&mut database.acquire().await.unwrap(), &seen, later(seconds)).await.unwrap()
            });
        }
        assert_eq!(nodes.join_all().await.into_iter().filter(|won| *won).count(), 1);
        let claimed = transfer_receipt::find(&mut conn, task).await.unwrap().unwrap();
        assert!(claimed.tries == 1 && claimed.next_at > NOW, "{claimed:?}");
    }

    async fn a_held_receipt_is_looked_at_again_until_witnesses_have_confirmed_both_parts(db: &TestDatabase) {
        let task = stored_task(db.migrated().await, TaskRole::Destination).await.id;
        let mut conn = db.database.acquire().await.unwrap();
        transfer_receipt::owe(&mut conn, task, site_id(), true, "ours", NOW).await.unwrap();
        assert!(!transfer_receipt::confirm(&mut conn, task, &document("early", true)).await.unwrap(), "not held yet");
        transfer_receipt::hold(&mut conn, task, &document("bare", false), later(1)).await.unwrap();
        assert_eq!(transfer_receipt::unconfirmed(&mut conn, later(6), 3, 9).await.unwrap(), [], "not due yet");
        let [row] = transfer_receipt::unconfirmed(&mut conn, later(7), 3, 9).await.unwrap().try_into().unwrap();
        assert!(transfer_receipt::claim(&mut conn, &row, later(8)).await.unwrap());
        assert!(!transfer_receipt::claim(&mut conn, &row, later(8)).await.unwrap(), "another node has it");
        assert_eq!(transfer_receipt::unconfirmed(&mut conn, later(9), 1, 9).await.unwrap(), [], "asked for often enough");
        assert!(transfer_receipt::confirm(&mut conn, task, &document("cosigned", true)).await.unwrap());
        assert!(!transfer_receipt::confirm(&mut conn, task, &document("again", true)).await.unwrap());
        assert_eq!(transfer_receipt::unconfirmed(&mut conn, later(99), 9, 9).await.unwrap(), []);
        let held = transfer_receipt::find(&mut conn, task).await.unwrap().unwrap();
        assert_eq!((held.document.as_deref(), held.confirmed, held.since), (Some("cosigned"), true, later(1)));
    }

    async fn a_receipt_needs_its_task(db: &TestDatabase) {
        db.migrated().await;
        let mut conn = db.database.acquire().await.unwrap();
        let none = transfer_receipt::owe(&mut conn, task(TaskRole::Source).id, site_id(), false, "ours", NOW).await;
        assert!(matches!(none, Err(DbError::Reference(_))), "{none:?}");
    }
}
