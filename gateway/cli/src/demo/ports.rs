//! The demo's five loopback ports.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context, bail};

/// Addresses that the demo listens on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    /// Pages of Hospital A and of University B.
    pub(super) pages: [SocketAddr; 2],
    /// Their listeners for lanes, and for the API with TLS.
    pub(super) listeners: [SocketAddr; 2],
    /// The identity provider.
    pub(super) identity_provider: SocketAddr,
}

impl Ports {
    /// Five in a row from `first`, which must all be free.
    pub(super) fn from(first: u16) -> anyhow::Result<Self> {
        let mut addresses = Vec::new();
        for offset in 0..5 {
            let Some(port) = first.checked_add(offset) else {
                bail!("--port {first}: five ports in a row are needed, so the highest choice is 65531");
            };
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            TcpListener::bind(address).with_context(|| {
                format!(
                    "port {port} is in use\n  next: end what uses it (`ss -ltnp 'sport = :{port}'`), or choose five other ports in a row with --port"
                )
            })?;
            addresses.push(address);
        }
        Self::take(&addresses)
    }

    /// Any five that are free.
    pub(super) fn free() -> anyhow::Result<Self> {
        // All are held until the last is known, so no port is given out twice.
        let held: Vec<TcpListener> =
            (0..5).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect::<Result<_, _>>()?;
        let addresses: Vec<SocketAddr> = held.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?;
        Self::take(&addresses)
    }

    fn take(addresses: &[SocketAddr]) -> anyhow::Result<Self> {
        let [pages_a, listener_a, pages_b, listener_b, identity_provider] = *addresses else {
            bail!("five ports are needed");
        };
        Ok(Self { pages: [pages_a, pages_b], listeners: [listener_a, listener_b], identity_provider })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named_with_what_to_do() {
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = held.local_addr().unwrap().port();
        let message = format!("{:#}", Ports::from(port).unwrap_err());
        assert!(message.contains(&format!("port {port} is in use")) && message.contains("--port"), "{message}");
    }
}
