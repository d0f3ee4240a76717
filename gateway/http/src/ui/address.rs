//! Addresses of pages and of what they link to, built in one place so that every value in them is encoded.

use sealane_model::{RemotePath, RuleId, TaskId};
use url::form_urlencoded::Serializer;

/// The sign-in link of a provider; afterwards the person is back at `return_to`.
pub(crate) fn sign_in(provider: &str, return_to: &str) -> String {
    with_query("/auth/login", &[("provider", provider), ("return_to", return_to)])
}

/// The same for somebody who must prove anew who they are.
pub(crate) fn step_up(provider: &str, return_to: &str) -> String {
    with_query("/auth/login", &[("provider", provider), ("return_to", return_to), ("max_age", "0")])
}

/// A directory of a collection, in the URL form of its reference.
pub(crate) fn browse(collection: &str, path: &RemotePath) -> String {
    with_query(&format!("/collections/{collection}/browse"), &[("path", &path.to_text())])
}

/// The same directory from another page on, or in another order.
pub(crate) fn browse_page(collection: &str, path: &RemotePath, after: Option<&str>, sort: &str) -> String {
    let path = path.to_text();
    let mut pairs = vec![("path", path.as_str())];
    pairs.extend(after.map(|after| ("after", after)));
    if sort != "name" {
        pairs.push(("sort", sort));
    }
    with_query(&format!("/collections/{collection}/browse"), &pairs)
}

/// A file's content.
pub(crate) fn content(collection: &str, path: &RemotePath) -> String {
    with_query(&format!("/api/v1/collections/{collection}/content"), &[("path", &path.to_text())])
}

/// A collection's access rules.
pub(crate) fn rules(collection: &str) -> String {
    format!("/collections/{collection}/rules")
}

/// The same, about to add one beneath `path`.
pub(crate) fn rules_beneath(collection: &str, path: &RemotePath) -> String {
    if path.is_root() { rules(collection) } else { with_query(&rules(collection), &[("path", &path.to_text())]) }
}

/// The same, after a rule was made.
pub(crate) fn rule_made(collection: &str, id: RuleId) -> String {
    with_query(&rules(collection), &[("made", &id.to_string())])
}

/// The same, after a rule was revoked.
pub(crate) fn rule_revoked(collection: &str) -> String {
    with_query(&rules(collection), &[("revoked", "true")])
}

/// What revokes a rule.
pub(crate) fn revoke_rule(id: RuleId) -> String {
    format!("/rules/{id}/revoke")
}

/// A task's page.
pub(crate) fn task(id: TaskId) -> String {
    format!("/tasks/{id}")
}

/// A page of a list from `after` on.
pub(crate) fn list_page(list: &str, after: &str) -> String {
    with_query(list, &[("after", after)])
}

fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(pairs);
    format!("{path}?{}", query.finish())
}

/// Where a person goes back to after signing in: an address of this site, else the first page.
///
/// `//host` and `/\host` are other sites to a browser, so they are not taken.
pub(crate) fn safe_return(wanted: Option<&str>) -> &str {
    let wanted = wanted.unwrap_or("/");
    let local = wanted.starts_with('/') && !wanted.starts_with("//") && !wanted.starts_with("/auth/");
    let plain = !wanted.contains('\\') && wanted.bytes().all(|byte| byte.is_ascii_graphic());
    if local && plain { wanted } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site_after_signing_in() {
        for bad in
            ["//evil.example", "/\\evil.example", "https://evil.example", "", "javascript:0", "/a\r\nb", "/auth/login"]
        {
            assert_eq!(safe_return(Some(bad)), "/", "{bad:?}");
        }
        assert_eq!(safe_return(Some("/device?user_code=ABCD-EFGH")), "/device?user_code=ABCD-EFGH");
    }

    #[test]
    fn odd_names_survive_an_address() {
        let path = RemotePath::parse_text("/a b/ä&c=d#e?f").unwrap();
        let address = browse("data", &path);
        let query = address.split_once('?').unwrap().1;
        let back: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
        assert_eq!(back, [("path".into(), path.to_text().into())]);
    }
}
