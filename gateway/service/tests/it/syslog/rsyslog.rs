//! A real rsyslog of Debian, with its OpenSSL driver, that is stopped and killed while entries come in.
//!
//! Its ruleset has a direct queue: what it has read is in the file before it reads on, so that only the connection can
//! lose anything. It runs as a child of the test, on the loopback address, with files of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::receiver::{certificate, index_of};
use super::{Job, expect_whole_log, pace, record, settings, size, until, write};
use crate::backend::Backend;
use crate::harness::Site;

const PROGRAM: &str = "/usr/sbin/rsyslogd";

#[expect(clippy::disallowed_methods, reason = "whether the program is demanded can only come from the environment")]
fn is_installed() -> bool {
    if Path::new(PROGRAM).exists() && Path::new("/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_ossl.so").exists() {
        return true;
    }
    let required = std::env::var("SEALANE_TEST_REQUIRE_RSYSLOG").is_ok_and(|value| !value.is_empty());
    assert!(!required, "this test needs Debian's packages rsyslog and rsyslog-openssl");
    eprintln!("NOT RUN: rsyslog with its OpenSSL driver is not installed");
    false
}

struct Rsyslog {
    folder: TempDir,
    configuration: String,
    port: u16,
    ca: String,
    child: Option<Child>,
}

impl Rsyslog {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        // Free at this moment; rsyslog takes it at once, and after each restart again.
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let (ca, key) = certificate();
        let certificate = write(folder.path(), "certificate.pem", &ca);
        let key = write(folder.path(), "key.pem", &key);
        let home = folder.path().to_str().unwrap();
        let text = format!(
            r#"global(workDirectory="{home}" maxMessageSize="128k" defaultNetstreamDriver="ossl"
    defaultNetstreamDriverCAFile="{certificate}" defaultNetstreamDriverCertFile="{certificate}"
    defaultNetstreamDriverKeyFile="{key}")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon")
template(name="whole" type="string" string="%rawmsg%\n")
ruleset(name="sealane" queue.type="Direct") {{ action(type="omfile" file="{home}/received" template="whole") }}
input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="sealane")
"#
        );
        let configuration = write(folder.path(), "rsyslog.conf", &text);
        Self { folder, configuration, port, ca, child: None }
    }

    #[expect(clippy::disallowed_methods, reason = "this test starts a program, no gateway does")]
    async fn start(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.path("own.log")).unwrap();
        let child = Command::new(PROGRAM)
            .args(["-n", "-f", &self.configuration, "-i"])
            .arg(self.path("pid"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        until("rsyslog to listen", || std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok()).await;
    }

    fn end(&mut self, signal: Signal) {
        let mut child = self.child.take().unwrap();
        let id = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
        child.wait().unwrap();
        // What a killed one leaves behind would keep the next from starting.
        let _ = std::fs::remove_file(self.path("pid"));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The messages in its file. A line that a kill cut short goes on with the next message: what comes last counts.
    fn messages(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("received")).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let last_message = |line: &str| line.rfind("<110>1 ").and_then(|at| line.get(at..)).map(str::to_owned);
        whole.lines().filter_map(last_message).filter(|message| message.ends_with('}')).collect()
    }

    async fn has_index(&self, index: u64) {
        until(&format!("entry {index} in rsyslog's file"), || {
            self.messages().last().is_some_and(|message| index_of(message) >= index)
        })
        .await;
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
        // The test runner shows this for tests that fail, and for those alone.
        eprintln!("{}", std::fs::read_to_string(self.path("own.log")).unwrap_or_default());
    }
}

on_both!(every_entry_reaches_rsyslog_in_order_across_its_restarts_and_kills);
async fn every_entry_reaches_rsyslog_in_order_across_its_restarts_and_kills(on: &Backend) {
    if !is_installed() {
        return;
    }
    let site = Site::start(on).await;
    let mut rsyslog = Rsyslog::new().await;
    let job = Job::start(&site.app, settings(rsyslog.port, &rsyslog.ca, pace()));
    // Nobody listens yet: what is recorded meanwhile waits in the log.
    record(&site.app, 200).await;
    rsyslog.start().await;
    rsyslog.has_index(150).await;
    for (round, signal) in
        [Signal::TERM, Signal::KILL, Signal::TERM, Signal::KILL, Signal::KILL].into_iter().enumerate()
    {
        let app = site.app.clone();
        let writer = tokio::spawn(async move { record(&app, 600).await });
        let so_far = 200 + 600 * u64::try_from(round).unwrap();
        rsyslog.has_index(so_far + 200).await;
        rsyslog.end(signal);
        writer.await.unwrap();
        rsyslog.start().await;
    }
    rsyslog.has_index(size(&site.app) - 1).await;
    job.stop().await;
    let messages = rsyslog.messages();
    expect_whole_log(&site.app, &messages);
    eprintln!("{} entries, {} messages", size(&site.app), messages.len());
}
