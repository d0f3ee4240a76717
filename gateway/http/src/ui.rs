//! The pages: what a person with a browser sees.
//!
//! Server-rendered and whole without scripts; one page a file, one component function per thing under `part`. Markup is
//! escaped by construction (maud); no page has a style attribute, an inline script or an event handler in it, so the
//! policy of `middleware::headers` holds everywhere. Accessibility follows WCAG 2.2 level AA: one first heading, labels
//! on every field, landmarks, words beside colours, targets of 44 pixels.

pub(crate) mod address;
pub(crate) mod browse;
pub(crate) mod collections;
pub(crate) mod delete;
pub(crate) mod device;
pub(crate) mod draft;
pub(crate) mod home;
pub(crate) mod layout;
pub(crate) mod part;
pub(crate) mod problem;
pub(crate) mod receipt;
pub(crate) mod rename;
pub(crate) mod rule_draft;
pub(crate) mod rules;
pub(crate) mod sign_in;
pub(crate) mod task;
pub(crate) mod tasks;
pub(crate) mod transfer;

#[cfg(test)]
mod tests;
