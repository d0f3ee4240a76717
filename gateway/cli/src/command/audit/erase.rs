//! `sealane audit erase`: ask for an erasure; `erase approve|withdraw|list`.

use clap::{Args, Subcommand};
use reqwest::Method;
use sealane_model::ErasureId;
use sealane_service::view::{ErasureState, ErasureView, NewErasure};
use serde_json::json;

use super::about::{About, shown};
use crate::command::Session;
use crate::output::{print, table};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(in crate::command) struct EraseArguments {
    #[command(flatten)]
    about: Option<About>,
    /// On what ground, also for values that are younger than the retention: kept, sealed, in the audit log.
    #[arg(long, required = true)]
    basis: Option<String>,
    #[command(subcommand)]
    command: Option<EraseCommand>,
}

#[derive(Debug, Subcommand)]
pub(in crate::command) enum EraseCommand {
    /// Agree to an erasure that somebody else asked for; it cannot be undone.
    Approve {
        /// Its id.
        erasure: ErasureId,
    },
    /// Withdraw or refuse an erasure that nobody has approved.
    Withdraw {
        /// Its id.
        erasure: ErasureId,
    },
    /// Erasures, the newest first.
    List,
}

pub(super) async fn run(arguments: EraseArguments, session: &Session) -> anyhow::Result<()> {
    match arguments.command {
        Some(EraseCommand::Approve { erasure }) => approve(session, erasure).await,
        Some(EraseCommand::Withdraw { erasure }) => {
            let url = session.client.at(&["audit", "erasures", &erasure.to_string()]);
            session.client.send(session.client.request(Method::DELETE, url)).await?;
            print(session.format, &json!({ "withdrawn": erasure }), |_| "The erasure is withdrawn.".to_owned())
        }
        Some(EraseCommand::List) => list(session).await,
        None => {
            let (Some(about), Some(basis)) = (arguments.about, arguments.basis) else {
                anyhow::bail!("name a person or collection and a basis; see `sealane audit erase --help`");
            };
            request(session, NewErasure { about: about.into_view()?, basis }).await
        }
    }
}

async fn request(session: &Session, wanted: NewErasure) -> anyhow::Result<()> {
    let url = session.client.at(&["audit", "erasures"]);
    let asked: ErasureView = session.client.post(url, &wanted).await?;
    print(session.format, &asked, |asked| {
        format!(
            "Erasure {} waits for another compliance officer until {}.\n  next: they run `sealane audit erase approve {}`",
            asked.id, asked.expires_at, asked.id
        )
    })
}

async fn approve(session: &Session, erasure: ErasureId) -> anyhow::Result<()> {
    let url = session.client.at(&["audit", "erasures", &erasure.to_string(), "approve"]);
    let approved: ErasureView = session.client.post(url, &json!({})).await?;
    print(session.format, &approved, |approved| match approved.state {
        ErasureState::Done => format!("{} personal values are erased. The log itself is unchanged.", values(approved)),
        _ => format!(
            "Approved; {} of {} logs have done their part. `sealane audit erase list` shows the rest.",
            done(approved),
            approved.parts.len()
        ),
    })
}

async fn list(session: &Session) -> anyhow::Result<()> {
    let erasures: Vec<ErasureView> = session.client.get_all(session.client.at(&["audit", "erasures"])).await?;
    print(session.format, &erasures, |erasures| {
        let rows: Vec<[String; 6]> = erasures
            .iter()
            .map(|erasure| {
                [
                    erasure.id.to_string(),
                    state(erasure),
                    values(erasure).to_string(),
                    erasure.requested_by.clone(),
                    erasure.approved_by.clone().unwrap_or_else(|| "-".to_owned()),
                    shown(erasure.about.as_ref()),
                ]
            })
            .collect();
        table(["erasure", "state", "values", "asked by", "approved by", "about"], &rows)
    })
}

fn state(erasure: &ErasureView) -> String {
    match erasure.state {
        ErasureState::Waiting => format!("waiting until {}", erasure.expires_at),
        ErasureState::Expired => "expired".to_owned(),
        ErasureState::Approved => format!("{} of {} logs done", done(erasure), erasure.parts.len()),
        ErasureState::Held => "stopped by a hold".to_owned(),
        ErasureState::Done => "done".to_owned(),
    }
}

fn done(erasure: &ErasureView) -> usize {
    erasure.parts.iter().filter(|part| part.done_at.is_some()).count()
}

fn values(erasure: &ErasureView) -> u64 {
    erasure.parts.iter().filter_map(|part| part.values).sum()
}
