//! `sealane login|logout|whoami`.
//!
//! One way for every machine: the site hands out a code, the person signs in with a browser (here or elsewhere) and
//! compares the code, and the command line gets its token (RFC 8628).

use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use reqwest::Method;
use sealane_crypto::Fingerprint;
use sealane_service::view::{DeviceAsk, DeviceStart, DeviceToken, MeView};
use serde_json::{Value, json};
use url::Url;

use super::Session;
use crate::client::Client;
use crate::client::account::{Account, Accounts};
use crate::output::{Exit, Format, exit, print};

#[derive(Debug, Args)]
pub(super) struct LoginArguments {
    /// The site's address; the site of the newest sign-in where absent.
    url: Option<Url>,
    /// SHA-256 of the site's self-signed certificate, as `sealane serve` prints it.
    #[arg(long)]
    fingerprint: Option<Fingerprint>,
    /// Do not open a browser here: print where to go.
    #[arg(long)]
    no_browser: bool,
}

pub(super) async fn login(arguments: LoginArguments, site: Option<String>, format: Format) -> anyhow::Result<()> {
    let accounts = Accounts::read()?;
    let account = match arguments.url {
        Some(url) => Account::anonymous(url, arguments.fingerprint),
        None => {
            let known = accounts.choose(site.as_deref())?;
            Account::anonymous(known.url, arguments.fingerprint.or(known.fingerprint))
        }
    };
    let client = Client::of(&account)?;
    let ask = DeviceAsk { client_label: Some(label()) };
    let start: DeviceStart = client.post(client.at(&["login", "device"]), &ask).await?;
    eprintln!("Sign in at {}\nand check that it shows the code {}", start.verification_uri_complete, start.user_code);
    if !arguments.no_browser && webbrowser::open(&start.verification_uri_complete).is_err() {
        eprintln!("No browser could be opened here: open the address on any device.");
    }
    let token = poll(&client, &start).await?;
    let signed_in = account.clone().signed_in("", &token.access_token);
    let me: MeView = {
        let client = Client::of(&signed_in)?;
        client.get(client.at(&["me"])).await?
    };
    accounts.remember(account.signed_in(me.site.as_str(), &token.access_token))?;
    print(format, &me, |me| format!("Signed in at {} as {}.", me.site_title, me.display_name))
}

/// Ask until somebody has answered (RFC 8628 section 3.5).
async fn poll(client: &Client, start: &DeviceStart) -> anyhow::Result<DeviceToken> {
    let mut interval = Duration::from_secs(start.interval);
    loop {
        tokio::time::sleep(interval).await;
        let url = client.at(&["login", "token"]);
        let answer = client
            .request(Method::POST, url)
            .json(&json!({ "device_code": start.device_code }))
            .send()
            .await
            .context("the site did not answer")?;
        let granted = answer.status().is_success();
        let body = answer.bytes().await?;
        if granted {
            return Ok(serde_json::from_slice(&body)?);
        }
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        match said.get("error").and_then(Value::as_str) {
            Some("authorization_pending") => {}
            Some("slow_down") => interval += Duration::from_secs(5),
            Some("access_denied") => {
                return Err(Exit(exit::NOT_SIGNED_IN, "the sign-in was declined in the browser".into()).into());
            }
            Some("expired_token") => {
                return Err(Exit(exit::NOT_SIGNED_IN, "nobody signed in in time\n  next: sealane login".into()).into());
            }
            _ => bail!("the site ended the sign-in: {said}"),
        }
    }
}

pub(super) async fn logout(site: Option<String>, format: Format) -> anyhow::Result<()> {
    let accounts = Accounts::read()?;
    let account = accounts.choose(site.as_deref())?;
    let client = Client::of(&account)?;
    let ended = client.send(client.request(Method::POST, client.at(&["logout"]))).await;
    accounts.forget(&account)?;
    ended.context("the sign-in was forgotten here, but the site could not be told")?;
    print(format, &json!({ "signed_out": account.site }), |_| format!("Signed out of {}.", account.site))
}

pub(super) async fn whoami(session: &Session) -> anyhow::Result<()> {
    let me: MeView = session.client.get(session.client.at(&["me"])).await?;
    print(session.format, &me, |me| {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        format!(
            "{}\n  site       {} ({})\n  e-mail     {}\n  issuer     {}\n  subject    {}\n  roles      {}\n  signed in  {} with {}\n  ends       {}\n",
            me.display_name,
            me.site_title,
            session.client.url(),
            or_none(&me.email),
            me.issuer,
            me.subject,
            if me.roles.is_empty() { "-".to_owned() } else { me.roles.join(", ") },
            me.assurance.auth_time.map_or_else(|| "-".to_owned(), |at| at.to_string()),
            or_none(&me.assurance.acr),
            me.expires_at,
        )
    })
}

fn label() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("sealane on {host}")
}
