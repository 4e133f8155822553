//! The handler's port: chosen once, kept over restarts.

use anyhow::{Context, Result};
use tokio::net::TcpSocket;

/// A port that is reserved as long as this lives: the socket is bound but never listens, so nobody else is
/// given the port while the handler restarts. The handler can bind it since it sets `SO_REUSEADDR`, as it
/// must anyway to survive its own connections in TIME_WAIT.
#[derive(Debug)]
pub(super) struct Port {
    pub number: u16,
    _reserved: TcpSocket,
}

impl Port {
    pub fn reserve() -> Result<Self> {
        let reserve = || {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind(([127, 0, 0, 1], 0).into())?;
            Ok::<_, std::io::Error>(Self { number: socket.local_addr()?.port(), _reserved: socket })
        };
        reserve().context("reserving a port for the handler")
    }
}
