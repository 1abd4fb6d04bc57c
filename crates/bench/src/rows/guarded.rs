//! Proxies that ask for a token: which ones, whether they really do, and how often they need no verification.

use super::NGINX;
use crate::identity::Claims;
use crate::lab::{Guard, Kind, Lab, Proxy, Settings, Shot, Tokens, ask, status};
use crate::page::Section;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;

pub(super) const PATH: &str = "/api/orders/7";
/// Does nothing with the token but pass it on.
pub(super) const PLAIN: (&str, Kind) = ("switchboard, plain routing", Kind::Switchboard(Settings::PLAIN));
pub(super) const POLICY: (&str, Kind) = ("switchboard, policy", guarded(Guard::Policy));
pub(super) const AUTH: (&str, Kind) = ("switchboard, auth", guarded(Guard::Auth));
pub(super) const ENVOY_CACHE: (&str, Kind) = ("envoy, its cache on", Kind::EnvoyJwt { cache: true });
pub(super) const ENVOY_NO_CACHE: (&str, Kind) = ("envoy, no cache", Kind::EnvoyJwt { cache: false });
pub(super) const NGINX_PLAIN: (&str, Kind) = ("nginx, plain routing", NGINX.1);

const fn guarded(guard: Guard) -> Kind {
    Kind::Switchboard(Settings {
        guard,
        ..Settings::PLAIN
    })
}

/// Those that start and, where they ask for a token, refuse what they have to. The page names the others with what they
/// did: a proxy that lets everything pass would be fast.
pub(super) fn start_all(lab: &Lab, wanted: &[(&str, Kind)], section: &mut Section) -> Vec<Proxy> {
    let started = super::start_all(lab, wanted, section);
    let kind = |proxy: &Proxy| wanted.iter().find(|(name, _)| *name == proxy.name);
    started
        .into_iter()
        .filter(|proxy| {
            let refuses = match kind(proxy) {
                Some((_, kind)) if kind.is_guarded() => refuses(lab, proxy, *kind),
                _ => Ok(()),
            };
            if let Err(error) = &refuses {
                anstream::eprintln!("  {}: {error:#}", proxy.name);
                section
                    .notes
                    .push(format!("Not measured: {}: {error:#}", proxy.name));
            }
            refuses.is_ok()
        })
        .collect()
}

/// An error unless it refuses a request without token, with a forged one, and with one that lacks the scope.
fn refuses(lab: &Lab, proxy: &Proxy, kind: Kind) -> Result<()> {
    let forged = forged(&lab.token).context("a token without a signature")?;
    let narrow = lab.issuer.token(Claims {
        number: 0,
        scope: "profile",
    })?;
    // The section `auth` knows no scopes.
    let narrow_status = if kind == AUTH.1 { 200 } else { 403 };
    let cases = [
        ("no token", None, 401),
        ("a forged token", Some(forged.as_str()), 401),
        ("a token without the scope", Some(narrow.as_str()), narrow_status),
        ("a good token", Some(lab.token.as_str()), 200),
    ];
    for (what, token, expected) in cases {
        let found = status(proxy.address, PATH, token)?;
        if found != expected {
            bail!("{what} is answered with {found} instead of {expected}");
        }
    }
    Ok(())
}

/// The same token with another signature: its first character is another.
fn forged(token: &str) -> Option<String> {
    let (signed, signature) = token.rsplit_once('.')?;
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    Some(format!("{signed}.{first}{}", signature.get(1..)?))
}

/// A load that shows these tokens.
pub(super) fn shot(seconds: f64, tokens: Tokens) -> Shot {
    Shot {
        path: PATH.to_owned(),
        tokens: Some(tokens),
        ..Shot::plain(seconds)
    }
}

/// Tokens of these numbers, in a file.
pub(super) fn tokens(lab: &Lab, name: &str, numbers: std::ops::Range<usize>) -> Result<PathBuf> {
    let file = lab.dir.join(name);
    crate::identity::write_tokens(&lab.issuer, &file, numbers, &[lab.proxy_core, lab.load_core])?;
    Ok(file)
}

/// How often a proof was at hand, and how often it was not, since the proxy started.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Proofs {
    hits: f64,
    misses: f64,
}

impl Proofs {
    /// What the proxy says; `None` where it keeps no proofs or says nothing of them.
    pub(super) fn of(proxy: &Proxy) -> Option<Self> {
        let admin = proxy.admin?;
        ["/metrics", "/stats"].into_iter().find_map(|path| {
            let answer = ask(admin, path, None).ok()?;
            Self::parse(&String::from_utf8_lossy(&answer))
        })
    }

    fn parse(text: &str) -> Option<Self> {
        // Ours, then Envoy's.
        let pairs = [
            [
                "switchboard_token_signatures_total{result=\"recalled\"}",
                "switchboard_token_signatures_total{result=\"verified\"}",
            ],
            ["jwt_cache_hit:", "jwt_cache_miss:"],
        ];
        pairs.into_iter().find_map(|[hit, miss]| {
            Some(Self {
                hits: counter(text, hit)?,
                misses: counter(text, miss)?,
            })
        })
    }

    /// The part, 0 to 1, of what came since an earlier reading that needed no verification; `None` if nothing came.
    pub(super) fn hit_rate_since(self, earlier: Self) -> Option<f64> {
        let (hits, misses) = (self.hits - earlier.hits, self.misses - earlier.misses);
        (hits + misses > 0.0).then(|| hits / (hits + misses))
    }
}

/// The value behind a name, on the first line that has it.
fn counter(text: &str, name: &str) -> Option<f64> {
    let line = text
        .lines()
        .find(|line| !line.starts_with('#') && line.contains(name))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    //! Counters of both kinds are found, and a forged token is another.

    use super::*;

    #[test]
    fn hits_and_misses_of_both_kinds() {
        let ours = "# TYPE x counter\nswitchboard_token_signatures_total{result=\"recalled\"} 990\nswitchboard_token_signatures_total{result=\"verified\"} 10\n";
        let envoy = "http.gateway.jwt_authn.corp.jwt_cache_hit: 990\nhttp.gateway.jwt_authn.corp.jwt_cache_miss: 10\n";
        for text in [ours, envoy] {
            let proofs = Proofs::parse(text).unwrap();
            assert_eq!(proofs.hit_rate_since(Proofs::default()), Some(0.99), "{text}");
            assert_eq!(proofs.hit_rate_since(proofs), None);
        }
        assert_eq!(Proofs::parse("server.live: 1\n"), None);
    }

    #[test]
    fn a_forged_token_differs_in_its_signature_alone() {
        assert_eq!(forged("a.b.Axy").as_deref(), Some("a.b.Bxy"));
        assert_eq!(forged("a.b.zxy").as_deref(), Some("a.b.Axy"));
        assert_eq!(forged("abc"), None);
    }
}
