//! Signed envelopes: what is verified is what is read, in JSON and in binary formats.

use sealane_crypto::{EnvelopeError, Signed, SigningKey};
use serde::{Deserialize, Serialize};

use crate::{Counting, Fixed};

const CONTEXT: &str = "sealane/test/1";

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    site: String,
    bytes: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    nothing_alike: bool,
}

fn order() -> Order {
    Order { site: "hospital-a".to_owned(), bytes: 7 }
}

fn key() -> SigningKey {
    SigningKey::generate(&Counting::new())
}

#[test]
fn an_envelope_travels_as_json_and_as_bytes() {
    let sealed = Signed::seal(&key(), CONTEXT, &order()).unwrap();
    let text = serde_json::to_string(&sealed).unwrap();
    let from_text: Signed<Order> = serde_json::from_str(&text).unwrap();
    let from_bytes: Signed<Order> = postcard::from_bytes(&postcard::to_stdvec(&sealed).unwrap()).unwrap();
    for received in [from_text, from_bytes] {
        assert_eq!(received, sealed);
        assert_eq!(received.key(), &key().verifying_key().fingerprint());
        assert_eq!(received.open(&key().verifying_key(), CONTEXT).unwrap(), order());
    }
}

#[test]
fn another_key_another_purpose_and_another_content_are_refused() {
    let sealed = Signed::seal(&key(), CONTEXT, &order()).unwrap();
    let stranger = SigningKey::generate(&Fixed(vec![9; 32]));
    assert!(matches!(sealed.open(&stranger.verifying_key(), CONTEXT), Err(EnvelopeError::OtherKey { .. })));
    assert!(matches!(sealed.open(&key().verifying_key(), "sealane/test/2"), Err(EnvelopeError::BadSignature(_))));

    let mut json = serde_json::to_value(&sealed).unwrap();
    json["payload"] = serde_json::to_value(Signed::seal(&key(), "x", &Order { bytes: 8, ..order() }).unwrap()).unwrap()
        ["payload"]
        .clone();
    let altered: Signed<Order> = serde_json::from_value(json).unwrap();
    assert!(matches!(altered.open(&key().verifying_key(), CONTEXT), Err(EnvelopeError::BadSignature(_))));
}

#[test]
fn a_well_signed_message_of_another_form_is_malformed() {
    let sealed = Signed::seal(&key(), CONTEXT, &Other { nothing_alike: true }).unwrap();
    let disguised: Signed<Order> = serde_json::from_str(&serde_json::to_string(&sealed).unwrap()).unwrap();
    assert!(matches!(disguised.open(&key().verifying_key(), CONTEXT), Err(EnvelopeError::Malformed)));
}

#[test]
fn an_envelope_never_prints_its_content() {
    let sealed = Signed::seal(&key(), CONTEXT, &order()).unwrap();
    assert!(!format!("{sealed:?}").contains("hospital"));
}
