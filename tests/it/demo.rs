//! `sealane demo --once`: the product's whole story in one command, and nothing left behind.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use sealane_tests::cli::bare;
use sealane_tests::environment::{binary, long, seed};
use sealane_tests::port;
use sealane_tests::process::Process;
use sealane_tests::tree::{write_many, write_odd, write_sparse};
use sealane_tests::wait::until_true;
use serde_json::Value;
use tempfile::TempDir;

/// The demo with a folder of its own for everything temporary.
struct Demo {
    scratch: TempDir,
    temporary: PathBuf,
}

impl Demo {
    fn new() -> anyhow::Result<Self> {
        let scratch = tempfile::tempdir()?;
        let temporary = scratch.path().join("tmp");
        fs::create_dir(&temporary)?;
        Ok(Self { scratch, temporary })
    }

    fn command(&self) -> anyhow::Result<Command> {
        let mut command = bare(&binary("sealane", "sealane-cli")?);
        command.args(["--format", "json", "demo"]).env("TMPDIR", &self.temporary).current_dir(self.scratch.path());
        Ok(command)
    }

    /// Play it to its end; the document that it printed.
    fn once(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let out = self.command()?.arg("--once").args(arguments).output()?;
        let (said, complained) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        ensure!(out.status.code() == Some(0), "{:?}: {said}{complained}", out.status);
        Ok(serde_json::from_str(&said)?)
    }

    /// No file in its temporary folder, no process that was started with it.
    fn nothing_is_left(&self) -> anyhow::Result<()> {
        let left: Vec<_> = fs::read_dir(&self.temporary)?.collect::<Result<_, _>>()?;
        ensure!(left.is_empty(), "the demo left {left:?}");
        let mark = format!("TMPDIR={}", self.temporary.display());
        for process in fs::read_dir("/proc")? {
            // Processes come and go while they are looked at; those of other users are not ours.
            let environment = fs::read(process?.path().join("environ")).unwrap_or_default();
            let is_ours = environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes());
            ensure!(!is_ours, "the demo left a process");
        }
        Ok(())
    }
}

fn every_step_held(document: &Value) -> anyhow::Result<()> {
    ensure!(document.get("ok") == Some(&Value::Bool(true)), "{document:#}");
    let steps = document.get("steps").and_then(Value::as_array).context("steps")?;
    let names: Vec<&str> = steps.iter().filter_map(|step| step.get("name").and_then(Value::as_str)).collect();
    let expected = [
        "start", "sign-in", "list", "refused", "permit", "transfer", "compare", "receipt", "witness", "audit",
        "tamper", "rewrite",
    ];
    ensure!(names == expected, "the steps were {names:?}");
    ensure!(steps.iter().all(|step| step.get("ok") == Some(&Value::Bool(true))), "{document:#}");
    Ok(())
}

fn number(document: &Value, pointer: &str) -> anyhow::Result<u64> {
    document.pointer(pointer).and_then(Value::as_u64).with_context(|| format!("{pointer} in {document:#}"))
}

#[test]
fn the_demo_plays_its_story_and_leaves_nothing() -> anyhow::Result<()> {
    let demo = Demo::new()?;
    let document = demo.once(&[])?;
    every_step_held(&document)?;
    ensure!(number(&document, "/transfer/bytes")? > 256 << 20, "the sample data hold a large volume: {document:#}");
    demo.nothing_is_left()
}

#[test]
fn the_demo_moves_a_directory_of_ones_own_whatever_its_names() -> anyhow::Result<()> {
    let demo = Demo::new()?;
    let data = demo.scratch.path().join("my data");
    write_odd(&data, seed())?;
    let files = if long() { 20_000 } else { 2_000 };
    write_many(&data.join("many"), files, 700, seed())?;
    if long() {
        write_sparse(&data.join("sparse volume"), 3 << 30)?;
    }
    let document = demo.once(&["--data", data.to_str().context("a plain path")?])?;
    every_step_held(&document)?;
    ensure!(number(&document, "/transfer/files")? >= files as u64, "{document:#}");
    demo.nothing_is_left()
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() -> anyhow::Result<()> {
    let demo = Demo::new()?;
    let port = port::free()?;
    let _held = TcpListener::bind(("127.0.0.1", port))?;
    let out = demo.command()?.args(["--once", "--port", &port.to_string()]).output()?;
    ensure!(out.status.code() == Some(1), "{:?}", out.status);
    let said = String::from_utf8_lossy(&[out.stderr, out.stdout].concat()).into_owned();
    ensure!(said.contains(&format!("port {port} is in use")) && said.contains("--port"), "{said}");
    demo.nothing_is_left()
}

#[test]
fn a_demo_that_is_stopped_leaves_nothing() -> anyhow::Result<()> {
    let demo = Demo::new()?;
    let port = port::free_row(5)?;
    let data = demo.scratch.path().join("data");
    write_many(&data, 10, 10, seed())?;
    let mut command = demo.command()?;
    command.args(["--port", &port.to_string(), "--data"]).arg(&data);
    let mut process = Process::start("demo", &mut command, demo.scratch.path())?;
    until_true("the demo to say where it is", Duration::from_secs(60), || {
        ensure!(process.runs()?, "it ended: {}", process.tail());
        Ok(process.written()?.contains("Ctrl-C ends it"))
    })?;
    ensure!(fs::read_dir(&demo.temporary)?.count() == 1, "its state is in its temporary folder");
    let ended = process.terminate(Duration::from_secs(30))?;
    ensure!(ended.success() || ended.code() == Some(143), "{ended:?}");
    demo.nothing_is_left()
}

#[test]
fn state_that_is_asked_for_is_kept() -> anyhow::Result<()> {
    let demo = Demo::new()?;
    let (data, state) = (demo.scratch.path().join("data"), demo.scratch.path().join("state"));
    write_many(&data, 20, 1_000, seed())?;
    let text = |path: &Path| path.to_str().map(str::to_owned).context("a plain path");
    let document = demo.once(&["--data", &text(&data)?, "--state", &text(&state)?])?;
    every_step_held(&document)?;
    ensure!(state.join("university-b-data").join("part 0000").is_dir(), "what was transferred is kept");
    demo.nothing_is_left()
}
