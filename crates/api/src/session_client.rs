//! The client of a session, as its user sees it.

use std::net::IpAddr;

use actix_web::{HttpRequest, http::header::USER_AGENT};
use rubis_accounts::SessionClient;

use crate::{App, client_address::client_address};

/// Describes the client of a request: its user agent, and its network.
#[must_use]
pub fn session_client(app: &App, request: &HttpRequest) -> SessionClient {
    let user_agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    let network = client_address(request, &app.settings.http.trusted_proxies).map(network);
    SessionClient::new(user_agent, network)
}

/// Returns the network around an address, large enough not to identify a household.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn an_address_is_kept_as_the_network_around_it() {
        for (address, kept) in [
            ("203.0.113.77", "203.0.113.0/24"),
            ("::ffff:203.0.113.77", "203.0.113.0/24"),
            ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ] {
            assert_eq!(network(address.parse().unwrap()), kept);
        }
    }
}
