//! A slot: where one key lies on disk, or the mark that it was erased.
//!
//! 128 bytes: `[state][key id 16][token 16][body][zeros][crc32c 4]`. A live slot's body is the key, wrapped
//! (AES-256-GCM) under a key derived from the log's openings key. Erasing overwrites the slot in place:
//! token and wrapped key go, the key id stays with a proof that the log itself erased it, so that an
//! erased value can be told from a damaged one. 128 divides a sector: a write is there or it is not.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use sealane_crypto::aead::AeadKey;
use sealane_crypto::random::{Random, random_bytes};

pub(crate) const SLOT_BYTES: usize = 128;
const CHECKED: usize = SLOT_BYTES - 4;
const LIVE: u8 = 1;
const ERASED: u8 = 2;
/// Nonce, key, tag.
const WRAPPED: usize = 12 + 32 + 16;
/// Nonce, tag.
const PROOF: usize = 12 + 16;

/// The name of a key in the records: drawn at random, so it says nothing about whom the key is for.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct KeyId([u8; 16]);

impl KeyId {
    /// The site's own key, for values that belong to nobody named.
    pub(crate) const SITE: Self = Self([0; 16]);

    pub(crate) fn draw(random: &dyn Random) -> Self {
        Self(random_bytes(random))
    }

    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl FromStr for KeyId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(drop)?;
        bytes.try_into().map(Self).map_err(drop)
    }
}

/// The keyed code of a scope, by which its key is found again.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Token(pub(crate) [u8; 16]);

/// What a slot says, taken as it stands.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// Not yet written.
    Blank,
    /// Holds a key.
    Live { id: KeyId, token: Token, wrapped: [u8; WRAPPED] },
    /// Held a key.
    Erased { id: KeyId, proof: [u8; PROOF] },
    /// Was torn or damaged; the key id is what stands in its place.
    Broken { id: KeyId },
}

impl Slot {
    pub(crate) fn parse(bytes: &[u8; SLOT_BYTES]) -> Self {
        if bytes.iter().all(|byte| *byte == 0) {
            return Self::Blank;
        }
        Self::sound(bytes).unwrap_or_else(|| {
            let [_, rest @ ..] = bytes;
            Self::Broken { id: rest.first_chunk().map_or(KeyId::SITE, |id| KeyId(*id)) }
        })
    }

    /// The key that it holds or held.
    pub(crate) const fn id(&self) -> Option<KeyId> {
        match self {
            Self::Blank => None,
            Self::Live { id, .. } | Self::Erased { id, .. } | Self::Broken { id } => Some(*id),
        }
    }

    fn sound(bytes: &[u8; SLOT_BYTES]) -> Option<Self> {
        let (checked, crc) = bytes.split_at_checked(CHECKED)?;
        if crc32c::crc32c(checked).to_le_bytes() != *crc {
            return None;
        }
        let (state, rest) = checked.split_first()?;
        let (id, rest) = rest.split_first_chunk::<16>()?;
        let (token, body) = rest.split_first_chunk::<16>()?;
        let id = KeyId(*id);
        match *state {
            LIVE => Some(Self::Live { id, token: Token(*token), wrapped: *body.first_chunk()? }),
            ERASED => Some(Self::Erased { id, proof: *body.first_chunk()? }),
            _ => None,
        }
    }

    pub(crate) fn to_bytes(self) -> [u8; SLOT_BYTES] {
        let (state, id, token, body): (u8, KeyId, [u8; 16], &[u8]) = match &self {
            Self::Live { id, token, wrapped } => (LIVE, *id, token.0, wrapped),
            Self::Erased { id, proof } => (ERASED, *id, [0; 16], proof),
            Self::Blank | Self::Broken { .. } => return [0; SLOT_BYTES],
        };
        let mut bytes = [0; SLOT_BYTES];
        let written = [state].into_iter().chain(*id.as_bytes()).chain(token).chain(body.iter().copied());
        bytes.iter_mut().zip(written).for_each(|(to, from)| *to = from);
        let crc = crc32c::crc32c(bytes.get(..CHECKED).unwrap_or_default()).to_le_bytes();
        bytes.iter_mut().skip(CHECKED).zip(crc).for_each(|(to, from)| *to = from);
        bytes
    }
}

/// Wraps keys into slots of one log, and proves erasures.
#[derive(Debug)]
pub(crate) struct Wrapper {
    pub(crate) key: AeadKey,
    pub(crate) origin: String,
}

impl Wrapper {
    pub(crate) fn live(&self, random: &dyn Random, id: KeyId, token: Token, key: &AeadKey) -> Option<Slot> {
        let sealed =
            self.key.seal(random, &self.place(b"sealane-opening-key/1", id, &token.0), key.to_bytes().expose());
        Some(Slot::Live { id, token, wrapped: sealed.try_into().ok()? })
    }

    /// The key of a live slot.
    pub(crate) fn unwrap(&self, slot: &Slot) -> Option<AeadKey> {
        let Slot::Live { id, token, wrapped } = slot else { return None };
        let key = self.key.open(&self.place(b"sealane-opening-key/1", *id, &token.0), wrapped).ok()?;
        AeadKey::from_bytes(&sealane_crypto::Secret::new(key).expose().clone()).ok()
    }

    pub(crate) fn erased(&self, random: &dyn Random, id: KeyId) -> Option<Slot> {
        let proof = self.key.seal(random, &self.place(b"sealane-opening-erased/1", id, &[]), &[]);
        Some(Slot::Erased { id, proof: proof.try_into().ok()? })
    }

    /// Whether the log itself wrote this mark.
    pub(crate) fn proves(&self, slot: &Slot) -> bool {
        let Slot::Erased { id, proof } = slot else { return false };
        self.key.open(&self.place(b"sealane-opening-erased/1", *id, &[]), proof).is_ok()
    }

    fn place(&self, purpose: &[u8], id: KeyId, token: &[u8]) -> Vec<u8> {
        [purpose, &[0], self.origin.as_bytes(), &[0], id.as_bytes(), token].concat()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealane_crypto::random::SystemRandom;

    use super::*;

    fn wrapper(random: &dyn Random) -> Wrapper {
        Wrapper { key: AeadKey::generate(random), origin: "a".to_owned() }
    }

    #[test]
    fn a_key_comes_back_from_its_slot_and_no_flipped_bit_passes() {
        let random = SystemRandom::new().expect("randomness");
        let wrapper = wrapper(&random);
        let key = AeadKey::generate(&random);
        let slot = wrapper.live(&random, KeyId([7; 16]), Token([9; 16]), &key).expect("wrap");
        let bytes = slot.to_bytes();
        assert_eq!(Slot::parse(&bytes), slot);
        assert_eq!(wrapper.unwrap(&slot).expect("unwrap").to_bytes().expose(), key.to_bytes().expose());
        assert!(Wrapper { origin: "b".to_owned(), ..self::wrapper(&random) }.unwrap(&slot).is_none());
        for bit in 0..SLOT_BYTES * 8 {
            let mut changed = bytes;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(Slot::parse(&changed), Slot::Broken { .. }), "bit {bit}");
        }
    }

    #[test]
    fn an_erased_slot_keeps_the_key_id_and_nothing_of_the_key_or_of_whom_it_was_for() {
        let random = SystemRandom::new().expect("randomness");
        let wrapper = wrapper(&random);
        let live = wrapper.live(&random, KeyId([7; 16]), Token([9; 16]), &AeadKey::generate(&random)).expect("wrap");
        let erased = wrapper.erased(&random, KeyId([7; 16])).expect("mark");
        assert_eq!(Slot::parse(&erased.to_bytes()), erased);
        assert!(wrapper.proves(&erased));
        let Slot::Live { wrapped, .. } = live else { panic!("live") };
        for window in wrapped.windows(8).chain([&[9_u8; 8][..]]) {
            assert!(!erased.to_bytes().windows(8).any(|bytes| bytes == window));
        }
        assert!(!self::wrapper(&random).proves(&erased), "another log's mark proves nothing here");
        let Slot::Erased { proof, .. } = erased else { panic!("erased") };
        assert!(!wrapper.proves(&Slot::Erased { id: KeyId([8; 16]), proof }));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_read_without_panic(bytes: [u8; 32], at in 0..4_usize) {
            let mut slot = [0; SLOT_BYTES];
            slot[at * 32..][..32].copy_from_slice(&bytes);
            let _ = Slot::parse(&slot);
        }
    }

    #[test]
    fn a_key_id_reads_back() {
        let id = KeyId([0xab; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("ab".parse::<KeyId>().is_err() && "zz".parse::<KeyId>().is_err());
    }
}
