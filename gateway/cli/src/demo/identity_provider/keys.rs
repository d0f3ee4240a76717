//! The key that signs ID tokens: ES256 (RFC 7518 section 3.4), made at each start.

use data_encoding::BASE64URL_NOPAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

/// Signs ID tokens.
pub(super) struct IdTokenKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

const KEY_ID: &str = "demo-1";

impl IdTokenKey {
    /// A fresh key.
    pub(super) fn generate() -> anyhow::Result<Self> {
        let random = SystemRandom::new();
        let made = |_| anyhow::anyhow!("no signing key could be made for the demo identity provider");
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(made)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random)
            .map_err(|error| anyhow::anyhow!("the demo identity provider's key is unusable: {error}"))?;
        Ok(Self { pair, random })
    }

    /// The public half (RFC 7517).
    pub(super) fn jwks(&self) -> Value {
        // An uncompressed point: 0x04, then x and y of 32 bytes each.
        let point = self.pair.public_key().as_ref();
        let coordinate = |from: usize| BASE64URL_NOPAD.encode(point.get(from..from + 32).unwrap_or_default());
        json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY_ID,
            "x": coordinate(1), "y": coordinate(33),
        }]})
    }

    /// A signed token (RFC 7519) with these claims.
    pub(super) fn sign(&self, claims: &Value) -> anyhow::Result<String> {
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": KEY_ID });
        let encode = |part: &Value| BASE64URL_NOPAD.encode(part.to_string().as_bytes());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let signature = self
            .pair
            .sign(&self.random, signed.as_bytes())
            .map_err(|_| anyhow::anyhow!("the demo identity provider could not sign"))?;
        Ok(format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref())))
    }
}
