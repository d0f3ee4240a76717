//! Why a window of entries does not count as arrived.

use std::io;

use sealane_audit::{AppendError, ReadError};
use sealane_database::DbError;

/// Why a window of entries does not count as arrived. Nothing is lost: it is sent again.
#[derive(Debug, thiserror::Error)]
pub enum SyslogError {
    /// No connection.
    #[error("cannot connect: {0}; check [audit.syslog] address, and that the log server runs")]
    Unreachable(#[source] io::Error),
    /// No agreement on TLS.
    #[error(
        "no TLS 1.3 connection: {0}; check [audit.syslog] ca_file and the log server's certificate and TLS version"
    )]
    Handshake(#[source] io::Error),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(#[source] io::Error),
    /// It took too long.
    #[error("the log server did not answer in time")]
    Slow,
    /// The receiver ended the connection before the sender did.
    #[error("the log server ended the connection; what it had not read is sent again")]
    EndedFirst,
    /// The receiver did not answer the close.
    #[error(
        "the log server closes without TLS close_notify (RFC 5425 section 4.4), so nobody can know what it has read; with rsyslog use its OpenSSL driver"
    )]
    Unconfirmed,
    /// The log cannot be read.
    #[error(transparent)]
    Unreadable(ReadError),
    /// That entries leave the site could not be recorded, so none does.
    #[error("the export could not be recorded: {0}")]
    Unrecorded(#[source] AppendError),
    /// The position cannot be read or written.
    #[error("the position of the export cannot be kept: {0}")]
    Position(#[source] DbError),
    /// The node stops.
    #[error("the node stops")]
    Stopped,
}
