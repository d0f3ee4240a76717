//! What identity providers say of themselves (OpenID Connect Discovery 1.0, RFC 8414), kept for an hour.
//!
//! Promises: the issuer in the metadata is the configured one to the letter; every address in it may be called (https, or
//! loopback in the demo); while a provider does not answer, what it said last is used. Keys are left to `keys`.

use std::sync::Arc;
use std::time::Duration;

use sealane_model::Timestamp;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use crate::identity::ProviderConfig;
use crate::identity::keys::Keys;
use crate::outbound::{Outbound, OutboundError};

const KEEP: Duration = Duration::from_secs(3600);

/// The part of a provider's metadata that we use.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: Url,
    pub(crate) token_endpoint: Url,
    pub(crate) jwks_uri: Url,
    /// Whether answers carry `iss` (RFC 9207 section 3): then an answer without it is refused.
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    pub(crate) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) code_challenge_methods_supported: Option<Vec<String>>,
}

impl Metadata {
    /// Whether the client's secret goes into the form rather than the header (RFC 6749 section 2.3.1 prefers the header).
    pub(crate) fn secret_in_form(&self) -> bool {
        let Some(methods) = &self.token_endpoint_auth_methods_supported else { return false };
        let has = |wanted: &str| methods.iter().any(|method| method == wanted);
        !has("client_secret_basic") && has("client_secret_post")
    }
}

/// Why a provider's metadata are not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DiscoveryError {
    #[error("its address in the configuration is not a URL")]
    Address,
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error("its metadata name another issuer than the configuration does")]
    Issuer,
    #[error("it does not support PKCE with S256, which this site demands")]
    Pkce,
}

impl DiscoveryError {
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Address | Self::Issuer | Self::Pkce => "provider-misconfigured",
            Self::Outbound(_) => "provider-unreachable",
        }
    }
}

/// A configured provider and what is known of it.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) config: ProviderConfig,
    pub(crate) keys: Keys,
    cached: Mutex<Option<(Arc<Metadata>, Timestamp)>>,
}

impl Provider {
    pub(crate) fn new(config: ProviderConfig) -> Self {
        Self { config, keys: Keys::default(), cached: Mutex::new(None) }
    }

    /// The provider's metadata, asked for at most once an hour while it answers.
    pub(crate) async fn metadata(&self, http: &Outbound, now: Timestamp) -> Result<Arc<Metadata>, DiscoveryError> {
        // The lock is held while asking: of many who come at once, one asks.
        let mut cached = self.cached.lock().await;
        if let Some((metadata, at)) = cached.as_ref()
            && now.since(*at) < KEEP
        {
            return Ok(Arc::clone(metadata));
        }
        match self.fetch(http).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *cached = Some((Arc::clone(&metadata), now));
                Ok(metadata)
            }
            Err(error) => match cached.as_ref() {
                Some((metadata, _)) if matches!(error, DiscoveryError::Outbound(_)) => {
                    tracing::warn!(provider = %self.config.name, %error, "identity provider does not answer; its last metadata are used");
                    Ok(Arc::clone(metadata))
                }
                _ => Err(error),
            },
        }
    }

    async fn fetch(&self, http: &Outbound) -> Result<Metadata, DiscoveryError> {
        let base = self.config.issuer.trim_end_matches('/');
        let address: Url =
            format!("{base}/.well-known/openid-configuration").parse().map_err(|_| DiscoveryError::Address)?;
        let metadata: Metadata = http.get_json(&address).await?;
        if metadata.issuer != self.config.issuer {
            return Err(DiscoveryError::Issuer);
        }
        for endpoint in [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri] {
            http.check(endpoint)?;
        }
        let no_s256 = |methods: &Vec<String>| !methods.iter().any(|method| method == "S256");
        if metadata.code_challenge_methods_supported.as_ref().is_some_and(no_s256) {
            return Err(DiscoveryError::Pkce);
        }
        Ok(metadata)
    }
}
