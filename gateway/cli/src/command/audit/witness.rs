//! `sealane audit witness show|status|evidence`: this site as a witness, its own witnesses, and logs that were caught.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use sealane_service::view::{ForkView, WitnessPolicyView, WitnessStatusView};

use crate::command::peer::ask_site;
use crate::config::Config;
use crate::output::{Format, print, table};
use crate::serve::admin::{AdminAnswer, AdminRequest};

#[derive(Debug, Subcommand)]
pub(in crate::command) enum WitnessCommand {
    /// What another site puts into its policy in order to have this one as a witness.
    Show(WitnessArguments),
    /// How far this node's log is confirmed, by whom, and which logs this site has witnessed.
    Status(WitnessArguments),
    /// Evidence against logs that showed two histories.
    Evidence {
        #[command(flatten)]
        common: WitnessArguments,
        /// Write each piece of evidence and its log's key into this folder.
        #[arg(long)]
        export: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(in crate::command) struct WitnessArguments {
    /// The configuration file.
    #[arg(long, default_value = "sealane.toml")]
    config: PathBuf,
}

pub(super) async fn run(command: WitnessCommand, format: Format) -> anyhow::Result<()> {
    let (arguments, request, export) = match command {
        WitnessCommand::Show(arguments) => (arguments, AdminRequest::WitnessShow, None),
        WitnessCommand::Status(arguments) => (arguments, AdminRequest::WitnessStatus, None),
        WitnessCommand::Evidence { common, export } => (common, AdminRequest::WitnessEvidence, export),
    };
    match ask_site(&Config::read(&arguments.config)?, request).await? {
        AdminAnswer::Problem(problem) => Err(problem.into()),
        AdminAnswer::WitnessIdentity(view) => print(format, &view, |view| {
            format!(
                "For the policy file of a peer (it asks over its lanes):\n  {}\nFor others, with the address that they ask at:\n  {} {}\nThe log of this node:\n  {}",
                view.policy_line, view.policy_line, view.url, view.log
            )
        }),
        AdminAnswer::WitnessStatus(view) => print(format, &view, status),
        AdminAnswer::Forks(forks) => {
            if let Some(folder) = export {
                write(&folder, &forks)?;
            }
            print(format, &forks, |forks| evidence(forks))
        }
        _ => bail!("the node answered something else than was asked"),
    }
}

fn status(view: &WitnessStatusView) -> String {
    let own = match &view.policy {
        None => "Nobody is asked to confirm this node's log: there is no [audit.witness] policy.".to_owned(),
        Some(policy) => policy_text(policy),
    };
    let own = match &view.timestamp {
        None => own,
        Some(dated) => format!(
            "{}\nA time-stamping authority says that {} entries were there at {}; its signature was {}checked.",
            own.trim_end(),
            dated.size,
            dated.at,
            if dated.trusted { "" } else { "not " }
        ),
    };
    let rows: Vec<[String; 4]> = view
        .watched
        .iter()
        .map(|log| {
            let verdict = if log.forked { "TWO HISTORIES: see `sealane audit witness evidence`" } else { "grows" };
            [log.origin.clone(), log.size.to_string(), log.at.to_string(), verdict.to_owned()]
        })
        .collect();
    if rows.is_empty() {
        format!("{own}\nThis site has witnessed no log yet.")
    } else {
        format!("{own}\nLogs that this site has witnessed:\n{}", table(["log", "entries", "cosigned", "it"], &rows))
    }
}

fn policy_text(policy: &WitnessPolicyView) -> String {
    let rows: Vec<[String; 4]> = policy
        .witnesses
        .iter()
        .map(|witness| {
            let at = witness.at.map(|at| at.to_string()).unwrap_or_default();
            [witness.name.clone(), witness.size.to_string(), at, witness.fault.clone().unwrap_or_default()]
        })
        .collect();
    let waiting = match policy.waiting {
        None => "not looked at yet".to_owned(),
        Some(entries) => format!("{entries} wait, the first for {} ms", policy.waiting_ms.unwrap_or_default()),
    };
    let refused = if policy.refused { "Health data and CUI are refused until a quorum confirms them.\n" } else { "" };
    format!(
        "{} of {} entries are confirmed; {waiting}.\n{refused}{}",
        policy.confirmed,
        policy.size,
        table(["witness", "entries", "cosigned", "fault"], &rows)
    )
}

fn evidence(forks: &[ForkView]) -> String {
    if forks.is_empty() {
        return "No log showed this site two histories.".to_owned();
    }
    let rows: Vec<[String; 3]> =
        forks.iter().map(|fork| [fork.origin.clone(), fork.found_at.to_string(), fork.id.clone()]).collect();
    table(["log", "found", "evidence"], &rows)
}

fn write(folder: &Path, forks: &[ForkView]) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for fork in forks {
        let path = folder.join(&fork.id);
        std::fs::write(path.with_extension("equivocation"), &fork.evidence)?;
        if let Some(key) = &fork.key {
            std::fs::write(path.with_extension("vkey"), format!("{key}\n"))?;
        }
    }
    Ok(())
}
