//! What goes wrong is told with a word of its own, the reason and the next step; and nothing half-done has a final name.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use data_encoding::BASE64URL_NOPAD;
use sealane_cli::demo::people::ANA;
use sealane_cli::site_keys::SiteKeys;
use sealane_crypto::TlsIdentity;
use sealane_crypto::envelope::Signed;
use sealane_model::peer::SignedInvitation;
use sealane_model::{Problem, SiteDescriptor, Timestamp};
use sealane_tests::control_database::Backend;
use sealane_tests::environment::seed;
use sealane_tests::pair::{Pair, PairPlan, invite};
use sealane_tests::person::{Person, TaskNow, new_task};
use sealane_tests::site::{Site, SmallDisk};
use sealane_tests::tree::{left_behind, same_bytes, write_many, write_noise};
use sealane_tests::wait::{until, until_true};
use serde_json::Value;

const PREFIX: &str = "sealane-invitation:";

fn accept(site: &Site, invitation: &str, fingerprint: &str) -> anyhow::Result<Problem> {
    explained(&refused_problem(&site.peer(&["accept", invitation, "--fingerprint", fingerprint])?)?)
}

/// A problem that tells enough to act on.
fn explained(problem: &Problem) -> anyhow::Result<Problem> {
    ensure!(!problem.title.is_empty() && !problem.detail.is_empty(), "{problem:?}");
    ensure!(problem.next_step.as_ref().is_some_and(|next| !next.is_empty()), "no next step: {problem:?}");
    Ok(problem.clone())
}

#[test]
fn an_invitation_that_is_not_what_it_should_be_is_not_accepted() -> anyhow::Result<()> {
    let pair = Pair::start_as(Backend::Sqlite, PairPlan { strangers: true, ..PairPlan::default() })?;
    let (invitation, fingerprint) = invite(&pair.a)?;
    let (_, of_another) = invite(&pair.b)?;
    let mut codes = BTreeSet::new();
    let mut refused = |invitation: &str, fingerprint: &str, code: &str| -> anyhow::Result<()> {
        let problem = accept(&pair.b, invitation, fingerprint)?;
        ensure!(problem.code == code, "{problem:?} instead of {code}");
        codes.insert(problem.code);
        Ok(())
    };
    refused(&invitation, &of_another, "fingerprint-wrong")?;
    refused(invitation.get(..invitation.len() / 2).context("a half")?, &fingerprint, "invitation-unreadable")?;
    refused(&altered(&invitation)?, &fingerprint, "invitation-signature")?;
    refused(&expired(&pair.a, &invitation)?, &fingerprint, "invitation-expired")?;
    let (own, own_fingerprint) = invite(&pair.b)?;
    refused(&own, &own_fingerprint, "invitation-own")?;
    ensure!(pair.b.peer(&["list"])?.document()? == Value::Array(vec![]), "nobody was accepted");

    pair.b.peer(&["accept", &invitation, "--fingerprint", &fingerprint])?.document()?;
    refused(&invitation, &fingerprint, "invitation-used")?;
    ensure!(codes.len() == 6, "each cause has a word of its own: {codes:?}");
    Ok(())
}

fn read(invitation: &str) -> anyhow::Result<SignedInvitation> {
    let encoded = invitation.strip_prefix(PREFIX).context("an invitation")?;
    Ok(serde_json::from_slice(&BASE64URL_NOPAD.decode(encoded.as_bytes())?)?)
}

fn written(invitation: &Value) -> String {
    format!("{PREFIX}{}", BASE64URL_NOPAD.encode(invitation.to_string().as_bytes()))
}

/// The same with another title, under the old signature.
fn altered(invitation: &str) -> anyhow::Result<String> {
    let mut json = serde_json::to_value(read(invitation)?)?;
    let payload = json.pointer_mut("/signed/payload").context("a payload")?;
    let text = payload.as_str().context("a text")?.to_owned();
    // Base64 of one byte changed in the middle: still base64, still no other length.
    let at = text.len() / 2;
    let (before, after) = (text.get(..at).context("before")?, text.get(at + 1..).context("after")?);
    let other = if text.get(at..=at) == Some("A") { "B" } else { "A" };
    *payload = Value::String(format!("{before}{other}{after}"));
    Ok(written(&json))
}

/// The same from last year, truly signed by the inviting site.
fn expired(site: &Site, invitation: &str) -> anyhow::Result<String> {
    let SignedInvitation { signing_key, signed } = read(invitation)?;
    let mut content = signed.open(&signing_key, SiteDescriptor::CONTEXT)?;
    content.expires_at = Timestamp::from_seconds(1_700_000_000);
    let keys = SiteKeys::load(&site.keys())?;
    let signed = Signed::seal(&keys.signing, SiteDescriptor::CONTEXT, &content)?;
    Ok(written(&serde_json::to_value(SignedInvitation { signing_key, signed })?))
}

#[test]
fn a_site_that_is_no_longer_trusted_gets_nothing_and_gives_nothing() -> anyhow::Result<()> {
    let pair = Pair::start(Backend::Sqlite)?;
    write_many(&pair.a.data("imaging"), 3, 100, seed())?;
    let ana = Person::sign_in(&pair.a, ANA)?;
    // The destination trusts no longer; the source does not know that yet.
    pair.b.peer(&["remove", "hospital-a"])?.document()?;
    let refused = ana.cli.run(["transfer", "-r", "imaging:/", "university-b/intake:/x"])?;
    let problem = explained(&refused_problem(&refused)?)?;
    ensure!(problem.code == "peer-unknown", "{problem:?}");
    // Then the source does not trust either.
    pair.a.peer(&["remove", "university-b"])?.document()?;
    let refused = ana.cli.run(["transfer", "-r", "imaging:/", "university-b/intake:/x"])?;
    explained(&refused_problem(&refused)?)?;
    ensure!(fs::read_dir(pair.b.data("intake"))?.next().is_none(), "nothing arrived");
    Ok(())
}

#[test]
fn a_site_with_another_certificate_than_the_pinned_one_gets_nothing() -> anyhow::Result<()> {
    let mut pair = Pair::start(Backend::Sqlite)?;
    write_many(&pair.a.data("imaging"), 3, 100, seed())?;
    let ana = Person::sign_in(&pair.a, ANA)?;
    pair.b.stop()?;
    let forged = TlsIdentity::generate("sealane-lane", &["impostor.sealane".to_owned()])?;
    replace_key(&pair.b.keys().join("lane-certificate.key"), &forged.certificate_der)?;
    replace_key(&pair.b.keys().join("lane-private.key"), forged.private_key_pkcs8.expose())?;
    pair.b.start()?;
    let refused = ana.cli.run(["transfer", "-r", "imaging:/", "university-b/intake:/x"])?;
    let problem = explained(&refused_problem(&refused)?)?;
    ensure!(problem.code == "peer-wrong-key", "{problem:?}");
    ensure!(fs::read_dir(pair.b.data("intake"))?.next().is_none(), "nothing arrived");
    Ok(())
}

fn replace_key(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::remove_file(path)?;
    fs::write(path, bytes)?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o600))?)
}

/// The problem of a command that ended in a failure, whichever.
fn refused_problem(answer: &sealane_tests::cli::Answer) -> anyhow::Result<Problem> {
    ensure!(answer.code != 0, "it was not refused: {answer:?}");
    answer.problem(answer.code)
}

#[test]
fn places_that_are_not_there_or_lead_out_are_refused() -> anyhow::Result<()> {
    let pair = Pair::start(Backend::Sqlite)?;
    let ana = Person::sign_in(&pair.a, ANA)?;
    let unknown = explained(&ana.cli.run(["ls", "nowhere:/"])?.problem(1)?)?;
    let hidden = explained(&ana.cli.run(["ls", "vault:/"])?.problem(1)?)?;
    ensure!(unknown.code == "collection-unknown" && hidden.code == unknown.code, "{unknown:?} {hidden:?}");
    ensure!(hidden.detail == unknown.detail, "what she may not know of looks as if it were not there");
    ensure!(ana.cli.run(["ls", "imaging:/../vault"])?.code == 2, "such a path is a mistake of usage");

    fs::write(pair.a.data("vault").join("secret"), "secret")?;
    symlink(pair.a.data("vault"), pair.a.data("imaging").join("link"))?;
    for path in
        ["/../vault/secret", "/./x", "//x", "x", "/a/../../vault/secret", "/link/secret", "/%2e%2e/vault/secret"]
    {
        let mut url = pair.a.url().join("/api/v1/collections/imaging/content")?;
        url.query_pairs_mut().append_pair("path", path);
        let relative = format!("collections/imaging/content?{}", url.query().context("a query")?);
        let reply = ana.get(&pair.a, &relative)?;
        ensure!(reply.status.is_client_error(), "{path} was answered with {}: {}", reply.status, reply.text);
        ensure!(reply.text != "secret" && !reply.code()?.is_empty(), "{path}: {}", reply.text);
    }
    let task = ana.post(&pair.a, "tasks", &new_task("imaging:/../vault", "university-b/intake:/x")?)?;
    ensure!(task.status.is_client_error(), "{} {}", task.status, task.text);
    Ok(())
}

#[test]
fn a_file_that_changes_while_it_is_read_does_not_arrive_and_the_others_do() -> anyhow::Result<()> {
    let moving = Moving::begin()?;
    let mut file = File::options().append(true).open(moving.source().join("volume-0"))?;
    let ended = moving.end(|| Ok(file.write_all(b"one more line\n")?))?;
    moving.failed_without(&ended, "source-changed", "volume-0")
}

#[test]
fn a_file_that_goes_while_it_is_to_be_read_does_not_arrive_and_the_others_do() -> anyhow::Result<()> {
    let moving = Moving::begin()?;
    let victim = moving.source().join("volume-7");
    fs::remove_file(victim)?;
    let ended = moving.end(|| Ok(()))?;
    moving.failed_without(&ended, "source-vanished", "volume-7")
}

/// A transfer of eight large files that has just begun.
struct Moving {
    pair: Pair,
    ana: Person,
    task: String,
}

impl Moving {
    fn begin() -> anyhow::Result<Self> {
        let pair = Pair::start(Backend::Sqlite)?;
        let source = pair.a.data("imaging").join("set");
        fs::create_dir(&source)?;
        for number in 0..8 {
            write_noise(&source.join(format!("volume-{number}")), 64 << 20, number)?;
        }
        let ana = Person::sign_in(&pair.a, ANA)?;
        let over_there = Person::sign_in(&pair.b, ANA)?;
        let task = ana.submit(&pair.a, "imaging:/set", "university-b/intake:/set")?;
        until_true("the first bytes to move", Duration::from_secs(30), || {
            Ok(over_there.task(&pair.b, &task)?.number("files_total") == 8)
        })?;
        Ok(Self { pair, ana, task })
    }

    fn source(&self) -> std::path::PathBuf {
        self.pair.a.data("imaging").join("set")
    }

    /// Disturb until it has ended.
    fn end(&self, mut disturb: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<TaskNow> {
        until("the transfer to end", Duration::from_secs(120), || {
            disturb()?;
            let now = self.ana.task(&self.pair.a, &self.task)?;
            Ok(now.is_final().then_some(now))
        })
    }

    fn failed_without(&self, ended: &TaskNow, code: &str, victim: &str) -> anyhow::Result<()> {
        ensure!(ended.state == "FAILED" && ended.text("code") == code, "{:#}", ended.document);
        ensure!(ended.text("message").contains("Next:"), "{:#}", ended.document);
        let there = self.pair.b.data("intake").join("set");
        ensure!(!there.join(victim).exists(), "{victim} has its final name");
        for number in (0..8).map(|number| format!("volume-{number}")).filter(|name| name != victim) {
            same_bytes(&self.source().join(&number), &there.join(&number)).with_context(|| number.clone())?;
        }
        ensure!(left_behind(&self.pair.b.data("intake"))?.is_empty(), "part files stay");
        Ok(())
    }
}

#[test]
fn a_full_destination_ends_the_task_with_no_half_file_under_its_name() -> anyhow::Result<()> {
    let small = SmallDisk { place: "intake", size: "48m" };
    let pair = Pair::start_as(Backend::Sqlite, PairPlan { small_disk_b: Some(small), ..PairPlan::default() })?;
    let source = pair.a.data("imaging").join("set");
    fs::create_dir(&source)?;
    write_noise(&source.join("volume"), 200 << 20, seed())?;
    let ana = Person::sign_in(&pair.a, ANA)?;
    let task = ana.submit(&pair.a, "imaging:/set", "university-b/intake:/set")?;
    let ended = until("the transfer to end", Duration::from_secs(60), || {
        let now = ana.task(&pair.a, &task)?;
        Ok(now.is_final().then_some(now))
    })?;
    ensure!(ended.state == "FAILED" && ended.text("code") == "storage-full", "{:#}", ended.document);
    ensure!(ended.text("message").contains("Next:"), "{:#}", ended.document);
    let inside = pair.b.seen_inside("intake")?;
    ensure!(!inside.join("set/volume").exists(), "half a file has its final name");
    ensure!(left_behind(&inside)?.is_empty(), "the disk is given back");
    Ok(())
}
