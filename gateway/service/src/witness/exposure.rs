//! Watches how much of this node's log no quorum has confirmed yet, and says so to policy.
//!
//! **Promises.** What cannot be told counts as exposed. Each episode is recorded and told once at its beginning and once at
//! its end, however long it lasts.

use std::time::Duration;

use sealane_audit::event::Assurance;
use sealane_audit::witness::Exposure;
use sealane_audit::{Outcome, OutcomeRecord, Phase};

use super::settings::WitnessSettings;
use crate::app::App;

/// One look.
pub(super) async fn look(app: &App, settings: &WitnessSettings) {
    if !settings.policy.asks_for_witnesses() {
        return;
    }
    let exposure = measure(app, settings).await;
    let exceeds = exposure.exceeds(&settings.window);
    let progress = &app.parts().witnessing.progress;
    if progress.warns(exposure.age > settings.warn_after) {
        tracing::warn!(
            entries = exposure.entries,
            age_ms = millis(exposure.age),
            "the audit log waits for its witnesses"
        );
    }
    let changed = progress.exposed(exposure, exceeds);
    app.guard().engine().set_exposed(exceeds);
    if changed {
        tell(app, exposure, exceeds).await;
    }
}

async fn measure(app: &App, settings: &WitnessSettings) -> Exposure {
    let (log, policy, now_ns) = (app.guard().log().clone(), settings.policy.clone(), app.now().as_nanos());
    if app.parts().witnessing.progress.covers(log.head().0) {
        return Exposure { entries: 0, age: Duration::ZERO };
    }
    match tokio::task::spawn_blocking(move || log.exposure(&policy, now_ns)).await {
        Ok(Ok(exposure)) => exposure,
        Ok(Err(error)) => {
            tracing::error!(%error, "how much of the audit log waits for witnesses cannot be told");
            Exposure { entries: u64::MAX, age: Duration::MAX }
        }
        Err(_) => Exposure { entries: u64::MAX, age: Duration::MAX },
    }
}

async fn tell(app: &App, exposure: Exposure, exceeds: bool) {
    let outcome = if exceeds {
        tracing::error!(
            entries = exposure.entries,
            age_ms = millis(exposure.age),
            "too much of the audit log waits for its witnesses: health data and CUI are refused until they have confirmed it; `sealane audit witness status` says who is away"
        );
        OutcomeRecord::new(Outcome::Failed, "audit-exposed", "more of the log waits for its witnesses than may")
    } else {
        tracing::info!("the witnesses have confirmed the audit log again; nothing is refused for it");
        OutcomeRecord::new(Outcome::Done, "audit-covered", "the witnesses have confirmed the log again")
    };
    let guard = app.guard();
    let event = guard
        .event(Assurance::WitnessExposed, Phase::Info, guard.fresh_op())
        .outcome(outcome)
        .detail("entries", exposure.entries.min(1 << 53))
        .detail("age-ms", millis(exposure.age));
    if let Err(error) = guard.record(event).await {
        tracing::error!(%error, "that the audit log waits for its witnesses could not be recorded");
    }
}

fn millis(age: Duration) -> u64 {
    // Entries hold numbers that every reader of JSON can hold.
    u64::try_from(age.as_millis()).unwrap_or(u64::MAX).min(1 << 53)
}
