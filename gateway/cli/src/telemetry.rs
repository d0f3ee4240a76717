//! The operational log: what operators read. Audit is not logging; it has a package of its own.
//!
//! A serving node writes daily rolling JSON files in `logs/` of its state folder and, for whoever watches the terminal,
//! plain lines on standard error. Commands for people log only where `SEALANE_LOG` asks for it.

use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// Daily files that are kept.
const KEPT_FILES: usize = 30;

/// Keeps the writer of the log alive; what is still buffered is written when it is dropped.
#[must_use]
#[derive(Debug)]
pub struct Telemetry {
    _writer: Option<WorkerGuard>,
}

fn filter(default: &str) -> EnvFilter {
    EnvFilter::try_from_env("SEALANE_LOG").unwrap_or_else(|_| EnvFilter::new(default))
}

/// For commands: warnings on standard error, more where `SEALANE_LOG` says so.
pub fn for_command() -> Telemetry {
    let terminal = fmt::layer().with_writer(std::io::stderr).without_time().with_target(false);
    // A second initialisation happens only when tests run several commands in one process: the first one holds.
    let _ = tracing_subscriber::registry().with(terminal.with_filter(filter("error"))).try_init();
    Telemetry { _writer: None }
}

/// For a serving node.
///
/// # Errors
/// When the folder of the log cannot be made or written.
pub fn for_node(folder: &Path) -> anyhow::Result<Telemetry> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let files = tracing_appender::rolling::Builder::new()
        .rotation(tracing_appender::rolling::Rotation::DAILY)
        .filename_prefix("sealane")
        .filename_suffix("jsonl")
        .max_log_files(KEPT_FILES)
        .build(folder)?;
    let (writer, guard) = tracing_appender::non_blocking(files);
    let file = fmt::layer().json().flatten_event(true).with_writer(writer).with_filter(filter("info"));
    let terminal = fmt::layer().with_writer(std::io::stderr).with_target(false).with_filter(filter("info"));
    let _ = tracing_subscriber::registry().with(file).with(terminal).try_init();
    Ok(Telemetry { _writer: Some(guard) })
}
