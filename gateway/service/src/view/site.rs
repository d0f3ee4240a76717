//! The site itself, and the person who asks.

use sealane_model::{SessionKind, ShortName, SiteId, Timestamp};
use serde::{Deserialize, Serialize};

/// What anybody may know of the site: enough to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteView {
    /// Its id.
    pub site: SiteId,
    /// Its short name.
    pub name: ShortName,
    /// Its name for people.
    pub title: String,
    /// Where its pages are.
    pub url: String,
    /// Identity providers to sign in with.
    pub providers: Vec<ProviderView>,
}

/// An identity provider, as the sign-in page offers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderView {
    /// Its short name in the configuration.
    pub name: String,
    /// Its name for people.
    pub title: String,
}

/// The person who asks, as the site knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeView {
    /// The identity provider that knows them.
    pub issuer: String,
    /// Their lasting name there.
    pub subject: String,
    /// What to call them.
    pub display_name: String,
    /// E-mail address, only where the provider verified it.
    pub email: Option<String>,
    /// Groups that the provider named.
    pub groups: Vec<String>,
    /// Roles at this site.
    pub roles: Vec<String>,
    /// How well, and when, the provider saw them.
    pub assurance: AssuranceView,
    /// Browser or command line.
    pub session: SessionKind,
    /// When the session ends at the latest.
    pub expires_at: Timestamp,
    /// The site's short name.
    pub site: ShortName,
    /// The site's name for people.
    pub site_title: String,
}

/// How well an identity provider saw a person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AssuranceView {
    /// The authentication context class.
    pub acr: Option<String>,
    /// The methods used.
    pub amr: Vec<String>,
    /// When they proved who they are.
    pub auth_time: Option<Timestamp>,
}
