//! The configuration file that `sealane init` writes.

/// What `sealane init` asks.
#[derive(Debug, Clone)]
pub struct Answers {
    /// Short name of the site.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// Where its pages will be.
    pub url: String,
    /// Address to listen on.
    pub listen: String,
    /// Database URL; SQLite where absent.
    pub database: Option<String>,
    /// Issuer and client id of the identity provider, where known.
    pub identity_provider: Option<(String, String)>,
    /// E-mail address of the first administrator.
    pub administrator: Option<String>,
}

impl Answers {
    /// Answers that are valid and mean nothing.
    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self {
            name: "site-a".into(),
            title: "Site A".into(),
            url: "https://sealane.example".into(),
            listen: "127.0.0.1:8443".into(),
            database: None,
            identity_provider: None,
            administrator: None,
        }
    }
}

/// The text of the file: the answers, and every other key as a comment with its meaning.
#[must_use]
pub fn render(answers: &Answers) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let administrators = answers.administrator.as_deref().map(quoted).unwrap_or_default();
    let database = match &answers.database {
        Some(url) => format!("[database]\nurl = {}\n", quoted(url)),
        None => {
            "# [database]\n# url = \"postgres://sealane@db.example/sealane\"   # default: SQLite in the state folder\n"
                .to_owned()
        }
    };
    let provider = match &answers.identity_provider {
        Some((issuer, client)) => format!(
            "[[identity_provider]]\ntitle = {}\nissuer = {}\nclient_id = {}\n# client_secret_file = \"oidc-secret\"\n",
            quoted(&answers.title),
            quoted(issuer),
            quoted(client)
        ),
        None => "# [[identity_provider]]\n# title = \"Our institution\"\n# issuer = \"https://login.example.edu\"\n# client_id = \"sealane\"\n# client_secret_file = \"oidc-secret\"\n".to_owned(),
    };
    format!(
        r#"# Sealane. Check with `sealane config check --config FILE`. Paths are relative to this file.
[site]
name = {name}
title = {title}
url = {url}
listen = {listen}
# addresses = ["sealane.example.edu:443"]   # where peers reach its nodes; default: the host of url
state = "state"
# keys = "state/keys"                       # nodes of one site share this folder
administrators = [{administrators}]
# compliance_officers = ["carla@example.edu"]   # read the audit log; administrators do not
# auditors = ["otto@auditors.example"]          # read the audit log, change nothing, touch no data

{database}
# [audit]
# retention_years = 6                       # entries are kept at least so long; fewer than 6 are refused
# review_days = 7                           # a compliance officer signs a review so often; overdue ones are alerts

# [tls]                                     # default: self-signed, its fingerprint is printed at start
# certificate = "fullchain.pem"
# key = "privkey.pem"

# Register this redirect URI at the identity provider: {redirect}
{provider}
# [audit.syslog]                            # send every entry of the audit log to a log server, over TLS 1.3
# address = "logs.example.edu:6514"
# ca_file = "logs-ca.pem"                   # default: the system's authorities
# certificate = "sealane-logs.pem"          # where the log server asks for one
# key = "sealane-logs.key"
# enterprise_number = 32473                 # your institution's, if it has one; this one is for examples
# personal_values = false                   # true: names, paths and addresses too; no erasure reaches them there

# [audit.witness]                           # other sites confirm that the audit log only grows
# policy = "witness.policy"                 # who, in the C2SP tlog-policy form; see docs/operate/witnesses.md
# max_exposure = "60s"                      # health data and CUI are refused when entries wait longer than this,
# max_entries = 10000                       # or more than so many wait
# warn_after = "5s"

# [audit.timestamp]                         # an RFC 3161 authority dates the audit log, in case nobody believes witnesses
# url = "https://tsa.example.edu/tsr"       # without it: sealane audit timestamp request, attach
# ca_file = "tsa-ca.pem"
# every = "24h"

# [[storage_gateway]]
# name = "research"
# root = "/data/research"
# classes = ["public", "internal", "phi"]

# [[collection]]
# name = "imaging"
# title = "Imaging studies"
# storage_gateway = "research"
# class = "phi"

# [[access_rule]]
# collection = "imaging"
# path = "/"
# principal = "email:ana@example.edu"       # or person:ISSUER#SUBJECT, group:NAME, signed-in, anonymous
# permissions = ["list", "read"]
# expires = "2027-12-31T00:00:00Z"
"#,
        name = quoted(&answers.name),
        title = quoted(&answers.title),
        url = quoted(&answers.url),
        listen = quoted(&answers.listen),
        redirect = format_args!("{}/auth/callback", answers.url.trim_end_matches('/')),
    )
}
