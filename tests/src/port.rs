//! Free ports below the range from which the kernel takes ports of outgoing connections.
//!
//! A site that is killed and started again must find its port free, so no client's connection may sit on it meanwhile.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::Context;

const LOWEST: u16 = 11_000;
const HIGHEST: u16 = 31_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port on 127.0.0.1 that nothing listens on, and that no other test of this process is given.
///
/// # Errors
/// When none is free.
pub fn free() -> anyhow::Result<u16> {
    free_row(1)
}

/// The first of so many ports in a row.
///
/// # Errors
/// When there is no such row.
pub fn free_row(count: u16) -> anyhow::Result<u16> {
    // Processes that test at the same time begin at different places.
    let span = u32::from(HIGHEST - LOWEST);
    let offset = std::process::id().wrapping_mul(97) % span;
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    (0..span)
        .map(|_| {
            let step = u32::from(NEXT.fetch_add(count, Ordering::Relaxed));
            LOWEST + u16::try_from((offset + step) % span).unwrap_or(0)
        })
        .find(|first| (0..count).all(|next| is_free(first + next)))
        .context("there are not enough free ports between 11000 and 31000")
}
