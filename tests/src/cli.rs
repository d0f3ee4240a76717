//! The command line of one person: `sealane` with a home of its own, answering in JSON.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use sealane_model::Problem;
use serde_json::Value;

use crate::environment;
use crate::process::Process;
use crate::wait::until;

/// The longest that a command may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// A command line.
#[derive(Debug, Clone)]
pub struct Cli {
    home: PathBuf,
    authority: PathBuf,
}

/// What a command answered.
#[derive(Debug)]
pub struct Answer {
    /// Its exit code.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

impl Answer {
    /// The document that it printed, where it said that all went well.
    ///
    /// # Errors
    /// When the exit code is not 0.
    pub fn document(&self) -> anyhow::Result<Value> {
        ensure!(self.code == 0, "exit code {}: {}{}", self.code, self.stdout, self.stderr);
        self.json()
    }

    /// The document that it printed, whatever the exit code.
    ///
    /// # Errors
    /// When it printed something else.
    pub fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_str(&self.stdout).with_context(|| format!("no JSON: {}{}", self.stdout, self.stderr))
    }

    /// The problem that it told, where it ended with this exit code.
    ///
    /// # Errors
    /// When it ended otherwise, or told no problem.
    pub fn problem(&self, code: i32) -> anyhow::Result<Problem> {
        ensure!(self.code == code, "exit code {} and not {code}: {}{}", self.code, self.stdout, self.stderr);
        let line = self.stderr.lines().rfind(|line| line.starts_with('{')).unwrap_or_default();
        serde_json::from_str(line).with_context(|| format!("no problem was told: {}", self.stderr))
    }
}

impl Cli {
    /// A command line whose state is in `home` and that trusts the authority in this file.
    ///
    /// # Errors
    /// When the home cannot be made.
    pub fn new(home: PathBuf, authority: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&home)?;
        Ok(Self { home, authority: authority.to_owned() })
    }

    /// Where it keeps its state, and where its commands run.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Run a command to its end.
    ///
    /// # Errors
    /// When it does not start or does not end.
    pub fn run<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> anyhow::Result<Answer> {
        let scratch = tempfile::tempdir()?;
        let (out, err) = (scratch.path().join("out"), scratch.path().join("err"));
        let mut command = self.command()?;
        command.args(["--format", "json"]).args(arguments);
        let mut child = command.stdin(Stdio::null()).stdout(File::create(&out)?).stderr(File::create(&err)?).spawn()?;
        let ended = until("a command to end", PATIENCE, || Ok(child.try_wait()?));
        if ended.is_err() {
            child.kill()?;
            child.wait()?;
        }
        let read = |file: &Path| anyhow::Ok(String::from_utf8_lossy(&std::fs::read(file)?).into_owned());
        let (stdout, stderr) = (read(&out)?, read(&err)?);
        let code = ended.with_context(|| format!("{stdout}{stderr}"))?.code().context("a signal ended the command")?;
        Ok(Answer { code, stdout, stderr })
    }

    /// Start a command and leave it running.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start<I: IntoIterator<Item: AsRef<OsStr>>>(&self, name: &str, arguments: I) -> anyhow::Result<Process> {
        let mut command = self.command()?;
        Process::start(name, command.args(arguments), &self.home)
    }

    fn command(&self) -> anyhow::Result<Command> {
        let mut command = program(&self.authority)?;
        command.env("SEALANE_HOME", &self.home).current_dir(&self.home);
        Ok(command)
    }
}

/// `sealane` with an environment that holds nothing but what a test gives it.
///
/// # Errors
/// When the binary was not built.
pub fn program(authority: &Path) -> anyhow::Result<Command> {
    let mut command = bare(&environment::binary("sealane", "sealane-cli")?);
    command.env("SSL_CERT_FILE", authority);
    Ok(command)
}

/// Any program, with the search path as its whole environment.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "tests start the product's programs")]
pub fn bare(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", environment::path()).env("LC_ALL", "C.UTF-8");
    command
}
