//! An identity provider as the configuration names it.

use sealane_crypto::secret::Secret;

/// One identity provider that people of this site may sign in with.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// Its short name in the configuration: letters, digits and hyphens.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Its issuer identifier, exactly as its metadata and its tokens say it.
    pub issuer: String,
    /// The name under which this site is registered there.
    pub client_id: String,
    /// The secret of the registration; absent for a public client, which PKCE protects.
    pub client_secret: Option<Secret<String>>,
    /// Scopes to ask for besides `openid`.
    pub scopes: Vec<String>,
    /// The claim that names a person's groups, where there is one.
    pub groups_claim: Option<String>,
    /// Authentication context classes of which one must be met; none demanded where empty.
    pub acr_values: Vec<String>,
}

impl ProviderConfig {
    /// A public client with the usual scopes.
    #[must_use]
    pub fn public(name: &str, title: &str, issuer: &str, client_id: &str) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: None,
            scopes: vec!["profile".to_owned(), "email".to_owned()],
            groups_claim: Some("groups".to_owned()),
            acr_values: Vec::new(),
        }
    }
}
