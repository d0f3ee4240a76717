//! Telling how a run goes: watchers ten times a second, database and peer once.

use std::sync::Arc;
use std::time::Duration;

use sealane_model::{Progress, TaskRole};

use super::run::{Origin, TaskRun};
use crate::message::ProgressReport;

const TICK: Duration = Duration::from_millis(100);
const TICKS_TO_WRITE: u32 = 10;
const TO_PEER: Duration = Duration::from_secs(1);
/// A peer that does not answer a report in this time is asked anew later.
const PATIENCE: Duration = Duration::from_secs(10);

/// Publishes until the run ends; once a second the database learns what crossed since.
pub(super) async fn to_watchers(run: Arc<TaskRun>) {
    let mut ticks: u32 = 0;
    loop {
        tokio::time::sleep(TICK).await;
        run.meter.publish(run.engine.hub());
        ticks = (ticks + 1) % TICKS_TO_WRITE;
        if ticks == 0
            && run.meter.lags()
            && let Err(stop) = run.save(&[], Progress::default()).await
        {
            // The lanes meet the same fault and say what follows from it.
            tracing::warn!(task.id = %run.task.id, cause = %stop, "progress could not be written down");
        }
    }
}

/// Reports to the source until the run ends. A report that is lost is made good by the next.
pub(super) async fn to_peer(run: Arc<TaskRun>) {
    let Origin::There(peer) = &run.origin else { return };
    if run.task.role != TaskRole::Destination {
        return;
    }
    let mut control = None;
    let mut told = None;
    loop {
        tokio::time::sleep(TO_PEER).await;
        let pulse = run.meter.pulse();
        if told.as_ref() == Some(&pulse) {
            continue;
        }
        let report = ProgressReport {
            task: run.task.id,
            progress: pulse.progress,
            state: pulse.state.word().to_owned(),
            nice_status: pulse.nice_status.clone(),
        };
        let reported = tokio::time::timeout(PATIENCE, async {
            let mut open = match control.take() {
                Some(open) => open,
                None => run.engine.parts().dialer.control(peer).await?,
            };
            open.progress(report).await?;
            Ok::<_, crate::lane::LaneError>(open)
        })
        .await;
        if let Ok(Ok(open)) = reported {
            control = Some(open);
            told = Some(pulse);
        }
    }
}
