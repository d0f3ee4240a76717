//! A site that is told to stop puts its work down so that nothing is done twice.

use std::time::Duration;

use anyhow::ensure;
use sealane_cli::demo::people::ANA;
use sealane_tests::control_database::Backend;
use sealane_tests::environment::seed;
use sealane_tests::journal::Journal;
use sealane_tests::pair::Pair;
use sealane_tests::person::Person;
use sealane_tests::tree::{compare, left_behind, write_many, write_noise};
use sealane_tests::wait::{until, until_true};

#[test]
fn a_stopped_transfer_goes_on_without_sending_again_what_was_durable() -> anyhow::Result<()> {
    let mut pair = Pair::start(Backend::Sqlite)?;
    let source = pair.a.data("imaging").join("set");
    std::fs::create_dir(&source)?;
    write_noise(&source.join("volume"), 800 << 20, seed())?;
    write_many(&source.join("many"), 500, 10_000, seed())?;
    let here = Person::sign_in(&pair.a, ANA)?;
    let there = Person::sign_in(&pair.b, ANA)?;
    let task = here.submit(&pair.a, "imaging:/set", "university-b/intake:/set")?;
    until_true("some of it to be durable", Duration::from_secs(60), || {
        let now = there.task(&pair.b, &task)?;
        ensure!(!now.is_final(), "it was finished before the site could stop: {:#}", now.document);
        Ok(now.number("bytes_done") > 64 << 20)
    })?;
    ensure!(pair.b.stop()?.success(), "the destination ends by itself");
    pair.b.start()?;
    let kept = there.task(&pair.b, &task)?;
    ensure!(kept.number("bytes_done") > 64 << 20 && !kept.is_final(), "{:#}", kept.document);
    ensure!(pair.a.stop()?.success(), "the source ends by itself");
    pair.a.start()?;
    let ended = until("the transfer to end", Duration::from_secs(120), || {
        let now = there.task(&pair.b, &task)?;
        Ok(now.is_final().then_some(now))
    })?;
    ensure!(ended.state == "SUCCEEDED", "{:#}", ended.document);
    let counted = compare(&source, &pair.b.data("intake").join("set"))?;
    // Each of the two stops may cost what four lanes had under way, and nothing that was durable before.
    let most = counted.bytes + 2 * 4 * (16 << 20);
    ensure!(ended.number("bytes_moved") <= most, "{:#}", ended.document);
    let mirrored = until("the source to know the end", Duration::from_secs(30), || {
        let now = here.task(&pair.a, &task)?;
        Ok(now.is_final().then_some(now))
    })?;
    ensure!(mirrored.state == "SUCCEEDED", "{:#}", mirrored.document);

    ensure!(pair.a.stop()?.success() && pair.b.stop()?.success());
    ensure!(left_behind(&pair.b.data("intake"))?.is_empty());
    for site in [&pair.a, &pair.b] {
        site.verify_log()?;
        Journal::read(site)?.every_intent_has_one_outcome()?;
    }
    Ok(())
}
