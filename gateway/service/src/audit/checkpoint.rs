//! The signed head of this node's log, for those who read it.

use sealane_audit::Checkpoint;
use sealane_audit::event::Assurance;
use sealane_model::{Problem, permit};
use sealane_policy::{Action, Resource};
use sealane_transfer::guard::Details;

use crate::act::{ask, conclude};
use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::view::CheckpointView;

/// The signed head of this node's log.
pub async fn show(app: &App, caller: &Caller) -> Result<CheckpointView, Problem> {
    let actor = Actor::from(caller);
    let grant =
        app.permit::<permit::SeeAudit>(ask(&actor, Action::ReadAudit, Resource::site(), Assurance::AuditRead)).await?;
    let shown = view(&app.guard().log().checkpoint());
    conclude(grant, Ok(shown), Details::none()).await
}

pub(crate) fn view(checkpoint: &Checkpoint) -> CheckpointView {
    CheckpointView { size: checkpoint.size(), root: checkpoint.root().to_string(), note: checkpoint.text().to_owned() }
}
