//! How a place is written on the command line: `COLLECTION:PATH`, with `SITE/COLLECTION` for a peer's.

use std::str::FromStr;

use sealane_model::RemotePath;

/// A collection and a path in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceReference {
    /// `name`, an id, or `site/name`.
    pub collection: String,
    /// The path; the collection's root where none was written.
    pub path: RemotePath,
}

/// A text that names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// There is no colon, or nothing before it.
    #[error("expected COLLECTION:PATH, for example imaging:/SYNTH-0001 or university-b/intake:/")]
    Form,
    /// The path is not one.
    #[error("{0}")]
    Path(#[from] sealane_model::PathError),
}

impl PlaceReference {
    /// The collection as one segment of a URL.
    #[must_use]
    pub fn segment(&self) -> String {
        self.collection.replace('/', "~")
    }
}

impl FromStr for PlaceReference {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let (collection, path) = text.split_once(':').ok_or(PlaceError::Form)?;
        if collection.is_empty() {
            return Err(PlaceError::Form);
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { collection: collection.to_owned(), path: RemotePath::parse_text(&path)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_collection_and_a_path() {
        let place: PlaceReference = "university-b/intake:/a/b".parse().unwrap();
        assert_eq!(place.collection, "university-b/intake");
        assert_eq!(place.segment(), "university-b~intake");
        assert_eq!(place.path.to_text(), "/a/b");
        assert_eq!("imaging:".parse::<PlaceReference>().unwrap().path, RemotePath::root());
        assert_eq!("imaging:a".parse::<PlaceReference>().unwrap().path.to_text(), "/a");
    }

    #[test]
    fn what_is_no_place_is_refused() {
        assert_eq!("imaging".parse::<PlaceReference>(), Err(PlaceError::Form));
        assert_eq!(":/a".parse::<PlaceReference>(), Err(PlaceError::Form));
        assert!(matches!("imaging:/../x".parse::<PlaceReference>(), Err(PlaceError::Path(_))));
    }
}
