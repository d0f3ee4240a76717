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

#[cfg(test)]
mod tests {
    use crate::error::Carried;

    use super::*;

    #[test]
    fn a_panic_tells_the_caller_nothing_of_its_text() {
        let response = caught(Box::new("/secret/path of a patient"));
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let Carried(problem) = response.extensions().get::<Carried>().unwrap();
        assert_eq!(problem.code, "internal");
        assert!(!format!("{problem:?}").contains("patient"));
    }
}
