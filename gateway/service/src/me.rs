//! What the site knows of the person who asks.

use sealane_audit::event::Identity;
use sealane_model::{Problem, permit};
use sealane_policy::{Action, Resource};
use sealane_transfer::guard::Details;

use crate::act::{ask, conclude};
use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::view::{AssuranceView, MeView};

/// The caller, as policy sees them.
pub async fn show(app: &App, caller: &Caller) -> Result<MeView, Problem> {
    let actor = Actor::from(caller);
    let grant =
        app.permit::<permit::SeeSelf>(ask(&actor, Action::ShowSelf, Resource::site(), Identity::ShowSelf)).await?;
    conclude(grant, Ok(view(app, caller)), Details::none()).await
}

fn view(app: &App, caller: &Caller) -> MeView {
    let assurance = &caller.subject.assurance;
    MeView {
        issuer: caller.person.id.issuer.clone(),
        subject: caller.person.id.subject.clone(),
        display_name: caller.person.display_name().to_owned(),
        email: caller.person.email.clone(),
        groups: caller.subject.groups.clone(),
        roles: caller.subject.roles.iter().map(ToString::to_string).collect(),
        assurance: AssuranceView {
            acr: assurance.acr.clone(),
            amr: assurance.amr.clone(),
            auth_time: caller.auth_time,
        },
        session: caller.kind,
        expires_at: caller.expires_at,
        site: app.identity().name.clone(),
        site_title: app.identity().title.clone(),
    }
}
