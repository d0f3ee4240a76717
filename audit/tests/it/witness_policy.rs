//! Witness policies: what is a policy, and what a checkpoint is worth under one.

use proptest::prelude::*;
use sealane_audit::witness::{AddCheckpoint, Policy, Quorum, Swapped, consider};
use sealane_audit::{Checkpoint, Cosigner, VerifierKey};
use sealane_crypto::digest::sha256;
use sealane_crypto::secret::Secret;
use sealane_crypto::sign::SigningKey;

const ORIGIN: &str = "audit.a.example/n1";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&Secret::new([seed; 32])).expect("seed")
}

fn log() -> VerifierKey {
    VerifierKey::new(ORIGIN, key(0).verifying_key())
}

fn witness(n: u8) -> Cosigner {
    Cosigner::new(&format!("w{n}.example"), key(n)).expect("name")
}

/// A head cosigned by these witnesses, each at its time.
fn cosigned(by: &[(u8, u64)]) -> Checkpoint {
    let bare = Checkpoint::sign(ORIGIN, 7, sha256(b"root"), &key(0));
    let request = AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: bare.clone() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
    by.iter().fold(bare, |checkpoint, (n, at_s)| {
        let advance = consider(&request, &[log()], None).expect("first");
        let done = async |_| Ok::<_, ()>(Swapped::Done);
        let line = runtime.block_on(advance.remember_then_cosign(&witness(*n), *at_s, done)).expect("cosigned").line;
        checkpoint.with_line(line).expect("room")
    })
}

/// The example of the specification, with keys.
fn example() -> String {
    let mut text = format!("# two institutions\nlog {}\n\n", log());
    for (name, n) in [("X1", 1), ("X2", 2), ("X3", 3), ("Y1", 4), ("Y2", 5), ("Y3", 6)] {
        text += &format!("witness {name} {} https://w{n}.example/\n", witness(n).verifier());
    }
    text + "group X-witnesses 2 X1 X2 X3\n\tgroup  Y-witnesses any Y1 Y2 Y3 \ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
}

fn policy(text: &str) -> Policy {
    Policy::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn the_example_of_the_specification_is_read_and_evaluated() {
    let policy = policy(&example());
    assert_eq!(policy.logs().len(), 1);
    let urls: Vec<_> = policy.witnesses().map(|w| (w.name.as_str(), w.url.as_deref().unwrap_or_default())).collect();
    assert_eq!(urls[3], ("Y1", "https://w4.example/"));
    for (by, quorum) in [
        (&[][..], Quorum::Missing),
        (&[(1, 10), (2, 20)], Quorum::Missing),
        (&[(1, 10), (4, 20)], Quorum::Missing),
        (&[(4, 1), (5, 2), (6, 3)], Quorum::Missing),
        (&[(1, 10), (2, 20), (4, 5)], Quorum::Met { since_s: 20 }),
        (&[(1, 10), (2, 20), (3, 15), (4, 5), (5, 4)], Quorum::Met { since_s: 15 }),
        (&[(1, 10), (3, 15), (5, 40), (6, 30)], Quorum::Met { since_s: 30 }),
    ] {
        let standing = policy.evaluate(&cosigned(by));
        assert_eq!((standing.quorum, standing.log.clone()), (quorum, Ok(())), "{by:?}");
        assert_eq!(standing.holds(), quorum != Quorum::Missing);
        assert_eq!(standing.witnessed.len(), by.len());
    }
}

#[test]
fn a_line_that_only_claims_to_be_by_a_witness_spoils_the_checkpoint() {
    let policy = policy(&example());
    let good = cosigned(&[(1, 10), (2, 20), (4, 5)]);
    let line = good.lines()[1].to_string();
    let other = cosigned(&[(5, 10)]).lines()[1].to_string();
    // X1's name and id with Y2's signature.
    let key_of = |line: &str| line.rsplit_once(' ').expect("name").0.to_owned();
    let blob =
        |line: &str| data_encoding::BASE64.decode(line.rsplit_once(' ').expect("blob").1.as_bytes()).expect("base64");
    let forged = [&blob(&line)[..4], &blob(&other)[4..]].concat();
    let forged = format!("{} {}", key_of(&line), data_encoding::BASE64.encode(&forged));
    let text = good.text().replacen(&line, &forged, 1);
    let standing = policy.evaluate(&Checkpoint::parse(&text).expect("parse"));
    assert_eq!(standing.forged, ["X1"]);
    assert!(!standing.holds());
    // Beside the true line as well.
    let standing = policy.evaluate(&Checkpoint::parse(&format!("{}{forged}\n", good.text())).expect("parse"));
    assert!(!standing.holds());
}

#[test]
fn a_checkpoint_of_a_log_that_the_policy_does_not_list_does_not_hold() {
    let others = VerifierKey::new(ORIGIN, key(7).verifying_key());
    let text = example().replacen(&log().to_string(), &others.to_string(), 1);
    let checkpoint = cosigned(&[(1, 10), (2, 20), (4, 5)]);
    let standing = policy(&text).evaluate(&checkpoint);
    assert!(standing.log.is_err() && !standing.holds());
    assert!(matches!(standing.quorum, Quorum::Met { .. }));
    let known = policy(&text).with_log(log());
    assert!(known.evaluate(&checkpoint).holds(), "a log known from elsewhere");
}

#[test]
fn a_policy_without_witnesses_asks_for_the_log_only() {
    let policy = policy("quorum none\n").with_log(log());
    assert!(!policy.asks_for_witnesses());
    let standing = policy.evaluate(&cosigned(&[]));
    assert_eq!((standing.quorum, standing.holds()), (Quorum::NotAsked, true));
}

#[test]
fn each_mistake_is_named_with_its_line() {
    let w = |n| witness(n).verifier().to_string();
    let (w1, w2, l) = (w(1), w(2), log().to_string());
    for (text, line, why) in [
        (String::new(), 1, "quorum line is missing"),
        ("quorum none".to_owned(), 1, "cut short"),
        ("quorum none\nquorum none\n".to_owned(), 2, "second quorum"),
        ("quorum a\n".to_owned(), 1, "not defined"),
        ("quorum\n".to_owned(), 1, "a quorum line is"),
        (format!("witness a {w1}\nquorum a b\n"), 2, "a quorum line is"),
        (format!("witness none {w1}\nquorum none\n"), 1, "none means"),
        (format!("witness a {w1}\nwitness a {w2}\nquorum a\n"), 2, "defined already"),
        (format!("witness a {w1}\ngroup a any a\nquorum a\n"), 2, "defined already"),
        (format!("witness a {w1}\nwitness b {w1}\nquorum a\n"), 2, "same key"),
        (format!("log {l}\nlog {l}\nquorum none\n"), 2, "same key"),
        (format!("log {w1}\nquorum none\n"), 1, "another type"),
        (format!("witness a {l}\nquorum a\n"), 1, "another type"),
        ("witness a b+00000000+AA==\nquorum a\n".to_owned(), 1, "verifier key"),
        ("log\nquorum none\n".to_owned(), 1, "a log line is"),
        ("witness a\nquorum a\n".to_owned(), 1, "a witness line is"),
        ("group a\nquorum a\n".to_owned(), 1, "a group line is"),
        ("group a any\nquorum a\n".to_owned(), 1, "one member"),
        ("group a any none\nquorum a\n".to_owned(), 1, "not defined"),
        (format!("witness a {w1}\ngroup g any b\nwitness b {w2}\nquorum g\n"), 2, "not defined"),
        (format!("witness a {w1}\ngroup g 0 a\nquorum g\n"), 2, "no threshold"),
        (format!("witness a {w1}\ngroup g 2 a\nquorum g\n"), 2, "no threshold"),
        (format!("witness a {w1}\ngroup g +1 a\nquorum g\n"), 2, "no threshold"),
        (format!("witness a {w1}\ngroup g 1 a a\nquorum g\n"), 2, "member of a group already"),
        (format!("witness a {w1}\ngroup g any a\ngroup h any a\nquorum h\n"), 3, "member of a group already"),
        ("\n# all\nQuorum none\n".to_owned(), 3, "begins no line"),
        ("quorum none\r\n".to_owned(), 1, "control character"),
    ] {
        let error = Policy::parse(text.as_bytes()).expect_err(&text);
        assert_eq!(error.line, line, "{error}\n{text}");
        assert!(error.to_string().contains(why), "{error}\n{text}");
    }
}

#[test]
fn names_are_octets() {
    let (w1, w2) = (witness(1).verifier().to_string(), witness(2).verifier().to_string());
    let text = [b"witness \xe2\x84\xaa ", w1.as_bytes(), b"\nwitness K ", w2.as_bytes(), b"\nquorum \xe2\x84\xaa\n"];
    let policy = Policy::parse(&text.concat()).expect("parse");
    assert!(matches!(policy.evaluate(&cosigned(&[(1, 3)])).quorum, Quorum::Met { since_s: 3 }));
    assert_eq!(policy.evaluate(&cosigned(&[(2, 3)])).quorum, Quorum::Missing);
    let text = [b"witness \xff ", w1.as_bytes(), b"\nwitness \xfe ", w2.as_bytes(), b"\nquorum \xfe\n"];
    let policy = Policy::parse(&text.concat()).expect("names that are not UTF-8");
    assert_eq!(policy.evaluate(&cosigned(&[(1, 3)])).quorum, Quorum::Missing);
}

proptest! {
    #[test]
    fn arbitrary_octets_are_read_without_panic(at in any::<prop::sample::Index>(), with in prop::collection::vec(any::<u8>(), 0..4)) {
        let mut text = example().into_bytes();
        let at = at.index(text.len());
        text.splice(at..=at, with);
        if let Ok(policy) = Policy::parse(&text) {
            let _ = policy.evaluate(&cosigned(&[]));
        }
    }

    /// A threshold is met exactly by that many, since the time of the one that completed it.
    #[test]
    fn a_threshold_counts(k in 1_usize..6, times in prop::collection::vec(prop::option::of(1_u64..100), 5)) {
        let mut text = String::new();
        for n in 1..=5_u8 {
            text += &format!("witness w{n} {}\n", witness(n).verifier());
        }
        text += &format!("group g {k} w1 w2 w3 w4 w5\nquorum g\n");
        let by: Vec<(u8, u64)> = (1..).zip(&times).filter_map(|(n, at)| Some((n, (*at)?))).collect();
        let mut sorted: Vec<u64> = by.iter().map(|(_, at)| *at).collect();
        sorted.sort_unstable();
        let expected = sorted.get(k - 1).map_or(Quorum::Missing, |since_s| Quorum::Met { since_s: *since_s });
        prop_assert_eq!(policy(&text).evaluate(&cosigned(&by)).quorum, expected);
    }
}
