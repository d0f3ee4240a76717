//! A site whose configuration names a log server: a real rsyslog gets the log, whatever is killed in between.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, ensure};
use sealane_tests::authority::Authority;
use sealane_tests::control_database::Backend;
use sealane_tests::environment::{path, requires_rsyslog};
use sealane_tests::journal::Journal;
use sealane_tests::on_both_databases;
use sealane_tests::port;
use sealane_tests::process::Process;
use sealane_tests::site::{Site, SitePlan};
use sealane_tests::wait::until_true;
use tempfile::TempDir;

const PROGRAM: &str = "/usr/sbin/rsyslogd";
const PATIENCE: Duration = Duration::from_secs(60);
/// Every start of a node with a log server says so in the log.
const EXPORT: &str = " audit.export ";

on_both_databases! {
    fn the_log_server_of_the_configuration_gets_the_log_across_kills_of_both(backend: Backend) -> anyhow::Result<()> {
        if !Path::new(PROGRAM).exists() {
            ensure!(!requires_rsyslog(), "this test needs Debian's packages rsyslog and rsyslog-openssl");
            eprintln!("NOT RUN: {PROGRAM} is not installed");
            return Ok(());
        }
        let home = TempDir::new()?;
        let authority = Rc::new(Authority::new(home.path())?);
        let server = LogServer::new(home.path(), &authority)?;
        let mut site = site(backend, home.path(), &authority, &server)?;

        let mut running = server.start()?;
        site.start()?;
        server.has_exports(1)?;
        // What the node writes while the log server is away, and before the node is killed, waits in the log.
        running.kill()?;
        site.kill()?;
        site.start()?;
        site.kill()?;
        running = server.start()?;
        site.start()?;
        server.has_exports(2)?;
        ensure!(site.stop()?.success(), "the site ends by itself when told to");
        ensure!(running.terminate(PATIENCE)?.success(), "rsyslog ends by itself when told to");
        site.verify_log()?;
        in_order_without_a_gap(&site, &server.messages()?)
    }
}

fn site(backend: Backend, home: &Path, authority: &Rc<Authority>, server: &LogServer) -> anyhow::Result<Site> {
    let plan = SitePlan { name: "university-a", backend, collections: Vec::new(), small_disk: None };
    let site = Site::make(plan, home.join("site"), Site::reserve_url()?, authority, "https://login.example.org")?;
    let mut text = std::fs::read_to_string(site.config())?;
    let ca = authority.file().display();
    text.push_str(&format!("\n[audit.syslog]\naddress = \"127.0.0.1:{}\"\nca_file = \"{ca}\"\n", server.port));
    std::fs::write(site.config(), text)?;
    Ok(site)
}

/// The first message of each index stands in the log's order, and each message ends with the entry of the log.
fn in_order_without_a_gap(site: &Site, messages: &[String]) -> anyhow::Result<()> {
    let journal = Journal::read(site)?;
    let mut next = 0;
    for message in messages {
        let (_, rest) = message.split_once(" index=\"").context("a message has an index")?;
        let (index, _) = rest.split_once('"').context("an index ends")?;
        let index: usize = index.parse()?;
        ensure!(index <= next, "entry {next} is missing before entry {index}");
        let entry = journal.entries().get(index).context("the entry is in the log")?;
        ensure!(message.ends_with(&format!(" {}", entry.json)), "{message} is not entry {index}");
        next = next.max(index + 1);
    }
    ensure!(next > 0, "nothing arrived");
    Ok(())
}

/// rsyslog with files of its own on the loopback address.
struct LogServer {
    folder: PathBuf,
    port: u16,
}

impl LogServer {
    fn new(home: &Path, authority: &Authority) -> anyhow::Result<Self> {
        let folder = home.join("rsyslog");
        std::fs::create_dir(&folder)?;
        let (certificate, key) = authority.issue()?;
        std::fs::write(folder.join("certificate.pem"), certificate)?;
        std::fs::write(folder.join("key.pem"), key)?;
        let (port, own, ca) = (port::free()?, folder.display(), authority.file().display());
        let text = format!(
            r#"global(workDirectory="{own}" maxMessageSize="128k" defaultNetstreamDriver="ossl"
    defaultNetstreamDriverCAFile="{ca}" defaultNetstreamDriverCertFile="{own}/certificate.pem"
    defaultNetstreamDriverKeyFile="{own}/key.pem")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon")
template(name="whole" type="string" string="%rawmsg%\n")
ruleset(name="sealane" queue.type="Direct") {{ action(type="omfile" file="{own}/received" template="whole") }}
input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="sealane")
"#
        );
        std::fs::write(folder.join("rsyslog.conf"), text)?;
        Ok(Self { folder, port })
    }

    #[expect(clippy::disallowed_methods, reason = "the test is the log server's administrator")]
    fn start(&self) -> anyhow::Result<Process> {
        let pid = self.folder.join("pid");
        // What a killed one leaves behind would keep the next from starting.
        if pid.exists() {
            std::fs::remove_file(&pid)?;
        }
        let mut command = Command::new(PROGRAM);
        command.arg("-n").arg("-f").arg(self.folder.join("rsyslog.conf")).arg("-i").arg(pid).env("PATH", path());
        Process::start("rsyslog", &mut command, &self.folder)
    }

    /// The messages in its file. A line that a kill cut short goes on with the next message: what comes last counts.
    fn messages(&self) -> anyhow::Result<Vec<String>> {
        let received = self.folder.join("received");
        let text = if received.exists() { std::fs::read_to_string(received)? } else { String::new() };
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let last = |line: &str| line.rfind(">1 20").and_then(|at| line.get(at..)).map(str::to_owned);
        Ok(whole.lines().filter_map(last).filter(|message| message.ends_with('}')).collect())
    }

    fn has_exports(&self, starts: usize) -> anyhow::Result<()> {
        until_true(&format!("the export of start {starts}"), PATIENCE, || {
            let messages = self.messages()?;
            let mut exports: Vec<_> = messages.iter().filter(|message| message.contains(EXPORT)).collect();
            exports.sort_unstable();
            exports.dedup();
            Ok(exports.len() >= starts)
        })
    }
}
