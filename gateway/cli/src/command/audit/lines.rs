//! An answer that comes line by line, one JSON document each.

use anyhow::Context;
use reqwest::{Method, Response};
use serde::de::DeserializeOwned;
use url::Url;

use crate::client::Client;

/// An answer under way.
pub(super) struct Lines {
    response: Response,
    waiting: Vec<u8>,
}

impl Lines {
    /// Asks.
    pub(super) async fn of(client: &Client, url: Url) -> anyhow::Result<Self> {
        let response = client.send(client.request(Method::GET, url)).await?;
        Ok(Self { response, waiting: Vec::new() })
    }

    /// The next line; `None` at the end.
    pub(super) async fn next<T: DeserializeOwned>(&mut self) -> anyhow::Result<Option<T>> {
        loop {
            if let Some(end) = self.waiting.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.waiting.drain(..=end).collect();
                let parsed = serde_json::from_slice(&line);
                return parsed.map(Some).context(
                    "the site's answer is not what this version of sealane expects; are both of one version?",
                );
            }
            match self.response.chunk().await.context("the site's answer broke off; ask again")? {
                Some(piece) => self.waiting.extend_from_slice(&piece),
                None => return Ok(None),
            }
        }
    }
}
