//! Both edges of every range, every form that hides an address in another, and what the operator allows.

use super::{TargetRules, refused_v4};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

fn rules(allowed: &[&str], own: &[&str]) -> TargetRules {
    TargetRules {
        allowed: allowed.iter().map(|net| net.parse().unwrap()).collect(),
        own: own.iter().map(|address| address.parse().unwrap()).collect(),
        named_only: false,
    }
}

/// Judges `ip`, port 80, under `rules`: the line that would permit it, `own`, or `ok`.
fn check_under(rules: &TargetRules, ip: &str, expected: &str) {
    let ip: IpAddr = ip.parse().unwrap();
    let judged = match rules.judge(SocketAddr::new(ip, 80)) {
        Ok(()) => "ok".to_owned(),
        Err(refusal) if refusal.permit.is_empty() => "own".to_owned(),
        Err(refusal) => refusal.permit,
    };
    assert_eq!(judged, expected, "{ip}");
}

/// Judges `ip` with nothing allowed: the range that would have to be, or `ok`.
fn check(ip: &str, expected: &str) {
    let line = match expected {
        "ok" => "ok".to_owned(),
        v6 if v6.contains(':') => format!("allow_targets: [\"{v6}\"]"),
        v4 => format!("allow_targets: [{v4}]"),
    };
    check_under(&rules(&[], &[]), ip, &line);
}

/// `first` and `last` are refused as `range`; the neighbours on both sides are not in it.
fn check_edges(
    range: &str,
    first: &str,
    last: &str,
    before: Option<(&str, &str)>,
    after: Option<(&str, &str)>,
) {
    check(first, range);
    check(last, range);
    for (ip, expected) in before.into_iter().chain(after) {
        check(ip, expected);
    }
}

#[test]
fn every_ipv4_range_is_refused_from_edge_to_edge() {
    check_edges(
        "0.0.0.0/8",
        "0.0.0.0",
        "0.255.255.255",
        None,
        Some(("1.0.0.0", "ok")),
    );
    check_edges(
        "100.64.0.0/10",
        "100.64.0.0",
        "100.127.255.255",
        Some(("100.63.255.255", "ok")),
        Some(("100.128.0.0", "ok")),
    );
    check_edges(
        "127.0.0.0/8",
        "127.0.0.0",
        "127.255.255.255",
        Some(("126.255.255.255", "ok")),
        Some(("128.0.0.0", "ok")),
    );
    check_edges(
        "169.254.0.0/16",
        "169.254.0.0",
        "169.254.255.255",
        Some(("169.253.255.255", "ok")),
        Some(("169.255.0.0", "ok")),
    );
    check_edges(
        "192.0.0.0/24",
        "192.0.0.0",
        "192.0.0.255",
        Some(("191.255.255.255", "ok")),
        Some(("192.0.1.0", "ok")),
    );
    check_edges(
        "224.0.0.0/4",
        "224.0.0.0",
        "239.255.255.255",
        Some(("223.255.255.255", "ok")),
        Some(("240.0.0.0", "240.0.0.0/4")),
    );
    check_edges(
        "240.0.0.0/4",
        "240.0.0.0",
        "255.255.255.254",
        None,
        Some(("255.255.255.255", "255.255.255.255/32")),
    );
}

#[test]
fn cloud_metadata_is_refused_by_its_single_addresses() {
    check("169.254.169.254", "169.254.169.254/32");
    check("169.254.169.253", "169.254.0.0/16");
    check("100.100.100.200", "100.100.100.200/32");
    check("100.100.100.201", "100.64.0.0/10");
    check("168.63.129.16", "168.63.129.16/32");
    check("168.63.129.15", "ok");
    check("168.63.129.17", "ok");
    check_edges(
        "fd00:ec2::/32",
        "fd00:ec2::",
        "fd00:ec2:ffff:ffff:ffff:ffff:ffff:ffff",
        Some(("fd00:ec1:ffff:ffff:ffff:ffff:ffff:ffff", "ok")),
        Some(("fd00:ec3::", "ok")),
    );
}

#[test]
fn every_ipv6_range_is_refused_from_edge_to_edge() {
    check("::", "::/128");
    check("::1", "::1/128");
    check_edges("::/96", "::2", "::ffff:ffff", None, Some(("::1:0:0", "ok")));
    check_edges(
        "2001::/32",
        "2001::",
        "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
        Some(("2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ok")),
        Some(("2001:1::", "ok")),
    );
    check_edges(
        "2002::/16",
        "2002::",
        "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        Some(("2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ok")),
        Some(("2003::", "ok")),
    );
    check_edges(
        "fe80::/10",
        "fe80::",
        "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        Some(("fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ok")),
        Some(("fec0::", "ok")),
    );
    check_edges(
        "ff00::/8",
        "ff00::",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        Some(("feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ok")),
        None,
    );
}

#[test]
fn private_ranges_are_where_services_live() {
    for ip in [
        "10.0.0.0",
        "10.255.255.255",
        "172.16.0.1",
        "192.168.1.1",
        "fc00::1",
        "fd12::1",
        "8.8.8.8",
    ] {
        check(ip, "ok");
    }
    check("2606:4700::1111", "ok");
}

#[test]
fn mapped_and_nat64_addresses_are_judged_by_the_address_inside() {
    for (inside, expected) in [
        ("127.0.0.1", "127.0.0.0/8"),
        ("169.254.169.254", "169.254.169.254/32"),
        ("0.0.0.0", "0.0.0.0/8"),
        ("255.255.255.255", "255.255.255.255/32"),
        ("10.0.0.1", "ok"),
        ("8.8.8.8", "ok"),
    ] {
        check(&format!("::ffff:{inside}"), expected);
        check(&format!("64:ff9b::{inside}"), expected);
        check(&format!("64:ff9b:1::{inside}"), expected);
    }
    // RFC 6052 §2.2: in a /48 the address stands around the byte that is always zero.
    check("64:ff9b:1:7f00:0:100::", "127.0.0.0/8");
    check("64:ff9b:1:a9fe:a9:fe00::", "169.254.169.254/32");
    check("64:ff9b:1:a00:0:100::", "ok");
    // Where the length of the prefix can't be told, one reading that is refused is enough.
    check("64:ff9b:1:801:7f:0:100:0", "127.0.0.0/8");
    check("64:ff9b:1:801:808:808:7f00:1", "127.0.0.0/8");
    // Beyond the two prefixes it is an address like any other.
    check("64:ff9b:2::7f00:1", "ok");
    check("64:ff9b:0:1::7f00:1", "ok");
}

#[test]
fn what_is_allowed_is_allowed_and_no_more() {
    let loopback = rules(&["127.0.0.0/8"], &[]);
    check_under(&loopback, "127.0.0.1", "ok");
    check_under(&loopback, "::ffff:127.0.0.1", "ok");
    check_under(&loopback, "64:ff9b::7f00:1", "ok");
    check_under(&loopback, "::1", "allow_targets: [127.0.0.0/8, \"::1/128\"]");
    check_under(
        &loopback,
        "169.254.169.254",
        "allow_targets: [127.0.0.0/8, 169.254.169.254/32]",
    );
    check_under(
        &rules(&["127.0.0.1/32"], &[]),
        "127.0.0.2",
        "allow_targets: [127.0.0.1/32, 127.0.0.0/8]",
    );
    check_under(
        &rules(&["64:ff9b::/96"], &[]),
        "64:ff9b::7f00:1",
        "allow_targets: [\"64:ff9b::/96\", 127.0.0.0/8]",
    );
}

#[test]
fn own_listeners_are_never_permitted() {
    let all = ["127.0.0.0/8", "0.0.0.0/8", "::/0"];
    check_under(&rules(&all, &["127.0.0.1:80"]), "127.0.0.1", "own");
    check_under(&rules(&all, &["127.0.0.1:80"]), "::ffff:127.0.0.1", "own");
    check_under(&rules(&all, &["127.0.0.1:80"]), "64:ff9b::7f00:1", "own");
    check_under(&rules(&all, &["127.0.0.1:80"]), "127.0.0.2", "ok");
    check_under(&rules(&all, &["127.0.0.1:81"]), "127.0.0.1", "ok");
    check_under(&rules(&all, &["10.0.0.9:80"]), "10.0.0.9", "own");
    // A socket on the unspecified address answers on every one of the machine; so does a call to it.
    for own in ["0.0.0.0:80", "[::]:80"] {
        check_under(&rules(&all, &[own]), "127.0.0.1", "own");
        check_under(&rules(&all, &[own]), "127.8.8.8", "own");
        check_under(&rules(&all, &[own]), "::1", "own");
        check_under(&rules(&all, &[own]), "0.0.0.0", "own");
        check_under(&rules(&all, &[own]), "10.0.0.9", "ok");
    }
    check_under(&rules(&all, &["127.0.0.1:80"]), "0.0.0.0", "own");
}

#[test]
fn names_of_this_machine_and_of_metadata_are_refused() {
    let judge = |allowed: &[&str], name: &str| match rules(allowed, &[]).judge_name(name) {
        Ok(()) => "ok".to_owned(),
        Err(refusal) => refusal.permit,
    };
    for name in ["localhost", "LOCALHOST.", "a.b.localhost"] {
        assert_eq!(judge(&[], name), "allow_targets: [127.0.0.0/8]", "{name}");
        assert_eq!(judge(&["127.0.0.0/8"], name), "ok", "{name}");
        assert_eq!(judge(&["::1/128"], name), "ok", "{name}");
    }
    for name in ["metadata.google.internal", "Metadata.Google.Internal."] {
        assert_eq!(judge(&[], name), "allow_targets: [169.254.169.254/32]", "{name}");
        assert_eq!(judge(&["169.254.169.254/32"], name), "ok", "{name}");
    }
    for name in [
        "localhost.example.com",
        "notlocalhost",
        "metadata.google.internal.example.com",
        "orders",
    ] {
        assert_eq!(judge(&[], name), "ok", "{name}");
    }
}

#[test]
fn the_line_that_is_printed_permits_the_address() {
    let permitted = |line: &str| {
        let list = line
            .strip_prefix("allow_targets: [")
            .unwrap()
            .strip_suffix(']')
            .unwrap();
        list.split(", ")
            .map(|net| net.trim_matches('"').parse().unwrap())
            .collect()
    };
    // One address of each 256 of the lower half of IPv4, and of the ranges at its end.
    for block in (0..0x00ff_ffff_u32).step_by(4_099) {
        let ip = Ipv4Addr::from_bits(block << 8 | 7);
        let Some(_) = refused_v4(ip) else { continue };
        let refusal = rules(&[], &[]).judge(SocketAddr::new(ip.into(), 80)).unwrap_err();
        let allowed = TargetRules {
            allowed: permitted(&refusal.permit),
            ..TargetRules::default()
        };
        assert_eq!(
            allowed.judge(SocketAddr::new(ip.into(), 80)),
            Ok(()),
            "{ip}: {}",
            refusal.permit
        );
    }
}

#[test]
fn where_a_target_has_to_be_named_a_private_range_is_not_enough() {
    let rules = rules(&["10.1.0.0/16"], &["10.1.0.1:80"]).only_named();
    check_under(&rules, "10.1.2.3", "ok");
    check_under(&rules, "::ffff:10.1.2.3", "ok");
    check_under(&rules, "10.1.0.1", "own");
    check_under(&rules, "10.2.0.1", "allow_targets: [10.1.0.0/16, 10.2.0.1/32]");
    check_under(&rules, "192.0.2.1", "allow_targets: [10.1.0.0/16, 192.0.2.1/32]");
    check_under(&rules, "127.0.0.1", "allow_targets: [10.1.0.0/16, 127.0.0.0/8]");
}
