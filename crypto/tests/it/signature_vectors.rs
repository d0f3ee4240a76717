//! RFC 8032 section 7.1 vectors, and what a context binds.

use proptest::prelude::*;
use sealane_crypto::{BadSignature, Secret, Signature, SigningKey, SystemRandom, VerifyingKey};

use crate::{Counting, hex};

/// Seed, public key, message, signature: tests 1, 2, 3 and SHA(abc).
const VECTORS: [(&str, &str, &str, &str); 4] = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
];

#[test]
fn keys_and_signatures_are_those_of_rfc_8032() {
    for (seed, public, message, signature) in VECTORS {
        let seed = Secret::new(<[u8; 32]>::try_from(hex(seed)).unwrap());
        let key = SigningKey::from_seed(&seed).unwrap();
        assert_eq!(key.verifying_key().as_bytes().as_slice(), hex(public));
        let signed = key.sign_raw(&hex(message));
        assert_eq!(signed.as_bytes().as_slice(), hex(signature));
        assert_eq!(key.verifying_key().verify_raw(&hex(message), &signed), Ok(()));
    }
}

#[test]
fn a_signature_for_one_purpose_does_not_pass_for_another() {
    let key = SigningKey::generate(&Counting::new());
    let signature = key.sign("sealane/order/1", b"message");
    let public = key.verifying_key();
    assert_eq!(public.verify("sealane/order/1", b"message", &signature), Ok(()));
    assert_eq!(public.verify("sealane/order/2", b"message", &signature), Err(BadSignature));
    assert_eq!(public.verify_raw(b"message", &signature), Err(BadSignature));
    assert_eq!(public.verify("sealane/order/", b"1\0message", &signature), Err(BadSignature));
}

#[test]
fn a_context_with_nul_verifies_nothing() {
    let key = SigningKey::generate(&Counting::new());
    let signature = key.sign("a", b"b\0c");
    assert_eq!(key.verifying_key().verify("a\0b", b"c", &signature), Err(BadSignature));
}

#[test]
fn a_key_survives_its_key_store() {
    let key = SigningKey::generate(&SystemRandom::new().unwrap());
    let again = SigningKey::from_pkcs8(key.to_pkcs8().expose()).unwrap();
    assert_eq!(again.verifying_key(), key.verifying_key());
    assert!(SigningKey::from_pkcs8(b"").is_err());
    let stored = key.to_pkcs8();
    assert!(SigningKey::from_pkcs8(&stored.expose()[..47]).is_err());
}

#[test]
fn the_same_randomness_gives_the_same_key_and_the_system_gives_others() {
    let once = SigningKey::generate(&Counting::new()).verifying_key();
    assert_eq!(once, SigningKey::generate(&Counting::new()).verifying_key());
    let system = SystemRandom::new().unwrap();
    assert_ne!(SigningKey::generate(&system).verifying_key(), SigningKey::generate(&system).verifying_key());
}

#[test]
fn a_key_never_prints_its_private_half() {
    let key = SigningKey::generate(&Counting::new());
    assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.verifying_key().fingerprint()));
}

proptest! {
    #[test]
    fn any_changed_bit_of_a_signature_is_refused(bit in 0_usize..512, message in any::<Vec<u8>>()) {
        let key = SigningKey::generate(&Counting::new());
        let mut bytes = *key.sign("sealane/test", &message).as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let changed = Signature::from_bytes(bytes);
        prop_assert_eq!(key.verifying_key().verify("sealane/test", &message, &changed), Err(BadSignature));
    }

    #[test]
    fn any_bytes_as_a_key_verify_nothing(key in any::<[u8; 32]>(), signature in any::<[u8; 32]>()) {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&signature);
        let key = VerifyingKey::from_bytes(key);
        prop_assert_eq!(key.verify("sealane/test", b"", &Signature::from_bytes(bytes)), Err(BadSignature));
    }
}
