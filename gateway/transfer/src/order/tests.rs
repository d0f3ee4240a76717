//! Orders are judged by their signature, their sites, their time and their bounds, in that order.

use std::sync::LazyLock;
use std::time::Duration;

use sealane_crypto::SystemRandom;
use sealane_model::{
    CollectionId, Item, ManualClock, OrderId, Person, PersonAssertion, PersonId, Place, RemotePath, TaskId,
};
use sealane_policy::Assurance;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

static KEYS: LazyLock<(SigningKey, SigningKey, SigningKey)> = LazyLock::new(|| {
    let random = SystemRandom::new().unwrap();
    (SigningKey::generate(&random), SigningKey::generate(&random), SigningKey::generate(&random))
});

fn id(n: u128) -> SiteId {
    SiteId::generate(&ManualClock::at(NOW), &Fixed(u8::try_from(n).unwrap()))
}

struct Fixed(u8);

impl sealane_crypto::Random for Fixed {
    fn fill(&self, out: &mut [u8]) {
        out.fill(self.0);
    }
}

fn order() -> Order {
    let (clock, random) = (ManualClock::at(NOW), Fixed(9));
    let collection = CollectionId::from_uuid(OrderId::generate(&clock, &random).uuid());
    Order {
        id: OrderId::generate(&clock, &random),
        task: TaskId::generate(&clock, &random),
        coordinator: id(2),
        source: Place { site: id(1), collection },
        destination: Place { site: id(2), collection },
        items: vec![Item { source: RemotePath::root(), destination: RemotePath::root(), recursive: true }],
        person: PersonAssertion {
            person: Person {
                id: PersonId { issuer: "https://login".to_owned(), subject: "ana".to_owned() },
                email: None,
                name: None,
            },
            groups: Vec::new(),
            assurance: Assurance::default(),
            client: None,
        },
        purpose: None,
        class: None,
        protection: Protection::MutualTls13,
        lanes: 4,
        issued_at: NOW,
        expires_at: NOW.after(ORDER_LIFETIME),
    }
}

fn parties() -> Parties {
    Parties { me: id(1), my_key: KEYS.0.verifying_key(), other: id(2), other_key: KEYS.1.verifying_key() }
}

fn judged(order: &Order, now: Timestamp) -> Result<Order, OrderError> {
    check(&Signed::seal(&KEYS.1, Order::CONTEXT, order).unwrap(), &parties(), now)
}

#[test]
fn a_sound_order_is_accepted_until_the_moment_it_expires() {
    let signed = seal(&order(), &KEYS.1).unwrap();
    assert_eq!(check(&signed, &parties(), NOW), Ok(order()));
    let end = NOW.after(ORDER_LIFETIME);
    assert!(check(&signed, &parties(), Timestamp::from_micros(end.as_micros() - 1)).is_ok());
    assert_eq!(check(&signed, &parties(), end), Err(OrderError::Expired { expired_at: end, now: end }));
}

#[test]
fn a_signer_whose_clock_is_a_minute_ahead_is_still_believed() {
    let early = Timestamp::from_micros(NOW.as_micros() - 60_000_000);
    assert!(judged(&order(), early).is_ok());
    let earlier = Timestamp::from_micros(early.as_micros() - 1);
    assert_eq!(judged(&order(), earlier), Err(OrderError::NotYet { issued_at: NOW, now: earlier }));
}

#[test]
fn a_third_key_is_named_and_refused() {
    let signed = Signed::seal(&KEYS.2, Order::CONTEXT, &order()).unwrap();
    let signer = KEYS.2.verifying_key().fingerprint();
    assert_eq!(check(&signed, &parties(), NOW), Err(OrderError::ThirdSite { signer }));
}

#[test]
fn a_signature_made_for_another_purpose_is_no_order() {
    let signed = Signed::seal(&KEYS.1, "sealane assertion v1", &order()).unwrap();
    assert_eq!(check(&signed, &parties(), NOW), Err(OrderError::BadSignature));
}

#[test]
fn the_ends_must_be_the_two_sites_that_speak() {
    for (source, destination) in [(3, 2), (1, 3), (1, 1), (2, 2)] {
        let mut order = order();
        (order.source.site, order.destination.site) = (id(source), id(destination));
        assert_eq!(judged(&order, NOW), Err(OrderError::WrongSites), "{source} to {destination}");
    }
}

#[test]
fn nothing_is_sealed_that_nobody_would_accept() {
    let mut long = order();
    long.expires_at = NOW.after(ORDER_LIFETIME + Duration::from_micros(1));
    let mut local = order();
    local.protection = Protection::Local;
    let mut none = order();
    none.lanes = 0;
    let mut empty = order();
    empty.items.clear();
    let mut many = order();
    many.items = vec![many.items[0].clone(); MAX_ITEMS + 1];
    for (order, code) in [
        (long, "order-too-long"),
        (local, "order-weak-protection"),
        (none, "order-lanes"),
        (empty, "order-items"),
        (many, "order-items"),
    ] {
        assert_eq!(seal(&order, &KEYS.1).unwrap_err().code(), code);
        assert_eq!(judged(&order, NOW).unwrap_err().code(), code, "nor accepted from a site that seals it");
    }
}

#[test]
fn lanes_are_numbered_from_zero() {
    assert!(check_lane(&order(), 3).is_ok());
    assert_eq!(check_lane(&order(), 4), Err(OrderError::TooManyLanes { lane: 4, lanes: 4 }));
}
