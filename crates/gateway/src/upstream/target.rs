//! Which addresses may be dialled (server-side request forgery stops here). Pure; asked when a target is configured and
//! again for every address that is dialled, after DNS.
//!
//! Refused by default are the ranges in which no service of a network lives but where the machine itself, its cloud or
//! its neighbours answer. Private ranges (RFC 1918, unique local addresses) are where services live and are not refused.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What is refused by default, less what the operator allowed, plus the gateway's own listeners.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetRules {
    /// `allow_targets`.
    pub allowed: Vec<IpNet>,
    /// Addresses that this gateway itself listens on, with real ports; never permitted.
    pub own: Vec<SocketAddr>,
    /// Whether only what `allowed` names may be dialled: key sets and portals over plain HTTP, as whoever answers for the one can sign tokens, and
    /// is shown a token by the other.
    pub named_only: bool,
}

/// Why an address is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address} is {range}{}", if permit.is_empty() { String::new() } else { format!("; to permit it: {permit}") })]
pub struct TargetRefusal {
    /// The address as it would be dialled.
    pub address: IpAddr,
    /// Which range it is in, in words.
    pub range: &'static str,
    /// The exact line that would permit it; empty for the gateway's own listeners.
    pub permit: String,
}

/// Why a name is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {range}; to permit it: {permit}")]
pub struct NameRefusal {
    /// The name, in lower case.
    pub name: String,
    /// What it stands for, in words.
    pub range: &'static str,
    /// The exact line that would permit it.
    pub permit: String,
}

/// A refused range: in words, and the narrowest range that one would allow.
type Refused = (&'static str, IpNet);

impl TargetRules {
    /// Whether this address may be dialled.
    ///
    /// # Errors
    /// The range that it is in, and the line that would permit it.
    pub fn judge(&self, address: SocketAddr) -> Result<(), TargetRefusal> {
        let judged = embedded(address.ip());
        if judged.iter().any(|ip| self.is_own(*ip, address.port())) {
            let range = "an address that this gateway itself listens on";
            return Err(TargetRefusal {
                address: address.ip(),
                range,
                permit: String::new(),
            });
        }
        for ip in judged {
            let range = refused(ip).or_else(|| {
                let unnamed =
                    "an address that `allow_targets` does not name, as plain HTTP for a key set or a portal needs";
                self.named_only.then(|| (unnamed, IpNet::from(ip)))
            });
            if let Some((range, net)) = range
                && !self.allows(ip)
            {
                return Err(TargetRefusal {
                    address: address.ip(),
                    range,
                    permit: self.permit(net),
                });
            }
        }
        Ok(())
    }

    /// Whether this name may be resolved and dialled. What it resolves to is judged again, address by address.
    ///
    /// # Errors
    /// What the name stands for, and the line that would permit it.
    pub fn judge_name(&self, name: &str) -> Result<(), NameRefusal> {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let refuse = |range, net: IpNet| {
            Err(NameRefusal {
                name: name.clone(),
                range,
                permit: self.permit(net),
            })
        };
        if name == "localhost" || name.ends_with(".localhost") {
            let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
            if !loopback.into_iter().any(|ip| self.allows(ip)) {
                return refuse("this machine (loopback)", v4([127, 0, 0, 0], 8));
            }
        }
        if name == "metadata.google.internal" && !self.allows(METADATA_V4.into()) {
            return refuse("a cloud metadata service", IpNet::from(IpAddr::V4(METADATA_V4)));
        }
        Ok(())
    }

    /// For what the operator set: everything is permitted.
    pub(crate) fn of_operator() -> TargetRules {
        TargetRules {
            allowed: vec![IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())],
            ..TargetRules::default()
        }
    }

    /// The same rules for a target that has to be named.
    pub(crate) fn only_named(&self) -> TargetRules {
        TargetRules {
            named_only: true,
            ..self.clone()
        }
    }

    fn allows(&self, ip: IpAddr) -> bool {
        self.allowed.iter().any(|net| net.contains(&ip))
    }

    /// A listener on an unspecified address is reached through every address of the machine; the gateway adds the real
    /// ones to `own`, and loopback is known here.
    fn is_own(&self, ip: IpAddr, port: u16) -> bool {
        let here = |ip: IpAddr| ip.is_loopback() || ip.is_unspecified();
        self.own.iter().any(|own| {
            let own_ip = own.ip().to_canonical();
            own.port() == port
                && (own_ip == ip
                    || (own_ip.is_unspecified() && here(ip))
                    || (ip.is_unspecified() && here(own_ip)))
        })
    }

    /// The whole line, with what is allowed already, to be pasted as it is.
    fn permit(&self, net: IpNet) -> String {
        let nets: Vec<String> = self
            .allowed
            .iter()
            .chain([&net])
            .map(|net| quoted_if_needed(*net))
            .collect();
        format!("allow_targets: [{}]", nets.join(", "))
    }
}

/// Inside brackets YAML reads `::1/128` as it stands, but not a text that begins with a colon and is followed by a blank;
/// quotes keep both YAML and JSON right.
fn quoted_if_needed(net: IpNet) -> String {
    match net {
        IpNet::V4(net) => net.to_string(),
        IpNet::V6(net) => format!("\"{net}\""),
    }
}

const METADATA_V4: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

fn v4(octets: [u8; 4], prefix: u8) -> IpNet {
    IpNet::new_assert(Ipv4Addr::from(octets).into(), prefix)
}

fn v6(segments: [u16; 8], prefix: u8) -> IpNet {
    IpNet::new_assert(Ipv6Addr::from(segments).into(), prefix)
}

/// The addresses that count in place of this one: the one inside a mapped or NAT64 form, else itself.
fn embedded(ip: IpAddr) -> Vec<IpAddr> {
    let IpAddr::V6(v6) = ip else { return vec![ip] };
    if let Some(inside) = v6.to_ipv4_mapped() {
        return vec![inside.into()];
    }
    let at = |octets: [u8; 4]| vec![IpAddr::V4(Ipv4Addr::from(octets))];
    let [
        p0,
        p1,
        p2,
        p3,
        p4,
        p5,
        b6,
        b7,
        b8,
        b9,
        b10,
        b11,
        b12,
        b13,
        b14,
        b15,
    ] = v6.octets();
    match [p0, p1, p2, p3, p4, p5] {
        // RFC 6052 §2.1: the well-known prefix is a /96.
        [0, 0x64, 0xff, 0x9b, 0, 0] if [b6, b7, b8, b9, b10, b11] == [0; 6] => at([b12, b13, b14, b15]),
        // RFC 8215: the operator chooses the length of a prefix in this /48, so that the place of the address inside
        // (RFC 6052 §2.2) is known only where the rest is zero; otherwise each place counts.
        [0, 0x64, 0xff, 0x9b, 0, 1] => {
            if [b6, b7, b8, b9, b10, b11] == [0; 6] {
                return at([b12, b13, b14, b15]);
            }
            if b8 == 0 && [b11, b12, b13, b14, b15] == [0; 5] {
                return at([b6, b7, b9, b10]);
            }
            let places = [
                [b6, b7, b9, b10],
                [b7, b9, b10, b11],
                [b9, b10, b11, b12],
                [b12, b13, b14, b15],
            ];
            places.into_iter().flat_map(at).collect()
        }
        _ => vec![ip],
    }
}

/// The range that is refused by default and has this address.
fn refused(ip: IpAddr) -> Option<Refused> {
    match ip {
        IpAddr::V4(ip) => refused_v4(ip),
        IpAddr::V6(ip) => refused_v6(ip),
    }
}

fn refused_v4(ip: Ipv4Addr) -> Option<Refused> {
    const METADATA: &str = "a cloud metadata service";
    let one = IpNet::from(IpAddr::V4(ip));
    Some(match ip.octets() {
        [169, 254, 169, 254] | [100, 100, 100, 200] | [168, 63, 129, 16] => (METADATA, one),
        [0, ..] => ("unspecified (0.0.0.0/8)", v4([0, 0, 0, 0], 8)),
        [127, ..] => ("loopback", v4([127, 0, 0, 0], 8)),
        [169, 254, ..] => ("link-local", v4([169, 254, 0, 0], 16)),
        [100, 64..=127, ..] => ("shared address space (100.64.0.0/10)", v4([100, 64, 0, 0], 10)),
        [192, 0, 0, _] => ("reserved for protocols (192.0.0.0/24)", v4([192, 0, 0, 0], 24)),
        [224..=239, ..] => ("multicast", v4([224, 0, 0, 0], 4)),
        [255, 255, 255, 255] => ("broadcast", one),
        [240..=255, ..] => ("reserved (240.0.0.0/4)", v4([240, 0, 0, 0], 4)),
        _ => return None,
    })
}

fn refused_v6(ip: Ipv6Addr) -> Option<Refused> {
    let one = IpNet::from(IpAddr::V6(ip));
    Some(match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => ("unspecified", one),
        [0, 0, 0, 0, 0, 0, 0, 1] => ("loopback", one),
        [0, 0, 0, 0, 0, 0, _, _] => ("an IPv4-compatible address", v6([0; 8], 96)),
        [0xfd00, 0x0ec2, ..] => (
            "a cloud metadata service",
            v6([0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0], 32),
        ),
        [0xfe80..=0xfebf, ..] => ("link-local", v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10)),
        [0xff00..=0xffff, ..] => ("multicast", v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8)),
        [0x2002, ..] => ("6to4", v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16)),
        [0x2001, 0, ..] => ("Teredo", v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32)),
        _ => return None,
    })
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
