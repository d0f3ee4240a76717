//! How far the index is behind the logs.

use std::time::Duration;

use sealane_database::audit_index::{self, LogPosition};
use sealane_model::Problem;

use super::indexer;
use crate::app::App;
use crate::problem;

/// How long a question waits for the index; behind a longer backlog it says what is missing.
const PATIENCE: Duration = Duration::from_secs(5);

/// Brings the index up to this node's log if that is soon done, and says where every log stands.
pub(super) async fn wait(app: &App) -> Result<Vec<LogPosition>, Problem> {
    // Interrupted in the middle, it goes on with the next round: each batch is whole by itself.
    match tokio::time::timeout(PATIENCE, indexer::catch_up(app)).await {
        Ok(done) => done?,
        Err(_) => tracing::info!("a question to the audit log did not wait for the index any longer"),
    }
    let mut db = app.db().await?;
    audit_index::positions(&mut db).await.map_err(problem::database)
}
