//! How far the index is behind the logs.

use std::time::Duration;

use sealane_database::audit_index;
use sealane_model::Problem;

use super::indexer;
use crate::app::App;
use crate::problem;
use crate::view::audit::LogLag;

/// How long a question waits for the index; behind a longer backlog it says what is missing.
const PATIENCE: Duration = Duration::from_secs(5);

/// Brings the index up to this node's log if that is soon done, and says where every log stands: this node's as it was
/// when the question came, the others' as their nodes told last.
pub(crate) async fn wait(app: &App) -> Result<Vec<LogLag>, Problem> {
    let log = app.guard().log();
    let asked_at = log.head().0;
    // Interrupted in the middle, it goes on with the next round: each batch is whole by itself.
    match tokio::time::timeout(PATIENCE, indexer::catch_up(app)).await {
        Ok(done) => done?,
        Err(_) => tracing::info!("a question to the audit log did not wait for the index any longer"),
    }
    let mut db = app.db().await?;
    let positions = audit_index::positions(&mut db).await.map_err(problem::database)?;
    let told = |position: audit_index::LogPosition| {
        let here = position.origin == log.origin();
        let size = if here { asked_at } else { position.size };
        LogLag {
            size: size.max(position.indexed),
            told_at: if here { app.now() } else { position.told_at },
            log: position.origin,
            indexed: position.indexed,
            here,
        }
    };
    Ok(positions.into_iter().map(told).collect())
}
