//! Cookies: two names, one way to read them, one way to set them (RFC 6265bis section 4.1).

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::error::{Failure, unexplained};
use crate::options::HttpOptions;

/// The values of every cookie of this name: a browser that sends two was tampered with.
pub(crate) fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).collect()
}

/// Whether a cookie of this name came along.
pub(crate) fn is_present(headers: &HeaderMap, name: &str) -> bool {
    !values(headers, name).is_empty()
}

/// Set a cookie for the whole site that scripts cannot read and other sites' forms do not send; it ends after `seconds`,
/// and at once where they are 0.
pub(crate) fn set(
    options: &HttpOptions,
    name: &str,
    value: &str,
    seconds: u64,
) -> Result<(HeaderName, HeaderValue), Failure> {
    let secure = if options.secure_cookies { "; Secure" } else { "" };
    let line = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    match HeaderValue::try_from(line) {
        Ok(line) => Ok((header::SET_COOKIE, line)),
        Err(_) => Err(Failure::from(unexplained(http::StatusCode::INTERNAL_SERVER_ERROR))),
    }
}

/// Let the browser forget a cookie. `__Host-` cookies go only with the attributes that they came with.
pub(crate) fn forget(options: &HttpOptions, name: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    set(options, name, "", 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cookie_of_a_name_is_seen() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; sealane=x; sealane=y"));
        headers.append(header::COOKIE, HeaderValue::from_static("sealane=z"));
        assert_eq!(values(&headers, "sealane"), ["x", "y", "z"]);
        assert!(!is_present(&headers, "seal"));
    }

    #[test]
    fn a_cookie_is_out_of_reach_for_scripts_and_other_sites() {
        let site = "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60".parse().unwrap();
        let options = HttpOptions::new(&"https://a.example".parse().unwrap(), site).unwrap();
        let (_, line) = set(&options, "__Host-sealane", "abc", 60).unwrap();
        assert_eq!(line, "__Host-sealane=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
    }
}
