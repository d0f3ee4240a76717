//! The check of credentials around every route that is not public.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;

use crate::caller::{SignedIn, identify, not_signed_in};
use crate::error::Failure;
use crate::web::Web;

/// Let signed-in callers through and tell the handler who they are.
pub(crate) async fn require_caller(request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match known(&parts).await {
        Ok(signed_in) => {
            let viewer = signed_in.viewer();
            parts.extensions.insert(signed_in);
            let mut response = next.run(Request::from_parts(parts, body)).await;
            // For the frame of an error page: somebody who is signed in keeps their navigation.
            response.extensions_mut().insert(viewer);
            response
        }
        Err(failure) => failure.into_response(),
    }
}

async fn known(parts: &Parts) -> Result<SignedIn, Failure> {
    let web = parts.extensions.get::<Web>().cloned().ok_or_else(not_signed_in)?;
    identify(&web, &parts.headers, &parts.extensions).await?.ok_or_else(not_signed_in)
}
