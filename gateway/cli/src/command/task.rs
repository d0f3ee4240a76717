//! `sealane task list|show|wait|cancel|events|receipt`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sealane_model::bytes::ByteCount;
use sealane_model::{TaskEvent, TaskId, TaskState};
use sealane_service::view::TaskView;
use tokio::time::Instant;

use super::Session;
use crate::output::{Exit, Format, exit, print, table, watched};

/// How often a waiting command asks.
const ASK: Duration = Duration::from_millis(300);

#[derive(Debug, Subcommand)]
pub(super) enum TaskCommand {
    /// Your tasks, the newest first.
    List,
    /// One task.
    Show {
        /// Its id.
        task: TaskId,
    },
    /// Wait for a task's end; exit code 0 done, 1 failed, 7 partly done, 124 waited too long.
    Wait {
        /// Its id.
        task: TaskId,
        /// At most so many seconds.
        #[arg(long)]
        timeout: Option<u64>,
    },
    /// End a task.
    Cancel {
        /// Its id.
        task: TaskId,
    },
    /// What happened to a task.
    Events {
        /// Its id.
        task: TaskId,
    },
    /// The receipt of a transfer between two sites: what both recorded, and the proof.
    ///
    /// Exit code 0: both sites recorded the same and it is proven; 6: it is not. With `--format json` the document itself is
    /// printed: `sealane-verify receipt` checks it offline, as this command does.
    Receipt(super::task_receipt::ReceiptArguments),
}

pub(super) async fn run(command: TaskCommand, session: &Session) -> anyhow::Result<ExitCode> {
    match command {
        TaskCommand::List => list(session).await?,
        TaskCommand::Show { task } => print(session.format, &find(session, task).await?, text)?,
        TaskCommand::Wait { task, timeout } => return wait(session, task, timeout.map(Duration::from_secs)).await,
        TaskCommand::Cancel { task } => {
            let url = session.client.at(&["tasks", &task.to_string(), "cancel"]);
            let view: TaskView = session.client.post(url, &serde_json::json!({})).await?;
            print(session.format, &view, |view| format!("Task {} is {}.", view.id, view.state.word()))?;
        }
        TaskCommand::Events { task } => events(session, task).await?,
        TaskCommand::Receipt(arguments) => return super::task_receipt::run(arguments, session).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn find(session: &Session, task: TaskId) -> anyhow::Result<TaskView> {
    session.client.get(session.client.at(&["tasks", &task.to_string()])).await
}

async fn list(session: &Session) -> anyhow::Result<()> {
    let tasks: Vec<TaskView> = session.client.get_all(session.client.at(&["tasks"])).await?;
    print(session.format, &tasks, |tasks| {
        let rows: Vec<[String; 5]> = tasks
            .iter()
            .map(|task| {
                [
                    task.id.to_string(),
                    task.state.word().to_owned(),
                    format!("{} of {}", task.progress.files_done, task.progress.files_total),
                    ByteCount(task.progress.bytes_done).to_string(),
                    task.label.clone().unwrap_or_default(),
                ]
            })
            .collect();
        table(["task", "state", "files", "data", "label"], &rows)
    })
}

async fn events(session: &Session, task: TaskId) -> anyhow::Result<()> {
    let url = session.client.at(&["tasks", &task.to_string(), "events"]);
    let events: Vec<TaskEvent> = session.client.get_all(url).await?;
    print(session.format, &events, |events| {
        let rows: Vec<[String; 3]> =
            events.iter().map(|event| [event.at.to_string(), event.code.clone(), event.message.clone()]).collect();
        table(["time", "event", "what happened"], &rows)
    })
}

/// Wait for a task's end and say how it ended.
pub(super) async fn wait(session: &Session, task: TaskId, timeout: Option<Duration>) -> anyhow::Result<ExitCode> {
    let bar = bar(session.format);
    let deadline = timeout.map(|timeout| Instant::now() + timeout);
    let view = loop {
        let view = find(session, task).await?;
        bar.set_length(view.progress.bytes_total);
        bar.set_position(view.progress.bytes_done);
        bar.set_message(format!(
            "{} of {} files, {}",
            view.progress.files_done, view.progress.files_total, view.nice_status
        ));
        if view.state.is_final() {
            break view;
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            bar.finish_and_clear();
            return Err(Exit(
                exit::WAITED_TOO_LONG,
                format!(
                    "task {task} is still {} ({})\n  next: sealane task wait {task}",
                    view.state.word(),
                    view.nice_status
                ),
            )
            .into());
        }
        tokio::time::sleep(ASK).await;
    };
    bar.finish_and_clear();
    print(session.format, &view, text)?;
    Ok(ExitCode::from(code(&view)))
}

fn code(view: &TaskView) -> u8 {
    match &view.state {
        TaskState::Succeeded { .. } if view.progress.skipped > 0 => exit::PARTLY,
        TaskState::Succeeded { .. } => exit::DONE,
        TaskState::Failed { code, .. } if code == "integrity" => exit::INTEGRITY,
        _ => exit::FAILED,
    }
}

fn text(task: &TaskView) -> String {
    let progress = task.progress;
    let mut text = format!(
        "Task {}: {}\n  {} of {} files, {} of {}\n",
        task.id,
        task.state.word(),
        progress.files_done,
        progress.files_total,
        ByteCount(progress.bytes_done),
        ByteCount(progress.bytes_total),
    );
    if let TaskState::Failed { code, message, .. } = &task.state {
        text.push_str(&format!("  {code}: {message}\n"));
    } else if !task.state.is_final() {
        text.push_str(&format!("  {}\n", task.nice_status));
    }
    if progress.skipped > 0 {
        text.push_str(&format!("  left out: {} symbolic links or special files\n", progress.skipped));
    }
    if let Some(manifest) = &task.manifest {
        text.push_str(&format!("  manifest {manifest}\n"));
    }
    text
}

fn bar(format: Format) -> ProgressBar {
    let target =
        if format == Format::Text && watched() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target);
    ProgressStyle::with_template("{bar:32} {binary_bytes} of {binary_total_bytes}  {binary_bytes_per_sec}  {msg}")
        .map_or(bar.clone(), |style| bar.with_style(style))
}
