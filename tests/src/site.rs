//! A site: made by `sealane init`, completed as an administrator would, run as a real process of `sealane serve`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::authority::Authority;
use crate::browser;
use crate::cli::{Cli, bare, program};
use crate::control_database::{Backend, ServerDatabase};
use crate::environment;
use crate::port;
use crate::process::Process;
use crate::runtime::wait;
use crate::wait::until_true;

/// How long a site may take to be ready.
const START: Duration = Duration::from_secs(60);
/// How long a site may take to stop when told to.
const STOP: Duration = Duration::from_secs(40);

/// A collection of a site that is to be made, and who may do what in it.
#[derive(Debug, Clone)]
pub struct CollectionPlan {
    /// Its name, and the name of its directory in the site's folder.
    pub name: &'static str,
    /// The class of its data.
    pub class: &'static str,
    /// Principals and their permissions, as the configuration writes them.
    pub rules: Vec<(&'static str, &'static [&'static str])>,
}

/// A tmpfs that only the site's process sees: the way to a full disk that harms nobody.
#[derive(Debug, Clone)]
pub struct SmallDisk {
    /// Where, in the site's folder.
    pub place: &'static str,
    /// How small, as `mount -o size=` takes it.
    pub size: &'static str,
}

/// A site that is to be made.
#[derive(Debug, Clone)]
pub struct SitePlan {
    /// Its short name.
    pub name: &'static str,
    /// Its control database.
    pub backend: Backend,
    /// Its collections.
    pub collections: Vec<CollectionPlan>,
    /// A small disk, where the story needs one.
    pub small_disk: Option<SmallDisk>,
}

/// A site.
pub struct Site {
    plan: SitePlan,
    node: &'static str,
    folder: PathBuf,
    url: Url,
    /// Where this node listens; the same as `url` for a site of one node.
    address: Url,
    authority: Rc<Authority>,
    client: reqwest::Client,
    process: Option<Process>,
    database: Option<Rc<ServerDatabase>>,
}

/// What the API answered.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub text: String,
}

impl Reply {
    /// The body as a document.
    ///
    /// # Errors
    /// When it is another one.
    pub fn document<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        serde_json::from_str(&self.text).with_context(|| format!("{}: {}", self.status, self.text))
    }

    /// The stable word of the problem.
    ///
    /// # Errors
    /// When it is no problem.
    pub fn code(&self) -> anyhow::Result<String> {
        let problem: Value = self.document()?;
        Ok(problem.get("code").and_then(Value::as_str).context("a problem has a code")?.to_owned())
    }
}

impl Site {
    /// The address that a site of this plan will have: the identity provider must know it first.
    ///
    /// # Errors
    /// When no port is free.
    pub fn reserve_url() -> anyhow::Result<Url> {
        Ok(format!("https://127.0.0.1:{}", port::free()?).parse()?)
    }

    /// Make it; it does not run yet.
    ///
    /// # Errors
    /// When `sealane init` refuses.
    pub fn make(
        plan: SitePlan,
        folder: PathBuf,
        url: Url,
        authority: &Rc<Authority>,
        issuer: &str,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let database = match plan.backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(Rc::new(ServerDatabase::create()?)),
        };
        let client = browser::client(authority)?;
        let site = Self {
            node: "node-1",
            address: url.clone(),
            authority: Rc::clone(authority),
            process: None,
            plan,
            folder,
            url,
            client,
            database,
        };
        site.init(issuer)?;
        site.complete()?;
        Ok(site)
    }

    fn init(&self, issuer: &str) -> anyhow::Result<()> {
        let listen = format!("127.0.0.1:{}", self.url.port().context("a port")?);
        let config = self.config();
        let mut arguments = vec!["init", "--config", config.to_str().context("a plain path")?];
        let title = format!("The site {}", self.plan.name);
        arguments.extend([
            "--name",
            self.plan.name,
            "--title",
            &title,
            "--url",
            self.url.as_str(),
            "--listen",
            &listen,
        ]);
        arguments.extend(["--issuer", issuer, "--client-id", self.plan.name, "--administrator", "ada@sealane.example"]);
        if let Some(database) = &self.database {
            arguments.extend(["--database", database.url().as_str()]);
        }
        self.operator()?.run(arguments)?.document().map(drop)
    }

    /// What an administrator adds to the file that `init` wrote.
    fn complete(&self) -> anyhow::Result<()> {
        let (certificate, key) = self.authority.issue()?;
        std::fs::write(self.folder.join("web.pem"), certificate)?;
        std::fs::write(self.folder.join("web.key"), key)?;
        let mut text = std::fs::read_to_string(self.config())?;
        text.push_str("\n[tls]\ncertificate = \"web.pem\"\nkey = \"web.key\"\n");
        for collection in &self.plan.collections {
            let CollectionPlan { name, class, rules } = collection;
            std::fs::create_dir_all(self.data(name))?;
            write!(text, "\n[[storage_gateway]]\nname = \"{name}\"\nroot = \"{name}\"\nclasses = [\"{class}\"]\n")?;
            write!(text, "\n[[collection]]\nname = \"{name}\"\ntitle = \"The collection {name}\"\n")?;
            write!(text, "storage_gateway = \"{name}\"\nclass = \"{class}\"\n")?;
            for (principal, permissions) in rules {
                write!(text, "\n[[access_rule]]\ncollection = \"{name}\"\nprincipal = \"{principal}\"\n")?;
                writeln!(text, "permissions = {permissions:?}")?;
            }
        }
        Ok(std::fs::write(self.config(), text)?)
    }

    /// Name its compliance officers, by address, from its next start on.
    ///
    /// # Errors
    /// When its configuration cannot be written.
    pub fn name_officers(&self, officers: &[&str]) -> anyhow::Result<()> {
        let text = std::fs::read_to_string(self.config())?;
        let named =
            text.replace("\nadministrators =", &format!("\ncompliance_officers = {officers:?}\nadministrators ="));
        ensure!(named != text, "the configuration names no administrators");
        Ok(std::fs::write(self.config(), named)?)
    }

    /// Another node of the same site: the same keys and database, a port, an audit log and a state folder of its own.
    ///
    /// # Errors
    /// When its configuration cannot be written.
    pub fn another_node(&self, name: &'static str) -> anyhow::Result<Self> {
        ensure!(self.database.is_some(), "a second node needs a database server");
        let address = Self::reserve_url()?;
        let folder = self.folder.clone();
        let authorities = [&self.url, &address].map(|url| url.authority().to_owned());
        let own = std::fs::read_to_string(self.config())?;
        let listens = |url: &Url| format!("listen = \"{}\"", url.authority());
        let text = own
            .replace(&listens(&self.url), &format!("{}\naddresses = {authorities:?}", listens(&address)))
            .replace("state = \"state\"", &format!("state = \"state-{name}\"\nkeys = \"state/keys\""));
        std::fs::write(folder.join(format!("{name}.toml")), format!("{text}\n[node]\nname = \"{name}\"\n"))?;
        Ok(Self {
            plan: self.plan.clone(),
            node: name,
            folder,
            url: self.url.clone(),
            address,
            authority: Rc::clone(&self.authority),
            client: browser::client(&self.authority)?,
            process: None,
            database: self.database.clone(),
        })
    }

    /// Start it and wait until it is ready.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn start(&mut self) -> anyhow::Result<()> {
        self.launch()?;
        self.wait_until_ready()
    }

    /// Start it.
    ///
    /// # Errors
    /// When the process does not start.
    pub fn launch(&mut self) -> anyhow::Result<()> {
        let serve = program(self.authority.file())?;
        let mut command = match &self.plan.small_disk {
            None => serve,
            Some(disk) => self.on_small_disk(disk, &serve)?,
        };
        std::fs::create_dir_all(self.temporary())?;
        command.env("TMPDIR", self.temporary());
        command.args(["serve", "--config"]).arg(self.config()).current_dir(&self.folder);
        let name = format!("{}-{}", self.plan.name, self.node);
        self.process = Some(Process::start(&name, &mut command, &self.folder)?);
        Ok(())
    }

    /// In a mount namespace of its own, which ends with the process.
    fn on_small_disk(&self, disk: &SmallDisk, serve: &std::process::Command) -> anyhow::Result<std::process::Command> {
        let place = self.folder.join(disk.place);
        std::fs::create_dir_all(&place)?;
        let mut command = bare(Path::new("unshare"));
        command.env("SSL_CERT_FILE", self.authority.file());
        let flags = if rustix::process::geteuid().is_root() { "-m" } else { "-rm" };
        let script = "mount -t tmpfs -o mode=700,size=$1 tmpfs \"$2\" && shift 2 && exec \"$@\"";
        command.args([flags, "--", "sh", "-c", script, "sh", disk.size]).arg(place).arg(serve.get_program());
        Ok(command)
    }

    /// Wait until it can do its work.
    ///
    /// # Errors
    /// When it ends, or the deadline passes.
    pub fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let url = self.address.join("/readyz")?;
        let host = self.url.authority().to_owned();
        let client = self.client.clone();
        let process = self.process.as_mut().context("it was not started")?;
        let waited = until_true("a site to be ready", START, || {
            ensure!(process.runs()?, "it ended instead of becoming ready");
            let asked = wait(client.get(url.clone()).header("host", &host).send());
            Ok(asked.is_ok_and(|answer| answer.status().is_success()))
        });
        waited.with_context(|| process.tail())
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.take().context("it does not run")?.kill()
    }

    /// SIGTERM, and wait for its end.
    ///
    /// # Errors
    /// When it does not run, or does not end.
    pub fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        self.process.take().context("it does not run")?.terminate(STOP)
    }

    /// Its process.
    ///
    /// # Errors
    /// When it does not run.
    pub fn process(&self) -> anyhow::Result<&Process> {
        self.process.as_ref().context("it does not run")
    }

    /// Its short name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.plan.name
    }

    /// Which of the site's nodes it is.
    #[must_use]
    pub const fn node(&self) -> &'static str {
        self.node
    }

    /// Where its pages are.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Who vouches for its pages.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its configuration file.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        if self.node == "node-1" {
            self.folder.join("sealane.toml")
        } else {
            self.folder.join(format!("{}.toml", self.node))
        }
    }

    /// The names of its collections.
    pub fn collections(&self) -> impl Iterator<Item = &'static str> {
        self.plan.collections.iter().map(|collection| collection.name)
    }

    /// The root of one of its collections.
    #[must_use]
    pub fn data(&self, collection: &str) -> PathBuf {
        self.folder.join(collection)
    }

    /// A path in its folder as its process sees it, small disk included.
    ///
    /// # Errors
    /// When it does not run.
    pub fn seen_inside(&self, place: &str) -> anyhow::Result<PathBuf> {
        let inside = self.folder.join(place);
        Ok(PathBuf::from(format!("/proc/{}/root", self.process()?.id())).join(inside.strip_prefix("/")?))
    }

    /// Its place for temporary files, which only it uses.
    #[must_use]
    pub fn temporary(&self) -> PathBuf {
        self.folder.join("tmp")
    }

    /// Its state: database, audit log, operational log, keys.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// The URL of its database, where that is on a server.
    #[must_use]
    pub fn database_url(&self) -> Option<&Url> {
        self.database.as_deref().map(ServerDatabase::url)
    }

    /// Where its keys are.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.folder.join("state/keys")
    }

    /// Where its audit log is.
    #[must_use]
    pub fn audit(&self) -> PathBuf {
        let state = if self.node == "node-1" { "state".to_owned() } else { format!("state-{}", self.node) };
        self.folder.join(state).join("audit").join(self.node)
    }

    /// The command line of whoever operates the machine.
    ///
    /// # Errors
    /// When its home cannot be made.
    pub fn operator(&self) -> anyhow::Result<Cli> {
        Cli::new(self.folder.join("operator"), self.authority.file())
    }

    /// `sealane peer ...` on this site's machine.
    ///
    /// # Errors
    /// When the command does not run.
    pub fn peer(&self, arguments: &[&str]) -> anyhow::Result<crate::cli::Answer> {
        let config = self.config();
        let config = config.to_str().context("a plain path")?;
        let all = ["peer"].iter().chain(arguments).copied().chain(["--config", config]);
        self.operator()?.run(all.collect::<Vec<_>>())
    }

    /// `sealane audit ...` on this site's machine.
    ///
    /// # Errors
    /// When the command does not run.
    pub fn audit_command(&self, arguments: &[&str]) -> anyhow::Result<crate::cli::Answer> {
        let config = self.config();
        let config = config.to_str().context("a plain path")?;
        let all = ["audit"].iter().chain(arguments).copied().chain(["--config", config]);
        self.operator()?.run(all.collect::<Vec<_>>())
    }

    /// From its next start on, it asks another site to confirm its audit log.
    ///
    /// # Errors
    /// When the other site cannot be asked for its key, or the configuration cannot be written.
    pub fn ask_witness(&self, witness: &Self, window: &str) -> anyhow::Result<()> {
        let shown = witness.audit_command(&["witness", "show"])?.document()?;
        let line = shown.get("policy_line").and_then(Value::as_str).context("a line for the policy")?;
        std::fs::write(self.folder.join("witness.policy"), format!("{line}\nquorum {}\n", witness.plan.name))?;
        let mut text = std::fs::read_to_string(self.config())?;
        write!(text, "\n[audit.witness]\npolicy = \"witness.policy\"\nmax_exposure = \"{window}\"\n")?;
        Ok(std::fs::write(self.config(), text)?)
    }

    /// One call of the API.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn call(&self, method: Method, path: &str, token: Option<&str>, body: Option<&Value>) -> anyhow::Result<Reply> {
        let url = self.address.join("/api/v1/")?.join(path)?;
        self.request(method, url, token, body)
    }

    /// Read a stream of server-sent events for as long as `goes_on` says so of each one's name and data.
    ///
    /// # Errors
    /// When it is refused, or breaks.
    pub fn stream(
        &self,
        path: &str,
        token: &str,
        mut goes_on: impl FnMut(&str, &str) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let url = self.address.join("/api/v1/")?.join(path)?;
        let request = self.client.get(url).header("host", self.url.authority()).bearer_auth(token);
        wait(async {
            let mut answer = request.send().await?.error_for_status()?;
            let mut text = String::new();
            while let Some(chunk) = answer.chunk().await? {
                text.push_str(std::str::from_utf8(&chunk)?);
                while let Some((event, rest)) = text.split_once("\n\n") {
                    let field = |name: &str| -> String {
                        event.lines().filter_map(|line| line.strip_prefix(name)).map(str::trim_start).collect()
                    };
                    // Comments keep the connection alive and have neither name nor data.
                    if !goes_on(&field("event:"), &field("data:"))? {
                        return Ok(());
                    }
                    let rest = rest.to_owned();
                    text = rest;
                }
            }
            Ok(())
        })
    }

    /// One request, whatever it says: any method, path, headers and body.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> anyhow::Result<Reply> {
        let mut request = self.client.request(method.parse()?, self.address.join(path)?);
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            request = request.header("host", self.url.authority());
        }
        for (name, value) in headers {
            request = request.header(*name, reqwest::header::HeaderValue::from_bytes(value.as_bytes())?);
        }
        if let Some(body) = body {
            request = request.body(body.to_vec());
        }
        let answer = wait(request.send())?;
        Ok(Reply { status: answer.status(), text: wait(answer.text())? })
    }

    /// One request outside the API.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn get(&self, path: &str) -> anyhow::Result<Reply> {
        self.request(Method::GET, self.address.join(path)?, None, None)
    }

    fn request(&self, method: Method, url: Url, token: Option<&str>, body: Option<&Value>) -> anyhow::Result<Reply> {
        // All nodes answer under the one public address, as behind a load balancer.
        let mut request = self.client.request(method, url).header("host", self.url.authority());
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer =
            wait(request.send()).with_context(|| self.process.as_ref().map_or_else(String::new, Process::tail))?;
        Ok(Reply { status: answer.status(), text: wait(answer.text())? })
    }

    /// Verify the audit log as an auditor does: the verifier alone, on a log that nobody writes.
    ///
    /// # Errors
    /// When it does not hold.
    pub fn verify_log(&self) -> anyhow::Result<()> {
        let mut verifier = bare(&environment::binary("sealane-verify", "sealane-audit")?);
        let out = verifier.arg("log").arg(self.audit()).output()?;
        let said = String::from_utf8_lossy(&out.stdout);
        ensure!(out.status.code() == Some(0), "the log of {} does not verify: {said}", self.plan.name);
        Ok(())
    }
}
