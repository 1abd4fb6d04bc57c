//! What stands between a browser and the portal: the cookie, and whether a change comes from the portal's own pages.
//!
//! A cookie goes with whatever request a page makes, so a change by cookie alone proves nothing. Browsers say where a request comes from,
//! and no page can say otherwise (`Sec-Fetch-Site`, `Origin`): that is asked for. Pure.

use super::secret::is_secret;

/// Where the portal is, as its users' browsers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Front {
    /// Scheme and authority, without a slash at the end; `None`: whatever `Host` says, over plain HTTP.
    origin: Option<String>,
    secure: bool,
}

/// Which cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The session's.
    Session,
    /// Of a sign-in at the identity provider that is under way.
    Flow,
}

impl Front {
    /// At this URL, which was checked: `https`, or `http` on loopback, without a path.
    pub(crate) fn at(public_url: &str) -> Front {
        let origin = public_url.trim_end_matches('/').to_ascii_lowercase();
        Front {
            secure: origin.starts_with("https://"),
            origin: Some(origin),
        }
    }

    /// No URL was given. On loopback browsers may use plain HTTP; elsewhere they keep the cookie to TLS, which is then the
    /// business of whoever stands in front.
    pub(crate) fn unnamed(is_loopback: bool) -> Front {
        Front {
            origin: None,
            secure: !is_loopback,
        }
    }

    /// The cookie's name. `__Host-` makes browsers refuse one from a subdomain, or without TLS.
    fn name(&self, cookie: Cookie) -> &'static str {
        match (cookie, self.secure) {
            (Cookie::Session, true) => "__Host-switchboard",
            (Cookie::Session, false) => "switchboard",
            (Cookie::Flow, true) => "__Host-switchboard-sign-in",
            (Cookie::Flow, false) => "switchboard-sign-in",
        }
    }

    /// `Set-Cookie` with this value. SameSite=Lax: a link to the portal finds its user signed in.
    pub(crate) fn set(&self, cookie: Cookie, value: &str, max_age_s: u64) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        let name = self.name(cookie);
        format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}")
    }

    /// `Set-Cookie` that removes it.
    pub(crate) fn clear(&self, cookie: Cookie) -> String {
        self.set(cookie, "", 0)
    }

    /// The cookie's value in the `Cookie` fields of a request; `None` also where there are two, of which one is not ours.
    pub(crate) fn read<'h>(
        &self,
        cookie: Cookie,
        fields: impl IntoIterator<Item = &'h str>,
    ) -> Option<&'h str> {
        let name = self.name(cookie);
        let pairs = fields.into_iter().flat_map(|field| field.split(';'));
        let mut values = pairs.filter_map(|pair| {
            let (found, value) = pair.trim().split_once('=')?;
            (found == name).then_some(value)
        });
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// As `read`, where it can be a session's at all.
    pub(crate) fn session<'h>(&self, fields: impl IntoIterator<Item = &'h str>) -> Option<&'h str> {
        self.read(Cookie::Session, fields)
            .filter(|value| is_secret(value, ""))
    }

    /// Whether a request that changes something comes from the portal's own pages. One that says nothing of where it comes
    /// from is no browser of today's; programs have tokens.
    pub(crate) fn is_own(&self, fetch_site: Option<&str>, origin: Option<&str>, host: Option<&str>) -> bool {
        match (fetch_site, origin) {
            (Some(site), _) => site == "same-origin",
            (None, Some(origin)) => match (&self.origin, host) {
                (Some(own), _) => origin.eq_ignore_ascii_case(own),
                (None, Some(host)) => origin
                    .split_once("://")
                    .is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host)),
                (None, None) => false,
            },
            (None, None) => false,
        }
    }

    /// Whether a request is known to come from elsewhere: what a browser sends that is not signed in yet.
    pub(crate) fn is_foreign(
        &self,
        fetch_site: Option<&str>,
        origin: Option<&str>,
        host: Option<&str>,
    ) -> bool {
        (fetch_site.is_some() || origin.is_some()) && !self.is_own(fetch_site, origin, host)
    }
}

/// Where somebody goes after signing in: a path of the portal's own, or its start.
pub(crate) fn return_path(wanted: Option<&str>) -> &str {
    const PATH_BYTES_MAX: usize = 1_024;
    let is_plain = |path: &&str| {
        path.len() <= PATH_BYTES_MAX
            && path.starts_with('/')
            // Browsers read both as the start of another host.
            && !path[1..].starts_with(['/', '\\'])
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    wanted.filter(is_plain).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    //! Cookies as browsers send them, and where requests come from.

    use super::*;

    const SECRET: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn cookies() {
        let front = Front::at("https://Portal.example.com/");
        let set = front.set(Cookie::Session, SECRET, 60);
        assert_eq!(
            set,
            format!("__Host-switchboard={SECRET}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure")
        );
        assert!(Front::unnamed(false).clear(Cookie::Session).ends_with("; Secure"));
        let plain = Front::unnamed(true).set(Cookie::Session, SECRET, 60);
        assert!(plain.starts_with("switchboard=") && !plain.contains("Secure"));
        assert_eq!(
            Front::at("http://127.0.0.1:8080"),
            Front::at("http://127.0.0.1:8080/")
        );

        let good = format!("a=b; __Host-switchboard={SECRET};c=d");
        assert_eq!(front.session([good.as_str()]), Some(SECRET));
        assert_eq!(front.session(["a=b", good.as_str()]), Some(SECRET));
        let (twice, bare) = (
            format!("{good}; __Host-switchboard=x"),
            format!("switchboard={SECRET}"),
        );
        for none in ["", "a", twice.as_str(), bare.as_str(), "__Host-switchboard=short"] {
            assert_eq!(front.session([none]), None, "{none}");
        }
        assert_eq!(front.session([good.as_str(), good.as_str()]), None);
    }

    #[test]
    fn changes_come_from_the_portals_own_pages() {
        let front = Front::at("https://portal.example.com");
        for (site, origin, expected) in [
            (Some("same-origin"), None, true),
            (Some("same-site"), Some("https://portal.example.com"), false),
            (Some("cross-site"), None, false),
            (Some("none"), None, false),
            (None, Some("https://portal.example.com"), true),
            (None, Some("https://portal.example.com.evil"), false),
            (None, Some("http://portal.example.com"), false),
            (None, Some("null"), false),
            (None, None, false),
        ] {
            assert_eq!(
                front.is_own(site, origin, Some("portal.example.com")),
                expected,
                "{site:?} {origin:?}"
            );
        }
        let unnamed = Front::unnamed(true);
        assert!(unnamed.is_own(None, Some("http://127.0.0.1:80"), Some("127.0.0.1:80")));
        assert!(!unnamed.is_own(None, Some("http://127.0.0.1:81"), Some("127.0.0.1:80")));
        assert!(!unnamed.is_own(None, Some("null"), Some("null")));
        assert!(!front.is_foreign(None, None, None) && front.is_foreign(Some("cross-site"), None, None));
    }

    #[test]
    fn nobody_is_sent_elsewhere() {
        for (wanted, expected) in [
            (None, "/"),
            (Some("/clients?team=a#b"), "/clients?team=a#b"),
            (Some("//evil.example"), "/"),
            (Some("/\\evil.example"), "/"),
            (Some("/a\\..\\b"), "/"),
            (Some("https://evil.example"), "/"),
            (Some("/a\r\nSet-Cookie: x=y"), "/"),
            (Some("/\tevil"), "/"),
            (Some(""), "/"),
        ] {
            assert_eq!(return_path(wanted), expected, "{wanted:?}");
        }
    }
}
