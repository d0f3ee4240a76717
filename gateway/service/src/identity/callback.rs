//! A sign-in ends: what the identity provider sent back is checked, and a session begins.
//!
//! Order of checks: the state is ours, from this browser, unused and in time; the answer comes from the provider that we
//! asked (RFC 9207); the code is exchanged with the PKCE verifier; the identity token holds (`claims`). Only then is
//! anybody known. Every end, good or bad, is an audit entry. The session's token is new at every sign-in, and the one that
//! the browser had before is void (session fixation).

use sealane_audit::event::Identity;
use sealane_audit::{Outcome, OutcomeRecord, Phase};
use sealane_crypto::secret::Secret;
use sealane_database::login::{self, PendingLogin};
use sealane_database::{person, session};
use sealane_model::{Permit, Problem, Session, SessionKind, Timestamp, permit};
use sealane_policy::{Action, Resource};
use sealane_transfer::guard::Details;
use serde::Deserialize;

use crate::act::{ask, conclude};
use crate::app::App;
use crate::caller::{Actor, Client};
use crate::identity::claims::{self, Expected, TokenError, Verified};
use crate::identity::discovery::{Metadata, Provider};
use crate::identity::login::{freshness_of, redirect_uri, state_digest, unusable};
use crate::identity::session::{bounded_end, subject_of, token_digest};
use crate::identity::token;
use crate::outbound::{OutboundError, error_word};
use crate::problem;

/// What comes back in the address (RFC 6749 section 4.1.2, RFC 9207 section 2).
#[derive(Clone, Default, Deserialize)]
pub struct CallbackQuery {
    /// The authorization code.
    pub code: Option<String>,
    /// Our state.
    pub state: Option<String>,
    /// Who answers.
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// The same for people. Not shown: anybody can write it into a link.
    pub error_description: Option<String>,
}

impl std::fmt::Debug for CallbackQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallbackQuery").finish_non_exhaustive()
    }
}

/// A session that has just begun.
#[derive(Debug)]
pub struct SignedIn {
    /// For the session cookie; shown nowhere else, stored as a digest.
    pub token: Secret<String>,
    /// When the session ends at the latest.
    pub expires_at: Timestamp,
    /// The page to go to: one of this site.
    pub return_to: String,
}

/// Why a sign-in fails, as the audit log and the person are told.
struct Failure {
    code: String,
    problem: Problem,
}

impl Failure {
    fn new(code: &str, detail: impl Into<String>) -> Self {
        Self { code: code.to_owned(), problem: problem::not_signed_in(code, detail) }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self { code: problem.code.clone(), problem }
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        Self::new(error.code(), format!("The identity provider's token was not accepted: {error}."))
    }
}

/// Finish a sign-in. `binding` is what the browser's cookie brought back, `previous` the session token that it had.
pub async fn finish(
    app: &App,
    query: CallbackQuery,
    binding: Option<&str>,
    previous: Option<&str>,
    client: &Client,
) -> Result<SignedIn, Problem> {
    match verified(app, &query, binding).await {
        Ok((verified, pending, kind)) => open(app, verified, pending, previous, client, kind).await,
        Err(failure) => {
            record_failure(app, &failure, client).await?;
            Err(failure.problem)
        }
    }
}

async fn verified(
    app: &App,
    query: &CallbackQuery,
    binding: Option<&str>,
) -> Result<(Verified, PendingLogin, Identity), Failure> {
    let state = query.state.as_deref().unwrap_or_default();
    let pending = take_pending(app, state, binding.unwrap_or_default()).await?;
    let provider = app.parts().providers.iter().find(|provider| provider.config.name == pending.provider);
    let Some(provider) = provider else {
        return Err(Failure::new(
            "provider-removed",
            "The identity provider was removed from the configuration meanwhile.",
        ));
    };
    let metadata =
        provider.metadata(&app.parts().outbound, app.now()).await.map_err(|error| unusable(provider, &error))?;
    check_issuer(query, provider, &metadata)?;
    if let Some(error) = &query.error {
        return Err(refused_by_provider(error));
    }
    let Some(code) = query.code.as_deref().filter(|code| !code.is_empty()) else {
        return Err(Failure::new("code-missing", "The identity provider sent no code back."));
    };
    let id_token = exchange(app, provider, &metadata, code, &pending).await?;
    let fresh_within = freshness_of(state);
    let expected = Expected {
        issuer: &provider.config.issuer,
        client_id: &provider.config.client_id,
        nonce: &pending.nonce,
        now: app.now(),
        fresh_within,
        acr_values: &provider.config.acr_values,
        groups_claim: provider.config.groups_claim.as_deref(),
    };
    let verified = verify(app, provider, &metadata, id_token.expose(), &expected).await?;
    let kind = if fresh_within.is_some() { Identity::StepUp } else { Identity::SignIn };
    Ok((verified, pending, kind))
}

async fn take_pending(app: &App, state: &str, binding: &str) -> Result<PendingLogin, Failure> {
    let mut db = app.db().await?;
    let pending = login::take(&mut db, &state_digest(state, binding), app.now()).await.map_err(problem::database)?;
    pending.ok_or_else(|| {
        Failure::new(
            "state-unknown",
            "This sign-in was not begun in this browser, took longer than ten minutes, or was finished already.",
        )
    })
}

/// RFC 9207 section 2.4: an answer that names another issuer, or none where the provider always does, is not for us.
fn check_issuer(query: &CallbackQuery, provider: &Provider, metadata: &Metadata) -> Result<(), Failure> {
    match &query.iss {
        Some(iss) if *iss == provider.config.issuer => Ok(()),
        None if !metadata.authorization_response_iss_parameter_supported => Ok(()),
        Some(_) => Err(Failure::new(
            "issuer-mixed-up",
            "The answer comes from another identity provider than the one that was asked.",
        )),
        None => Err(Failure::new(
            "issuer-missing",
            "The answer does not say which identity provider it comes from, though this one always does.",
        )),
    }
}

fn refused_by_provider(error: &str) -> Failure {
    match error {
        "access_denied" => {
            Failure::new("provider-denied", "The identity provider did not sign you in, or you declined.")
        }
        "login_required" | "interaction_required" => {
            Failure::new("provider-interaction", "The identity provider wants you to sign in there first.")
        }
        other => Failure::new("provider-error", format!("The identity provider refused with '{}'.", error_word(other))),
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: Option<String>,
}

/// Exchange the code (RFC 6749 section 4.1.3, RFC 7636 section 4.5). The access token is not kept: we have no use for it.
async fn exchange(
    app: &App,
    provider: &Provider,
    metadata: &Metadata,
    code: &str,
    pending: &PendingLogin,
) -> Result<Secret<String>, Failure> {
    let config = &provider.config;
    let redirect = redirect_uri(app);
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect.as_str()),
        ("code_verifier", pending.pkce_verifier.as_str()),
    ];
    let secret = config.client_secret.as_ref().map(|secret| secret.expose().as_str());
    let basic = secret.filter(|_| !metadata.secret_in_form()).map(|secret| (config.client_id.as_str(), secret));
    if basic.is_none() {
        form.push(("client_id", &config.client_id));
        if let Some(secret) = secret {
            form.push(("client_secret", secret));
        }
    }
    let answer: TokenAnswer = app
        .parts()
        .outbound
        .post_form(&metadata.token_endpoint, &form, basic)
        .await
        .map_err(|error| exchange_failed(provider, &error))?;
    let id_token = answer
        .id_token
        .ok_or_else(|| Failure::new("token-missing", "The identity provider sent no identity token."))?;
    Ok(Secret::new(id_token))
}

fn exchange_failed(provider: &Provider, error: &OutboundError) -> Failure {
    tracing::warn!(provider = %provider.config.name, %error, "code could not be exchanged");
    match error {
        OutboundError::Status { oauth: Some(word), .. } if word == "invalid_grant" => Failure::new(
            "code-refused",
            "The identity provider no longer accepts the code: it was used before, or is too old.",
        ),
        OutboundError::Status { oauth: Some(word), .. } => {
            Failure::new("exchange-refused", format!("The identity provider refused the exchange with '{word}'."))
        }
        _ => Failure::new(
            "exchange-failed",
            format!("{} could not be asked for the token: {error}.", provider.config.title),
        ),
    }
}

/// Verify with the keys that are known; with fresh ones where the token names a key that is not.
async fn verify(
    app: &App,
    provider: &Provider,
    metadata: &Metadata,
    id_token: &str,
    expected: &Expected<'_>,
) -> Result<Verified, Failure> {
    let http = &app.parts().outbound;
    let keys_failed = |error: OutboundError| {
        Failure::new("keys-unreachable", format!("The keys of {} could not be had: {error}.", provider.config.title))
    };
    let keys = provider.keys.current(http, &metadata.jwks_uri, expected.now).await.map_err(keys_failed)?;
    match claims::verify(id_token, &keys, expected) {
        Err(TokenError::UnknownKey) => {
            let newer = provider
                .keys
                .after_unknown(&keys, http, &metadata.jwks_uri, expected.now)
                .await
                .map_err(keys_failed)?;
            let Some(newer) = newer else { return Err(TokenError::UnknownKey.into()) };
            claims::verify(id_token, &newer, expected).map_err(Failure::from)
        }
        result => result.map_err(Failure::from),
    }
}

/// Decide, record, open the session.
async fn open(
    app: &App,
    verified: Verified,
    pending: PendingLogin,
    previous: Option<&str>,
    client: &Client,
    kind: Identity,
) -> Result<SignedIn, Problem> {
    let subject = subject_of(app, &verified.person, &verified.groups, &verified.assurance);
    let actor = Actor::person_signing_in(subject, client);
    let grant = app.permit::<permit::Session>(ask(&actor, Action::SignIn, Resource::site(), kind)).await?;
    let token = token::fresh("slb_", app.random());
    let now = app.now();
    let session = Session {
        digest: token_digest(token.expose()),
        person: verified.person,
        groups: verified.groups,
        kind: SessionKind::Browser,
        assurance: verified.assurance,
        created_at: now,
        expires_at: bounded_end(app.settings(), now, now),
    };
    let result = begin_session(app, &grant.permit, &session, previous).await;
    conclude(grant, result, Details::none()).await?;
    Ok(SignedIn { token, expires_at: now.after(app.settings().session_lifetime), return_to: pending.return_to })
}

/// Write the person and the session; the one that the browser had before ends in the same transaction.
pub(crate) async fn begin_session(
    app: &App,
    _permit: &Permit<permit::Session>,
    session: &Session,
    previous: Option<&str>,
) -> Result<(), Problem> {
    let mut tx = app.database().begin().await.map_err(problem::database)?;
    person::upsert(&mut tx, &session.person, session.created_at).await.map_err(problem::database)?;
    if let Some(previous) = previous {
        session::delete(&mut tx, &token_digest(previous)).await.map_err(problem::database)?;
    }
    session::insert(&mut tx, session).await.map_err(problem::database)?;
    tx.commit().await.map_err(problem::database)
}

async fn record_failure(app: &App, failure: &Failure, client: &Client) -> Result<(), Problem> {
    let event = app
        .guard()
        .event(Identity::SignIn, Phase::Outcome, app.guard().fresh_op())
        .client(client.address.clone().map(Into::into))
        .outcome(OutcomeRecord::new(Outcome::Failed, failure.code.clone(), failure.problem.title.clone()));
    app.guard().record(event).await.map(drop).map_err(|error| problem::unrecorded(&error))
}
