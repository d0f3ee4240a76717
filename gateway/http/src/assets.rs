//! Style sheet, script and picture: part of the binary, named by their content, kept by browsers for good.
//!
//! A name changes with the content, so an update is seen at once and an old page never runs a new script.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, StatusCode, header};

use crate::error::Failure;
use crate::error::unexplained;
use crate::extract::ApiPath;

const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// One embedded file.
pub(crate) struct Asset {
    stem: &'static str,
    extension: &'static str,
    media_type: &'static str,
    content: &'static str,
    hash: LazyLock<u64>,
}

macro_rules! asset {
    ($name:ident, $doc:literal, $stem:literal, $extension:literal, $media_type:literal) => {
        #[doc = $doc]
        pub(crate) static $name: Asset = Asset {
            stem: $stem,
            extension: $extension,
            media_type: $media_type,
            content: include_str!(concat!("assets/", $stem, ".", $extension)),
            hash: LazyLock::new(|| hash(include_str!(concat!("assets/", $stem, ".", $extension)))),
        };
    };
}

asset!(STYLE, "The style sheet.", "style", "css", "text/css; charset=utf-8");
asset!(SCRIPT, "The script.", "script", "js", "text/javascript; charset=utf-8");
asset!(ICON, "The picture beside the name.", "icon", "svg", "image/svg+xml");

impl Asset {
    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("/assets/{}", self.file_name())
    }

    fn file_name(&self) -> String {
        format!("{}.{:016x}.{}", self.stem, *self.hash, self.extension)
    }
}

/// Tells two contents apart; nothing rests on it being hard to forge.
fn hash(content: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

/// Hand out an embedded file. `GET /assets/{file}`.
pub(crate) async fn serve(ApiPath(file): ApiPath<String>) -> Result<Response, Failure> {
    let found = [&STYLE, &SCRIPT, &ICON].into_iter().find(|asset| asset.file_name() == file);
    let asset = found.ok_or_else(|| Failure::from(unexplained(StatusCode::NOT_FOUND)))?;
    let headers: [(HeaderName, &str); 2] =
        [(header::CONTENT_TYPE, asset.media_type), (header::CACHE_CONTROL, FOR_GOOD)];
    Ok((headers, asset.content).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_stay_small() {
        assert!(STYLE.content.len() <= 12_000, "style sheet: {} bytes", STYLE.content.len());
        assert!(SCRIPT.content.len() <= 10_000, "script: {} bytes", SCRIPT.content.len());
    }

    #[test]
    fn the_script_makes_no_markup_and_no_code_from_strings() {
        for sink in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc"]
        {
            assert!(!SCRIPT.content.contains(sink), "{sink}");
        }
    }
}
