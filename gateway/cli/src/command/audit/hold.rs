//! `sealane audit hold place|release|list`: legal holds.

use clap::Subcommand;
use sealane_model::HoldId;
use sealane_service::view::{HoldView, NewHold};
use serde_json::json;

use super::about::{About, shown};
use crate::command::Session;
use crate::output::{print, table};

#[derive(Debug, Subcommand)]
pub(in crate::command) enum HoldCommand {
    /// Place a hold.
    Place {
        #[command(flatten)]
        about: About,
        /// Why: kept, sealed, in the audit log.
        #[arg(long)]
        reason: String,
    },
    /// Ask for a hold's release, or agree to it where somebody else has asked.
    Release {
        /// Its id.
        hold: HoldId,
    },
    /// Holds that stand, the newest first.
    List,
}

pub(super) async fn run(command: HoldCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        HoldCommand::Place { about, reason } => {
            let wanted = NewHold { about: about.into_view()?, reason };
            let placed: HoldView = session.client.post(session.client.at(&["audit", "holds"]), &wanted).await?;
            print(session.format, &placed, |placed| {
                format!("Hold {} stands: nothing of {} is erased.", placed.id, shown(placed.about.as_ref()))
            })
        }
        HoldCommand::Release { hold } => release(session, hold).await,
        HoldCommand::List => list(session).await,
    }
}

async fn release(session: &Session, hold: HoldId) -> anyhow::Result<()> {
    let url = session.client.at(&["audit", "holds", &hold.to_string(), "release"]);
    let hold: HoldView = session.client.post(url, &json!({})).await?;
    print(session.format, &hold, |hold| {
        if hold.released {
            "The hold has ended.".to_owned()
        } else {
            format!(
                "The hold stands until another compliance officer agrees.\n  next: they run `sealane audit hold release {}`",
                hold.id
            )
        }
    })
}

async fn list(session: &Session) -> anyhow::Result<()> {
    let holds: Vec<HoldView> = session.client.get_all(session.client.at(&["audit", "holds"])).await?;
    print(session.format, &holds, |holds| {
        let rows: Vec<[String; 6]> = holds
            .iter()
            .map(|hold| {
                [
                    hold.id.to_string(),
                    hold.placed_at.to_string(),
                    hold.placed_by.clone(),
                    hold.release_asked_by.clone().unwrap_or_else(|| "-".to_owned()),
                    shown(hold.about.as_ref()),
                    hold.reason.clone().unwrap_or_default(),
                ]
            })
            .collect();
        table(["hold", "since", "placed by", "release asked by", "about", "reason"], &rows)
    })
}
