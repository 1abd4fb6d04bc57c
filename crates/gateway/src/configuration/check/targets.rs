//! Address ranges: `allow_targets` and `trusted_edges`.

use super::Checker;
use crate::configuration::decode::{At, Slot, Text};
use crate::configuration::wire::TrustedEdge;
use crate::upstream::TargetRules;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

impl Checker<'_> {
    /// What may be dialled from here on: everything checked after this is judged by it.
    pub(super) fn allowed_targets(&mut self, slot: &Slot<Vec<At<Text>>>, own: Vec<SocketAddr>) {
        let texts = slot.get().map_or(&[][..], |at| &at.value);
        let allowed = texts.iter().filter_map(|text| self.range(text)).collect();
        self.targets = TargetRules {
            allowed,
            own,
            named_only: false,
        };
    }

    pub(super) fn trusted_edges(&mut self, slot: &Slot<Vec<At<TrustedEdge>>>) -> Arc<[IpNet]> {
        let mut ranges = Vec::new();
        for edge in slot.get().map_or(&[][..], |at| &at.value) {
            let Some(cidrs) = edge.value.cidrs.get() else {
                continue;
            };
            if cidrs.value.is_empty() {
                self.problems
                    .error(cidrs.key, "an edge without addresses")
                    .help("name its ranges, or leave it out");
            }
            ranges.extend(cidrs.value.iter().filter_map(|text| self.range(text)));
        }
        ranges.into()
    }

    /// A range in CIDR notation, or one address.
    fn range(&mut self, text: &At<Text>) -> Option<IpNet> {
        let shown = text.value.shown();
        let net = text
            .value
            .parse::<IpNet>()
            .or_else(|_| text.value.parse::<IpAddr>().map(IpNet::from));
        let Ok(net) = net else {
            let message = format!("{shown} is not an address range");
            self.problems
                .error(text.span, message)
                .help("write it as in `10.1.0.0/16` or `fd00:1::/32`");
            return None;
        };
        if net.addr() != net.network() {
            let message = format!("{shown} has bits beyond its prefix");
            let help = format!(
                "write `{}` for the range, or `{}` for the address",
                net.trunc(),
                IpNet::from(net.addr())
            );
            self.problems.error(text.span, message).help(help);
            return None;
        }
        if let IpNet::V6(v6) = net
            && let Some(v4) = v6.addr().to_ipv4_mapped()
        {
            let message = format!("{shown} is an IPv4 range in IPv6 clothes, and would match nothing");
            let help = format!("write `{v4}/{}`", v6.prefix_len().saturating_sub(96));
            self.problems.error(text.span, message).help(help);
            return None;
        }
        Some(net)
    }
}
