//! Over UDP, by QUIC.
//!
//! One socket serves both directions and both lanes. Addresses that are not known are made to answer
//! before anything is kept of them.

mod carrier;
mod connection;
mod secret;
#[cfg(test)]
mod tests;
mod tls;

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

pub use secret::SecretKey;

use crate::{Doorkeeper, Events, Settings, Transport, start};

/// Why there is no transport at an address.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address cannot be had, for example because somebody else has it.
    #[error("cannot listen at {address}")]
    Socket {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A setting is more than QUIC can count.
    #[error("the idle timeout is longer than QUIC can say")]
    IdleTimeout,
    /// TLS does not take the configuration.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

/// Starts a transport at an address, port 0 being any that is free. It runs on the current runtime of
/// tokio until it is closed or let go of. A wildcard of IPv6 takes IPv4 too, where the system has it so.
///
/// # Errors
/// When the address cannot be had or the settings are out of bounds.
///
/// # Panics
/// Where there is no runtime of tokio.
pub fn bind(
    address: SocketAddr,
    key: &SecretKey,
    settings: Settings,
    doorkeeper: Arc<dyn Doorkeeper>,
) -> Result<(Arc<dyn Transport>, Events), BindError> {
    let in_vain = |source| BindError::Socket { address, source };
    let socket = UdpSocket::bind(address).map_err(in_vain)?;
    let address = socket.local_addr().map_err(in_vain)?;
    let carrier = carrier::Quic::new(socket, address, key, &settings)?;
    Ok(start(carrier, settings, doorkeeper))
}
