//! The log server: its address, whom it must be, and who this site is to it.
//!
//! TLS 1.3 only. The server proves a certificate of the pinned authority, or of the system's where none is pinned, for
//! the host name of the address; the site proves its own where the server wants one.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore};
use sealane_crypto::Secret;

/// Why a log server cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Not an address.
    #[error("'{0}' is not HOST:PORT; write for example logs.example.edu:6514")]
    Address(String),
    /// Nobody whose certificates could be believed.
    #[error("no certificate of an authority in {0}; name a PEM file with [audit.syslog] ca_file")]
    NoRoots(&'static str),
    /// The client's certificate or key cannot be read.
    #[error("[audit.syslog] certificate and key are not a PEM certificate with its private key")]
    Identity,
    /// The library refuses the settings.
    #[error("TLS to the log server cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// The certificate by which the log server knows this site, as PEM.
#[derive(Debug)]
pub struct ClientIdentity {
    /// The certificate and its chain.
    pub certificate: Vec<u8>,
    /// The private key.
    pub key: Secret<Vec<u8>>,
}

/// The log server.
#[derive(Clone)]
pub struct Target {
    host: String,
    port: u16,
    pub(super) name: ServerName<'static>,
    pub(super) tls: Arc<ClientConfig>,
}

impl Target {
    /// The log server at `HOST:PORT`, with the authority that it must be certified by (PEM; the system's where absent).
    ///
    /// # Errors
    /// [`TargetError`] says which setting cannot be used.
    pub fn new(address: &str, ca: Option<&[u8]>, identity: Option<ClientIdentity>) -> Result<Self, TargetError> {
        let (host, port) = parse(address).ok_or_else(|| TargetError::Address(address.to_owned()))?;
        let name = ServerName::try_from(host.clone()).map_err(|_| TargetError::Address(address.to_owned()))?;
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[&TLS13])?
            .with_root_certificates(roots(ca)?);
        let tls = match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&identity.certificate).collect();
                let chain = chain.map_err(|_| TargetError::Identity)?;
                let key = PrivateKeyDer::from_pem_slice(identity.key.expose()).map_err(|_| TargetError::Identity)?;
                builder.with_client_auth_cert(chain, key).map_err(|_| TargetError::Identity)?
            }
        };
        Ok(Self { host, port, name, tls: Arc::new(tls) })
    }

    /// Whether a text is an address, for those who check configurations.
    #[must_use]
    pub fn is_address(address: &str) -> bool {
        parse(address).is_some_and(|(host, _)| ServerName::try_from(host).is_ok())
    }

    pub(super) fn socket_address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

fn parse(address: &str) -> Option<(String, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = match inner {
        Some(host) => host,
        None if host.contains(':') => return None,
        None => host,
    };
    let port = port.parse().ok().filter(|port| *port != 0)?;
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

fn roots(ca: Option<&[u8]>) -> Result<RootCertStore, TargetError> {
    let mut store = RootCertStore::empty();
    match ca {
        Some(pem) => {
            let found: Vec<_> = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect();
            store.add_parsable_certificates(found);
            if store.is_empty() { Err(TargetError::NoRoots("the CA file")) } else { Ok(store) }
        }
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if store.is_empty() { Err(TargetError::NoRoots("the system's store")) } else { Ok(store) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_host_and_port() {
        for address in ["logs.example.edu:6514", "192.0.2.1:1", "[2001:db8::1]:6514", "localhost:65535"] {
            assert!(Target::is_address(address), "{address}");
        }
        for address in
            ["", "logs.example.edu", "logs:0", ":6514", "2001:db8::1:6514", "logs:65536", "a b:1", "tcp://x:1"]
        {
            assert!(!Target::is_address(address), "{address}");
        }
    }

    #[test]
    fn a_ca_file_without_a_certificate_is_refused() {
        let refused = Target::new("logs.example.edu:6514", Some(b"-----BEGIN NOTHING-----\n"), None);
        assert!(matches!(refused, Err(TargetError::NoRoots(_))));
    }
}
