//! A person's browser, as far as the stories need one: redirects, cookies, a click on a name, a form.
//!
//! The real browser and the pages as people see them are tested in `tests/browser`.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Method, StatusCode};
use sealane_cli::demo::people::DemoPerson;
use url::Url;

use crate::authority::Authority;
use crate::runtime::wait;

/// Redirects that are followed before it gives up.
const REDIRECTS: usize = 10;

/// One browser profile.
pub struct Browser {
    http: reqwest::Client,
    /// Cookies by origin: tighter than browsers, which ignore ports.
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

/// A page that was shown.
pub struct Page {
    /// Where.
    pub url: Url,
    /// How it was answered.
    pub status: StatusCode,
    /// Its text.
    pub text: String,
}

impl Browser {
    /// A fresh profile that trusts `authority`.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(authority: &Authority) -> anyhow::Result<Self> {
        Ok(Self { http: client(authority)?, cookies: BTreeMap::new() })
    }

    /// Sign in: the site's sign-in link, the identity provider's page, a click on the name, and back.
    ///
    /// # Errors
    /// When the person is not offered, or it does not end at the site.
    pub fn sign_in(&mut self, site: &Url, who: DemoPerson) -> anyhow::Result<()> {
        let page = self.open(site.join("/auth/login?return_to=/")?)?;
        let link = attributes(&page.text, "href")
            .find(|link| link.ends_with(&format!("person={}", who.subject)))
            .with_context(|| format!("the sign-in page does not offer {}: {}", who.subject, page.text))?;
        let landed = self.open(page.url.join(&link)?)?;
        ensure!(landed.url.origin() == site.origin(), "the sign-in ended at {} and not at the site", landed.url);
        ensure!(landed.status.is_success(), "the sign-in ended in {}: {}", landed.status, landed.text);
        Ok(())
    }

    /// Say yes to a command line that shows `user_code`.
    ///
    /// # Errors
    /// When the page shows another code, or refuses.
    pub fn approve(&mut self, site: &Url, user_code: &str) -> anyhow::Result<()> {
        let mut url = site.join("/device")?;
        url.query_pairs_mut().append_pair("user_code", user_code);
        let page = self.open(url)?;
        ensure!(page.text.contains(user_code), "the page does not show the code: {}", page.text);
        let token = hidden(&page.text, "form_token").context("the page has no form token")?;
        let fields = [("form_token", token.as_str()), ("user_code", user_code), ("answer", "approve")];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let answer = self.send(Method::POST, site.join("/device")?, Some(body))?;
        ensure!(answer.status.is_success(), "the approval was answered with {}: {}", answer.status, answer.text);
        Ok(())
    }

    /// Open an address and follow redirects to the end.
    ///
    /// # Errors
    /// When nobody answers, or the redirects have no end.
    pub fn open(&mut self, start: Url) -> anyhow::Result<Page> {
        let mut url = start;
        for _ in 0..REDIRECTS {
            let page = self.send(Method::GET, url.clone(), None)?;
            if page.url == url {
                return Ok(page);
            }
            url = page.url;
        }
        bail!("more than {REDIRECTS} redirects")
    }

    /// Send a form to an address, with these fields and the token of the form on `page`, and follow redirects to the end.
    ///
    /// # Errors
    /// When the page has no form, or nobody answers.
    pub fn submit(&mut self, page: &Page, to: Url, fields: &[(&str, &str)]) -> anyhow::Result<Page> {
        let token = hidden(&page.text, "form_token").context("the page has no form token")?;
        let all = std::iter::once(("form_token", token.as_str())).chain(fields.iter().copied());
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish();
        let answer = self.send(Method::POST, to.clone(), Some(body))?;
        if answer.url == to { Ok(answer) } else { self.open(answer.url) }
    }

    /// One request; the page's address is where the answer sends the browser next.
    fn send(&mut self, method: Method, url: Url, form: Option<String>) -> anyhow::Result<Page> {
        let origin = url.origin().ascii_serialization();
        let jar = self.cookies.entry(origin.clone()).or_default();
        let cookies: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.http.request(method, url.clone()).header(COOKIE, cookies.join("; "));
        if let Some(form) = form {
            request =
                request.header(ORIGIN, origin).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        }
        let answer = wait(request.send())?;
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                jar.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
        let next = match answer.headers().get(LOCATION) {
            Some(to) if answer.status().is_redirection() => url.join(to.to_str()?)?,
            _ => url,
        };
        let status = answer.status();
        Ok(Page { url: next, status, text: wait(answer.text())? })
    }
}

/// A client that trusts `authority` and follows nothing by itself.
///
/// # Errors
/// When TLS cannot be set up.
pub fn client(authority: &Authority) -> anyhow::Result<reqwest::Client> {
    sealane_cli::install_crypto();
    Ok(reqwest::Client::builder()
        .tls_certs_only([authority.certificate()?])
        .redirect(reqwest::redirect::Policy::none())
        .http1_only()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .build()?)
}

/// Values of an attribute in a page, unescaped as far as our pages escape.
fn attributes<'a>(page: &'a str, name: &'a str) -> impl Iterator<Item = String> + 'a {
    page.split(name).skip(1).filter_map(|rest| {
        let value = rest.strip_prefix("=\"")?.split('"').next()?;
        Some(value.replace("&amp;", "&").replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">"))
    })
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> Option<String> {
    let field = page.split("<input ").find(|field| field.contains(&format!("name=\"{name}\"")))?;
    attributes(field, "value").next()
}
