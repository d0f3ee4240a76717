//! What the audit log learns of connections that were refused.

use sealane_audit::event::Transfer;
use sealane_audit::{Object, Outcome, OutcomeRecord, Phase, Private};
use sealane_model::problem::ProblemKind;
use sealane_model::{Peer, Problem, TaskId};

use super::Inner;
use crate::guard::unrecorded;
use crate::lane::handshake::Agreed;

impl Inner {
    /// Records that a lane or an order was refused, and from which address it was asked for; gives what the other end is to be told. Where the log cannot be
    /// written, that is what it is told.
    pub(super) async fn record_refusal(
        &self,
        agreed: &Agreed,
        peer: Option<&Peer>,
        task: Option<TaskId>,
        problem: Problem,
    ) -> Problem {
        let guard = &self.parts.guard;
        let outcome = match problem.kind {
            ProblemKind::Denied => Outcome::Denied,
            ProblemKind::StepUp => Outcome::StepUp,
            _ => Outcome::Failed,
        };
        let mut event = guard
            .event(Transfer::LaneOpen, Phase::Outcome, guard.fresh_op())
            .transport(agreed.cipher.clone())
            .object(Object { task: task.map(|task| task.to_string()), ..Object::default() })
            .client(agreed.from.map(|from| Private::new(from.to_string())))
            .detail("lane_key", agreed.peer_key.to_string())
            .outcome(OutcomeRecord::new(outcome, problem.code.clone(), problem.detail.clone()));
        if let Some(peer) = peer {
            event = event.peer(peer.descriptor.site.to_string());
        }
        match guard.record(event).await {
            Ok(_) => problem,
            Err(error) => {
                tracing::error!(error = %error, "a refusal could not be recorded");
                unrecorded()
            }
        }
    }
}
