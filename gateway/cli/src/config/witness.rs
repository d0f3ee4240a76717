//! `[audit.witness]`: whose word is asked for the audit log, read together with the policy file that it names.
//!
//! The policy is in the C2SP `tlog-policy` form. A witness without an address is the peer of that name, asked over its
//! lanes; one with an address is asked over HTTPS.

use std::path::Path;
use std::time::Duration;

use sealane_audit::witness::{Policy, Window};
use sealane_model::ShortName;
use sealane_service::witness::WitnessSettings;
use toml::Spanned;
use url::Url;

use super::check::{duration, line_of};
use super::file::WitnessConfig;

/// What the table and the policy file say, or every mistake with file and line.
pub(super) fn read(config: &WitnessConfig, text: &str, base: &Path) -> Result<WitnessSettings, Vec<String>> {
    let mut found = Vec::new();
    let mut time = |name: &str, value: &Spanned<String>| match duration(value.get_ref()) {
        Some(duration) => duration,
        None => {
            let line = line_of(text, value.span().start);
            let value = value.get_ref();
            found.push(format!(
                "  line {line}: [audit.witness] {name}: '{value}' is no time; write for example 60s or 5m"
            ));
            Duration::ZERO
        }
    };
    let window = Window { entries: config.max_entries, age: time("max_exposure", &config.max_exposure) };
    let warn_after = time("warn_after", &config.warn_after);
    let policy = policy(config, text, base);
    match policy {
        Ok(policy) if found.is_empty() => Ok(WitnessSettings { policy, window, warn_after }),
        Ok(_) => Err(found),
        Err(problem) => {
            found.push(problem);
            Err(found)
        }
    }
}

fn policy(config: &WitnessConfig, text: &str, base: &Path) -> Result<Policy, String> {
    let path = base.join(config.policy.get_ref());
    let line = line_of(text, config.policy.span().start);
    let bytes = std::fs::read(&path)
        .map_err(|error| format!("  line {line}: [audit.witness] policy: cannot read {}: {error}", path.display()))?;
    let policy =
        Policy::parse(&bytes).map_err(|error| format!("  {}:{}: {}", path.display(), error.line, error.why))?;
    for witness in policy.witnesses() {
        let name = &witness.name;
        let fits = match &witness.url {
            Some(url) => url.parse::<Url>().is_ok_and(|url| url.scheme() == "https" && url.host().is_some()),
            None => name.parse::<ShortName>().is_ok(),
        };
        if !fits {
            return Err(format!(
                "  {}: witness {name}: it needs an https address, or the short name of a peer as its name",
                path.display()
            ));
        }
    }
    Ok(policy)
}
