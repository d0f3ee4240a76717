//! What can go wrong between two sites, as the dialing end sees it.
//!
//! Each variant is one cause with its own next step. [`LaneError::is_passing`] says whether trying again later can help.

use std::io;

use sealane_crypto::Fingerprint;
use sealane_model::problem::{ProblemKind, sentence};
use sealane_model::{Problem, SiteId, Timestamp};

use super::frame::FrameError;
use crate::tls::{PinMismatch, TlsError};

/// A lane or control connection that could not be opened, or that ended.
#[derive(Debug, thiserror::Error)]
pub enum LaneError {
    /// No address of the peer answers.
    #[error("the peer cannot be reached at any of its {addresses} addresses: {cause}")]
    Unreachable {
        /// How many were tried.
        addresses: usize,
        /// What the last one said.
        cause: String,
    },
    /// The other end holds another key than the pinned one.
    #[error("the site at the peer's address holds the key {presented}, but {expected} is pinned")]
    WrongKey {
        /// What is pinned.
        expected: Fingerprint,
        /// What was presented.
        presented: Fingerprint,
    },
    /// The TLS handshake failed: another protocol, another version, or a proxy in between.
    #[error("no TLS 1.3 lane could be agreed with the peer: {cause}")]
    Tls {
        /// What the library said.
        cause: String,
    },
    /// The right key, but it says that it is another site.
    #[error("the peer says that it is site {found}, but {expected} is pinned for its key")]
    WrongSite {
        /// Which is pinned.
        expected: SiteId,
        /// Which it says it is.
        found: SiteId,
    },
    /// The clocks differ too much.
    #[error("the clocks of both sites differ by more than 60 s: it is {here} here and {there} there")]
    Skew {
        /// The time here.
        here: Timestamp,
        /// The time there.
        there: Timestamp,
    },
    /// The peer refuses, and says why.
    #[error("the peer refuses: {0}")]
    Refused(Problem),
    /// The peer does not keep to the protocol.
    #[error("the peer does not keep to the lane protocol: {0}")]
    Protocol(&'static str),
    /// A frame that is not one.
    #[error(transparent)]
    Frame(FrameError),
    /// The peer ended the connection, or fell silent.
    #[error("the connection to the peer ended before everything was said")]
    Closed,
    /// The source could not answer one request; the lane stays open.
    #[error("the source cannot give what was asked: {message}")]
    Source {
        /// A stable word, such as `source-vanished`.
        code: String,
        /// What happened, free of names.
        message: String,
    },
    /// The network failed.
    #[error("the connection to the peer failed: {0}")]
    Io(#[source] io::Error),
    /// This site's own keys cannot be used.
    #[error(transparent)]
    Identity(#[from] TlsError),
}

impl LaneError {
    /// The stable word for programs.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Unreachable { .. } => "peer-unreachable",
            Self::WrongKey { .. } => "peer-wrong-key",
            Self::Tls { .. } => "peer-tls",
            Self::WrongSite { .. } => "peer-wrong-site",
            Self::Skew { .. } => "clock-skew",
            Self::Refused(problem) => &problem.code,
            Self::Protocol(_) | Self::Frame(_) => "peer-protocol",
            Self::Closed | Self::Io(_) => "lane-lost",
            Self::Source { code, .. } => code,
            Self::Identity(_) => "lane-identity",
        }
    }

    /// Whether it may go away by itself, so that trying again makes sense.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Closed | Self::Io(_) | Self::Tls { .. } => true,
            Self::Refused(problem) => matches!(problem.kind, ProblemKind::Unavailable | ProblemKind::TooMany),
            Self::WrongKey { .. }
            | Self::WrongSite { .. }
            | Self::Skew { .. }
            | Self::Protocol(_)
            | Self::Frame(_)
            | Self::Source { .. }
            | Self::Identity(_) => false,
        }
    }

    /// What a person is told.
    #[must_use]
    pub fn problem(&self) -> Problem {
        if let Self::Refused(problem) = self {
            return problem.clone();
        }
        let kind = if matches!(self, Self::Identity(_)) { ProblemKind::Internal } else { ProblemKind::Upstream };
        Problem::new(kind, self.code(), "The other site cannot take part", sentence(&self.to_string()))
            .next(sentence(self.next_step()))
    }

    const fn next_step(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => {
                "check that the peer runs and that its listener's port can be reached from here (sealane peer list shows its addresses)"
            }
            Self::WrongKey { .. } | Self::WrongSite { .. } => {
                "send nothing; ask the peer's administrator, by another channel, whether its key changed, and exchange invitations again if so"
            }
            Self::Tls { .. } => {
                "check that no proxy between the sites ends TLS, and that both run the same version of Sealane"
            }
            Self::Skew { .. } => "set the clocks of both sites by NTP, then try again",
            Self::Protocol(_) | Self::Frame(_) => "bring both sites to the same version of Sealane",
            Self::Closed | Self::Io(_) => "the task goes on by itself once the peer answers again",
            Self::Source { .. } => "look at the file or directory at the source, then submit the transfer again",
            Self::Refused(_) | Self::Identity(_) => "ask the site's administrator",
        }
    }
}

impl From<FrameError> for LaneError {
    fn from(error: FrameError) -> Self {
        // A network that breaks in the middle of a frame is a lost lane, not a peer that misbehaves.
        match error {
            FrameError::Io(error) => Self::from(error),
            other => Self::Frame(other),
        }
    }
}

impl From<io::Error> for LaneError {
    fn from(error: io::Error) -> Self {
        if let Some(PinMismatch { expected, presented }) = PinMismatch::behind(&error) {
            return Self::WrongKey { expected, presented };
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Io(error),
        }
    }
}
