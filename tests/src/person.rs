//! Somebody who is signed in: their command line, and the API under their name.

use anyhow::{Context, ensure};
use reqwest::{Method, StatusCode};
use sealane_cli::demo::people::DemoPerson;
use sealane_service::view::{DeviceStart, DeviceToken};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::cli::Cli;
use crate::site::{Reply, Site};

/// A person at one site.
pub struct Person {
    /// Their command line.
    pub cli: Cli,
    token: String,
}

impl Person {
    /// Sign in with a browser and approve a device, as `sealane login` has it done; the command line gets the token.
    ///
    /// # Errors
    /// When the sign-in does not work.
    pub fn sign_in(site: &Site, who: DemoPerson) -> anyhow::Result<Self> {
        let mut browser = Browser::new(site.authority())?;
        browser.sign_in(site.url(), who)?;
        let start: DeviceStart =
            site.call(Method::POST, "login/device", None, Some(&json!({ "client_label": "a test" })))?.document()?;
        browser.approve(site.url(), &start.user_code)?;
        let granted: DeviceToken = site
            .call(Method::POST, "login/token", None, Some(&json!({ "device_code": start.device_code })))?
            .document()?;
        let home = site.folder().join(format!("home-of-{}", who.subject));
        let cli = Cli::new(home, site.authority().file())?;
        let account = json!({ "site": site.name(), "url": site.url(), "token": granted.access_token });
        std::fs::write(cli.home().join("accounts.json"), json!({ "accounts": [account] }).to_string())?;
        Ok(Self { cli, token: granted.access_token })
    }

    /// Their token at the site where they signed in.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// `GET` below `/api/v1`.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn get(&self, site: &Site, path: &str) -> anyhow::Result<Reply> {
        site.call(Method::GET, path, Some(&self.token), None)
    }

    /// `POST` below `/api/v1`.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn post(&self, site: &Site, path: &str, body: &Value) -> anyhow::Result<Reply> {
        site.call(Method::POST, path, Some(&self.token), Some(body))
    }

    /// Submit a transfer of a whole directory; its id.
    ///
    /// # Errors
    /// When it is refused.
    pub fn submit(&self, site: &Site, source: &str, destination: &str) -> anyhow::Result<String> {
        let reply = self.post(site, "tasks", &new_task(source, destination)?)?;
        ensure!(reply.status.is_success(), "the transfer was refused: {}", reply.text);
        let task: Value = reply.document()?;
        Ok(task.get("id").and_then(Value::as_str).context("a task has an id")?.to_owned())
    }

    /// Follow a task to its end without asking again and again.
    ///
    /// # Errors
    /// When the stream ends before the task does.
    pub fn follow(&self, site: &Site, id: &str) -> anyhow::Result<TaskNow> {
        let mut last = None;
        site.stream(&format!("tasks/{id}/stream"), &self.token, |name, data| {
            if name == "progress" {
                last = Some(TaskNow::of(serde_json::from_str(data)?)?);
            }
            Ok(!last.as_ref().is_some_and(TaskNow::is_final))
        })?;
        last.filter(TaskNow::is_final).context("the stream ended before the task did")
    }

    /// A task as its site shows it.
    ///
    /// # Errors
    /// When it is not shown.
    pub fn task(&self, site: &Site, id: &str) -> anyhow::Result<TaskNow> {
        let reply = self.get(site, &format!("tasks/{id}"))?;
        ensure!(reply.status == StatusCode::OK, "the task is not shown: {}", reply.text);
        TaskNow::of(reply.document()?)
    }
}

/// The body of a submission: `COLLECTION:PATH` to `COLLECTION:PATH`, directories with all that is in them.
///
/// # Errors
/// When one of the two has no colon.
pub fn new_task(source: &str, destination: &str) -> anyhow::Result<Value> {
    let (from, from_path) = source.split_once(':').context("COLLECTION:PATH")?;
    let (to, to_path) = destination.split_once(':').context("COLLECTION:PATH")?;
    Ok(json!({
        "source": from, "destination": to,
        "items": [{ "source": from_path, "destination": to_path, "recursive": true }],
    }))
}

/// What a task shows of itself.
#[derive(Debug, Clone)]
pub struct TaskNow {
    /// `ACTIVE`, `INACTIVE`, `SUCCEEDED` or `FAILED`.
    pub state: String,
    /// The whole document.
    pub document: Value,
}

impl TaskNow {
    fn of(document: Value) -> anyhow::Result<Self> {
        let state = document.get("state").and_then(Value::as_str).context("a task has a state")?.to_owned();
        Ok(Self { state, document })
    }

    /// A number of its progress.
    #[must_use]
    pub fn number(&self, name: &str) -> u64 {
        self.document.pointer(&format!("/progress/{name}")).and_then(Value::as_u64).unwrap_or_default()
    }

    /// Whether nothing will change any more.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.state == "SUCCEEDED" || self.state == "FAILED"
    }

    /// A text of its document: `code`, `reason`, `message`, `nice_status`.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.document.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}
