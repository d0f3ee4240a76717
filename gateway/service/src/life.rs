//! A node's start and stop, as the audit log tells them: between a start and the next, a missing stop is a crash. What differs
//! from the start before is told with it: the configuration, and the layout of the control database.

use sealane_audit::event::Admin;
use sealane_audit::{Outcome, OutcomeRecord, Phase};
use sealane_crypto::digest::Digest;
use sealane_database::{MigrationState, setting};
use sealane_model::Problem;

use crate::app::App;
use crate::caller::Actor;
use crate::problem;

/// The node begins to answer; `version` is what runs. What cannot be recorded does not start.
pub async fn started(app: &App, version: &str) -> Result<(), Problem> {
    record(app, Admin::SiteStart, version).await
}

/// The node stops in good order: everything that was begun has ended or was put down.
pub async fn stops(app: &App, version: &str) -> Result<(), Problem> {
    record(app, Admin::SiteStop, version).await
}

/// Says what has changed since the last start of any node: the configuration of this one, of which the digest is recorded, and
/// the layout of the database. An entry comes before what it is about is remembered as told.
pub async fn changed(app: &App, configuration: &Digest) -> Result<(), Problem> {
    let key = format!("told-configuration/{}", app.guard().log().origin());
    told_once(app, Admin::ConfigChange, "configuration", &key, &configuration.to_string()).await?;
    let layout = app.database().status().await.map_err(problem::database)?;
    let newest = layout.iter().filter(|line| line.state == MigrationState::Applied).map(|line| line.version).max();
    told_once(app, Admin::DatabaseMigrate, "layout", "told-layout", &newest.unwrap_or_default().to_string()).await
}

async fn told_once(app: &App, kind: Admin, what: &str, key: &str, now: &str) -> Result<(), Problem> {
    let mut db = app.db().await?;
    let before = setting::get(&mut db, key).await.map_err(problem::database)?;
    drop(db);
    if before.as_deref() == Some(now) {
        return Ok(());
    }
    let event = app.guard().event(kind, Phase::Info, app.guard().fresh_op()).outcome(OutcomeRecord::done()).changed(
        what,
        before.map(Into::into),
        Some(now.into()),
    );
    app.guard().record(event).await.map_err(|error| problem::unrecorded(&error))?;
    let mut db = app.db().await?;
    setting::put(&mut db, key, now).await.map_err(problem::database)
}

async fn record(app: &App, kind: Admin, version: &str) -> Result<(), Problem> {
    let event = app
        .guard()
        .event(kind, Phase::Info, app.guard().fresh_op())
        .actor(Actor::operator().recorded())
        .outcome(OutcomeRecord::new(Outcome::Done, "ok", ""))
        .detail("version", version);
    app.guard().record(event).await.map(drop).map_err(|error| problem::unrecorded(&error))
}
