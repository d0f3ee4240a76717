//! Known answers for SHA-256 (FIPS 180-4 examples) and the tree (the vectors of RFC 6962's reference implementation,
//! `certificate-transparency/merkletree`: eight leaves and their heads, inclusion and consistency proofs).

use sealane_crypto::{
    Digest, ProofError, TreeFrontier, TreeHasher, consistency_proof, inclusion_proof, leaf_hash, root_of, sha256,
    verify_consistency, verify_inclusion,
};

use crate::hex;

const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

const HEADS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn leaves() -> Vec<Digest> {
    LEAVES.iter().map(|leaf| leaf_hash(&hex(leaf))).collect()
}

fn digest(text: &str) -> Digest {
    text.parse().unwrap()
}

#[test]
fn sha256_gives_the_answers_of_fips_180_4() {
    for (message, answer) in [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
    ] {
        assert_eq!(sha256(message.as_bytes()), digest(answer));
    }
    assert_eq!(
        sha256(&vec![b'a'; 1_000_000]),
        digest("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    );
}

#[test]
fn the_empty_tree_is_the_digest_of_nothing() {
    assert_eq!(TreeHasher::new().finish(), sha256(b""));
    assert_eq!(TreeFrontier::new().root(), sha256(b""));
    assert_eq!(root_of(&[]), sha256(b""));
}

#[test]
fn growing_trees_have_the_known_heads() {
    let leaves = leaves();
    let mut frontier = TreeFrontier::new();
    for (count, head) in (1..).zip(HEADS) {
        frontier.push(leaves[count - 1]);
        assert_eq!(frontier.root(), digest(head), "head of {count} leaves");
        assert_eq!(root_of(&leaves[..count]), digest(head), "fold of {count} leaves");
    }
}

#[test]
fn inclusion_proofs_are_the_known_ones() {
    let all = leaves();
    let known: [(usize, usize, &[&str]); 4] = [
        (0, 1, &[]),
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    ];
    for (index, size, proof) in known {
        let proof: Vec<Digest> = proof.iter().map(|hash| digest(hash)).collect();
        assert_eq!(inclusion_proof(&all[..size], index).unwrap(), proof, "leaf {index} of {size}");
        let head = digest(HEADS[size - 1]);
        assert_eq!(verify_inclusion(&all[index], index as u64, size as u64, &proof, &head), Ok(()));
    }
}

#[test]
fn consistency_proofs_are_the_known_ones() {
    let all = leaves();
    let known: [(usize, usize, &[&str]); 4] = [
        (1, 1, &[]),
        (
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (old, new, proof) in known {
        let proof: Vec<Digest> = proof.iter().map(|hash| digest(hash)).collect();
        assert_eq!(consistency_proof(&all[..new], old).unwrap(), proof, "from {old} to {new}");
        let (old_head, new_head) = (digest(HEADS[old - 1]), digest(HEADS[new - 1]));
        assert_eq!(verify_consistency(old as u64, &old_head, new as u64, &new_head, &proof), Ok(()));
    }
}

#[test]
fn a_proof_for_a_place_outside_the_tree_is_refused() {
    let leaf = leaf_hash(b"");
    assert_eq!(verify_inclusion(&leaf, 0, 0, &[], &leaf), Err(ProofError::OutOfRange));
    assert_eq!(verify_inclusion(&leaf, 1, 1, &[], &leaf), Err(ProofError::OutOfRange));
    assert_eq!(verify_inclusion(&leaf, u64::MAX, u64::MAX, &[leaf; 64], &leaf), Err(ProofError::OutOfRange));
    assert_eq!(verify_consistency(2, &leaf, 1, &leaf, &[]), Err(ProofError::OutOfRange));
    assert_eq!(verify_consistency(3, &leaf, 4, &leaf, &[]), Err(ProofError::WrongLength));
    assert_eq!(verify_inclusion(&leaf, 0, 1, &[leaf], &leaf), Err(ProofError::WrongLength));
}
