//! Digests, keys, signatures and fingerprints: text for people, bytes for machines, and nothing else is accepted.

use proptest::prelude::*;
use sealane_crypto::{Digest, Fingerprint, Signature, VerifyingKey, sha256};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn survives<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value);
    let bytes = postcard::to_stdvec(value).unwrap();
    assert_eq!(&postcard::from_bytes::<T>(&bytes).unwrap(), value);
}

proptest! {
    #[test]
    fn values_survive_text_and_binary_formats(bytes in any::<[u8; 32]>(), more in any::<[u8; 32]>()) {
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&bytes);
        signature[32..].copy_from_slice(&more);
        survives(&Digest::from_bytes(bytes));
        survives(&Fingerprint::from_bytes(bytes));
        survives(&VerifyingKey::from_bytes(bytes));
        survives(&Signature::from_bytes(signature));
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in ".{0,140}") {
        let _: Result<Digest, _> = text.parse();
        let _: Result<VerifyingKey, _> = text.parse();
        let _: Result<Signature, _> = text.parse();
        if let Ok(fingerprint) = text.parse::<Fingerprint>() {
            prop_assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        }
    }
}

#[test]
fn a_digest_is_lower_hexadecimal_in_json_and_its_bytes_in_postcard() {
    let digest = sha256(b"abc");
    assert_eq!(serde_json::to_string(&digest).unwrap(), format!("\"{digest}\""));
    assert!(postcard::to_stdvec(&digest).unwrap().ends_with(digest.as_bytes()));
}

#[test]
fn a_digest_of_the_wrong_length_is_refused_without_repeating_it() {
    let error = "00ff".parse::<Digest>().unwrap_err().to_string();
    assert!(error.contains("SHA-256") && !error.contains("00ff"));
    assert!(postcard::from_bytes::<Digest>(&[3, 1, 2, 3]).is_err());
    assert!(serde_json::from_str::<Digest>("\"00\"").is_err());
}
