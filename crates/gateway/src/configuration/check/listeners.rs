//! Where the gateway listens: for clients, for its operator, and for health checks.

use super::Checker;
use crate::configuration::decode::{At, Slot, Text};
use crate::configuration::source::Span;
use crate::configuration::wire;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Most listening sockets.
const LISTENERS_MAX: usize = 64;

/// Every address that the gateway listens on.
pub(super) struct Listeners {
    pub(super) listen: Vec<SocketAddr>,
    pub(super) admin: Option<SocketAddr>,
    pub(super) health: Option<SocketAddr>,
    pub(super) admin_token: Option<Arc<str>>,
}

impl Listeners {
    /// Those whose port is known already.
    pub(super) fn own(&self) -> Vec<SocketAddr> {
        let all = self.listen.iter().chain(&self.admin).chain(&self.health);
        all.copied().filter(|address| address.port() != 0).collect()
    }
}

impl Checker<'_> {
    pub(super) fn listeners(&mut self, gateway: &wire::Gateway) -> Listeners {
        if let (Some(_), Some(key)) = (gateway.listen.key(), gateway.listeners.key()) {
            let message = "`listeners` is the long form of `listen`; both are given";
            self.problems.error(key, message).help("keep one of them");
        }
        // Every address so far: two sockets can't share one.
        let mut taken: Vec<(SocketAddr, Span)> = Vec::new();
        let mut listen = Vec::new();
        let short = gateway.listen.get().map(|at| at.value.0.as_slice());
        let long = gateway.listeners.get().map(|at| at.value.as_slice());
        for listener in short.into_iter().chain(long).flatten() {
            listen.extend(self.listener(listener, &mut taken));
        }
        let given = gateway.listen.key().or(gateway.listeners.key());
        match given {
            None => listen.push(LISTEN),
            Some(key) if short.or(long).is_some_and(<[_]>::is_empty) => {
                self.problems
                    .error(key, "no address to listen on")
                    .help("leave the key out for 127.0.0.1:8080");
            }
            Some(key) if listen.len() > LISTENERS_MAX => {
                self.problems
                    .error(key, format!("more than {LISTENERS_MAX} addresses to listen on"));
            }
            Some(_) => {}
        }
        if given.is_none() {
            taken.push((LISTEN, Span::default()));
        }
        let admin = gateway.admin.get().map(|at| &at.value.0);
        let admin_token = admin.and_then(|admin| self.admin_token(&admin.token_file));
        let admin = admin.and_then(|admin| self.address(admin.address.get()?, &mut taken));
        let health = gateway.health.get().and_then(|at| self.address(at, &mut taken));
        Listeners {
            listen,
            admin,
            health,
            admin_token,
        }
    }

    fn listener(
        &mut self,
        at: &At<wire::Listener>,
        taken: &mut Vec<(SocketAddr, Span)>,
    ) -> Option<SocketAddr> {
        let wire::Listener(listener) = &at.value;
        if let Some(key) = listener.tls.key() {
            self.problems.not_in_this_version(key, "tls");
        }
        // `false` asks for what is the case; it is honoured.
        let flags = [
            ("http2", &listener.http2),
            ("proxy_protocol", &listener.proxy_protocol),
        ];
        for (name, flag) in flags {
            if let Some(given) = flag.get().filter(|given| given.value) {
                self.problems.not_in_this_version(given.key, name);
            }
        }
        self.address(listener.address.get()?, taken)
    }

    /// An address, which no other listener has.
    fn address(&mut self, text: &At<Text>, taken: &mut Vec<(SocketAddr, Span)>) -> Option<SocketAddr> {
        let Ok(address) = text.value.parse::<SocketAddr>() else {
            let message = format!("{} is not an IP address with a port", text.value.shown());
            self.problems
                .error(text.span, message)
                .help(address_help(&text.value));
            return None;
        };
        let clash = taken.iter().find(|(other, _)| clash(*other, address)).copied();
        if let Some((other, span)) = clash {
            let message = format!("{address} is taken: this gateway already listens on {other}");
            let draft = self.problems.error(text.span, message);
            draft.help("give each its own port");
            if span != Span::default() {
                draft.related(span, "taken here");
            }
        }
        taken.push((address, text.span));
        Some(address)
    }

    /// The bearer token of the admin port.
    fn admin_token(&mut self, slot: &Slot<Text>) -> Option<Arc<str>> {
        let file = slot.get()?;
        let path = self.locate(&file.value);
        let token = match self.environment.read(&path) {
            Ok(content) => content,
            Err(error) => {
                let message = format!("the token file `{}` cannot be read: {error}", path.display());
                self.problems
                    .error(file.span, message)
                    .help("name a file that holds the token alone");
                return None;
            }
        };
        let token = token.trim_ascii();
        // RFC 6750 §2.1: what can stand behind `Bearer`.
        let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
        match std::str::from_utf8(token) {
            Ok(token) if !token.is_empty() && token.as_bytes().iter().all(fits) => Some(token.into()),
            _ => {
                let message = format!("the token file `{}` holds no bearer token", path.display());
                let help = "the token is one line of letters, digits and `-._~+/=`, without blanks";
                self.problems.error(file.span, message).help(help);
                None
            }
        }
    }
}

/// Whether two sockets can't be had side by side: an unspecified address takes the port of every address of its family,
/// and `[::]` those of both.
fn clash(one: SocketAddr, other: SocketAddr) -> bool {
    let covers = |wide: IpAddr, narrow: IpAddr| match wide {
        IpAddr::V4(wide) => wide.is_unspecified() && narrow.is_ipv4(),
        IpAddr::V6(wide) => wide.is_unspecified(),
    };
    one.port() == other.port()
        && one.port() != 0
        && (one.ip() == other.ip() || covers(one.ip(), other.ip()) || covers(other.ip(), one.ip()))
}

fn address_help(text: &str) -> String {
    if let Ok(ip) = text.parse::<IpAddr>() {
        return format!("add a port: `{}`", SocketAddr::new(ip, LISTEN.port()));
    }
    match text.rsplit_once(':') {
        Some(("" | "*", port)) => format!("write `0.0.0.0:{port}`"),
        Some(("localhost", port)) => format!("write `127.0.0.1:{port}`"),
        None if text.parse::<u16>().is_ok() => format!("write `127.0.0.1:{text}` or `0.0.0.0:{text}`"),
        _ => "write it as in `0.0.0.0:8080` or `[::]:8080`; names are not resolved here".to_owned(),
    }
}
