//! A transfer that is being put together: what three forms in a row carry from page to page.
//!
//! The pages keep nothing on the server: everything chosen so far travels in the form, and is judged only when it is
//! submitted. The submission id is made once, so that a second click starts nothing.

use maud::{Markup, html};
use sealane_model::{Component, PathError, RemotePath, TaskId};
use sealane_service::view::{NewItem, NewTask};

use crate::error::Failure;
use crate::form::Form;

/// What the forms carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    /// The source collection.
    pub(crate) source: String,
    /// What was ticked.
    pub(crate) chosen: Vec<Chosen>,
    /// The destination collection; empty until it is chosen.
    pub(crate) destination: String,
    /// The directory there.
    pub(crate) directory: String,
    /// What the owner calls it.
    pub(crate) label: Option<String>,
    /// Why.
    pub(crate) purpose: Option<String>,
}

/// One ticked entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// Where it is.
    pub(crate) path: RemotePath,
    /// Whether it is a directory.
    pub(crate) is_directory: bool,
}

impl Draft {
    /// What a form says.
    pub(crate) fn from_form(form: &Form) -> Result<Self, Failure> {
        Ok(Self {
            source: form.text("source").to_owned(),
            chosen: Chosen::all_of(form)?,
            destination: form.text("destination").to_owned(),
            directory: form.filled("directory").unwrap_or_else(|| "/".to_owned()),
            label: form.filled("label"),
            purpose: form.filled("purpose"),
        })
    }

    /// The fields of the source, which every later form repeats.
    pub(crate) fn source_fields(&self) -> Markup {
        html! {
            input type="hidden" name="source" value=(self.source);
            @for chosen in &self.chosen { input type="hidden" name="item" value=(chosen.to_text()); }
        }
    }

    /// The fields of the destination.
    pub(crate) fn destination_fields(&self) -> Markup {
        html! {
            input type="hidden" name="destination" value=(self.destination);
            input type="hidden" name="directory" value=(self.directory);
            @if let Some(label) = &self.label { input type="hidden" name="label" value=(label); }
            @if let Some(purpose) = &self.purpose { input type="hidden" name="purpose" value=(purpose); }
        }
    }

    /// The transfer that it becomes: everything keeps its name, beneath the chosen directory.
    pub(crate) fn task(&self, submission_id: TaskId) -> Result<NewTask, Failure> {
        let directory = RemotePath::parse_text(&self.directory).map_err(unusable)?;
        let items: Result<Vec<NewItem>, Failure> = self.chosen.iter().map(|chosen| chosen.item(&directory)).collect();
        Ok(NewTask {
            label: self.label.clone(),
            source: self.source.clone(),
            destination: self.destination.clone(),
            items: items?,
            purpose: self.purpose.clone(),
            lanes: None,
            submission_id: Some(submission_id),
        })
    }
}

impl Chosen {
    /// Everything that a form has ticked: one entry at least.
    pub(crate) fn all_of(form: &Form) -> Result<Vec<Self>, Failure> {
        let chosen: Result<Vec<Self>, Failure> = form.all("item").map(Self::from_text).collect();
        chosen.and_then(|chosen| if chosen.is_empty() { Err(nothing_chosen()) } else { Ok(chosen) })
    }

    /// The same, of entries that have a name of their own: the collection itself is neither renamed nor deleted.
    pub(crate) fn named_of(form: &Form) -> Result<Vec<Self>, Failure> {
        let chosen = Self::all_of(form)?;
        if chosen.iter().any(|chosen| chosen.path.is_root()) {
            return Err(Failure::bad_request(
                "path",
                "This cannot be done to a whole collection",
                "The root of a collection is neither renamed nor deleted.",
                "Go back and tick what is in it.",
            ));
        }
        Ok(chosen)
    }

    /// From a form's value: `d` or `f`, then the path in the escaped form.
    fn from_text(text: &str) -> Result<Self, Failure> {
        let is_directory = text.starts_with('d');
        let path = text.strip_prefix(['d', 'f']).unwrap_or(text);
        Ok(Self { path: RemotePath::parse_text(path).map_err(unusable)?, is_directory })
    }

    /// As a form carries it.
    pub(crate) fn to_text(&self) -> String {
        let kind = if self.is_directory { 'd' } else { 'f' };
        format!("{kind}{}", self.path.to_text())
    }

    /// What it is called; the whole collection has no name of its own.
    pub(crate) fn name(&self) -> String {
        self.path.file_name().map_or_else(|| "/".to_owned(), Component::to_text)
    }

    fn item(&self, directory: &RemotePath) -> Result<NewItem, Failure> {
        let destination = match self.path.file_name() {
            Some(name) => directory.try_join(name).map_err(unusable)?,
            None => directory.clone(),
        };
        Ok(NewItem { source: self.path.clone(), destination, recursive: self.is_directory })
    }
}

/// The directory that ticked entries are in: they stood on one page.
pub(crate) fn directory(chosen: &[Chosen]) -> RemotePath {
    chosen.first().and_then(|chosen| chosen.path.parent()).unwrap_or_else(RemotePath::root)
}

/// What is said where nothing was ticked.
pub(crate) fn nothing_chosen() -> Failure {
    Failure::bad_request(
        "nothing-chosen",
        "Nothing is ticked",
        "It takes at least one file or directory.",
        "Go back, tick what you mean, and try again.",
    )
}

fn unusable(error: PathError) -> Failure {
    Failure::bad_request("path", "This path cannot be used", error.to_string(), "Go back and correct the directory.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(items: &[&str], directory: &str) -> Draft {
        Draft {
            source: "imaging".to_owned(),
            chosen: items.iter().map(|item| Chosen::from_text(item).unwrap()).collect(),
            destination: "univ-b/inbox".to_owned(),
            directory: directory.to_owned(),
            label: None,
            purpose: None,
        }
    }

    #[test]
    fn what_was_ticked_keeps_its_name_beneath_the_directory() {
        let submission = "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60".parse().unwrap();
        let task = draft(&["d/2026/scans", "f/notes.txt"], "/from-a").task(submission).unwrap();
        let pairs: Vec<_> = task.items.iter().map(|item| (item.destination.to_text(), item.recursive)).collect();
        assert_eq!(pairs, [("/from-a/scans".to_owned(), true), ("/from-a/notes.txt".to_owned(), false)]);
    }

    #[test]
    fn a_directory_that_is_no_path_is_explained() {
        let submission = "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60".parse().unwrap();
        let failure = draft(&["f/a"], "/../up").task(submission).unwrap_err();
        assert_eq!(failure.0.code, "path");
    }

    #[test]
    fn a_choice_survives_its_form() {
        for text in ["d/a b", "f/ä/\\xff", "d/"] {
            assert_eq!(Chosen::from_text(text).unwrap().to_text(), text);
        }
    }
}
