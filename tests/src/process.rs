//! A program that runs: what it writes goes to files, and it ends when its handle does.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};

use crate::wait::until;

/// How much of what it wrote is shown when something fails.
const TAIL: u64 = 6 << 10;
/// Linux tells user space processor time in hundredths of a second, whatever its own clock does.
const MILLIS_PER_TICK: u64 = 10;

/// A running program.
pub struct Process {
    child: Child,
    name: String,
    written: PathBuf,
}

impl Process {
    /// Start `command`; its output is added to a file `NAME.log` in `folder`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(name: &str, command: &mut Command, folder: &Path) -> anyhow::Result<Self> {
        let written = folder.join(format!("{name}.log"));
        let log = File::options().create(true).append(true).open(&written)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self { child, name: name.to_owned(), written })
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn runs(&mut self) -> anyhow::Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// SIGKILL, and wait for the kernel to take it away.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM, and wait for it to end by itself.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn terminate(&mut self, patience: Duration) -> anyhow::Result<ExitStatus> {
        let pid = i32::try_from(self.id()).ok().and_then(Pid::from_raw).context("a process has an id")?;
        kill_process(pid, Signal::TERM)?;
        let ended = until(&format!("{} to end after SIGTERM", self.name), patience, || Ok(self.child.try_wait()?));
        ended.with_context(|| self.tail())
    }

    /// The end of what it wrote.
    #[must_use]
    pub fn tail(&self) -> String {
        let read = || -> std::io::Result<String> {
            let mut file = File::open(&self.written)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        format!("--- {} wrote:\n{}---", self.name, read().unwrap_or_else(|error| error.to_string()))
    }

    /// Everything it wrote.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn written(&self) -> anyhow::Result<String> {
        Ok(String::from_utf8_lossy(&std::fs::read(&self.written)?).into_owned())
    }

    /// The most memory that it ever held, in bytes (`VmHWM`).
    ///
    /// # Errors
    /// When it no longer runs.
    pub fn peak_memory(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the kernel tells no VmHWM")?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib << 10)
    }

    /// Processor time that it used so far.
    ///
    /// # Errors
    /// When it no longer runs.
    pub fn cpu_time(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()))?;
        // The name in parentheses may hold anything; utime and stime are the 12th and 13th field after it.
        let (_, fields) = stat.rsplit_once(')').context("no process name in /proc/PID/stat")?;
        let ticks: u64 = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<_, _>>()?;
        Ok(Duration::from_millis(ticks * MILLIS_PER_TICK))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; either way nothing of it stays.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // The test runner shows this for tests that fail, and for those alone.
        eprintln!("{}", self.tail());
    }
}
