//! The connection below a request, for cutting it.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd as _;

use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream as AsyncTcpStream;
use tracing::warn;

/// A second handle on the connection.
struct Wire(TcpStream);

/// Stores each connection beside its requests.
pub(super) fn remember(connection: &dyn Any, data: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<AsyncTcpStream>() else { return };
    match stream.as_fd().try_clone_to_owned() {
        Ok(handle) => {
            data.insert(Wire(TcpStream::from(handle)));
        }
        Err(error) => warn!(%error, "connection not cut"),
    }
}

/// Cuts the connection: not a byte of a response reaches the client.
pub(super) fn cut(request: &HttpRequest) {
    if let Some(Wire(stream)) = request.conn_data::<Wire>() {
        // This fails if the client has disconnected already, which serves as well.
        let _already_gone = stream.shutdown(Shutdown::Both);
    }
}
