//! A panic is a fault of ours: the caller gets a problem with a reference, the log gets the fact, nobody gets the text.

use std::any::Any;

use axum::response::Response;
use http::StatusCode;

use crate::error::{carry, unexplained};

/// The answer to a request whose handler panicked. The panic's text may hold anything, so it goes nowhere.
pub(crate) fn caught(_text: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!(code = "panic", "a request's handler panicked; its transaction and its permit were dropped");
    carry(StatusCode::INTERNAL_SERVER_ERROR, unexplained(StatusCode::INTERNAL_SERVER_ERROR))
}
