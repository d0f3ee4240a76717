//! What has ended is forgotten: sessions, sign-ins that never came back, command lines that waited in vain, old keys.
//!
//! Nothing of this changes what anybody may do: what has expired is not honoured anyway. Expired uploads are cleared away
//! by the next upload to the same collection, whose permit covers it (`uploads`).

use std::time::Duration;

use sealane_database::{alert_hit, device_login, idempotency, login, session};
use sealane_model::{Problem, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::{alert_rules, problem};

const EVERY: Duration = Duration::from_secs(60);
const KEYS_FOR: Duration = Duration::from_secs(24 * 3600);
/// A node that was away for so long still adds what it has to what rules count.
const LATE_LOGS: Duration = Duration::from_secs(7 * 24 * 3600);

/// Sweep every minute until the site stops.
pub async fn run(app: App, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if let Err(problem) = sweep(&app).await {
            tracing::warn!(code = %problem.code, "expired rows could not be removed; tried again in a minute");
        }
    }
}

fn earlier(now: Timestamp, by: Duration) -> Timestamp {
    let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_sub(micros))
}

/// One sweep; returns how many rows are gone.
pub async fn sweep(app: &App) -> Result<u64, Problem> {
    let now = app.now();
    let horizon = earlier(now, KEYS_FOR);
    let mut db = app.db().await?;
    let mut gone = session::delete_expired(&mut db, now).await.map_err(problem::database)?;
    gone += login::delete_expired(&mut db, now).await.map_err(problem::database)?;
    gone += device_login::delete_expired(&mut db, now).await.map_err(problem::database)?;
    gone += idempotency::forget(&mut db, horizon).await.map_err(problem::database)?;
    let horizon = earlier(now, alert_rules::LONGEST_WINDOW + LATE_LOGS);
    gone += alert_hit::forget_before(&mut db, horizon).await.map_err(problem::database)?;
    Ok(gone)
}
