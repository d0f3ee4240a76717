//! The step about the receipt: both sites hold the other's proof, and a person verifies it with the keys of both logs.

use std::fs;
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use sealane_audit::ExchangeReceipt;
use sealane_audit::verify::{Options, Pin, verify_receipt};
use sealane_model::Problem;
use serde_json::Value;

use super::super::browser::Browser;
use super::super::world::{Site, World};
use super::steps::at;

/// Time for the sites to show each other what they recorded, and for each to cosign the other's head over it.
const PATIENCE: Duration = Duration::from_secs(40);
/// How often it is asked for.
const ASK: Duration = Duration::from_millis(250);

/// The receipt as Ana gets it, verified; an altered copy is refused.
pub(super) async fn verified(ana: &mut Browser, world: &World, task: &str) -> anyhow::Result<((), String)> {
    let receipt = tokio::time::timeout(PATIENCE, cosigned(ana, &world.hospital, task))
        .await
        .context("the sites have not exchanged a receipt that each has cosigned in time")??;
    let pins = [key(&world.hospital)?, key(&world.university)?];
    let report = verify_receipt(&receipt, &pins, &Options::default());
    ensure!(report.exit_code() == 0, "the receipt does not verify:\n{report}");
    let mut altered = receipt.clone();
    altered.destination.entry = altered.destination.entry.replacen("\"bytes\":", "\"bytes\":1", 1);
    ensure!(verify_receipt(&altered, &pins, &Options::default()).exit_code() == 1, "an altered receipt verifies");
    let (source, destination) = (receipt.source.proof.index, receipt.destination.proof.index);
    Ok(((), format!("both sites prove the same, in entries {source} and {destination}, each cosigned by the other")))
}

async fn cosigned(ana: &mut Browser, site: &Site, task: &str) -> anyhow::Result<ExchangeReceipt> {
    let url = at(site, &format!("tasks/{task}/receipt"))?;
    loop {
        match ana.get::<Value>(url.clone()).await {
            Ok(document) => {
                let receipt: ExchangeReceipt = document.to_string().parse()?;
                if receipt.cosigned_parts() == 2 {
                    return Ok(receipt);
                }
            }
            Err(error) if error.downcast_ref::<Problem>().is_some_and(|problem| problem.code == "receipt-owed") => {}
            Err(error) => return Err(error),
        }
        tokio::time::sleep(ASK).await;
    }
}

fn key(site: &Site) -> anyhow::Result<Pin> {
    let text = fs::read_to_string(site.audit.join("origin.pub"))?;
    text.trim().parse().map_err(|why| anyhow!("the key of the log is {why}"))
}
