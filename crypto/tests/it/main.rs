//! The behaviour of the crypto package, seen from outside: known answers of the standards, and laws that hold for any input.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod aead_vectors;
mod certificate;
mod encodings;
mod envelope;
mod signature_vectors;
mod tree_laws;
mod tree_vectors;

/// Bytes of a hexadecimal text.
fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).unwrap()
}

/// A generator that counts: what it gives is known to the test.
struct Counting(std::sync::atomic::AtomicU8);

impl Counting {
    fn new() -> Self {
        Self(std::sync::atomic::AtomicU8::new(0))
    }
}

impl sealane_crypto::Random for Counting {
    fn fill(&self, out: &mut [u8]) {
        for byte in out {
            *byte = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

/// A generator that gives the same bytes each time.
struct Fixed(Vec<u8>);

impl sealane_crypto::Random for Fixed {
    fn fill(&self, out: &mut [u8]) {
        out.copy_from_slice(&self.0);
    }
}
