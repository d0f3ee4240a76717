//! A site's own TLS identity: an ECDSA P-256 key and a self-signed certificate around it (RFC 5280).
//!
//! **Promises.** Peers pin the public key, so the certificate is only its carrier: it never expires within a century
//! and no authority vouches for it.
//!
//! **Leaves to others.** Pinning and TLS itself (the transfer package), the institution's certificate for pages.

use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use thiserror::Error;

use crate::secret::Secret;

/// A self-signed certificate and its private key.
#[derive(Clone, Debug)]
pub struct TlsIdentity {
    /// The certificate, DER.
    pub certificate_der: Vec<u8>,
    /// The private key, PKCS #8 DER.
    pub private_key_pkcs8: Secret<Vec<u8>>,
}

/// The certificate could not be made.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// A DNS name or address is not valid in a certificate.
    #[error(
        "a name of the site cannot stand in a certificate; use host names of ASCII letters, digits, dots and dashes, or IP addresses"
    )]
    Name(#[source] rcgen::Error),
    /// The library could not make the key or the signature.
    #[error("the TLS key or certificate could not be made")]
    Generation(#[source] rcgen::Error),
}

impl TlsIdentity {
    /// Makes a key and a certificate for `subject` that is valid for the given DNS names and addresses.
    ///
    /// # Errors
    /// [`CertificateError`] if a name cannot stand in a certificate or generation fails.
    pub fn generate(subject: &str, names: &[String]) -> Result<Self, CertificateError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(CertificateError::Generation)?;
        let mut params = CertificateParams::new(names).map_err(CertificateError::Name)?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, subject);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2120, 1, 1);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.self_signed(&key).map_err(CertificateError::Generation)?;
        Ok(Self { certificate_der: certificate.der().to_vec(), private_key_pkcs8: Secret::new(key.serialize_der()) })
    }
}
