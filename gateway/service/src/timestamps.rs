//! RFC 3161 timestamps: a time-stamping authority that knows nothing of logs dates heads of this node's log.
//!
//! An administrator takes a request to the authority by hand ([`request`], [`attach`]), or the site asks by itself ([`fetch`],
//! and [`run`] once a day). **Promises.** What is kept was checked: it answers about this head, and where certificates of the
//! authority are configured, its signature leads to them. Each attempt and how it ended is an entry. The authority learns a
//! digest.

mod trust;

use std::time::Duration;

use data_encoding::BASE64;
use rustls::pki_types::CertificateDer;
use sealane_audit::event::Assurance;
use sealane_audit::timestamp::{Timestamp as Stamp, TimestampRequest};
use sealane_audit::witness::Policy;
use sealane_audit::{Checkpoint, Outcome, OutcomeRecord, Phase};
use sealane_model::problem::{ProblemKind, sentence};
use sealane_model::{Problem, Timestamp, permit};
use sealane_policy::{Action, Resource};
use sealane_transfer::guard::Details;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::act::{ask, conclude};
use crate::app::App;
use crate::caller::Actor;
use crate::problem;
use crate::view::{NewTimestamp, TimestampRequestView, TimestampView};

/// How often it is looked whether a new timestamp is due.
const LOOK: Duration = Duration::from_secs(600);

/// Which authority dates heads of the audit log.
#[derive(Debug, Clone)]
pub struct TimestampSettings {
    /// Where it is asked; nobody is asked where absent.
    pub url: Option<Url>,
    /// Certificates that its signature must lead to (DER); without any, signatures are left to others.
    pub authorities: Vec<CertificateDer<'static>>,
    /// How often it is asked.
    pub every: Duration,
}

impl TimestampSettings {
    /// Nobody is asked.
    pub const NONE: Self = Self { url: None, authorities: Vec::new(), every: Duration::from_secs(24 * 3600) };
}

/// A request to take to an authority, with the head that it is about.
pub async fn request(app: &App, actor: &Actor) -> Result<TimestampRequestView, Problem> {
    let question = ask(actor, Action::ListPeers, Resource::site(), Assurance::CheckpointTimestamp);
    let grant = app.permit::<permit::SeeSite>(question).await?;
    let made = make_request(app).await.map(|(head, _, der)| TimestampRequestView {
        size: head.size(),
        checkpoint: head.text().to_owned(),
        request: BASE64.encode(&der),
    });
    conclude(grant, made, Details::none().detail("asked", "for a request")).await
}

/// Keeps an authority's answer about a head.
pub async fn attach(app: &App, actor: &Actor, new: NewTimestamp) -> Result<TimestampView, Problem> {
    let question = ask(actor, Action::ListPeers, Resource::site(), Assurance::CheckpointTimestamp);
    let grant = app.permit::<permit::SeeSite>(question).await?;
    let attached = async {
        let head = Checkpoint::parse(&new.checkpoint).map_err(|error| useless(&error))?;
        let response = BASE64.decode(new.response.as_bytes()).map_err(|error| useless(&error))?;
        let stamp = Stamp::read(&response, &head).map_err(|error| useless(&error))?;
        keep(app, head, stamp).await
    };
    let attached = attached.await;
    let details = attached.as_ref().map_or_else(|_| Details::none(), details);
    conclude(grant, attached, details).await
}

/// Asks the configured authority about the newest head.
pub async fn fetch(app: &App, actor: &Actor) -> Result<TimestampView, Problem> {
    let question = ask(actor, Action::ListPeers, Resource::site(), Assurance::CheckpointTimestamp);
    let grant = app.permit::<permit::SeeSite>(question).await?;
    let fetched = ask_authority(app).await;
    let details = fetched.as_ref().map_or_else(|_| Details::none(), details);
    conclude(grant, fetched, details).await
}

/// The timestamps that are kept.
pub async fn show(app: &App, actor: &Actor) -> Result<Vec<TimestampView>, Problem> {
    let question = ask(actor, Action::ListPeers, Resource::site(), Assurance::CheckpointTimestamp);
    let grant = app.permit::<permit::SeeSite>(question).await?;
    let shown = kept(app).await;
    conclude(grant, shown, Details::none().detail("asked", "for what is kept")).await
}

/// Asks the authority as often as is configured, until the site stops.
pub async fn run(app: App, shutdown: CancellationToken) {
    if app.settings().timestamp.url.is_none() {
        return;
    }
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if let Err(problem) = ask_if_due(&app).await {
            tracing::warn!(code = %problem.code, "the audit log has no new timestamp: {}", problem.detail);
        }
    }
}

/// Asks the authority if its last word is old enough; says whether it was asked. How it ended is recorded.
pub async fn ask_if_due(app: &App) -> Result<bool, Problem> {
    let settings = &app.settings().timestamp;
    let newest = kept(app).await?.into_iter().map(|one| one.at).max();
    if newest.is_some_and(|newest| app.now().since(newest) < settings.every) {
        return Ok(false);
    }
    let asked = ask_authority(app).await;
    let guard = app.guard();
    let event = guard.event(Assurance::CheckpointTimestamp, Phase::Info, guard.fresh_op());
    let event = match &asked {
        Ok(view) => event.outcome(OutcomeRecord::done()).detail("size", view.size).detail("at", view.at.to_string()),
        Err(problem) => event.outcome(OutcomeRecord::new(Outcome::Failed, problem.code.clone(), problem.title.clone())),
    };
    guard.record(event).await.map_err(|error| problem::unrecorded(&error))?;
    asked.map(|_| true)
}

async fn ask_authority(app: &App) -> Result<TimestampView, Problem> {
    let url = app.settings().timestamp.url.as_ref().ok_or_else(nobody)?;
    let (head, request, der) = make_request(app).await?;
    let answer = app.parts().outbound.post_timestamp_query(url, der).await.map_err(|error| away(&error))?;
    let stamp = request.check(&answer).map_err(|error| useless(&error))?;
    keep(app, head, stamp).await
}

/// The newest head that witnesses have confirmed, else the newest, and the request about it.
async fn make_request(app: &App) -> Result<(Checkpoint, TimestampRequest, Vec<u8>), Problem> {
    let (log, policy) = (app.guard().log().clone(), policy(app)?);
    let found = tokio::task::spawn_blocking(move || {
        // Where nobody is asked to confirm heads, one that is kept is merely old.
        let confirmed = if policy.asks_for_witnesses() { log.newest_cosigned(&policy)? } else { None };
        Ok::<_, sealane_audit::KeepError>(confirmed.map_or_else(|| log.checkpoint(), |(head, _)| head))
    });
    let found = found.await.map_err(|error| problem::internal("act-broken", &error))?;
    let head = found.map_err(|error| problem::internal("cosigned-head-read", &error))?;
    let request = TimestampRequest::new(&head, app.random());
    let der = request.to_der().map_err(|error| problem::internal("timestamp-request", &error))?;
    Ok((head, request, der))
}

async fn keep(app: &App, head: Checkpoint, stamp: Stamp) -> Result<TimestampView, Problem> {
    let authorities = &app.settings().timestamp.authorities;
    if !authorities.is_empty() {
        trust::check(&stamp, authorities).map_err(|error| untrusted(&error))?;
    }
    let shown = view(app, &head, &stamp);
    let (log, policy) = (app.guard().log().clone(), policy(app)?);
    let kept = tokio::task::spawn_blocking(move || log.keep_timestamp(&head, &stamp, &policy)).await;
    kept.map_err(|error| problem::internal("act-broken", &error))?.map_err(|error| useless(&error))?;
    Ok(shown)
}

/// Those that are kept, the one on the newest head last.
pub(crate) async fn kept(app: &App) -> Result<Vec<TimestampView>, Problem> {
    let (log, policy) = (app.guard().log().clone(), policy(app)?);
    let kept = tokio::task::spawn_blocking(move || log.timestamps(&policy)).await;
    let kept = kept.map_err(|error| problem::internal("act-broken", &error))?;
    let kept = kept.map_err(|error| problem::internal("timestamps-read", &error))?;
    Ok(kept.iter().map(|(head, stamp)| view(app, head, stamp)).collect())
}

fn view(app: &App, head: &Checkpoint, stamp: &Stamp) -> TimestampView {
    let authorities = &app.settings().timestamp.authorities;
    TimestampView {
        size: head.size(),
        root: head.root().to_string(),
        at: Timestamp::from_micros(stamp.at_ns().div_euclid(1_000)),
        policy: stamp.policy().to_owned(),
        trusted: !authorities.is_empty() && trust::check(stamp, authorities).is_ok(),
    }
}

fn details(view: &TimestampView) -> Details {
    Details::none().detail("size", view.size).detail("at", view.at.to_string()).detail("trusted", view.trusted)
}

fn policy(app: &App) -> Result<Policy, Problem> {
    match &app.settings().witness {
        Some(settings) => Ok(settings.policy.clone()),
        None => Policy::parse(b"quorum none\n").map_err(|error| problem::internal("witness-policy", &error)),
    }
}

fn nobody() -> Problem {
    let detail = "The configuration names no time-stamping authority.";
    Problem::new(ProblemKind::Conflict, "timestamp-nobody", "Nobody can be asked for a timestamp", detail)
        .next("Name one in [audit.timestamp] url, or take `sealane audit timestamp request` to one by hand.")
}

fn away(error: &dyn std::fmt::Display) -> Problem {
    let title = "The time-stamping authority did not answer";
    Problem::new(ProblemKind::Upstream, "timestamp-away", title, sentence(&error.to_string()))
        .next("Check [audit.timestamp] url and that the authority is there; it is asked again by itself.")
}

fn useless(error: &dyn std::fmt::Display) -> Problem {
    let title = "The answer is no timestamp for this log";
    Problem::new(ProblemKind::Integrity, "timestamp-wrong", title, sentence(&error.to_string()))
        .next("Ask again; if it stays so, ask the authority, and keep its answer.")
}

fn untrusted(error: &dyn std::fmt::Display) -> Problem {
    let title = "The timestamp is not by an authority that this site trusts";
    Problem::new(ProblemKind::Integrity, "timestamp-untrusted", title, sentence(&error.to_string()))
        .next("Compare [audit.timestamp] ca_file with the certificates that the authority publishes.")
}
