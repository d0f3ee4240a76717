//! Bytes in, bytes out: secrets, randomness, digests, signatures, authenticated encryption.
//!
//! **What for.** Every other package takes its cryptography from here, so that the choice of algorithms is made once:
//! SHA-256 (FIPS 180-4) and its RFC 6962 tree, HMAC (FIPS 198-1) and HKDF (RFC 5869) over it, Ed25519 (RFC 8032),
//! AES-256-GCM (NIST SP 800-38D), ECDSA P-256 for TLS.
//!
//! **Promises.** No input or output, no clock, no network, no unsafe code. Randomness comes in as an argument
//! ([`Random`]), save for TLS keys, which the certificate library draws from the operating system. Secrets print as
//! `[redacted]` and are wiped when dropped. Nothing here panics on hostile input.
//!
//! **Leaves to others.** Where keys are kept ([`KeyStore`] is implemented by the composition root), what is signed,
//! and when a key is trusted.

pub mod aead;
pub mod certificate;
pub mod derive;
pub mod digest;
mod encoding;
pub mod envelope;
pub mod fingerprint;
pub mod keystore;
pub mod mac;
pub mod random;
pub mod secret;
pub mod sign;

pub use aead::{AeadKey, OpenError};
pub use certificate::{CertificateError, TlsIdentity};
pub use derive::derive;
pub use digest::proof::{
    ProofError, consistency_proof, inclusion_proof, prefix_root, verify_consistency, verify_inclusion,
};
pub use digest::tree::{RECORD_BYTES, TreeFrontier, TreeHasher, leaf_hash, node_hash, root_of};
pub use digest::{Digest, Sha256, sha256};
pub use encoding::ParseError;
pub use envelope::{EnvelopeError, Signed};
pub use fingerprint::Fingerprint;
pub use keystore::{KeyStore, KeyStoreError};
pub use mac::MacKey;
pub use random::{Random, RandomnessUnavailable, SystemRandom, random_bytes};
pub use secret::{Secret, constant_time_eq};
pub use sign::{BadSignature, KeyError, Signature, SigningKey, VerifyingKey};
