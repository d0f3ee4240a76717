//! The story of `demo --once`: each step is really performed, through the doors that people use, and checked.
//!
//! Sign in, list, be refused with a reason, be let in by the other side, transfer, compare byte for byte, verify the receipt
//! that both sites hold with their logs' keys, verify both audit logs, see the verifier name the entry in which one byte of a copied log was changed, and see it refuse a log that was
//! written anew with the true key, because the other site has confirmed another history.

mod audit;
mod receipt;
mod steps;
mod witness;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use serde::Serialize;

use super::ports::Ports;
use super::world::World;
use crate::output::{Format, exit};
use audit::AuditSummary;
use steps::Transferred;

/// One step, as the document of `--format json` has it.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    name: &'static str,
    ok: bool,
    ms: u128,
    detail: String,
}

/// The document.
#[derive(Debug, Default, Serialize)]
struct Document {
    ok: bool,
    steps: Vec<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer: Option<Transferred>,
    audit: Vec<AuditSummary>,
}

/// Collects steps and tells each as it ends.
pub(super) struct Teller {
    format: Format,
    document: Document,
}

impl Teller {
    /// Perform one step; its failure ends the story.
    async fn step<T>(
        &mut self,
        name: &'static str,
        act: impl Future<Output = anyhow::Result<(T, String)>>,
    ) -> Option<T> {
        let started = Instant::now();
        let (value, detail) = match act.await {
            Ok((value, detail)) => (Some(value), detail),
            Err(error) => (None, format!("{error:#}")),
        };
        let step = Step { name, ok: value.is_some(), ms: started.elapsed().as_millis(), detail };
        if self.format == Format::Text {
            println!("{} {:<9} {:>6} ms  {}", if step.ok { "ok  " } else { "FAIL" }, step.name, step.ms, step.detail);
        }
        self.document.steps.push(step);
        value
    }

    fn finish(mut self, ok: bool) -> anyhow::Result<ExitCode> {
        self.document.ok = ok;
        match self.format {
            Format::Json => println!("{}", serde_json::to_string_pretty(&self.document)?),
            Format::Text if ok => println!("\nEverything holds."),
            Format::Text => println!("\nThe step above does not hold."),
        }
        Ok(if ok { ExitCode::SUCCESS } else { ExitCode::from(exit::FAILED) })
    }
}

/// Play it.
///
/// # Errors
/// When the result cannot be printed; what does not hold is an exit code.
pub(super) async fn play(
    state: &Path,
    data: Option<&Path>,
    ports: Ports,
    format: Format,
) -> anyhow::Result<(Option<World>, ExitCode)> {
    let mut teller = Teller { format, document: Document::default() };
    let started = teller
        .step("start", async {
            let world = World::start(state, data, ports).await?;
            let detail = format!("Hospital A at {}, University B at {}", world.hospital.url, world.university.url);
            Ok((world, detail))
        })
        .await;
    let Some(world) = started else { return Ok((None, teller.finish(false)?)) };
    let logs = [("Hospital A", world.hospital.audit.clone()), ("University B", world.university.audit.clone())];
    let moved = steps::perform(&mut teller, &world).await.is_some();
    let keys = world.hospital.keys.clone();
    let heads = if moved { witness::confirmed(&mut teller, &world).await } else { None };
    // The logs are verified as an auditor gets them: closed, after everything has ended.
    world.stop().await;
    let Some(head) = heads else { return Ok((None, teller.finish(false)?)) };
    let verified = audit::check(&mut teller, &logs, state).await.is_some()
        && witness::rewrite(&mut teller, &head, &keys, &state.join("rewritten-log")).await.is_some();
    Ok((None, teller.finish(verified)?))
}
