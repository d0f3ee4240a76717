//! Health: whether the process answers, and whether it can do its work. Public, so it says little and costs little.

use std::time::Duration;

use sealane_database::{alert, collection, storage_gateway};
use sealane_model::alert::Severity;
use sealane_model::{Problem, Timestamp};
use tokio::sync::Mutex;

use crate::act::blocking;
use crate::app::App;
use crate::problem;
use crate::view::{HealthPart, LiveView, ReadyView};

/// Anybody may ask; the parts are looked at once a second at most.
const KEEP: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(3);
const MOST_COLLECTIONS: usize = 1_000;

/// The last look.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Option<(Timestamp, ReadyView)>>);

/// The process answers.
#[must_use]
pub fn live() -> LiveView {
    LiveView { status: "live".to_owned() }
}

/// Whether database, audit log and storage work.
pub async fn ready(app: &App) -> ReadyView {
    let now = app.now();
    let mut last = app.parts().readiness.0.lock().await;
    if let Some((at, view)) = last.as_ref()
        && now.since(*at) < KEEP
        && *at <= now
    {
        return view.clone();
    }
    let audit = app.guard().log().health().map_err(|error| problem::unrecorded(&error));
    let parts = vec![
        part("database", in_time(database(app)).await),
        part("audit", audit),
        part("witness", witness(app)),
        part("storage", in_time(storage(app)).await),
        part("alarms", alarms(app)),
        part("alerts", in_time(alerts(app)).await),
    ];
    // A node whose witnesses are away still serves what needs none, and so does one that has something to tell: a balancer
    // must not take it out.
    let tells = |part: &HealthPart| ["witness", "alarms", "alerts"].contains(&part.name.as_str());
    let view = ReadyView { ready: parts.iter().all(|part| part.ok || tells(part)), parts };
    *last = Some((now, view.clone()));
    view
}

/// Whether restricted data are refused because the audit log waits for its witnesses.
fn witness(app: &App) -> Result<(), Problem> {
    if !app.parts().witnessing.is_exposed() {
        return Ok(());
    }
    Err(Problem::new(
        sealane_model::problem::ProblemKind::Unavailable,
        "audit-exposed",
        "The audit log waits for its witnesses",
        "More of it than may waits for a quorum to confirm it.",
    ))
}

/// The gravest of what this node has noticed. Known also where it can be neither recorded nor stored.
fn alarms(app: &App) -> Result<(), Problem> {
    match app.parts().alerting.noticed().into_iter().max_by_key(|alarm| alarm.severity()) {
        None => Ok(()),
        Some(alarm) => Err(Problem::new(
            sealane_model::problem::ProblemKind::Unavailable,
            alarm.word(),
            "The node has noticed something",
            "`sealane audit status` says what.",
        )),
    }
}

/// Whether an urgent alert waits for somebody.
async fn alerts(app: &App) -> Result<(), Problem> {
    let mut db = app.db().await?;
    let counts = alert::counts(&mut db).await.map_err(problem::database)?;
    if !counts.iter().any(|(_, severity, cleared, _)| *severity == Severity::Urgent && !cleared) {
        return Ok(());
    }
    Err(Problem::new(
        sealane_model::problem::ProblemKind::Unavailable,
        "alert-urgent",
        "An urgent alert is not closed",
        "`sealane audit alert list` shows it to officers.",
    ))
}

async fn database(app: &App) -> Result<(), Problem> {
    app.database().ping().await.map_err(problem::database)
}

/// Every collection's storage answers.
async fn storage(app: &App) -> Result<(), Problem> {
    let mut db = app.db().await?;
    let gateways = storage_gateway::list(&mut db).await.map_err(problem::database)?;
    let collections = collection::list(&mut db, None, MOST_COLLECTIONS).await.map_err(problem::database)?;
    drop(db);
    let registry = std::sync::Arc::clone(&app.parts().registry);
    blocking(move || {
        for collection in &collections {
            let gateway = gateways.iter().find(|gateway| gateway.id == collection.storage_gateway);
            if let Some(gateway) = gateway {
                registry.open(collection, gateway)?.free_bytes()?;
            }
        }
        Ok(())
    })
    .await
}

async fn in_time(look: impl Future<Output = Result<(), Problem>>) -> Result<(), Problem> {
    let late = || {
        Problem::new(
            sealane_model::problem::ProblemKind::Unavailable,
            "timeout",
            "No answer in time",
            "It does not answer.",
        )
    };
    tokio::time::timeout(PATIENCE, look).await.unwrap_or_else(|_| Err(late()))
}

fn part(name: &str, result: Result<(), Problem>) -> HealthPart {
    HealthPart { name: name.to_owned(), ok: result.is_ok(), code: result.err().map(|problem| problem.code) }
}
