//! The way of every use case: ask the guard, act with the permit, record the outcome.
//!
//! An act that has begun is carried to its end and recorded even if whoever asked goes away meanwhile: it runs in a task
//! of its own, which the application owns and waits for when it stops.

use sealane_audit::{Kind, Outcome, OutcomeRecord, Phase};
use sealane_connectors::StorageError;
use sealane_model::{Permit, Problem};
use sealane_policy::{Action, ActionType, Resource};
use sealane_transfer::guard::{Ask, Details, Grant, Refusal};

use crate::app::App;
use crate::caller::Actor;
use crate::problem;

/// A question to the guard on somebody's behalf.
pub(crate) fn ask(actor: &Actor, action: Action, resource: Resource, kind: impl Into<Kind>) -> Ask {
    let mut ask = Ask::new(actor.subject.clone(), action, resource, kind);
    ask.session = actor.session;
    ask.client.clone_from(&actor.client);
    ask
}

/// What a caller is told of a refusal.
pub(crate) fn refused(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::Unrecorded(error) => problem::unrecorded(error),
        Refusal::Denied(_) => refusal.problem(),
    }
}

impl App {
    /// Decide and record; a permit, or the problem to tell.
    pub(crate) async fn permit<A: ActionType>(&self, ask: Ask) -> Result<Grant<A>, Problem> {
        self.guard().permit(ask).await.map_err(|refusal| refused(&refusal))
    }

    /// Record that somebody asked for what is not there: probing leaves a trace and takes as long as being refused.
    pub(crate) async fn record_miss(&self, actor: &Actor, kind: impl Into<Kind>, code: &str) -> Result<(), Problem> {
        let event = self
            .guard()
            .event(kind, Phase::Outcome, self.guard().fresh_op())
            .actor(actor.recorded())
            .client(actor.client.clone().map(Into::into))
            .outcome(OutcomeRecord::new(Outcome::Denied, code, "there is no such thing, or not for this person"));
        self.guard().record(event).await.map(drop).map_err(|error| problem::unrecorded(&error))
    }

    /// Carry an act to its end, whether or not whoever asked is still there.
    pub(crate) async fn to_its_end<T: Send + 'static>(
        &self,
        act: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Result<T, Problem> {
        self.parts().acts.spawn(act).await.unwrap_or_else(|error| Err(problem::internal("act-broken", &error)))
    }

    /// Act on storage with a permit, off the asynchronous threads, and record the outcome.
    pub(crate) async fn on_storage<A: ActionType, T: Send + Sync + 'static>(
        &self,
        grant: Grant<A>,
        act: impl FnOnce(&Permit<A>) -> Result<(T, Details), StorageError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.to_its_end(async move {
            let worked = tokio::task::spawn_blocking(move || {
                let result = act(&grant.permit);
                (grant, result)
            });
            let (grant, result) = worked.await.map_err(|error| problem::internal("act-broken", &error))?;
            let (result, details) = match result {
                Ok((value, details)) => (Ok(value), details),
                Err(error) => (Err(problem::storage(&error)), Details::none()),
            };
            conclude(grant, result, details).await
        })
        .await
    }

    /// Wait until every act that has begun has ended: before the guard settles and the log is closed.
    pub async fn settle(&self) {
        self.parts().acts.close();
        self.parts().acts.wait().await;
    }
}

/// Record how an act ended, then hand on its result.
pub(crate) async fn conclude<A: ActionType, T>(
    grant: Grant<A>,
    result: Result<T, Problem>,
    details: Details,
) -> Result<T, Problem> {
    grant.ended(&result, details).await.map_err(|error| problem::unrecorded(&error))?;
    result
}

/// Run something that blocks off the asynchronous threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StorageError> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(|error| problem::storage(&error)),
        Err(error) => Err(problem::internal("act-broken", &error)),
    }
}
