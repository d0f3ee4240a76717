//! The key of the control database: a site does not start without it, nor with another, and makes no new one.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::ensure;
use sealane_cli::demo::people::ANA;
use sealane_tests::control_database::Backend;
use sealane_tests::on_both_databases;
use sealane_tests::pair::Pair;
use sealane_tests::person::Person;
use sealane_tests::site::Site;

on_both_databases! {
    fn a_site_starts_with_its_own_key_or_not_at_all(backend: Backend) -> anyhow::Result<()> {
        let mut pair = Pair::start(backend)?;
        let ana = Person::sign_in(&pair.a, ANA)?;
        ensure!(pair.a.stop()?.success());
        let (key, away) = (pair.a.keys().join("database.key"), pair.scratch()?.join("database.key"));
        ensure!(fs::metadata(&key)?.permissions().mode() & 0o777 == 0o600);
        fs::rename(&key, &away)?;
        let missing = refused(&mut pair.a)?;
        ensure!(missing.contains("database.key") && missing.contains("backup"), "{missing}");
        ensure!(!key.exists(), "no new key is made in the place of one that is missing");

        fs::write(&key, [7; 32])?;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
        let wrong = refused(&mut pair.a)?;
        ensure!(wrong.contains("is not the one") && wrong.contains("database.key"), "{wrong}");

        fs::remove_file(&key)?;
        fs::rename(&away, &key)?;
        pair.a.start()?;
        ensure!(ana.get(&pair.a, "me")?.text.contains(ANA.email), "what was sealed is there again");
        Ok(())
    }
}

/// What a site says that does not start.
fn refused(site: &mut Site) -> anyhow::Result<String> {
    let Err(error) = site.start() else { anyhow::bail!("it started") };
    Ok(format!("{error:#}"))
}
