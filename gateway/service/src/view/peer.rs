//! Peers, as administrators see them.

use sealane_model::{Class, ShortName, SiteId, Timestamp};
use serde::{Deserialize, Serialize};

/// A site that was accepted here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerView {
    /// Its id.
    pub site: SiteId,
    /// Its short name.
    pub name: ShortName,
    /// Its name for people.
    pub title: String,
    /// Where its pages are.
    pub url: String,
    /// What both administrators compared.
    pub fingerprint: String,
    /// Identity providers for whose people it may speak.
    pub issuers: Vec<String>,
    /// The highest class of data that may go to it.
    pub ceiling: Class,
    /// When it was accepted.
    pub accepted_at: Timestamp,
}

/// An invitation to hand to another site's administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationView {
    /// The signed invitation, one line of text.
    pub invitation: String,
    /// What the other administrator must read back, over another way (telephone, in person).
    pub fingerprint: String,
    /// The same in short groups for reading aloud.
    pub fingerprint_short: String,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

/// What an administrator says when accepting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptPeer {
    /// The invitation's text.
    pub invitation: String,
    /// The fingerprint that the other administrator read out.
    pub fingerprint: String,
    /// Identity providers for whose people the peer may speak.
    pub issuers: Vec<String>,
    /// The highest class of data that may go to it.
    pub ceiling: Class,
}

/// Who a peer is to the outside: the recipient in an account of disclosures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerContactView {
    /// Name of the organisation, where it is another than the site's title.
    pub organisation: Option<String>,
    /// Its postal address.
    pub address: Option<String>,
    /// Its telephone number.
    pub phone: Option<String>,
}
