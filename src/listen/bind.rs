//! Why an address cannot be listened on, and what to do about it.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

/// Below this a port is the system's.
const PRIVILEGED: u16 = 1024;

/// What, why, and the way out.
pub fn refused(address: SocketAddr, error: &Error) -> String {
    let port = address.port();
    let way = match error.kind() {
        ErrorKind::PermissionDenied if port < PRIVILEGED => format!(
            "port {port} belongs to the system. On Linux this lets postdoc have it, once: sudo setcap \
             cap_net_bind_service=+ep \"$(command -v postdoc)\". Or listen at port 2525 and lead port {port} there: sudo \
             iptables -t nat -A PREROUTING -p tcp --dport {port} -j REDIRECT --to-ports 2525"
        ),
        ErrorKind::AddrInUse => format!(
            "another program listens there, mostly a mail server. Stop it for the while, or take another port; mail \
             from outside comes to port 25 alone. Who it is says: sudo ss -ltnp 'sport = :{port}'"
        ),
        ErrorKind::AddrNotAvailable => {
            "this machine has no such address. 0.0.0.0 stands for all it has, [::] for those of IPv6 too".to_owned()
        }
        _ => error.to_string(),
    };
    format!("cannot listen on {address}: {way}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_way_out() {
        let told = |address: &str, kind: ErrorKind| refused(address.parse().unwrap(), &Error::from(kind));
        let port = told("0.0.0.0:25", ErrorKind::PermissionDenied);
        assert!(port.contains("cap_net_bind_service") && port.contains("--dport 25"), "{port}");
        assert!(!told("0.0.0.0:2525", ErrorKind::PermissionDenied).contains("setcap"));
        assert!(told("0.0.0.0:25", ErrorKind::AddrInUse).contains("sport = :25"));
        assert!(told("192.0.2.1:25", ErrorKind::AddrNotAvailable).contains("no such address"));
        assert!(told("[::1]:2525", ErrorKind::Interrupted).starts_with("cannot listen on [::1]:2525: "));
    }
}
