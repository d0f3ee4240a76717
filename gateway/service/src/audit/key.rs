//! The key under which personal values become the index's tokens.

use sealane_crypto::{MacKey, Secret, derive};
use sealane_database::audit_index::Token;
use sealane_model::{PersonId, RemotePath};

const PURPOSE: &[u8] = b"sealane audit index v1";

/// Makes tokens: equal for equal values at all nodes of a site, and of no use to anybody without the key.
#[derive(Debug, Clone)]
pub struct IndexKey(MacKey);

impl IndexKey {
    /// Derived from a secret that all nodes of the site share.
    #[must_use]
    pub fn derived_from(secret: &Secret<Vec<u8>>) -> Self {
        Self(MacKey::from_bytes(derive(secret.expose(), PURPOSE).expose()))
    }

    /// A person's token.
    #[must_use]
    pub fn person(&self, person: &PersonId) -> Token {
        self.token("person", &[&person.issuer, &person.subject])
    }

    /// The token of an e-mail address, however it is written.
    #[must_use]
    pub fn email(&self, address: &str) -> Token {
        self.token("email", &[&address.to_lowercase()])
    }

    /// A network address's token.
    #[must_use]
    pub fn client(&self, address: &str) -> Token {
        self.token("client", &[address])
    }

    /// A purpose's token.
    #[must_use]
    pub fn purpose(&self, purpose: &str) -> Token {
        self.token("purpose", &[purpose])
    }

    /// A path's token within its collection.
    #[must_use]
    pub fn path(&self, collection: &str, path: &RemotePath) -> Token {
        self.token("path", &[collection, &path.to_text()])
    }

    /// The tokens of a path's root, of each directory on the way to it, and of itself.
    #[must_use]
    pub fn way(&self, collection: &str, path: &RemotePath) -> Vec<Token> {
        let mut here = RemotePath::root();
        let mut way = vec![self.path(collection, &here)];
        for name in path.components() {
            here = here.join(name);
            way.push(self.path(collection, &here));
        }
        way
    }

    fn token(&self, field: &str, parts: &[&str]) -> Token {
        let mut message = Vec::with_capacity(128);
        for part in std::iter::once(&field).chain(parts) {
            // Each part with its length, so that no two lists of parts make one message.
            message.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            message.extend_from_slice(part.as_bytes());
        }
        let code = self.0.code(&message);
        let mut token = Token::default();
        token.iter_mut().zip(code).for_each(|(to, from)| *to = from);
        token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &[u8]) -> IndexKey {
        IndexKey::derived_from(&Secret::new(secret.to_vec()))
    }

    #[test]
    fn a_token_depends_on_key_field_and_every_part() {
        let ana = PersonId::new("https://idp", "ana");
        let token = key(b"one").person(&ana);
        assert_eq!(token, key(b"one").person(&ana));
        assert_ne!(token, key(b"two").person(&ana));
        assert_ne!(token, key(b"one").person(&PersonId::new("https://idpa", "na")));
        assert_ne!(key(b"one").client("x"), key(b"one").purpose("x"));
    }

    #[test]
    fn a_path_is_found_beneath_each_of_its_parents() {
        let key = key(b"one");
        let path = |text| RemotePath::parse_text(text).unwrap();
        let way = key.way("c", &path("/a/b"));
        assert_eq!(way, [key.path("c", &path("/")), key.path("c", &path("/a")), key.path("c", &path("/a/b"))]);
        assert_ne!(key.path("d", &path("/a")), key.path("c", &path("/a")));
    }
}
