//! A certificate authority for one test: it vouches for the identity provider and for the sites' pages.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Names that its certificates are good for.
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// The authority.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    /// A new authority, its certificate in a file in `folder`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn new(folder: &Path) -> anyhow::Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(rcgen::DnType::CommonName, "Authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let file = folder.join("authority.pem");
        std::fs::write(&file, issuer.pem())?;
        Ok(Self { issuer, file })
    }

    /// The file that `SSL_CERT_FILE` names.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The certificate as a client of this process trusts it.
    ///
    /// # Errors
    /// When it is not one, which would be a fault of the harness.
    pub fn certificate(&self) -> anyhow::Result<reqwest::Certificate> {
        Ok(reqwest::Certificate::from_pem(self.issuer.pem().as_bytes())?)
    }

    /// A certificate and its key for 127.0.0.1, as PEM texts.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn issue(&self) -> anyhow::Result<(String, String)> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(NAMES.map(str::to_owned).to_vec())?;
        params.distinguished_name.push(rcgen::DnType::CommonName, "localhost");
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }

    /// TLS for a server of this process.
    ///
    /// # Errors
    /// When it cannot be configured.
    pub fn server_config(&self) -> anyhow::Result<Arc<ServerConfig>> {
        let (certificate, key) = self.issue()?;
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes())?];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(Arc::new(config))
    }
}
