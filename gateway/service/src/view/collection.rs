//! Collections, as a person who may see them is told of them.

use sealane_model::{AssuranceMode, Class, CollectionId, ShortName};
use serde::{Deserialize, Serialize};

/// A collection, here or at a peer, and what the asking person may do at its root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionView {
    /// Its id.
    pub id: CollectionId,
    /// Its short name at its site.
    pub name: ShortName,
    /// How to name it in commands and paths of the API: `name` here, `site/name` at a peer.
    pub reference: String,
    /// Its name for people.
    pub title: String,
    /// What is in it.
    pub description: String,
    /// The class of its data.
    pub class: Class,
    /// What end-to-end means for it.
    pub mode: AssuranceMode,
    /// Nobody can change it through Sealane.
    pub read_only: bool,
    /// The short name of its site.
    pub site: ShortName,
    /// The name for people of its site.
    pub site_title: String,
    /// Whether it is at a peer.
    pub remote: bool,
    /// What the asking person may do at its root.
    pub may: May,
}

/// What a person may do, as policy says at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct May {
    /// See names, sizes and times.
    pub list: bool,
    /// Read content.
    pub read: bool,
    /// Write, make directories, rename.
    pub write: bool,
    /// Remove.
    pub delete: bool,
    /// See and manage access rules.
    pub share: bool,
    /// Some of this would be allowed after a fresh sign-in.
    pub step_up: bool,
}

impl CollectionView {
    /// The reference in the form that fits one segment of a URL: `site~name` for a peer's collection.
    #[must_use]
    pub fn url_reference(&self) -> String {
        self.reference.replace('/', "~")
    }
}
