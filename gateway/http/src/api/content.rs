//! Content of files, whole or in part (RFC 9110 section 14).
//!
//! A file of a person's is never a page of ours: it comes as an attachment, never sniffed, under a policy that lets it do
//! nothing. One that changes while it is sent breaks off, so a short answer is never taken for a whole file.

use std::fmt::Write as _;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use sealane_model::RemotePath;
use sealane_service::App;
use sealane_service::content::{self, ByteRange, Download};
use serde::Deserialize;

use crate::caller::SignedIn;
use crate::error::{Failure, unexplained};
use crate::extract::{ApiQuery, CollectionPath};

/// Which file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContentQuery {
    path: RemotePath,
}

/// Read a file.
#[utoipa::path(
    get, path = "/api/v1/collections/{collection}/content", operation_id = "readContent", tag = "content",
    params(
        ("collection" = String, Path, description = "Name or id."),
        ("path" = String, Query, description = "The file."),
        ("Range" = Option<String>, Header, description = "One range, such as `bytes=1048576-`."),
        ("If-Range" = Option<String>, Header, description = "An ETag: the range counts only while the file is the same.")
    ),
    responses(
        (status = 200, description = "The file.", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, description = "The range.", content_type = "application/octet-stream", body = Vec<u8>)
    )
)]
pub(crate) async fn read(
    State(app): State<App>,
    signed_in: SignedIn,
    CollectionPath(collection): CollectionPath,
    ApiQuery(query): ApiQuery<ContentQuery>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let range = text(header::RANGE).and_then(ByteRange::parse_header);
    let if_range = text(header::IF_RANGE);
    let caller = &signed_in.caller;
    let download = content::open(&app, caller, &collection, &query.path, range, if_range).await?;
    answer(download, &query.path)
}

fn answer(download: Download, path: &RemotePath) -> Result<Response, Failure> {
    let status = if download.partial { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let length = download.end.saturating_sub(download.start);
    let mut headers = vec![
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, disposition(path)),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (header::ETAG, download.etag),
        (HeaderName::from_static("x-sealane-modified"), download.entry.modified.to_string()),
    ];
    if download.partial {
        let last = download.end.saturating_sub(1);
        headers.push((header::CONTENT_RANGE, format!("bytes {}-{last}/{}", download.start, download.entry.size)));
    }
    let body =
        Body::from_stream(download.body.map(|chunk| chunk.map_err(|problem| std::io::Error::other(problem.code))));
    let mut response = (status, body).into_response();
    for (name, value) in headers {
        let value =
            HeaderValue::try_from(value).map_err(|_| Failure::from(unexplained(StatusCode::INTERNAL_SERVER_ERROR)))?;
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// `attachment` with the file's name in both forms of RFC 6266: plain ASCII, and UTF-8 percent-encoded (RFC 8187).
fn disposition(path: &RemotePath) -> String {
    let name = path.file_name().map(|name| name.to_text()).unwrap_or_default();
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_');
    let plain: String = name.chars().map(|c| if safe(c) { c } else { '_' }).collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_breaks_out_of_its_header() {
        for name in ["a\"b", "a\\\\b", "a;b", "ä b", "a%b", "a\\x0d\\x0ab"] {
            let path = RemotePath::parse_text(&format!("/{name}")).unwrap();
            let line = disposition(&path);
            assert!(HeaderValue::try_from(&line).is_ok(), "{line}");
            assert_eq!(line.matches('"').count(), 2, "{line}");
            assert_eq!(line.matches(';').count(), 2, "{line}");
        }
    }

    #[test]
    fn an_odd_name_arrives_percent_encoded() {
        let path = RemotePath::parse_text("/ä b.txt").unwrap();
        assert_eq!(disposition(&path), "attachment; filename=\"_ b.txt\"; filename*=UTF-8''%C3%A4%20b.txt");
    }
}
