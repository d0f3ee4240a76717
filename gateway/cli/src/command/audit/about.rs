//! Whom or what a command of the audit family is about, as it is written on the command line and shown.

use clap::Args;
use sealane_service::view::AboutView;

/// A person or a collection.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(in crate::command) struct About {
    /// A person: the identity provider and its name for them.
    #[arg(long, num_args = 2, value_names = ["ISSUER", "SUBJECT"])]
    subject: Option<Vec<String>>,
    /// A collection, by name or id.
    #[arg(long)]
    collection: Option<String>,
}

impl About {
    pub(super) fn into_view(self) -> anyhow::Result<AboutView> {
        match (self.subject.as_deref(), self.collection) {
            (Some([issuer, subject]), None) => {
                Ok(AboutView::Person { issuer: issuer.clone(), subject: subject.clone() })
            }
            (None, Some(collection)) => Ok(AboutView::Collection { collection }),
            _ => anyhow::bail!("name a person with --subject ISSUER SUBJECT, or a collection with --collection NAME"),
        }
    }
}

pub(super) fn shown(about: Option<&AboutView>) -> String {
    match about {
        Some(AboutView::Person { issuer, subject }) => format!("person:{issuer}#{subject}"),
        Some(AboutView::Collection { collection }) => format!("collection:{collection}"),
        None => "-".to_owned(),
    }
}
