//! The steps from sign-in to the comparison.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sealane_model::bytes::ByteCount;
use sealane_model::problem::ProblemKind;
use sealane_model::{Permission, Problem, RemotePath, TaskState};
use sealane_service::view::{
    Listing, MeView, NewItem, NewRule, NewTask, PrincipalView, RuleView, TaskRecordView, TaskView,
};
use serde::Serialize;
use url::Url;

use super::super::browser::Browser;
use super::super::compare;
use super::super::people::{ANA, BEN};
use super::super::world::{LANES, Site, World};
use super::{Teller, receipt};
use crate::output::{Format, watched};

/// What was transferred, as the document has it.
#[derive(Debug, Serialize)]
pub(super) struct Transferred {
    task: String,
    files: u64,
    directories: u64,
    bytes: u64,
    seconds: f64,
    lanes: u16,
    skipped: u64,
    mib_per_second: f64,
    cipher: Option<String>,
    manifest: Option<String>,
}

/// How often progress is asked for.
const ASK: Duration = Duration::from_millis(100);

/// Perform them; `None` at the first that does not hold.
pub(super) async fn perform(teller: &mut Teller, world: &World) -> Option<()> {
    let (hospital, university) = (&world.hospital, &world.university);
    let mut ana = teller.step("sign-in", sign_in(hospital)).await?;
    teller.step("list", list(&mut ana, hospital)).await?;
    teller.step("refused", refused(&mut ana, hospital)).await?;
    teller.step("permit", permit(university)).await?;
    let show = teller.format == Format::Text && watched();
    let moved = teller.step("transfer", transfer(&mut ana, hospital, show)).await?;
    let task = moved.task.clone();
    teller.document.transfer = Some(moved);
    teller.step("compare", compare(hospital, university)).await?;
    teller.step("receipt", receipt::verified(&mut ana, world, &task)).await
}

pub(super) fn at(site: &Site, path: &str) -> anyhow::Result<Url> {
    Ok(site.url.join(&format!("/api/v1/{path}"))?)
}

async fn sign_in(hospital: &Site) -> anyhow::Result<(Browser, String)> {
    let mut browser = Browser::new()?;
    browser.sign_in(&hospital.url, ANA).await?;
    let me: MeView = browser.get(at(hospital, "me")?).await?;
    ensure!(me.email.as_deref() == Some(ANA.email), "the site takes Ana for somebody else");
    Ok((browser, format!("{} at Hospital A (OpenID Connect, code flow with PKCE)", me.display_name)))
}

async fn list(ana: &mut Browser, hospital: &Site) -> anyhow::Result<((), String)> {
    let listing: Listing = ana.get(at(hospital, "collections/imaging/entries?path=/")?).await?;
    Ok(((), format!("{} entries at the top of 'imaging'", listing.items.len())))
}

fn submission() -> NewTask {
    NewTask {
        label: Some("demo".to_owned()),
        source: "imaging".to_owned(),
        destination: "university-b/intake".to_owned(),
        items: vec![NewItem { source: RemotePath::root(), destination: RemotePath::root(), recursive: true }],
        purpose: None,
        lanes: Some(LANES),
        submission_id: None,
    }
}

async fn refused(ana: &mut Browser, hospital: &Site) -> anyhow::Result<((), String)> {
    match ana.post::<_, TaskView>(at(hospital, "tasks")?, &submission()).await {
        Ok(task) => bail!("policy let task {} through without an access rule", task.id),
        Err(error) => {
            let problem = error.downcast::<Problem>()?;
            ensure!(problem.kind == ProblemKind::Denied, "refused for another reason: {problem}");
            Ok(((), problem.to_string()))
        }
    }
}

async fn permit(university: &Site) -> anyhow::Result<((), String)> {
    let mut ben = Browser::new()?;
    ben.sign_in(&university.url, BEN).await?;
    let rule = NewRule {
        path: None,
        principal: PrincipalView::Email { email: ANA.email.to_owned() },
        permissions: vec![Permission::List, Permission::Write],
        deny: false,
        expires_at: None,
        purpose: None,
    };
    let made: RuleView = ben.post(at(university, "collections/intake/rules")?, &rule).await?;
    Ok(((), format!("Ben Okafor lets {} write in University B's 'intake' (rule {})", ANA.email, made.id)))
}

async fn transfer(ana: &mut Browser, hospital: &Site, show: bool) -> anyhow::Result<(Transferred, String)> {
    let started = std::time::Instant::now();
    let submitted: TaskView = ana.post(at(hospital, "tasks")?, &submission()).await?;
    let bar = bar(show);
    let url = at(hospital, &format!("tasks/{}", submitted.id))?;
    let task = loop {
        let task: TaskView = ana.get(url.clone()).await?;
        bar.set_length(task.progress.bytes_total);
        bar.set_position(task.progress.bytes_done);
        bar.set_message(format!("{} of {} files", task.progress.files_done, task.progress.files_total));
        if task.state.is_final() {
            break task;
        }
        tokio::time::sleep(ASK).await;
    };
    let seconds = started.elapsed().as_secs_f64();
    bar.finish_and_clear();
    if let TaskState::Failed { code, message, .. } = &task.state {
        bail!("the task failed ({code}): {message}");
    }
    let record: TaskRecordView = ana.get(at(hospital, &format!("tasks/{}/record", task.id))?).await?;
    ensure!(!record.entries.is_empty(), "the task's record names no audit entry");
    let moved = summary(&record.task, seconds);
    let detail = format!(
        "{} files, {} in {seconds:.2} s over {} lanes ({}); {} audit entries",
        moved.files,
        ByteCount(moved.bytes),
        moved.lanes,
        moved.cipher.as_deref().unwrap_or("no cipher"),
        record.entries.len(),
    );
    Ok((moved, detail))
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn summary(task: &TaskView, seconds: f64) -> Transferred {
    Transferred {
        task: task.id.to_string(),
        files: task.progress.files_done,
        directories: task.progress.directories,
        bytes: task.progress.bytes_done,
        seconds,
        lanes: task.lanes,
        skipped: task.progress.skipped,
        mib_per_second: task.progress.bytes_done as f64 / f64::from(1 << 20) / seconds.max(0.001),
        cipher: task.cipher.clone(),
        manifest: task.manifest.map(|digest| digest.to_string()),
    }
}

async fn compare(hospital: &Site, university: &Site) -> anyhow::Result<((), String)> {
    let (source, copy) = (hospital.root.clone(), university.root.clone());
    let compared = tokio::task::spawn_blocking(move || compare::trees(&source, &copy))
        .await
        .context("the comparison stopped")??;
    Ok((
        (),
        format!(
            "{} files, {} directories, {} equal in name, content and time",
            compared.files,
            compared.directories,
            ByteCount(compared.bytes)
        ),
    ))
}

fn bar(show: bool) -> ProgressBar {
    let target = if show { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target);
    ProgressStyle::with_template("     {bar:32} {binary_bytes} of {binary_total_bytes}  {binary_bytes_per_sec}  {msg}")
        .map_or(bar.clone(), |style| bar.with_style(style))
}
