//! Legal holds: while one stands, nothing that the audit log knows of that person or collection is erased.
//!
//! One officer places a hold; its release takes two. The first who asks for it is written down, the second ends it.

use sealane_audit::event::Assurance;
use sealane_audit::{Kind, Private};
use sealane_database::audit_hold::{self, Hold};
use sealane_model::page::Page;
use sealane_model::{HoldId, Permit, PersonId, Problem, Timestamp, id::fresh_uuid, permit};
use sealane_policy::{Action, Resource};
use sealane_transfer::guard::Details;

use crate::act::{ask, conclude};
use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::erasures::concealed::{Concealed, Concealer};
use crate::erasures::{WAITS, about_question, own_request, settle, words};
use crate::page::PageQuery;
use crate::problem;
use crate::view::{HoldView, NewHold};

/// Place a hold.
pub async fn place(app: &App, caller: &Caller, wanted: NewHold) -> Result<HoldView, Problem> {
    let actor = Actor::from(caller);
    let about = match settle(app, wanted.about).await {
        Ok(about) => about,
        Err(problem) => return tell(app, &actor, Assurance::HoldPlace, problem).await,
    };
    let reason = words(wanted.reason, "reason")?;
    let id = HoldId::from_uuid(fresh_uuid(app.clock(), app.random()));
    let question = about_question(&actor, Action::ManageHolds, Assurance::HoldPlace, &about)
        .detail("hold", id.to_string())
        .private("reason", Private::new(reason.as_str()));
    let grant = app.permit::<permit::ManageHolds>(question).await?;
    let result = write(app, &grant.permit, id, &caller.person.id, &Concealed { about, words: reason }).await;
    conclude(grant, result, Details::none()).await
}

/// Holds that stand, the newest first.
pub async fn list(app: &App, caller: &Caller, query: &PageQuery) -> Result<Page<HoldView>, Problem> {
    let after = match &query.after {
        Some(text) => Some(text.parse::<HoldId>().map_err(|error| problem::bad_request("cursor", error.to_string()))?),
        None => None,
    };
    let question = ask(&Actor::from(caller), Action::ManageHolds, Resource::site(), Assurance::HoldList);
    let grant = app.permit::<permit::ManageHolds>(question).await?;
    let result = read(app, &grant.permit, after, query.rows()).await;
    conclude(grant, result, Details::none()).await
}

/// Ask for a hold's release, or agree to it where somebody else has asked within the last week.
pub async fn release(app: &App, caller: &Caller, id: HoldId) -> Result<HoldView, Problem> {
    let actor = Actor::from(caller);
    let (hold, concealed) = match open(app, id).await {
        Ok(found) => found,
        Err(problem) => return tell(app, &actor, Assurance::HoldRelease, problem).await,
    };
    let question = about_question(&actor, Action::ManageHolds, Assurance::HoldRelease, &concealed.about)
        .detail("hold", id.to_string());
    let grant = app.permit::<permit::ManageHolds>(question).await?;
    let (app, by) = (app.clone(), caller.person.id.clone());
    app.clone()
        .to_its_end(async move {
            let result = end(&app, &grant.permit, hold, &by).await;
            let details = match &result {
                Ok((_, true)) => Details::none().detail("step", "released"),
                Ok((_, false)) => Details::none().detail("step", "asked"),
                Err(_) => Details::none(),
            };
            let (hold, released) = conclude(grant, result, details).await?;
            Ok(view(hold, Some(concealed), released))
        })
        .await
}

async fn write(
    app: &App,
    _permit: &Permit<permit::ManageHolds>,
    id: HoldId,
    by: &PersonId,
    concealed: &Concealed,
) -> Result<HoldView, Problem> {
    let concealer = Concealer::of(app.guard().log())?;
    let hold = Hold {
        id,
        token: concealer.code(&concealed.about)?,
        sealed: concealer.seal(app.random(), &id.to_string(), concealed)?,
        placed_by: by.clone(),
        placed_at: app.now(),
        release_asked: None,
    };
    let mut db = app.db().await?;
    audit_hold::insert(&mut db, &hold).await.map_err(problem::database)?;
    let concealed = concealer.open(&id.to_string(), &hold.sealed)?;
    Ok(view(hold, Some(concealed), false))
}

async fn read(
    app: &App,
    _permit: &Permit<permit::ManageHolds>,
    after: Option<HoldId>,
    limit: usize,
) -> Result<Page<HoldView>, Problem> {
    let mut db = app.db().await?;
    let rows = audit_hold::list(&mut db, after, limit + 1).await.map_err(problem::database)?;
    let page = Page::from_surplus(rows, limit, |row| row.id.to_string());
    let concealer = Concealer::of(app.guard().log())?;
    let show = |hold: Hold| {
        let concealed = concealer.open(&hold.id.to_string(), &hold.sealed)?;
        Ok(view(hold, Some(concealed), false))
    };
    Ok(Page { items: page.items.into_iter().map(show).collect::<Result<_, Problem>>()?, next: page.next })
}

/// The first who comes asks, the second ends it. Says how the hold stands then, and whether it has ended.
async fn end(
    app: &App,
    _permit: &Permit<permit::ManageHolds>,
    mut hold: Hold,
    by: &PersonId,
) -> Result<(Hold, bool), Problem> {
    let now = app.now();
    let horizon = Timestamp::from_micros(now.as_micros() - i64::try_from(WAITS.as_micros()).unwrap_or(i64::MAX));
    let mut db = app.db().await?;
    if audit_hold::ask_release(&mut db, hold.id, by, now, horizon).await.map_err(problem::database)? {
        hold.release_asked = Some((by.clone(), now));
        return Ok((hold, false));
    }
    if audit_hold::release(&mut db, hold.id, by, horizon).await.map_err(problem::database)? {
        return Ok((hold, true));
    }
    match audit_hold::find(&mut db, hold.id).await.map_err(problem::database)? {
        Some(_) => Err(own_request()),
        None => Err(unknown()),
    }
}

/// What stands in the way is told to those who may ask; others are told that they may not. Both are recorded.
async fn tell<T>(app: &App, actor: &Actor, kind: impl Into<Kind>, problem: Problem) -> Result<T, Problem> {
    let question = ask(actor, Action::ManageHolds, Resource::site(), kind);
    let grant = app.permit::<permit::ManageHolds>(question).await?;
    conclude(grant, Err(problem), Details::none()).await
}

async fn open(app: &App, id: HoldId) -> Result<(Hold, Concealed), Problem> {
    let mut db = app.db().await?;
    let hold = audit_hold::find(&mut db, id).await.map_err(problem::database)?.ok_or_else(unknown)?;
    drop(db);
    let concealed = Concealer::of(app.guard().log())?.open(&id.to_string(), &hold.sealed)?;
    Ok((hold, concealed))
}

fn view(hold: Hold, concealed: Option<Concealed>, released: bool) -> HoldView {
    let (about, reason) = concealed.map_or((None, None), |it| (Some(it.about), Some(it.words)));
    let (release_asked_by, release_asked_at) =
        hold.release_asked.map_or((None, None), |(by, at)| (Some(by.subject), Some(at)));
    HoldView {
        id: hold.id,
        about,
        reason,
        placed_by: hold.placed_by.subject,
        placed_at: hold.placed_at,
        release_asked_by,
        release_asked_at,
        released,
    }
}

fn unknown() -> Problem {
    problem::not_found("hold-unknown", "legal hold").next("`sealane audit hold list` shows the holds that stand.")
}
