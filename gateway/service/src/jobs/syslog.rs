//! The audit log, sent to a log server as it grows: syslog over TLS 1.3 (RFC 5424, RFC 5425).
//!
//! **Promises.** Every entry arrives, in the log's order, whatever restarts on either side; some arrive twice. The log
//! itself is the buffer: the job reads it by position and holds nothing up. Syslog knows no acknowledgement, and what a
//! dying receiver had not read is gone. So entries are sent in windows, a connection each: at the end of a window the
//! sender closes in good order and the position moves, durably, only when the receiver has answered so
//! ([`connection`]). Until then the window counts as unsent and goes out again, which is where duplicates come from; the
//! index in each message tells them.
//!
//! **Leaves to others.** What the receiver does with what it has read: a log server that queues in memory can lose it.

mod connection;
mod error;
mod target;

use std::time::Duration;

use sealane_audit::event::Assurance;
use sealane_audit::export::syslog::Syslog;
use sealane_audit::{EntryView, Filter, Phase};
use sealane_database::setting;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::connection::Connection;
pub use self::error::SyslogError;
pub use self::target::{ClientIdentity, Target, TargetError};
use crate::app::App;

/// Entries that are read at a time.
const BATCH: usize = 128;

/// What a site wants sent, and where to.
#[derive(Debug, Clone)]
pub struct SyslogSettings {
    /// The log server.
    pub target: Target,
    /// The enterprise number in the structured data.
    pub enterprise: u32,
    /// Whether messages carry personal values.
    pub personal_values: bool,
    /// How long things may take.
    pub pace: Pace,
}

/// How long things may take, and how much may go out again.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Entries after which a window ends.
    pub entries: u64,
    /// Time after which a window ends.
    pub window: Duration,
    /// A window also ends when the log did not grow for so long.
    pub idle: Duration,
    /// How long the receiver may take to connect, to take a batch, to answer a close.
    pub patience: Duration,
    /// How long nothing may be heard after a close: a reset that still comes says that something was not read.
    pub quiet: Duration,
    /// Pause after the first failure; doubled after each further one.
    pub first_pause: Duration,
    /// Longest pause.
    pub longest_pause: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            entries: 20_000,
            window: Duration::from_secs(10),
            idle: Duration::from_secs(1),
            patience: Duration::from_secs(10),
            quiet: Duration::from_secs(1),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
        }
    }
}

/// Send until the site stops. Failures are told once, tried again, and their end is told too.
pub async fn run(app: App, settings: SyslogSettings, shutdown: CancellationToken) {
    let format = Syslog {
        context: app.export_context(),
        enterprise: settings.enterprise,
        personal_values: settings.personal_values,
    };
    let mut sender = Sender { app, settings, format, shutdown, position: None };
    let mut pause = sender.settings.pace.first_pause;
    let mut failing = false;
    while !sender.shutdown.is_cancelled() {
        match sender.window().await {
            Ok(()) => {
                sender.app.parts().alerting.set_syslog_away(false);
                if std::mem::take(&mut failing) {
                    tracing::info!(syslog.address = %sender.settings.target, "the log server takes audit entries again");
                }
                pause = sender.settings.pace.first_pause;
            }
            Err(error) => {
                sender.app.parts().alerting.set_syslog_away(true);
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(
                        syslog.address = %sender.settings.target, error = %error,
                        "audit entries do not reach the log server; they wait in the audit log and are sent again"
                    );
                }
                sender.rest(pause).await;
                pause = pause.saturating_mul(2).min(sender.settings.pace.longest_pause);
            }
        }
    }
}

struct Sender {
    app: App,
    settings: SyslogSettings,
    format: Syslog,
    shutdown: CancellationToken,
    /// The first entry that the receiver is not known to have.
    position: Option<u64>,
}

impl Sender {
    /// Waits until there is something to send, sends it, and moves the position when it has arrived.
    async fn window(&mut self) -> Result<(), SyslogError> {
        let from = match self.position {
            Some(position) => position,
            None => self.begin().await?,
        };
        let mut growth = self.app.guard().log().growth();
        tokio::select! {
            () = self.shutdown.cancelled() => return Ok(()),
            grown = growth.wait_for(|size| *size > from) => drop(grown.map_err(|_| SyslogError::Stopped)?),
        }
        let pace = self.settings.pace;
        let mut connection = Connection::open(&self.settings.target, pace.patience).await?;
        let to = self.send(from, &mut connection).await?;
        connection.finish(pace.quiet).await?;
        self.remember(to).await?;
        self.position = Some(to);
        Ok(())
    }

    /// Finds the position of an earlier run, and records that entries leave the site from here on.
    async fn begin(&mut self) -> Result<u64, SyslogError> {
        let mut db = self.app.database().acquire().await.map_err(SyslogError::Position)?;
        let stored = setting::get(&mut db, &self.key()).await.map_err(SyslogError::Position)?;
        drop(db);
        let stored = stored.and_then(|text| text.parse().ok()).unwrap_or(0);
        let position = if stored > self.size() {
            tracing::warn!(
                syslog.position = stored,
                "the audit log is shorter than what was sent of it; all is sent again"
            );
            0
        } else {
            stored
        };
        let guard = self.app.guard();
        let event = guard
            .event(Assurance::AuditExport, Phase::Info, guard.fresh_op())
            .detail("format", "syslog")
            .detail("destination", self.settings.target.to_string())
            .detail("personal-values", self.settings.personal_values)
            .detail("from", position);
        guard.record(event).await.map_err(SyslogError::Unrecorded)?;
        self.position = Some(position);
        Ok(position)
    }

    /// Sends entries until the window ends; returns the first index that was not sent.
    async fn send(&self, from: u64, connection: &mut Connection) -> Result<u64, SyslogError> {
        let pace = self.settings.pace;
        let mut growth = self.app.guard().log().growth();
        let began = Instant::now();
        let mut next = from;
        let mut frames = Vec::new();
        loop {
            frames.clear();
            for view in self.read(next).await? {
                self.format.frame(&view, &mut frames);
                next = view.entry.index + 1;
            }
            connection.send(&frames).await?;
            if next - from >= pace.entries || began.elapsed() >= pace.window {
                return Ok(next);
            }
            let grown = tokio::time::timeout(pace.idle, growth.wait_for(|size| *size > next));
            tokio::select! {
                () = self.shutdown.cancelled() => return Ok(next),
                () = connection.ended() => return Err(SyslogError::EndedFirst),
                grown = grown => if !matches!(grown, Ok(Ok(_))) { return Ok(next) },
            }
        }
    }

    async fn read(&self, from: u64) -> Result<Vec<EntryView>, SyslogError> {
        let log = self.app.guard().log().clone();
        let read = tokio::task::spawn_blocking(move || log.entries(from, BATCH, &Filter::all())).await;
        read.map_err(|_| SyslogError::Stopped)?.map_err(SyslogError::Unreadable)
    }

    async fn remember(&self, position: u64) -> Result<(), SyslogError> {
        let mut db = self.app.database().acquire().await.map_err(SyslogError::Position)?;
        setting::put(&mut db, &self.key(), &position.to_string()).await.map_err(SyslogError::Position)
    }

    /// One position for each log and each receiver: another receiver gets everything from the start.
    fn key(&self) -> String {
        format!("syslog position of {} at {}", self.format.context.origin, self.settings.target)
    }

    fn size(&self) -> u64 {
        self.app.guard().log().head().0
    }

    /// Waits, unless the site stops.
    async fn rest(&self, pause: Duration) {
        // Both ends of the wait mean: go on.
        let _ = tokio::time::timeout(pause, self.shutdown.cancelled()).await;
    }
}
