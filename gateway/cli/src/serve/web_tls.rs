//! The certificate of pages and API: the institution's PEM files, reloaded when they change, or the self-signed one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use sealane_crypto::{Fingerprint, TlsIdentity};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(10);

/// The certificate in use; swapped when the files change.
#[derive(Debug)]
pub struct WebCertificate {
    current: std::sync::RwLock<Arc<CertifiedKey>>,
    files: Option<(PathBuf, PathBuf)>,
}

impl ResolvesServerCert for WebCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current.read().ok().map(|current| Arc::clone(&current))
    }
}

impl WebCertificate {
    /// The site's own self-signed certificate.
    ///
    /// # Errors
    /// When the key does not fit the certificate.
    pub fn self_signed(identity: &TlsIdentity) -> anyhow::Result<Arc<Self>> {
        let key = PrivatePkcs8KeyDer::from(identity.private_key_pkcs8.expose().clone());
        let certified = certified(vec![CertificateDer::from(identity.certificate_der.clone())], key.into())?;
        Ok(Arc::new(Self { current: std::sync::RwLock::new(certified), files: None }))
    }

    /// The institution's certificate from PEM files.
    ///
    /// # Errors
    /// When a file cannot be read, holds no certificate or key, or the two do not fit each other.
    pub fn from_files(certificate: &Path, key: &Path) -> anyhow::Result<Arc<Self>> {
        let current = std::sync::RwLock::new(read(certificate, key)?);
        Ok(Arc::new(Self { current, files: Some((certificate.to_owned(), key.to_owned())) }))
    }

    /// SHA-256 of the certificate: what `sealane login --fingerprint` pins.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        let current = self.current.read().ok()?;
        current.cert.first().map(|certificate| Fingerprint::of(certificate))
    }

    /// Reload the files when they change, until `shutdown`. Files that are wrong leave the old certificate in use.
    pub async fn watch(self: Arc<Self>, shutdown: CancellationToken) {
        let Some((certificate, key)) = self.files.clone() else { return };
        let mut seen = (changed(&certificate), changed(&key));
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            let now = (changed(&certificate), changed(&key));
            if now == seen {
                continue;
            }
            seen = now;
            match read(&certificate, &key) {
                Ok(fresh) => {
                    if let Ok(mut current) = self.current.write() {
                        *current = fresh;
                    }
                    info!("the certificate of pages and API was reloaded");
                }
                Err(error) => warn!(error = %error, "the changed certificate is not used; the old one stays"),
            }
        }
    }
}

/// TLS 1.3 for pages and API.
///
/// # Errors
/// When TLS cannot be configured.
pub fn config(certificate: Arc<WebCertificate>) -> anyhow::Result<Arc<ServerConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn read(certificate: &Path, key: &Path) -> anyhow::Result<Arc<CertifiedKey>> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .with_context(|| format!("[tls] certificate: {} holds no readable PEM certificate", certificate.display()))?;
    let key = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("[tls] key: {} holds no readable PEM private key", key.display()))?;
    certified(chain, key)
}

fn certified(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> anyhow::Result<Arc<CertifiedKey>> {
    let certified = CertifiedKey::new(chain, any_supported_type(&key)?);
    certified.keys_match().context("the certificate and the private key do not belong together")?;
    Ok(Arc::new(certified))
}

fn changed(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|found| found.modified()).ok()
}
