//! How the faces are served: under which origin, with which cookies, to requests for which hosts.

use sealane_model::SiteId;
use url::{Host, Url};

/// A public address that pages cannot be served under.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the site's public address is not usable: expected https://host[:port] (http:// only on loopback), with no path, \
     query or user name; correct `public_url` in the configuration"
)]
pub struct OriginError;

/// Settings of the HTTP faces.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Whether browsers reach the site by HTTPS: cookies are then `Secure` and `__Host-`, and HSTS is sent.
    pub secure_cookies: bool,
    /// The one origin of the pages, such as `https://sealane.example.edu`.
    pub origin: String,
    /// The site, whose id keeps the cookies of two sites on one host apart.
    pub site: SiteId,
    /// Values of `Host` that are answered beside the origin's own.
    pub hosts: Vec<String>,
}

impl HttpOptions {
    /// Options for a site whose pages are at `public_url`.
    ///
    /// # Errors
    /// If the address is not a bare `https` origin, or a bare `http` origin on loopback.
    pub fn new(public_url: &Url, site: SiteId) -> Result<Self, OriginError> {
        let bare = public_url.path() == "/" && public_url.query().is_none() && public_url.fragment().is_none();
        let anonymous = public_url.username().is_empty() && public_url.password().is_none();
        let loopback = is_loopback(public_url);
        let secure = public_url.scheme() == "https";
        if !(bare && anonymous && (secure || (public_url.scheme() == "http" && loopback))) {
            return Err(OriginError);
        }
        let origin = public_url.origin().ascii_serialization();
        let hosts = if loopback { loopback_names(public_url) } else { Vec::new() };
        Ok(Self { secure_cookies: secure, origin, site, hosts })
    }

    /// The session cookie's name. Cookies ignore ports, so the name tells two sites on one host apart: by the last
    /// group of the site's id, because the first groups of two sites made in the same minute are equal (UUID version 7).
    #[must_use]
    pub fn session_cookie(&self) -> String {
        self.cookie_name("")
    }

    /// The name of the cookie that ties a sign-in under way to the browser that began it.
    #[must_use]
    pub fn login_cookie(&self) -> String {
        self.cookie_name("-login")
    }

    fn cookie_name(&self, purpose: &str) -> String {
        if self.secure_cookies {
            return format!("__Host-sealane{purpose}");
        }
        let id = self.site.to_string();
        let group = id.rsplit('-').next().unwrap_or_default();
        format!("sealane{purpose}-{group}")
    }

    /// Whether requests for this `Host` are meant for this site.
    #[must_use]
    pub fn answers_to(&self, host: &str) -> bool {
        let own = self.origin.split_once("://").map_or("", |(_, authority)| authority);
        own.eq_ignore_ascii_case(host) || self.hosts.iter().any(|name| name.eq_ignore_ascii_case(host))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn loopback_names(url: &Url) -> Vec<String> {
    let names = ["localhost", "127.0.0.1", "[::1]"];
    match url.port() {
        Some(port) => names.iter().map(|name| format!("{name}:{port}")).collect(),
        None => names.iter().map(|name| (*name).to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> SiteId {
        "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60".parse().unwrap()
    }

    fn options(url: &str) -> Result<HttpOptions, OriginError> {
        HttpOptions::new(&url.parse().unwrap(), site())
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        assert!(options("http://127.0.0.1:8443").is_ok());
        assert_eq!(options("http://sealane.example.edu").unwrap_err(), OriginError);
        assert!(options("https://sealane.example.edu").unwrap().secure_cookies);
    }

    #[test]
    fn an_address_with_a_path_or_a_user_is_refused() {
        for bad in ["https://a.example/x", "https://u@a.example", "https://a.example/?q=1", "ftp://a.example"] {
            assert!(options(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn two_sites_on_one_host_have_cookies_of_their_own() {
        let other = "019d2f6e-8a70-7c3e-9f10-aaaaaaaaaaaa".parse().unwrap();
        let url: Url = "http://127.0.0.1:1".parse().unwrap();
        let (a, b) = (HttpOptions::new(&url, site()).unwrap(), HttpOptions::new(&url, other).unwrap());
        assert_ne!(a.session_cookie(), b.session_cookie());
        assert_eq!(options("https://a.example").unwrap().session_cookie(), "__Host-sealane");
    }

    #[test]
    fn loopback_answers_to_each_of_its_names_and_to_no_other() {
        let options = options("http://127.0.0.1:8443").unwrap();
        assert!(options.answers_to("localhost:8443"));
        assert!(!options.answers_to("localhost:9443"));
        assert!(!options.answers_to("evil.example:8443"));
    }
}
