//! AES-256-GCM: known answers (McGrew and Viega's test cases 13 to 16, as in NIST's validation sets), and every sealing
//! by ring compared with an independent implementation (RustCrypto's `aes-gcm`).

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use proptest::prelude::*;
use sealane_crypto::{AeadKey, OpenError, SystemRandom};

use crate::{Counting, Fixed, hex};

struct Vector {
    key: &'static str,
    nonce: &'static str,
    aad: &'static str,
    plain: &'static str,
    sealed: &'static str,
}

const ZERO_KEY: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const FEFF_KEY: &str = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";

const VECTORS: [Vector; 4] = [
    Vector {
        key: ZERO_KEY,
        nonce: "000000000000000000000000",
        aad: "",
        plain: "",
        sealed: "530f8afbc74536b9a963b4f1c4cb738b",
    },
    Vector {
        key: ZERO_KEY,
        nonce: "000000000000000000000000",
        aad: "",
        plain: "00000000000000000000000000000000",
        sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
    },
    Vector {
        key: FEFF_KEY,
        nonce: "cafebabefacedbaddecaf888",
        aad: "",
        plain: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
        sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c",
    },
    Vector {
        key: FEFF_KEY,
        nonce: "cafebabefacedbaddecaf888",
        aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        plain: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
    },
];

fn independent(key: &[u8], nonce: &[u8], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let cipher = Aes256Gcm::new_from_slice(key).unwrap();
    cipher.encrypt(nonce.try_into().unwrap(), Payload { msg: plain, aad }).unwrap()
}

#[test]
fn sealed_values_are_the_known_answers() {
    for vector in VECTORS {
        let (key, nonce, aad) = (hex(vector.key), hex(vector.nonce), hex(vector.aad));
        let (plain, answer) = (hex(vector.plain), hex(vector.sealed));
        let expected = [nonce.clone(), answer.clone()].concat();
        let ours = AeadKey::from_bytes(&key).unwrap();
        assert_eq!(ours.seal(&Fixed(nonce.clone()), &aad, &plain), expected);
        assert_eq!(ours.open(&aad, &expected).unwrap(), plain);
        assert_eq!(independent(&key, &nonce, &aad, &plain), answer);
    }
}

#[test]
fn a_key_of_the_wrong_length_is_refused() {
    for length in [0, 16, 31, 33] {
        assert!(AeadKey::from_bytes(&vec![0; length]).is_err());
    }
}

#[test]
fn each_sealing_differs_and_the_key_survives_its_store() {
    let random = SystemRandom::new().unwrap();
    let key = AeadKey::generate(&random);
    let (one, two) = (key.seal(&random, b"", b"value"), key.seal(&random, b"", b"value"));
    assert_ne!(one, two);
    let again = AeadKey::from_bytes(key.to_bytes().expose()).unwrap();
    assert_eq!(again.open(b"", &one).unwrap(), b"value");
    assert_eq!(format!("{key:?}"), "AeadKey([redacted])");
}

proptest! {
    #[test]
    fn two_implementations_agree_on_any_value(
        key in any::<[u8; 32]>(), nonce in any::<[u8; 12]>(), aad in any::<Vec<u8>>(), plain in any::<Vec<u8>>(),
    ) {
        let sealed = AeadKey::from_bytes(&key).unwrap().seal(&Fixed(nonce.to_vec()), &aad, &plain);
        prop_assert_eq!(&sealed[12..], independent(&key, &nonce, &aad, &plain));
    }

    #[test]
    fn a_changed_cut_or_moved_value_does_not_open(
        plain in any::<Vec<u8>>(), at in any::<prop::sample::Index>(), bit in 0_u8..8,
    ) {
        let random = Counting::new();
        let key = AeadKey::generate(&random);
        let sealed = key.seal(&random, b"here", &plain);
        prop_assert_eq!(key.open(b"here", &sealed).unwrap(), plain);
        prop_assert_eq!(key.open(b"there", &sealed), Err(OpenError));
        prop_assert_eq!(key.open(b"here", &sealed[..at.index(sealed.len())]), Err(OpenError));
        let mut changed = sealed.clone();
        changed[at.index(sealed.len())] ^= 1 << bit;
        prop_assert_eq!(key.open(b"here", &changed), Err(OpenError));
    }
}
