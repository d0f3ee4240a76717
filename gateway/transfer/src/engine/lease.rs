//! Holding a task: one node at a time, and it stops at once when it no longer holds.
//!
//! **Promises.** The lease is renewed three times in its life. A node whose lease was taken, or that could not renew it in
//! time, stops before it writes again; the fence refuses what it might still write. The same watch sees a wish to cancel,
//! the deadline, and the stop of the site.

use std::time::Duration;

use sealane_database::{DbError, Lease, lease, task};
use sealane_model::{Class, Task};
use tokio::time::Instant;

use super::Transfers;
use super::stop::Stop;

/// How often the watch looks for a wish to cancel.
const LOOK: Duration = Duration::from_secs(1);

/// Keeps the lease and watches until the run must stop; says why.
pub(super) async fn watch(engine: &Transfers, lease: &Lease, task: &Task) -> Stop {
    let shutdown = &engine.parts().shutdown;
    let mut keeper = Keeper::new(engine, lease);
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return Stop::Shutdown,
            () = engine.inner.nudge.notified() => {}
            () = tokio::time::sleep(LOOK.min(keeper.interval())) => {}
        }
        if let Err(stop) = keeper.keep().await {
            return stop;
        }
        if let Err(stop) = still_wanted(engine, task).await {
            return stop;
        }
        if is_exposed(engine, task).await {
            return Stop::Unready("the audit log waits for its witnesses".to_owned());
        }
    }
}

/// Whether the task's data may not move while the audit log waits for its witnesses: it pauses, and goes on by itself.
async fn is_exposed(engine: &Transfers, task: &Task) -> bool {
    let policy = engine.parts().guard.engine();
    if !Class::ALL.into_iter().any(|class| policy.is_exposed(class)) {
        return false;
    }
    match engine.find_collection(task.destination.collection).await {
        Ok(collection) => policy.is_exposed(collection.class),
        // A collection that cannot be looked up is nothing to take a risk for.
        Err(_) => true,
    }
}

/// Whether the task is to go on: nobody canceled it, and its deadline is not over.
pub(super) async fn still_wanted(engine: &Transfers, task: &Task) -> Result<(), Stop> {
    let deadline = engine.parts().settings.deadline;
    if engine.parts().clock.now() >= task.submitted_at.after(deadline) {
        let hours = deadline.as_secs() / 3_600;
        let message =
            format!("It was not finished within {hours} hours. What arrived whole is in place. Next: submit it again.");
        return Err(Stop::failed("deadline", message));
    }
    match is_cancel_wanted(engine, task).await {
        Ok(true) => Err(Stop::Canceled),
        Ok(false) => Ok(()),
        Err(error) => {
            // The next look may succeed; if the database stays away, the lease runs out.
            tracing::warn!(task.id = %task.id, error = %error, "a task could not be looked at");
            Ok(())
        }
    }
}

/// Keeps the lease while a task is brought to its end.
pub(super) async fn keep(engine: &Transfers, lease: &Lease) -> Stop {
    let mut keeper = Keeper::new(engine, lease);
    loop {
        tokio::time::sleep(keeper.interval()).await;
        if let Err(stop) = keeper.keep().await {
            return stop;
        }
    }
}

async fn is_cancel_wanted(engine: &Transfers, task: &Task) -> Result<bool, DbError> {
    let mut db = engine.parts().database.acquire().await?;
    Ok(task::cancel_requested(&mut db, task.id).await?.is_some())
}

struct Keeper<'a> {
    engine: &'a Transfers,
    lease: &'a Lease,
    kept: Instant,
}

impl<'a> Keeper<'a> {
    fn new(engine: &'a Transfers, lease: &'a Lease) -> Self {
        Self { engine, lease, kept: Instant::now() }
    }

    fn life(&self) -> Duration {
        self.engine.parts().settings.lease
    }

    fn interval(&self) -> Duration {
        self.life().mul_f32(0.3)
    }

    /// Renews if it is time.
    async fn keep(&mut self) -> Result<(), Stop> {
        if self.kept.elapsed() < self.interval() {
            return Ok(());
        }
        let asked = Instant::now();
        match self.renew().await {
            Ok(true) => {
                self.kept = asked;
                Ok(())
            }
            Ok(false) => Err(Stop::Lost),
            Err(_) if self.kept.elapsed() < self.life() => Ok(()),
            Err(_) => Err(Stop::Lost),
        }
    }

    async fn renew(&self) -> Result<bool, DbError> {
        // An answer that takes as long as the lease's life is none.
        let renewal = async {
            let mut db = self.engine.parts().database.acquire().await?;
            lease::renew(&mut db, self.lease, self.engine.parts().clock.now(), self.life()).await
        };
        tokio::time::timeout(self.interval(), renewal).await.unwrap_or(Err(DbError::Busy))
    }
}
