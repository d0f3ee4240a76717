//! Asking the log: search, the reports that are lists of entries, and what people may see of themselves.
//!
//! The answer is a stream: entries as they are found, then one line that says how many they were and how far the index is
//! behind. An answer that breaks off has no such line, so a part is never taken for the whole.

use std::pin::Pin;

use futures_util::Stream;
use futures_util::stream::poll_fn;
use sealane_audit::event::Assurance;
use sealane_audit::{Kind, Outcome, OutcomeRecord};
use sealane_model::{Permit, Problem, permit};
use sealane_policy::{Action, ActionType, Resource};
use sealane_transfer::guard::{Ask, Details, Grant};
use tokio::sync::mpsc;

use super::question::{AuditQuestion, Understood};
use super::row::rows;
use super::walk::Walk;
use crate::act::{ask, conclude};
use crate::app::App;
use crate::caller::{Actor, Caller};
use crate::problem;
use crate::view::audit::AuditLine;

/// An answer as it comes.
pub type AuditStream = Pin<Box<dyn Stream<Item = Result<AuditLine, Problem>> + Send + Sync>>;

/// Lines that wait for whoever reads.
const WAITING: usize = 256;

/// Entries that match, of all nodes.
pub async fn search(app: &App, caller: &Caller, question: &AuditQuestion) -> Result<AuditStream, Problem> {
    let about = ask(&Actor::from(caller), Action::ReadAudit, Resource::site(), Assurance::AuditRead);
    answer::<permit::SeeAudit>(app, about, question, Ok).await
}

/// Who accessed a collection, or a path in it: every access that was done, refused or tried.
pub async fn accesses(app: &App, caller: &Caller, question: &AuditQuestion) -> Result<AuditStream, Problem> {
    if question.collection.is_none() {
        return Err(problem::bad_request("collection-missing", "This report is about a collection, or a path in one.")
            .next("Name the collection: --collection NAME."));
    }
    answer::<permit::SeeAudit>(app, report(caller, "access"), question, |mut understood| {
        if understood.wanted.kinds.is_empty() {
            understood.wanted.kinds =
                Kind::ALL.iter().filter(|kind| is_access(**kind)).map(|kind| kind.name().to_owned()).collect();
        }
        Ok(outcomes(understood))
    })
    .await
}

/// What a person did: everything that ended, and how.
pub async fn person(app: &App, caller: &Caller, question: &AuditQuestion) -> Result<AuditStream, Problem> {
    if question.person.is_none() {
        return Err(problem::bad_request("person-missing", "This report is about a person.")
            .next("Name them: --person EMAIL or --person ISSUER#SUBJECT."));
    }
    answer::<permit::SeeAudit>(app, report(caller, "person"), question, |understood| Ok(outcomes(understood))).await
}

/// What the caller did themselves: nobody needs a role to read that.
pub async fn own(app: &App, caller: &Caller, question: &AuditQuestion) -> Result<AuditStream, Problem> {
    let token = app.parts().index_key.person(&caller.person.id);
    let about = ask(&Actor::from(caller), Action::ReadOwnAudit, Resource::site(), Assurance::AuditRead);
    answer::<permit::SeeOwnAudit>(app, about, question, |mut understood| {
        // Whatever else is asked: only the caller's own entries.
        understood.wanted.people = Some(vec![token]);
        Ok(outcomes(understood))
    })
    .await
}

fn report(caller: &Caller, name: &str) -> Ask {
    ask(&Actor::from(caller), Action::ReadAudit, Resource::site(), Assurance::ReportRun).detail("report", name)
}

/// What an intent announces its outcome tells as well.
fn outcomes(mut understood: Understood) -> Understood {
    if understood.wanted.phases.is_empty() {
        understood.wanted.phases = vec!["outcome".to_owned(), "info".to_owned()];
    }
    understood
}

fn is_access(kind: Kind) -> bool {
    matches!(kind, Kind::Access(_) | Kind::Transfer(_)) && !kind.name().starts_with("task.")
}

/// Decide and record, then answer in the background.
async fn answer<A: ActionType>(
    app: &App,
    about: Ask,
    question: &AuditQuestion,
    adjust: impl FnOnce(Understood) -> Result<Understood, Problem>,
) -> Result<AuditStream, Problem> {
    let (grant, walk) = begin::<A>(app, about, question, adjust).await?;
    let (sender, mut receiver) = mpsc::channel(WAITING);
    app.parts().acts.spawn(send(app.clone(), grant, walk, sender));
    Ok(Box::pin(poll_fn(move |context| receiver.poll_recv(context))))
}

/// Understand, decide, record, and begin to look. What cannot be understood is refused before it is asked.
pub(super) async fn begin<A: ActionType>(
    app: &App,
    about: Ask,
    question: &AuditQuestion,
    adjust: impl FnOnce(Understood) -> Result<Understood, Problem>,
) -> Result<(Grant<A>, Walk), Problem> {
    let understood = question.understand(app).await;
    let mut about = about.detail("filter", question.recorded(understood.is_ok()));
    if let Ok(understood) = &understood {
        about.private.extend(understood.named.clone());
    }
    let grant = app.permit::<A>(about).await?;
    let walk = match understood.and_then(adjust) {
        Ok(understood) => look(app, &grant.permit, &understood).await,
        Err(problem) => Err(problem),
    };
    match walk {
        Ok(walk) => Ok((grant, walk)),
        Err(problem) => conclude(grant, Err(problem), Details::none()).await,
    }
}

async fn look<A>(app: &App, _permit: &Permit<A>, understood: &Understood) -> Result<Walk, Problem> {
    Walk::begin(app, &understood.wanted, understood.limit).await
}

/// How an answer ended.
pub(super) enum Ended {
    Whole,
    /// Whoever asked went away.
    Gone,
    Broken(Problem),
}

/// Records how an answer ended; a problem to tell, if there is one.
pub(super) async fn record<A: ActionType>(grant: Grant<A>, ended: Ended, count: u64) -> Option<Problem> {
    let details = Details::none().detail("entries", count);
    let (recorded, problem) = match ended {
        Ended::Whole => (grant.succeeded(details).await, None),
        Ended::Gone => {
            let outcome =
                OutcomeRecord::new(Outcome::Interrupted, "client-gone", "the connection ended before the last entry");
            (grant.done(outcome, details).await, None)
        }
        Ended::Broken(problem) => (grant.failed(&problem, details).await, Some(problem)),
    };
    problem.or_else(|| recorded.err().map(|error| problem::unrecorded(&error)))
}

async fn send<A: ActionType>(
    app: App,
    grant: Grant<A>,
    mut walk: Walk,
    sender: mpsc::Sender<Result<AuditLine, Problem>>,
) {
    let ended = send_all(&app, &mut walk, &sender).await;
    if let Some(problem) = record(grant, ended, walk.count()).await {
        // If whoever asked is gone, nobody is left to tell.
        let _ = sender.send(Err(problem)).await;
    }
}

async fn send_all(app: &App, walk: &mut Walk, sender: &mpsc::Sender<Result<AuditLine, Problem>>) -> Ended {
    loop {
        let hits = match walk.next().await {
            Ok(Some(hits)) => hits,
            Ok(None) => break,
            Err(problem) => return Ended::Broken(problem),
        };
        let views = match rows(app, hits).await {
            Ok(views) => views,
            Err(problem) => return Ended::Broken(problem),
        };
        for view in views {
            if sender.send(Ok(AuditLine::Entry(Box::new(view)))).await.is_err() {
                return Ended::Gone;
            }
        }
    }
    match walk.end().await {
        Ok(end) => {
            if sender.send(Ok(AuditLine::End(end))).await.is_err() {
                return Ended::Gone;
            }
            Ended::Whole
        }
        Err(problem) => Ended::Broken(problem),
    }
}
