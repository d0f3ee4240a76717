//! People, as their institution's identity provider knows them.

pub use sealane_policy::PersonId;
use serde::{Deserialize, Serialize};

/// A person who has signed in at this site, or for whom a peer has spoken.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Issuer and subject: the one lasting name.
    pub id: PersonId,
    /// E-mail address, only where the issuer says that it verified it.
    pub email: Option<String>,
    /// The name to show.
    pub name: Option<String>,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Person {
    /// What to call them on a page: name, else e-mail address, else their subject at the issuer.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.name.as_deref().or(self.email.as_deref()).unwrap_or(&self.id.subject)
    }
}
