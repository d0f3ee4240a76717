//! The problems of this package: each says what happened, why, and what to do next, and names nobody and no path.

use sealane_audit::AppendError;
use sealane_connectors::StorageError;
use sealane_database::DbError;
use sealane_model::Problem;
use sealane_model::problem::ProblemKind;

/// No record can be written, so nothing was done.
pub(crate) fn unrecorded(error: &AppendError) -> Problem {
    tracing::error!(%error, "audit log refuses entries; requests are refused");
    Problem::new(
        ProblemKind::Unavailable,
        "audit-unavailable",
        "Nothing can be done right now",
        "The site cannot write its audit log, and does nothing that it cannot record.",
    )
    .next("Try again in a moment; if it lasts, tell the administrator to look at the audit directory and its disk.")
}

/// The database did not do what it was asked.
pub(crate) fn database(error: DbError) -> Problem {
    tracing::error!(%error, "database refused");
    error.problem()
}

/// Storage did not do what it was asked.
pub(crate) fn storage(error: &StorageError) -> Problem {
    if let StorageError::Io { doing, source } = error {
        tracing::error!(doing, error = %source, "storage failed");
    }
    error.problem()
}

/// There is no such thing, or it is not theirs to know of: the two are told in the same words.
pub(crate) fn not_found(code: &str, what: &str) -> Problem {
    Problem::new(
        ProblemKind::NotFound,
        code,
        &format!("No such {what}"),
        format!("There is no such {what}, or you may not know of it."),
    )
}

pub(crate) fn collection_unknown() -> Problem {
    not_found("collection-unknown", "collection")
        .next("`sealane collection list` shows the collections that you may see; ask the owner for an access rule.")
}

pub(crate) fn task_unknown() -> Problem {
    not_found("task-unknown", "task").next("`sealane task list` shows your tasks.")
}

pub(crate) fn upload_unknown() -> Problem {
    not_found("upload-unknown", "upload").next("Begin the upload again: unfinished ones are given up after a day.")
}

pub(crate) fn bad_request(code: &str, detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::BadRequest, code, "The request makes no sense as it stands", detail)
}

pub(crate) fn not_signed_in(code: &str, detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::NotSignedIn, code, "The sign-in did not work", detail)
        .next("Start again from the sign-in page.")
}

pub(crate) fn too_many(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::TooMany, "too-many-tries", "Too many tries", detail)
        .next("Wait a quarter of an hour, then try again.")
}

/// A fault of ours. The cause goes to the operational log, never to the caller.
pub(crate) fn internal(code: &str, error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(code, %error, "fault");
    Problem::new(
        ProblemKind::Internal,
        code,
        "Something went wrong here",
        "The site has a fault; the operational log has the cause.",
    )
    .next("Tell the administrator and quote the reference.")
}
