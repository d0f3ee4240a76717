//! `sealane policy why`: a past decision, made again from its record.

use clap::Args;
use sealane_audit::DecisionId;
use sealane_service::view::{ReplayResult, WhyView};

use super::explain::derivation;
use crate::command::Session;
use crate::output::{Exit, exit, print};

#[derive(Debug, Args)]
pub(in crate::command) struct WhyArguments {
    /// The decision's id, as refusals and audit entries name it.
    decision: DecisionId,
}

pub(super) async fn run(asked: WhyArguments, session: &Session) -> anyhow::Result<()> {
    let url = session.client.at(&["policy", "decisions", &asked.decision.to_string()]);
    let told: WhyView = session.client.get(url).await?;
    print(session.format, &told, text)?;
    match told.replay {
        ReplayResult::Differs => Err(Exit(exit::INTEGRITY, String::new()).into()),
        ReplayResult::Agrees | ReplayResult::Impossible => Ok(()),
    }
}

fn text(told: &WhyView) -> String {
    let mut text = format!(
        "Decision {} of {}: {} ({}) on {}\n  entry {} of {}\n  rules {}\n",
        told.decision, told.at, told.effect, told.reason, told.kind, told.index, told.log, told.snapshot
    );
    let word = match told.replay {
        ReplayResult::Agrees => "agrees",
        ReplayResult::Differs => "DIFFERS",
        ReplayResult::Impossible => "impossible",
    };
    text.push_str(&format!("Replay {word}: {}\n", told.replay_says));
    if let Some(explanation) = &told.explanation {
        text.push('\n');
        text.push_str(&derivation(explanation));
    }
    text
}
