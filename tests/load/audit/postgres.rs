//! A PostgreSQL server of the benchmark's own, with its durability as it is by default.
//!
//! The server that the tests share does not sync: it would be no measure of durable rows.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use sealane_tests::port;

/// The server; it ends with its handle.
pub(crate) struct Server {
    programs: PathBuf,
    data: PathBuf,
    url: String,
}

impl Server {
    pub(crate) fn start(home: &Path) -> anyhow::Result<Self> {
        let programs = fs::read_dir("/usr/lib/postgresql").context("install postgresql")?;
        let newest = programs.filter_map(Result::ok).map(|version| version.path().join("bin")).max();
        let data = home.join("postgres");
        fs::create_dir(&data)?;
        let port = port::free()?;
        let server = Self {
            programs: newest.context("install postgresql")?,
            url: format!("postgres://sealane@127.0.0.1:{port}/postgres"),
            data,
        };
        server.let_the_server_in(home)?;
        let folder = server.data.display().to_string();
        server.run("initdb", &["-D", &folder, "-U", "sealane", "-A", "trust", "-E", "UTF8"])?;
        let settings = format!("-h 127.0.0.1 -p {port} -k {folder} -c max_connections=1100");
        server.run("pg_ctl", &["-D", &folder, "-w", "-l", &format!("{folder}/log"), "-o", &settings, "start"])?;
        Ok(server)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// PostgreSQL refuses to run as root, so its account must reach its directory.
    fn let_the_server_in(&self, home: &Path) -> anyhow::Result<()> {
        if !rustix::process::getuid().is_root() {
            return Ok(());
        }
        let accounts = fs::read_to_string("/etc/passwd")?;
        let line = accounts.lines().find(|line| line.starts_with("postgres:")).context("no account 'postgres'")?;
        let id: u32 = line.split(':').nth(2).context("an account has an id")?.parse()?;
        chown(&self.data, Some(id), None)?;
        let mut open = fs::metadata(home)?.permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut open, 0o711);
        Ok(fs::set_permissions(home, open)?)
    }

    #[expect(clippy::disallowed_methods, reason = "a benchmark starts what it is compared with")]
    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let program = self.programs.join(program);
        let mut command = if rustix::process::getuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        let ended = command.args(arguments).current_dir("/").stdout(std::process::Stdio::null()).status()?;
        ensure!(ended.success(), "{} failed", program.display());
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stopped = self.run("pg_ctl", &["-D", &self.data.display().to_string(), "-m", "immediate", "-w", "stop"]);
        if let Err(error) = stopped {
            eprintln!("the server could not be stopped: {error}");
        }
    }
}
