//! Sessions: from a token to a caller, and the end of it.
//!
//! A token says nothing by itself: 256 random bits that the database knows by their digest. A session ends at its absolute
//! lifetime, whatever happens, and after its idle time without a request. INVARIANT: `authenticate` is the only way to a
//! [`Caller`].

use std::time::Duration;

use sealane_audit::event::Identity;
use sealane_crypto::digest::Digest;
use sealane_crypto::secret::constant_time_eq;
use sealane_database::session;
use sealane_model::{Person, Problem, Session, SessionKind, Timestamp, permit};
use sealane_policy::{Action, Assurance, Resource, Subject};
use sealane_transfer::guard::Details;

use crate::act::{ask, conclude};
use crate::app::{App, Settings};
use crate::caller::{Actor, Caller, Client};
use crate::identity::token;
use crate::problem;

/// A session's idle end is moved at most so often: a request more is not a write more.
const EXTEND_AFTER: Duration = Duration::from_secs(60);
const MAX_TOKEN: usize = 128;

/// The caller that a token stands for, if its session lives and the token is where such a token belongs.
pub async fn authenticate(
    app: &App,
    token: &str,
    kind: SessionKind,
    client: &Client,
) -> Result<Option<Caller>, Problem> {
    if token.is_empty() || token.len() > MAX_TOKEN {
        return Ok(None);
    }
    let now = app.now();
    let mut db = app.db().await?;
    let found = session::find(&mut db, &token_digest(token), now).await.map_err(problem::database)?;
    let absolute_end = |session: &Session| session.created_at.after(app.settings().session_lifetime);
    // A cookie's token is no bearer token and the reverse: one that leaks from one place is of no use in the other.
    let Some(session) = found.filter(|session| session.kind == kind && now < absolute_end(session)) else {
        return Ok(None);
    };
    drop(db);
    extend(app, &session, now).await?;
    Ok(Some(Caller {
        subject: subject_of(app, &session.person, &session.groups, &session.assurance),
        auth_time: session.assurance.auth_time_s.map(Timestamp::from_seconds),
        expires_at: absolute_end(&session),
        session: session.digest,
        kind: session.kind,
        person: session.person,
        client: client.address.clone(),
        request: client.request,
    }))
}

/// End the caller's session.
pub async fn sign_out(app: &App, caller: &Caller) -> Result<(), Problem> {
    let actor = Actor::from(caller);
    let grant =
        app.permit::<permit::Session>(ask(&actor, Action::SignOut, Resource::site(), Identity::SignOut)).await?;
    let result = delete(app, &caller.session).await;
    conclude(grant, result, Details::none()).await
}

/// What a form of this session must carry: whoever does not know the cookie cannot make it (CSRF).
#[must_use]
pub fn form_token(session_token: &str) -> String {
    token::stored("form", &[session_token]).to_string()
}

/// Whether a form's token belongs to this session.
#[must_use]
pub fn form_token_matches(session_token: &str, given: &str) -> bool {
    constant_time_eq(form_token(session_token).as_bytes(), given.as_bytes())
}

pub(crate) fn token_digest(token: &str) -> Digest {
    token::stored("session", &[token])
}

/// When a session that was used at `used` ends, if nothing more comes.
pub(crate) fn bounded_end(settings: &Settings, created: Timestamp, used: Timestamp) -> Timestamp {
    created.after(settings.session_lifetime).min(used.after(settings.session_idle))
}

pub(crate) fn subject_of(app: &App, person: &Person, groups: &[String], assurance: &Assurance) -> Subject {
    let mut subject = Subject::person(person.id.clone(), assurance.clone());
    subject.email.clone_from(&person.email);
    subject.groups = groups.to_vec();
    subject.roles = app.roles_of(person);
    subject
}

async fn delete(app: &App, digest: &Digest) -> Result<(), Problem> {
    let mut db = app.db().await?;
    session::delete(&mut db, digest).await.map(drop).map_err(problem::database)
}

/// Move the idle end: the row is written anew, under the same digest, in one transaction.
async fn extend(app: &App, session: &Session, now: Timestamp) -> Result<(), Problem> {
    let end = bounded_end(app.settings(), session.created_at, now);
    if end.since(session.expires_at) < EXTEND_AFTER {
        return Ok(());
    }
    let mut tx = app.database().begin().await.map_err(problem::database)?;
    // Signed out meanwhile: it stays so.
    if session::delete(&mut tx, &session.digest).await.map_err(problem::database)? {
        let longer = Session { expires_at: end, ..session.clone() };
        session::insert(&mut tx, &longer).await.map_err(problem::database)?;
    }
    tx.commit().await.map_err(problem::database)
}
