//! What a peer's word is worth.

use sealane_crypto::{SigningKey, SystemRandom};
use sealane_model::{Class, ManualClock, Person, PersonId, SiteDescriptor};
use sealane_policy::Assurance;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

fn site() -> SiteId {
    SiteId::generate(&ManualClock::at(NOW), &SystemRandom::new().unwrap())
}

fn peer() -> (Peer, SigningKey) {
    let key = SigningKey::generate(&SystemRandom::new().unwrap());
    let descriptor = SiteDescriptor {
        site: site(),
        name: "university-b".parse().unwrap(),
        title: "University B".to_owned(),
        addresses: Vec::new(),
        url: String::new(),
        signing_key: key.verifying_key(),
        lane_key: Fingerprint::of(b"lane"),
    };
    let issuers = vec!["https://login.b".to_owned()];
    (Peer { descriptor, issuers, ceiling: Class::Pii, accepted_at: NOW }, key)
}

fn ana() -> PersonAssertion {
    PersonAssertion {
        person: Person {
            id: PersonId { issuer: "https://login.b".to_owned(), subject: "ana".to_owned() },
            email: Some("ana@b.example".to_owned()),
            name: None,
        },
        groups: vec!["administrators".to_owned()],
        assurance: Assurance::default(),
        client: Some("198.51.100.4".to_owned()),
    }
}

fn assertion(peer: &Peer, me: SiteId) -> Assertion {
    Assertion {
        from: peer.descriptor.site,
        to: me,
        issued_at: NOW,
        expires_at: NOW.after(Assertion::LIFETIME),
        person: ana(),
    }
}

#[test]
fn a_peer_gives_nobody_a_group_or_a_role_and_is_bound_by_its_ceiling() {
    let (peer, _) = peer();
    let subject = subject_of(&peer, &ana()).unwrap();
    assert!(subject.groups.is_empty() && subject.roles.is_empty());
    assert_eq!(subject.via_site, Some(peer.descriptor.site.to_string()));
    assert_eq!(subject.peer_ceiling, Some(Class::Pii));
}

#[test]
fn a_person_of_an_identity_provider_that_was_not_accepted_is_nobody() {
    let (mut peer, _) = peer();
    peer.issuers = vec!["https://login.b/".to_owned()];
    assert_eq!(subject_of(&peer, &ana()).unwrap_err().code, "issuer-not-accepted");
}

#[test]
fn an_assertion_holds_for_one_peer_one_site_and_one_minute() {
    let ((peer, key), me) = (peer(), site());
    let sealed = |assertion: &Assertion| Signed::seal(&key, Assertion::CONTEXT, assertion).unwrap();
    let code = |assertion: &Assertion, now| open_assertion(&sealed(assertion), &peer, me, now).unwrap_err().code;
    let good = assertion(&peer, me);
    assert!(open_assertion(&sealed(&good), &peer, me, NOW).is_ok());

    assert_eq!(code(&good, NOW.after(Assertion::LIFETIME * 2)), "assertion-expired");
    let long = Assertion { expires_at: NOW.after(Assertion::LIFETIME * 2), ..good.clone() };
    assert_eq!(code(&long, NOW), "assertion-expired");
    assert_eq!(code(&Assertion { to: site(), ..good.clone() }, NOW), "assertion-other-site");
    assert_eq!(code(&Assertion { from: me, ..good.clone() }, NOW), "assertion-other-site");
    let forged = Signed::seal(&SigningKey::generate(&SystemRandom::new().unwrap()), Assertion::CONTEXT, &good).unwrap();
    assert_eq!(open_assertion(&forged, &peer, me, NOW).unwrap_err().code, "assertion-malformed");
}

#[test]
fn an_overlong_list_of_groups_is_refused_before_it_is_used() {
    let (peer, _) = peer();
    let mut person = ana();
    person.groups = vec!["g".to_owned(); 1_001];
    assert_eq!(subject_of(&peer, &person).unwrap_err().code, "assertion-malformed");
}
