//! A node's start and stop, as the audit log tells them: between a start and the next, a missing stop is a crash.

use sealane_audit::event::Admin;
use sealane_audit::{Outcome, OutcomeRecord, Phase};
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

async fn record(app: &App, kind: Admin, version: &str) -> Result<(), Problem> {
    let event = app
        .guard()
        .event(kind, Phase::Info, app.guard().fresh_op())
        .actor(Actor::operator().recorded())
        .outcome(OutcomeRecord::new(Outcome::Done, "ok", ""))
        .detail("version", version);
    app.guard().record(event).await.map(drop).map_err(|error| problem::unrecorded(&error))
}
