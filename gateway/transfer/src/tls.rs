//! TLS for lanes: version 1.3 only, both ends authenticated by pinned keys (RFC 8446 sections 4.4.2 and 4.4.3).
//!
//! **Promises.** ALPN is exactly `sealane-lane/1`. Each end proves with a signature over the handshake that it holds the
//! private key of the certificate that it presents; what is compared is SHA-256 of the SubjectPublicKeyInfo (RFC 5280
//! section 4.1.2.7, the pin of RFC 7469), never a name, a date or an issuer. No resumption and no early data: every lane
//! is authenticated afresh.
//!
//! **Leaves to others.** The listening end accepts any key that is proven and looks its owner up afterwards
//! ([`crate::trust`]), so that an unknown peer can be told and recorded.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, OtherError, ServerConfig,
    SignatureScheme,
};
use sealane_crypto::Fingerprint;

use crate::site::SiteIdentity;

/// The ALPN protocol of lanes.
pub const LANE_ALPN: &[u8] = b"sealane-lane/1";

/// The site's own TLS identity cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A certificate that is not one.
    #[error("the lane certificate cannot be read: the key store is damaged; restore it from a backup")]
    Certificate,
    /// Certificate and private key do not fit, or the library refuses them.
    #[error(
        "the lane certificate and its private key cannot be used: the key store is damaged; restore it from a backup"
    )]
    Identity(#[source] Error),
}

/// SHA-256 of a certificate's SubjectPublicKeyInfo: what peers pin.
///
/// # Errors
/// [`TlsError::Certificate`] if it is not a certificate.
pub fn lane_key_of(certificate_der: &[u8]) -> Result<Fingerprint, TlsError> {
    pin_of(&CertificateDer::from(certificate_der)).map_err(|_| TlsError::Certificate)
}

fn pin_of(certificate: &CertificateDer<'_>) -> Result<Fingerprint, Error> {
    let parsed = webpki::EndEntityCert::try_from(certificate)
        .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
    Ok(Fingerprint::of(parsed.subject_public_key_info().as_ref()))
}

/// TLS for the listening end of lanes.
///
/// # Errors
/// [`TlsError`] if the site's own identity cannot be used.
pub fn lane_server_config(identity: &SiteIdentity) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = provider();
    let verifier = Arc::new(ProvenKey { provider: Arc::clone(&provider) });
    let (chain, key) = presented(identity);
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(TlsError::Identity)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(TlsError::Identity)?;
    config.alpn_protocols = vec![LANE_ALPN.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(Arc::new(config))
}

/// TLS for the dialing end of lanes: the listener must prove the pinned key.
///
/// # Errors
/// [`TlsError`] if the site's own identity cannot be used.
pub fn lane_client_config(identity: &SiteIdentity, pinned: Fingerprint) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = provider();
    let verifier = Arc::new(PinnedKey { provider: Arc::clone(&provider), pinned });
    let (chain, key) = presented(identity);
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(TlsError::Identity)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_auth_cert(chain, key)
        .map_err(TlsError::Identity)?;
    config.alpn_protocols = vec![LANE_ALPN.to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    config.enable_sni = false;
    config.enable_early_data = false;
    Ok(Arc::new(config))
}

/// ring, with its TLS 1.3 suites and no others.
fn provider() -> Arc<CryptoProvider> {
    let mut provider = rustls::crypto::ring::default_provider();
    provider.cipher_suites.retain(|suite| suite.tls13().is_some());
    Arc::new(provider)
}

fn presented(identity: &SiteIdentity) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let certificate = CertificateDer::from(identity.tls.certificate_der.clone());
    let key = PrivatePkcs8KeyDer::from(identity.tls.private_key_pkcs8.expose().clone());
    (vec![certificate], PrivateKeyDer::Pkcs8(key))
}

/// The key that was proven is not the pinned one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the other end holds the key {presented}, not the pinned {expected}")]
pub struct PinMismatch {
    /// What is pinned.
    pub expected: Fingerprint,
    /// What was presented.
    pub presented: Fingerprint,
}

impl PinMismatch {
    /// The mismatch that ended a handshake, if it was one.
    #[must_use]
    pub fn behind(error: &io::Error) -> Option<Self> {
        let tls = error.get_ref()?.downcast_ref::<Error>()?;
        let Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) = tls else { return None };
        cause.downcast_ref::<Self>().copied()
    }
}

/// Verifies that the listener holds the pinned key.
struct PinnedKey {
    provider: Arc<CryptoProvider>,
    pinned: Fingerprint,
}

impl fmt::Debug for PinnedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PinnedKey({})", self.pinned)
    }
}

impl ServerCertVerifier for PinnedKey {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let presented = pin_of(end_entity)?;
        if presented == self.pinned {
            return Ok(ServerCertVerified::assertion());
        }
        let mismatch = PinMismatch { expected: self.pinned, presented };
        Err(Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(mismatch)))))
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Verifies that the dialer holds the key of the certificate that it presents; whose key it is comes after.
struct ProvenKey {
    provider: Arc<CryptoProvider>,
}

impl fmt::Debug for ProvenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProvenKey")
    }
}

impl ClientCertVerifier for ProvenKey {
    fn offer_client_auth(&self) -> bool {
        true
    }

    fn client_auth_mandatory(&self) -> bool {
        true
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        pin_of(end_entity).map(|_| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn no_tls12() -> Error {
    Error::PeerIncompatible(rustls::PeerIncompatible::Tls12NotOffered)
}
