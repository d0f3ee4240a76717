//! Whether a timestamp was signed by an authority whose certificate leads to one that the administrator named.
//!
//! RFC 5652 section 5.4 (the signature is over the attributes, which hold the digest of the content), RFC 3161 section 2.3 (the
//! certificate is for time-stamping), RFC 5280 (the path). It is judged at the time that the token names: a certificate that
//! has expired since did its work. Revocation is not asked for; `openssl ts -verify -crl_check` does that.

use std::time::Duration;

use ring::digest;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use sealane_audit::timestamp::{SignedToken, Timestamp, TimestampError};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, ring as algorithms};

/// id-kp-timeStamping, 1.3.6.1.5.5.7.3.8.
const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];

const ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
];

/// Why a timestamp is not trusted.
#[derive(Debug, thiserror::Error)]
pub(super) enum Untrusted {
    /// Not in the form of RFC 5652.
    #[error(transparent)]
    Form(#[from] TimestampError),
    /// The digest that was signed is of something else.
    #[error("what was signed is not what the token says")]
    OtherContent,
    /// No certificate in it has the key that signed.
    #[error("no certificate that came with it has the key that signed")]
    NotSigned,
    /// The certificate leads nowhere.
    #[error("the authority's certificate does not lead to one that is configured for time-stamping ({0})")]
    Path(webpki::Error),
}

/// Checks signature and certificates.
pub(super) fn check(timestamp: &Timestamp, authorities: &[CertificateDer<'static>]) -> Result<(), Untrusted> {
    let signed = timestamp.signed()?;
    if digest_of(&signed).as_deref() != Some(signed.message_digest.as_slice()) {
        return Err(Untrusted::OtherContent);
    }
    let certificates: Vec<CertificateDer<'_>> =
        signed.certificates.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let at_s = u64::try_from(timestamp.at_ns() / 1_000_000_000).unwrap_or_default();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(at_s));
    let anchors: Vec<_> = authorities.iter().filter_map(|der| anchor_from_trusted_cert(der).ok()).collect();
    for der in &certificates {
        let Ok(certificate) = EndEntityCert::try_from(der) else { continue };
        let signs = |with: &&&dyn SignatureVerificationAlgorithm| {
            certificate.verify_signature(**with, &signed.attributes, &signed.signature).is_ok()
        };
        if ALGORITHMS.iter().any(|with| signs(&with)) {
            let usage = KeyUsage::required(TIME_STAMPING);
            let path = certificate.verify_for_usage(ALGORITHMS, &anchors, &certificates, at, usage, None, None);
            return path.map(drop).map_err(Untrusted::Path);
        }
    }
    Err(Untrusted::NotSigned)
}

fn digest_of(signed: &SignedToken) -> Option<Vec<u8>> {
    let algorithm = match signed.digest_algorithm.as_str() {
        "2.16.840.1.101.3.4.2.1" => &digest::SHA256,
        "2.16.840.1.101.3.4.2.2" => &digest::SHA384,
        "2.16.840.1.101.3.4.2.3" => &digest::SHA512,
        _ => return None,
    };
    Some(digest::digest(algorithm, &signed.content).as_ref().to_vec())
}
