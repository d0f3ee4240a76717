//! Problems: what a person or a program is told when something cannot be done (RFC 9457).
//!
//! A problem says what happened, why, and what to do next. It never carries a secret, a path or a name of a person.

use serde::{Deserialize, Serialize};

/// What kind of failure it is: decides the HTTP status and the exit code of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The request makes no sense as it stands (400, exit 2).
    BadRequest,
    /// Nobody is signed in (401, exit 3).
    NotSignedIn,
    /// The sign-in is too old or too weak for this (403, exit 4).
    StepUp,
    /// Policy says no (403, exit 5).
    Denied,
    /// There is no such thing, or it is not theirs to know of (404, exit 1).
    NotFound,
    /// It does not fit the present state (409, exit 1).
    Conflict,
    /// A precondition, such as a digest, does not hold (412, exit 6).
    Integrity,
    /// More than the bounds allow (413, exit 2).
    TooLarge,
    /// A range that is not there (416, exit 2).
    Range,
    /// Slow down (429, exit 1).
    TooMany,
    /// A fault of ours (500, exit 1).
    Internal,
    /// Another site, or storage, does not do what it should (502, exit 1).
    Upstream,
    /// Not now: no record can be written, the site is stopping, storage is full (503, exit 1).
    Unavailable,
}

impl ProblemKind {
    /// The kind as one word, as programs match it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad-request",
            Self::NotSignedIn => "not-signed-in",
            Self::StepUp => "step-up",
            Self::Denied => "denied",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Integrity => "integrity",
            Self::TooLarge => "too-large",
            Self::Range => "range",
            Self::TooMany => "too-many",
            Self::Internal => "internal",
            Self::Upstream => "upstream",
            Self::Unavailable => "unavailable",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::NotSignedIn => 401,
            Self::StepUp | Self::Denied => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Integrity => 412,
            Self::TooLarge => 413,
            Self::Range => 416,
            Self::TooMany => 429,
            Self::Internal => 500,
            Self::Upstream => 502,
            Self::Unavailable => 503,
        }
    }

    /// The exit code of the command line.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::BadRequest | Self::TooLarge | Self::Range => 2,
            Self::NotSignedIn => 3,
            Self::StepUp => 4,
            Self::Denied => 5,
            Self::Integrity => 6,
            Self::NotFound | Self::Conflict | Self::TooMany | Self::Internal | Self::Upstream | Self::Unavailable => 1,
        }
    }
}

/// A phrase as a sentence that is read alone: errors and reasons are phrases, because they also stand within longer texts.
#[must_use]
pub fn sentence(phrase: &str) -> String {
    let mut rest = phrase.chars();
    let first: String = rest.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let stop = if phrase.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{stop}", rest.as_str())
}

/// What a caller is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{title}: {detail}")]
pub struct Problem {
    /// What kind of failure.
    pub kind: ProblemKind,
    /// A stable word that programs can match, such as `collection-unknown`.
    pub code: String,
    /// What happened, in a few words.
    pub title: String,
    /// Why.
    pub detail: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_step: Option<String>,
    /// The decision that said no, where one did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub decision: Option<String>,
}

impl Problem {
    /// A problem without a next step.
    #[must_use]
    pub fn new(kind: ProblemKind, code: &str, title: &str, detail: impl Into<String>) -> Self {
        Self {
            kind,
            code: code.to_owned(),
            title: title.to_owned(),
            detail: detail.into(),
            next_step: None,
            decision: None,
        }
    }

    /// Say what to do next.
    #[must_use]
    pub fn next(mut self, step: impl Into<String>) -> Self {
        self.next_step = Some(step.into());
        self
    }

    /// Name the decision that said no.
    #[must_use]
    pub fn decided_by(mut self, decision: impl std::fmt::Display) -> Self {
        self.decision = Some(decision.to_string());
        self
    }
}
