//! Erasing what the audit log knows of a person or collection: one officer asks, another agrees, every node does its part.
//!
//! **Promises.** Nobody approves what they asked for themselves, nothing is erased after the request has expired or while
//! a legal hold stands, and each step is an entry: request, approval, and on each node the destruction with its count.
//! Names stand in entries and in the database concealed only. Entries themselves are never removed.
//!
//! **Leaves to others.** Destroying keys and proving it (`audit`), carrying it out on this node (`carry_out`).

pub mod carry_out;
pub(crate) mod concealed;

use std::time::Duration;

use sealane_audit::event::Assurance;
use sealane_audit::{Kind, Object, Private};
use sealane_database::erasure::Erasure;
use sealane_database::{DbError, audit_hold, collection, erasure, erasure_part, person};
use sealane_model::page::Page;
use sealane_model::problem::ProblemKind;
use sealane_model::{ErasureId, Permit, PersonId, Problem, id::fresh_uuid, permit};
use sealane_policy::{Action, Resource};
use sealane_transfer::guard::{Ask, Details};

use self::concealed::{Concealed, Concealer, scope};
use crate::act::{ask, conclude};
use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::page::PageQuery;
use crate::place::CollectionRef;
use crate::problem;
use crate::view::{AboutView, ErasurePartView, ErasureState, ErasureView, NewErasure};

/// How long a request waits for a second officer; the same for the release of a hold.
pub(crate) const WAITS: Duration = Duration::from_secs(7 * 24 * 3600);

/// The longest basis or reason.
const LONGEST_WORDS: usize = 2000;

/// Ask for an erasure.
pub async fn request(app: &App, caller: &Caller, wanted: NewErasure) -> Result<ErasureView, Problem> {
    let actor = Actor::from(caller);
    let about = match settle(app, wanted.about).await {
        Ok(about) => about,
        Err(problem) => return tell(app, &actor, Action::RequestErasure, Assurance::EraseRequest, problem).await,
    };
    let basis = words(wanted.basis, "basis")?;
    let id = ErasureId::from_uuid(fresh_uuid(app.clock(), app.random()));
    let question = about_question(&actor, Action::RequestErasure, Assurance::EraseRequest, &about)
        .detail("erasure", id.to_string())
        .detail("retention_years", app.settings().retention_years)
        .private("basis", Private::new(basis.as_str()));
    let grant = app.permit::<permit::GovernErasure>(question).await?;
    let (app, by) = (app.clone(), caller.person.id.clone());
    app.clone()
        .to_its_end(async move {
            let concealed = Concealed { about, words: basis };
            let result = write(&app, &grant.permit, id, &by, &concealed).await;
            conclude(grant, result, Details::none()).await
        })
        .await
}

/// Erasures, the newest first.
pub async fn list(app: &App, caller: &Caller, query: &PageQuery) -> Result<Page<ErasureView>, Problem> {
    let after = match &query.after {
        Some(text) => {
            Some(text.parse::<ErasureId>().map_err(|error| problem::bad_request("cursor", error.to_string()))?)
        }
        None => None,
    };
    let question = ask(&Actor::from(caller), Action::RequestErasure, Resource::site(), Assurance::EraseList);
    let grant = app.permit::<permit::GovernErasure>(question).await?;
    let result = read(app, &grant.permit, after, query.rows()).await;
    conclude(grant, result, Details::none()).await
}

/// Agree to an erasure that somebody else asked for. This node does its part before the answer, the others soon after.
pub async fn approve(app: &App, caller: &Caller, id: ErasureId) -> Result<ErasureView, Problem> {
    let actor = Actor::from(caller);
    let (row, concealed) = match open(app, id).await {
        Ok(found) => found,
        Err(problem) => return tell(app, &actor, Action::ApproveErasure, Assurance::EraseApprove, problem).await,
    };
    let question = about_question(&actor, Action::ApproveErasure, Assurance::EraseApprove, &concealed.about)
        .detail("erasure", id.to_string())
        .private("basis", Private::new(concealed.words));
    let grant = app.permit::<permit::GovernErasure>(question).await?;
    let (app, caller) = (app.clone(), caller.clone());
    app.clone()
        .to_its_end(async move {
            let result = agree(&app, &grant.permit, &caller, &row).await;
            conclude(grant, result, Details::none()).await?;
            // What fails here is tried again by the node itself; the approval stands.
            if let Err(problem) = carry_out::pending(&app).await {
                tracing::error!(code = %problem.code, erasure = %id, "an approved erasure is not carried out yet");
            }
            show(&app, id).await
        })
        .await
}

/// Take back or refuse an erasure that nobody has approved.
pub async fn withdraw(app: &App, caller: &Caller, id: ErasureId) -> Result<(), Problem> {
    let actor = Actor::from(caller);
    let (_, concealed) = match open(app, id).await {
        Ok(found) => found,
        Err(problem) => return tell(app, &actor, Action::RequestErasure, Assurance::EraseWithdraw, problem).await,
    };
    let question = about_question(&actor, Action::RequestErasure, Assurance::EraseWithdraw, &concealed.about)
        .detail("erasure", id.to_string());
    let grant = app.permit::<permit::GovernErasure>(question).await?;
    let result = remove(app, &grant.permit, id).await;
    conclude(grant, result, Details::none()).await
}

/// A question about somebody's values: whom it names is erased with them.
pub(crate) fn about_question(actor: &Actor, action: Action, kind: impl Into<Kind>, about: &AboutView) -> Ask {
    let question = ask(actor, action, Resource::site(), kind);
    match about {
        AboutView::Person { issuer, subject } => question
            .detail("about", "person")
            .private("issuer", Private::new(issuer.as_str()).of(scope(about)))
            .private("subject", Private::new(subject.as_str()).of(scope(about))),
        AboutView::Collection { collection } => Ask {
            object: Object { collection: Some(collection.clone()), ..Object::default() },
            ..question.detail("about", "collection")
        },
    }
}

/// The lasting name of what is meant: a collection's id, which also stays when the collection is gone.
pub(crate) async fn settle(app: &App, about: AboutView) -> Result<AboutView, Problem> {
    match about {
        AboutView::Person { issuer, subject } if issuer.is_empty() || subject.is_empty() => Err(problem::bad_request(
            "person-incomplete",
            "A person is named by issuer and subject, both as the identity provider gives them.",
        )),
        AboutView::Person { .. } => Ok(about),
        AboutView::Collection { collection: text } => {
            let reference: CollectionRef = text.parse()?;
            let id = match (reference.id_here(), reference.name_here()) {
                (Some(id), _) => Some(id),
                (None, Some(name)) => {
                    let mut db = app.db().await?;
                    collection::find_by_name(&mut db, name).await.map_err(problem::database)?.map(|found| found.id)
                }
                (None, None) => None,
            };
            let id = id.ok_or_else(problem::collection_unknown)?;
            Ok(AboutView::Collection { collection: id.to_string() })
        }
    }
}

pub(crate) fn words(text: String, what: &str) -> Result<String, Problem> {
    let text = text.trim().to_owned();
    if text.is_empty() || text.len() > LONGEST_WORDS {
        return Err(problem::bad_request(
            &format!("{what}-missing"),
            format!("The {what} is a text of 1 to {LONGEST_WORDS} bytes that an auditor can follow."),
        ));
    }
    Ok(text)
}

/// Refuses while a legal hold stands.
pub(crate) async fn not_held(app: &App, code: &str) -> Result<(), Problem> {
    let mut db = app.db().await?;
    match audit_hold::on(&mut db, code).await.map_err(problem::database)? {
        None => Ok(()),
        Some(hold) => Err(Problem::new(
            ProblemKind::Conflict,
            "on-hold",
            "A legal hold stands",
            format!("Nothing of it is erased while hold {hold} stands (GDPR Art. 17(3)(e))."),
        )
        .next("`sealane audit hold list` shows it; two officers can release it.")),
    }
}

async fn write(
    app: &App,
    _permit: &Permit<permit::GovernErasure>,
    id: ErasureId,
    by: &PersonId,
    concealed: &Concealed,
) -> Result<ErasureView, Problem> {
    let concealer = Concealer::of(app.guard().log())?;
    let code = concealer.code(&concealed.about)?;
    not_held(app, &code).await?;
    let now = app.now();
    let row = Erasure {
        id,
        token: Some(code),
        sealed: Some(concealer.seal(app.random(), &id.to_string(), concealed)?),
        requested_by: by.clone(),
        requested_at: now,
        expires_at: now.after(WAITS),
        approved: None,
    };
    let mut db = app.db().await?;
    match erasure::insert(&mut db, &row).await {
        Ok(()) => {}
        Err(DbError::Duplicate(_)) => return Err(already_open()),
        Err(error) => return Err(problem::database(error)),
    }
    drop(db);
    show(app, id).await
}

async fn agree(
    app: &App,
    _permit: &Permit<permit::GovernErasure>,
    caller: &Caller,
    row: &Erasure,
) -> Result<(), Problem> {
    let mut db = app.db().await?;
    let asked = person::find(&mut db, &row.requested_by).await.map_err(problem::database)?;
    drop(db);
    let email = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
    let same_address =
        asked.is_some_and(|asked| asked.email.is_some() && email(&asked.email) == email(&caller.person.email));
    if row.requested_by == caller.person.id || same_address {
        return Err(own_request());
    }
    let now = app.now();
    if row.expires_at <= now {
        return Err(Problem::new(
            ProblemKind::Conflict,
            "erasure-expired",
            "The request has expired",
            format!("It could be approved until {}.", row.expires_at),
        )
        .next("Ask for the erasure anew."));
    }
    not_held(app, row.token.as_deref().unwrap_or_default()).await?;
    let mut db = app.db().await?;
    let agreed = erasure::approve(&mut db, row.id, &caller.person.id, now).await.map_err(problem::database)?;
    if agreed { Ok(()) } else { Err(not_waiting()) }
}

async fn remove(app: &App, _permit: &Permit<permit::GovernErasure>, id: ErasureId) -> Result<(), Problem> {
    let mut db = app.db().await?;
    let removed = erasure::withdraw(&mut db, id).await.map_err(problem::database)?;
    if removed { Ok(()) } else { Err(not_waiting()) }
}

async fn read(
    app: &App,
    _permit: &Permit<permit::GovernErasure>,
    after: Option<ErasureId>,
    limit: usize,
) -> Result<Page<ErasureView>, Problem> {
    let mut db = app.db().await?;
    let rows = erasure::list(&mut db, after, limit + 1).await.map_err(problem::database)?;
    drop(db);
    let page = Page::from_surplus(rows, limit, |row| row.id.to_string());
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        items.push(view(app, row).await?);
    }
    Ok(Page { items, next: page.next })
}

/// What stands in the way is told to those who may ask; others are told that they may not. Both are recorded.
async fn tell<T>(
    app: &App,
    actor: &Actor,
    action: Action,
    kind: impl Into<Kind>,
    problem: Problem,
) -> Result<T, Problem> {
    let grant = app.permit::<permit::GovernErasure>(ask(actor, action, Resource::site(), kind)).await?;
    conclude(grant, Err(problem), Details::none()).await
}

/// One that is not done yet, with what it is about.
async fn open(app: &App, id: ErasureId) -> Result<(Erasure, Concealed), Problem> {
    let mut db = app.db().await?;
    let row = erasure::find(&mut db, id).await.map_err(problem::database)?.ok_or_else(unknown)?;
    drop(db);
    let Some(sealed) = &row.sealed else { return Err(not_waiting()) };
    let concealed = Concealer::of(app.guard().log())?.open(&id.to_string(), sealed)?;
    Ok((row, concealed))
}

async fn show(app: &App, id: ErasureId) -> Result<ErasureView, Problem> {
    let mut db = app.db().await?;
    let row = erasure::find(&mut db, id).await.map_err(problem::database)?.ok_or_else(unknown)?;
    drop(db);
    view(app, row).await
}

async fn view(app: &App, row: Erasure) -> Result<ErasureView, Problem> {
    let mut db = app.db().await?;
    let parts = erasure_part::of(&mut db, row.id).await.map_err(problem::database)?;
    let held = match &row.token {
        Some(code) => audit_hold::on(&mut db, code).await.map_err(problem::database)?.is_some(),
        None => false,
    };
    drop(db);
    let concealed = match &row.sealed {
        Some(sealed) => Some(Concealer::of(app.guard().log())?.open(&row.id.to_string(), sealed)?),
        None => None,
    };
    let (about, basis) = concealed.map_or((None, None), |it| (Some(it.about), Some(it.words)));
    let state = match (&row.approved, &row.token) {
        (None, _) if row.expires_at <= app.now() => ErasureState::Expired,
        (None, _) => ErasureState::Waiting,
        (Some(_), None) => ErasureState::Done,
        (Some(_), Some(_)) if held => ErasureState::Held,
        (Some(_), Some(_)) => ErasureState::Approved,
    };
    let (approved_by, approved_at) = row.approved.map_or((None, None), |(by, at)| (Some(by.subject), Some(at)));
    Ok(ErasureView {
        id: row.id,
        state,
        about,
        basis,
        requested_by: row.requested_by.subject,
        requested_at: row.requested_at,
        expires_at: row.expires_at,
        approved_by,
        approved_at,
        parts: parts
            .into_iter()
            .map(|part| ErasurePartView {
                log: part.origin,
                done_at: part.done.map(|(at, _)| at),
                values: part.done.map(|(_, values)| values),
            })
            .collect(),
    })
}

pub(crate) fn own_request() -> Problem {
    Problem::new(
        ProblemKind::Denied,
        "own-request",
        "A second person has to agree",
        "Nobody approves what they asked for themselves.",
    )
    .next("Ask another compliance officer to look at it.")
}

fn already_open() -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "erasure-open",
        "The same erasure is under way",
        "An erasure of the same person or collection waits for approval or is being carried out.",
    )
    .next("`sealane audit erase list` shows it.")
}

fn not_waiting() -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "erasure-approved",
        "The erasure was approved already",
        "It is being carried out, or is done.",
    )
    .next("`sealane audit erase list` shows how far it is.")
}

fn unknown() -> Problem {
    problem::not_found("erasure-unknown", "erasure").next("`sealane audit erase list` shows erasures.")
}
