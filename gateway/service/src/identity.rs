//! Who asks: sign-in with the institution's identity provider, sessions, and device sign-in for the command line.
//!
//! We are a relying party (OpenID Connect Core 1.0, authorization code with PKCE). People are known by issuer and subject
//! and by nothing else. Every token that we hand out has 256 random bits and is stored as a digest only.

pub mod callback;
pub mod device;
pub mod login;
pub mod provider;
pub mod session;

pub(crate) mod claims;
pub(crate) mod discovery;
pub(crate) mod keys;
pub(crate) mod token;

pub use callback::{CallbackQuery, SignedIn};
pub use login::{Begin, Redirect, StepUp};
pub use provider::ProviderConfig;
