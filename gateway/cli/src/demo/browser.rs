//! A person's browser, as far as the story needs one: it follows redirects, keeps cookies, and clicks on a name.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Method, Response};
use sealane_model::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::people::DemoPerson;

/// Redirects that are followed before it gives up.
const REDIRECTS: usize = 10;

/// One browser profile.
pub struct Browser {
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// A fresh profile.
    pub fn new() -> anyhow::Result<Self> {
        crate::install_crypto();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { http, cookies: BTreeMap::new() })
    }

    /// Sign in at a site: its sign-in link, the identity provider's page, a click on the name, and back.
    pub async fn sign_in(&mut self, site: &Url, person: DemoPerson) -> anyhow::Result<()> {
        let start = site.join("/auth/login?provider=demo&return_to=/")?;
        let (page_url, page) = self.follow(start).await?;
        let page = page.text().await?;
        let link = page
            .split("href=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .map(|link| link.replace("&amp;", "&"))
            .find(|link| link.ends_with(&format!("person={}", person.subject)))
            .with_context(|| format!("the sign-in page at {page_url} does not offer {}", person.name))?;
        let (landed, _) = self.follow(page_url.join(&link)?).await?;
        if landed.origin() != site.origin() {
            bail!("the sign-in ended at {landed} instead of the site");
        }
        Ok(())
    }

    /// `GET` a JSON document as this person.
    pub async fn get<T: DeserializeOwned>(&mut self, url: Url) -> anyhow::Result<T> {
        let answer = self.send(Method::GET, url, None::<&()>).await?;
        read(answer).await
    }

    /// `POST` a JSON document as this person, as a page of the site itself would.
    pub async fn post<B: Serialize, T: DeserializeOwned>(&mut self, url: Url, body: &B) -> anyhow::Result<T> {
        let answer = self.send(Method::POST, url, Some(body)).await?;
        read(answer).await
    }

    async fn follow(&mut self, start: Url) -> anyhow::Result<(Url, Response)> {
        let mut url = start;
        for _ in 0..REDIRECTS {
            let answer = self.send(Method::GET, url.clone(), None::<&()>).await?;
            if !answer.status().is_redirection() {
                if !answer.status().is_success() {
                    bail!("{} answered {}", without_query(&url), answer.status());
                }
                return Ok((url, answer));
            }
            let to = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok()).context("a redirect to nowhere")?;
            url = url.join(to)?;
        }
        bail!("more than {REDIRECTS} redirects from {}", without_query(&url))
    }

    async fn send<B: Serialize>(&mut self, method: Method, url: Url, body: Option<&B>) -> anyhow::Result<Response> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.http.request(method, url.clone()).header(COOKIE, cookies.join("; "));
        if let Some(body) = body {
            request = request.header(ORIGIN, url.origin().ascii_serialization()).json(body);
        }
        let answer = request.send().await.with_context(|| format!("{} did not answer", without_query(&url)))?;
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
        Ok(answer)
    }
}

async fn read<T: DeserializeOwned>(answer: Response) -> anyhow::Result<T> {
    if answer.status().is_success() {
        return Ok(serde_json::from_slice(&answer.bytes().await?)?);
    }
    let problem: Problem = crate::client::explained(answer).await;
    Err(problem.into())
}

/// An address for error messages: queries carry codes and states.
fn without_query(url: &Url) -> Url {
    let mut shown = url.clone();
    shown.set_query(None);
    shown
}
