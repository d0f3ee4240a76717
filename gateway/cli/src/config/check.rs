//! What the types of the file cannot say: names that refer to each other, values that exclude each other.

use std::collections::HashSet;
use std::time::Duration;

use jiff::SignedDuration;
use sealane_model::RemotePath;
use sealane_model::limits::MAX_LANES;
use sealane_service::LEAST_RETENTION_YEARS;
use sealane_service::jobs::syslog::Target;

use super::file::ConfigFile;

/// Once a year is the least that can be called a review.
const MOST_REVIEW_DAYS: u32 = 366;

/// The line of a byte position, from 1.
#[must_use]
pub(super) fn line_of(text: &str, position: usize) -> usize {
    1 + text.bytes().take(position).filter(|&byte| byte == b'\n').count()
}

/// Every mistake, each with its line and what to write instead.
#[must_use]
pub(super) fn problems(file: &ConfigFile, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    check_site(file, &mut found);
    check_storage(file, text, &mut found);
    check_rules(file, text, &mut found);
    check_syslog(file, text, &mut found);
    check_timestamp(file, text, &mut found);
    found
}

fn check_timestamp(file: &ConfigFile, text: &str, found: &mut Vec<String>) {
    let Some(timestamp) = &file.audit.timestamp else { return };
    if let Some(url) = &timestamp.url
        && (!["http", "https"].contains(&url.get_ref().scheme()) || url.get_ref().host().is_none())
    {
        let line = line_of(text, url.span().start);
        found.push(format!("  line {line}: [audit.timestamp] url: '{}' is no http or https address", url.get_ref()));
    }
    if timestamp.url.is_some() && timestamp.ca_file.is_none() {
        found.push(
            "  [audit.timestamp] ca_file: name the certificates of the authority; who signs its answers cannot be told otherwise"
                .to_owned(),
        );
    }
    if duration(timestamp.every.get_ref()).is_none() {
        let (line, every) = (line_of(text, timestamp.every.span().start), timestamp.every.get_ref());
        found.push(format!("  line {line}: [audit.timestamp] every: '{every}' is no time; write for example 24h"));
    }
}

/// A time such as `60s` or `5m`, longer than nothing.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let signed: SignedDuration = text.parse().ok()?;
    Duration::try_from(signed).ok().filter(|duration| !duration.is_zero())
}

fn check_syslog(file: &ConfigFile, text: &str, found: &mut Vec<String>) {
    let Some(syslog) = &file.audit.syslog else { return };
    let address = syslog.address.get_ref();
    if !Target::is_address(address) {
        let line = line_of(text, syslog.address.span().start);
        found.push(format!(
            "  line {line}: [audit.syslog] address: '{address}' is not host:port; write for example logs.example.edu:6514"
        ));
    }
    if syslog.certificate.is_some() != syslog.key.is_some() {
        found.push("  [audit.syslog]: certificate and key go together; give both, or neither".to_owned());
    }
}

fn check_site(file: &ConfigFile, found: &mut Vec<String>) {
    let url = &file.site.url;
    if url.scheme() != "https" || url.host().is_none() {
        found.push(format!(
            "  [site] url: '{url}' is not an https URL with a host; write for example https://sealane.example.edu"
        ));
    }
    if file.transfer.lanes == 0 || file.transfer.lanes > MAX_LANES {
        found.push(format!("  [transfer] lanes: {} is not a number from 1 to {MAX_LANES}", file.transfer.lanes));
    }
    if file.audit.retention_years < LEAST_RETENTION_YEARS {
        found.push(format!(
            "  [audit] retention_years: {} is below {LEAST_RETENTION_YEARS}; audit entries are documentation that HIPAA has kept for six years (45 CFR 164.316(b)(2)(i)): write {LEAST_RETENTION_YEARS} or more",
            file.audit.retention_years
        ));
    }
    if !(1..=MOST_REVIEW_DAYS).contains(&file.audit.review_days) {
        found.push(format!(
            "  [audit] review_days: {} is not a number from 1 to {MOST_REVIEW_DAYS}; 7 is a week (NIST SP 800-53 AU-6 a)",
            file.audit.review_days
        ));
    }
    for provider in &file.identity_provider {
        if provider.issuer.scheme() != "https" {
            found.push(format!(
                "  [[identity_provider]] issuer: '{}' is not https; an issuer is trusted by its certificate",
                provider.issuer
            ));
        }
    }
}

fn check_storage(file: &ConfigFile, text: &str, found: &mut Vec<String>) {
    let mut gateways = HashSet::new();
    for gateway in &file.storage_gateway {
        if !gateways.insert(gateway.name.as_str()) {
            found.push(format!("  [[storage_gateway]] name: '{}' stands twice", gateway.name));
        }
    }
    let mut collections = HashSet::new();
    for collection in &file.collection {
        if !collections.insert(collection.name.as_str()) {
            found.push(format!("  [[collection]] name: '{}' stands twice", collection.name));
        }
        let wanted = collection.storage_gateway.get_ref();
        let Some(gateway) = file.storage_gateway.iter().find(|gateway| gateway.name.as_str() == wanted) else {
            let line = line_of(text, collection.storage_gateway.span().start);
            let known = listed(gateways.iter().copied());
            found.push(format!(
                "  line {line}: storage_gateway '{wanted}' of collection '{}' is not one of: {known}",
                collection.name
            ));
            continue;
        };
        let class = *collection.class.get_ref();
        if !gateway.classes.contains(&class) {
            let line = line_of(text, collection.class.span().start);
            let allowed = listed(gateway.classes.iter().map(|class| class.as_str()));
            found.push(format!(
                "  line {line}: class '{}' of collection '{}' may not be held by storage gateway '{wanted}', which may hold: {allowed}",
                class.as_str(),
                collection.name
            ));
        }
    }
}

fn check_rules(file: &ConfigFile, text: &str, found: &mut Vec<String>) {
    for rule in &file.access_rule {
        let wanted = rule.collection.get_ref();
        let line = line_of(text, rule.collection.span().start);
        if !file.collection.iter().any(|collection| collection.name.as_str() == wanted) {
            let known = listed(file.collection.iter().map(|collection| collection.name.as_str()));
            found.push(format!("  line {line}: collection '{wanted}' of an access rule is not one of: {known}"));
        }
        if let Err(error) = RemotePath::parse_text(&rule.path) {
            found.push(format!("  line {line}: path of an access rule: {error}"));
        }
        if let Err(error) = super::super::principal::parse(rule.principal.get_ref()) {
            let line = line_of(text, rule.principal.span().start);
            found.push(format!("  line {line}: {error}"));
        }
        if rule.permissions.is_empty() {
            found.push(format!("  line {line}: permissions is empty; name some of: list, read, write, delete, share"));
        }
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    if names.is_empty() { "(none is configured)".to_owned() } else { names.join(", ") }
}
