//! The steps about witnesses: each site has confirmed the other's log, and a log that was written anew is found out.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::ensure;
use sealane_audit::event::Assurance;
use sealane_audit::verify::{Options, verify_dir};
use sealane_audit::{Checkpoint, Event, Log, OpId, Phase};
use sealane_crypto::{Random, SystemRandom};
use sealane_model::id::fresh_uuid;
use sealane_model::{Clock, SystemClock};

use super::super::world::World;
use super::Teller;
use crate::site_keys::audit_keys;

/// Both logs have a head that the other site confirmed; the hospital's.
pub(super) async fn confirmed(teller: &mut Teller, world: &World) -> Option<Checkpoint> {
    let step = teller.step("witness", async {
        let (hospital, university) = (world.hospital.cosigned().await?, world.university.cosigned().await?);
        let told =
            format!("each site has confirmed the other's log ({} and {} entries)", hospital.size(), university.size());
        Ok((hospital, told))
    });
    step.await
}

/// Write the hospital's log anew with its own key, as an insider would: alone it verifies, beside the confirmed head not.
pub(super) async fn rewrite(teller: &mut Teller, head: &Checkpoint, keys: &Path, copy: &Path) -> Option<()> {
    let step = teller.step("rewrite", async {
        forge(head, keys, copy).await?;
        let alone = verify_dir(copy, &Options::default());
        let beside = verify_dir(copy, &Options { anchors: vec![head.clone()], ..Options::default() });
        fs::remove_dir_all(copy)?;
        ensure!(alone.holds(), "the forged log was to verify by itself, and does not:\n{alone}");
        ensure!(!beside.holds(), "a log that was written anew passed beside a head that the witness confirmed");
        Ok(((), "a log written anew with the true key verifies alone, and not beside the confirmed head".to_owned()))
    });
    step.await
}

/// As many entries as were confirmed, but others.
async fn forge(head: &Checkpoint, keys: &Path, copy: &Path) -> anyhow::Result<()> {
    let random: Arc<dyn Random> = Arc::new(SystemRandom::new()?);
    let keys = audit_keys(keys, &"node-1".parse()?, random.as_ref())?;
    let (log, _) = Log::open(copy, head.origin(), keys, Arc::clone(&random))?;
    for _ in 0..head.size() {
        let op = OpId::new(fresh_uuid(&SystemClock, random.as_ref()));
        log.append(Event::new(Assurance::AuditRead, Phase::Info, op, SystemClock.now().as_nanos())).await?;
    }
    log.close().await;
    Ok(())
}
