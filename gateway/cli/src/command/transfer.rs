//! `sealane transfer SRC:PATH DST:PATH [-r]`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use sealane_model::TaskId;
use sealane_service::view::{NewItem, NewTask, TaskView};

use super::{Session, task};
use crate::client::reference::PlaceReference;
use crate::output::print;

#[derive(Debug, Args)]
pub(super) struct TransferArguments {
    /// COLLECTION:PATH of what moves.
    source: PlaceReference,
    /// COLLECTION:PATH of what it is to be called there.
    destination: PlaceReference,
    /// A directory with all that is in it.
    #[arg(short, long)]
    recursive: bool,
    /// What to call the task.
    #[arg(long)]
    label: Option<String>,
    /// What the data are for.
    #[arg(long)]
    purpose: Option<String>,
    /// Parallel lanes.
    #[arg(long)]
    lanes: Option<u16>,
    /// An id of your own (a UUID): the same one again starts nothing twice.
    #[arg(long)]
    submission_id: Option<TaskId>,
    /// Wait for the end.
    #[arg(long)]
    wait: bool,
    /// Wait at most so many seconds.
    #[arg(long, requires = "wait")]
    timeout: Option<u64>,
}

pub(super) async fn run(arguments: TransferArguments, session: &Session) -> anyhow::Result<ExitCode> {
    let asked = NewTask {
        label: arguments.label,
        source: arguments.source.collection,
        destination: arguments.destination.collection,
        items: vec![NewItem {
            source: arguments.source.path,
            destination: arguments.destination.path,
            recursive: arguments.recursive,
        }],
        purpose: arguments.purpose,
        lanes: arguments.lanes,
        submission_id: arguments.submission_id,
    };
    let submitted: TaskView = session.client.post(session.client.at(&["tasks"]), &asked).await?;
    if arguments.wait {
        return task::wait(session, submitted.id, arguments.timeout.map(Duration::from_secs)).await;
    }
    print(session.format, &submitted, |task| {
        format!("Task {} is submitted.\n  watch it: sealane task wait {}", task.id, task.id)
    })?;
    Ok(ExitCode::SUCCESS)
}
