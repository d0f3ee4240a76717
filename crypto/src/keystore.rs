//! Where keys are kept, as seen from code that needs one.
//!
//! **Promises.** A key is named, loaded whole and stored whole; what is missing is `None`, never a new key.
//!
//! **Leaves to others.** The place: files with mode 0600 in the composition root, a hardware module later.

use std::io;

use thiserror::Error;

use crate::secret::Secret;

/// A place that keeps named keys.
pub trait KeyStore: Send + Sync {
    /// Loads a key; `None` if there is none of that name.
    ///
    /// # Errors
    /// [`KeyStoreError`] if it is there and cannot be read safely.
    fn load(&self, name: &str) -> Result<Option<Secret<Vec<u8>>>, KeyStoreError>;

    /// Stores a key durably before it returns.
    ///
    /// # Errors
    /// [`KeyStoreError`] if it could not be stored; an older key of that name is then still whole.
    fn store(&self, name: &str, bytes: &Secret<Vec<u8>>) -> Result<(), KeyStoreError>;
}

/// A key could not be loaded or stored.
#[derive(Debug, Error)]
pub enum KeyStoreError {
    /// The name is not one that a store takes.
    #[error("'{name}' cannot name a key; use lower-case letters, digits and dashes")]
    Name {
        /// The name asked for.
        name: String,
    },
    /// The store could not be read.
    #[error(
        "the key '{name}' cannot be read; check that the key folder is mounted and belongs to the service's account"
    )]
    Unreadable {
        /// The key's name.
        name: String,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The store could not be written.
    #[error("the key '{name}' cannot be stored; check free space and permissions of the key folder")]
    Unwritable {
        /// The key's name.
        name: String,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// Others than the service's account can read the key.
    #[error(
        "the key '{name}' can be read by other accounts, so it is not used; set its mode to 0600 and consider replacing it"
    )]
    Exposed {
        /// The key's name.
        name: String,
    },
}
