//! The site's TLS identity as another library sees it.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use sealane_crypto::{CertificateError, TlsIdentity};

fn identity() -> TlsIdentity {
    TlsIdentity::generate("Hospital A", &["gateway.hospital-a.example".to_owned(), "127.0.0.1".to_owned()]).unwrap()
}

#[test]
fn the_certificate_carries_the_public_half_of_its_key() {
    let identity = identity();
    let pair = EcdsaKeyPair::from_pkcs8(
        &ECDSA_P256_SHA256_ASN1_SIGNING,
        identity.private_key_pkcs8.expose(),
        &SystemRandom::new(),
    )
    .unwrap();
    let public = pair.public_key().as_ref();
    assert!(identity.certificate_der.windows(public.len()).any(|part| part == public));
}

#[test]
fn each_identity_has_a_key_of_its_own_and_hides_it() {
    let (one, two) = (identity(), identity());
    assert_ne!(one.private_key_pkcs8.expose(), two.private_key_pkcs8.expose());
    assert!(format!("{one:?}").contains("[redacted]"));
}

#[test]
fn a_name_that_cannot_stand_in_a_certificate_is_refused() {
    let names = ["höspital.example".to_owned()];
    assert!(matches!(TlsIdentity::generate("A", &names), Err(CertificateError::Name(_))));
}
