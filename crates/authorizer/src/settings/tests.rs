//! Good values are read, and each bad one is refused with its name, its value and what to write.

use super::*;

fn check(variables: &[(&str, &str)], expected: Result<Settings, &str>) {
    let base = [(FLOOR, "floor"), (APIS, "orders")];
    let kept = base
        .iter()
        .filter(|(name, _)| !variables.iter().any(|(own, _)| own == name));
    let all = kept
        .chain(variables)
        .map(|&(name, value)| (name.to_owned(), value.to_owned()));
    let read = Settings::read(all).map_err(|error| error.to_string());
    assert_eq!(read, expected.map_err(str::to_owned), "{variables:?}");
}

fn base() -> Settings {
    Settings {
        floor: "floor".into(),
        apis: vec!["orders".into()],
        path_prefix: None,
        response: Response::Policy,
        result_ttl_s: 0,
        cell: None,
        gateway: None,
        following: None,
        portal: None,
        ca_file: None,
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    check(&[], Ok(base()));
    check(
        &[(RESPONSE, ""), (RESULT_TTL_S, ""), (CELL, ""), (PATH_PREFIX, "")],
        Ok(base()),
    );
    check(&[("PATH", "/bin"), ("AWS_REGION", "eu-central-1")], Ok(base()));
}

#[test]
fn what_is_set_is_read() {
    let all = [
        (APIS, "orders, returns"),
        (PATH_PREFIX, "/api"),
        (RESPONSE, "simple"),
        (RESULT_TTL_S, "0"),
        (CELL, "eu-1"),
        (GATEWAY, "commerce-orders-prod"),
    ];
    let expected = Settings {
        apis: vec!["orders".into(), "returns".into()],
        path_prefix: Some(PathPrefix::parse("/api").unwrap()),
        response: Response::Simple,
        cell: Some("eu-1".into()),
        gateway: Some("commerce-orders-prod".into()),
        ..base()
    };
    check(&all, Ok(expected));
    check(
        &[(RESULT_TTL_S, "3600")],
        Ok(Settings {
            result_ttl_s: 3600,
            ..base()
        }),
    );
}

#[test]
fn a_setting_that_is_required_is_asked_for() {
    check(
        &[(FLOOR, "")],
        Err(
            "SWITCHBOARD_FLOOR is not set; write the path of the floor in the package, such as /var/task/floor",
        ),
    );
    check(
        &[(APIS, "")],
        Err(
            "SWITCHBOARD_APIS is not set; write the ids of the APIs that this authorizer fronts, such as orders,returns",
        ),
    );
}

#[test]
fn a_bad_value_is_named_with_what_to_write() {
    check(
        &[(APIS, "orders,,returns")],
        Err(
            "SWITCHBOARD_APIS is `orders,,returns`: `` is no id; an id has 1 to 128 letters, digits, `.` and `-`",
        ),
    );
    check(
        &[(APIS, "orders,orders")],
        Err("SWITCHBOARD_APIS is `orders,orders`: `orders` stands twice; name each API once"),
    );
    check(
        &[(CELL, "eu 1")],
        Err("SWITCHBOARD_CELL is `eu 1`: `eu 1` is no id; an id has 1 to 128 letters, digits, `.` and `-`"),
    );
    check(
        &[(RESPONSE, "Simple")],
        Err("SWITCHBOARD_RESPONSE is `Simple`: there is no such form; write policy or simple"),
    );
    for ttl in ["-1", "3601", "+5", "1.5", "five"] {
        check(
            &[(RESULT_TTL_S, ttl)],
            Err(&format!(
                "SWITCHBOARD_RESULT_TTL_S is `{ttl}`: not a number of seconds that API Gateway takes; \
                 write the result TTL that API Gateway is set to, 0 to 3600"
            )),
        );
    }
    for prefix in ["api", "/", "/api/", "/a//b", "/a%2Fb", "/%61"] {
        check(
            &[(PATH_PREFIX, prefix)],
            Err(&format!(
                "SWITCHBOARD_PATH_PREFIX is `{prefix}`: not a prefix of paths; \
                 write a canonical path without a slash at its end, such as /api/orders, or leave it out"
            )),
        );
    }
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    check(
        &[(RESULT_TTL_S, "60"), (RESPONSE, "simple")],
        Err(
            "SWITCHBOARD_RESULT_TTL_S is `60`: a simple answer that is kept would hold for every route; \
             write 0, or SWITCHBOARD_RESPONSE=policy",
        ),
    );
    check(
        &[(RESULT_TTL_S, "60"), (APIS, "a,b")],
        Err(
            "SWITCHBOARD_RESULT_TTL_S is `60`: one answer that is kept can't carry the scopes of several APIs; \
             write 0, or give each API an authorizer of its own",
        ),
    );
}

#[test]
fn nothing_of_ours_is_read_and_ignored() {
    check(
        &[("SWITCHBOARD_RESULT_TTL", "60")],
        Err(
            "SWITCHBOARD_RESULT_TTL is not a setting; there are SWITCHBOARD_FLOOR, SWITCHBOARD_APIS, \
             SWITCHBOARD_PATH_PREFIX, SWITCHBOARD_RESPONSE, SWITCHBOARD_RESULT_TTL_S, SWITCHBOARD_CELL, SWITCHBOARD_GATEWAY, \
             SWITCHBOARD_BUNDLE, SWITCHBOARD_BUNDLE_TOKEN, SWITCHBOARD_BUNDLE_TOKEN_FILE, SWITCHBOARD_SYNC_AFTER_MS, \
             SWITCHBOARD_MAX_STALENESS_S, SWITCHBOARD_ON_STALE, SWITCHBOARD_FLOOR_MAX_AGE_S, SWITCHBOARD_PORTAL, \
             SWITCHBOARD_PORTAL_TOKEN, SWITCHBOARD_PORTAL_TOKEN_FILE, SWITCHBOARD_CA_FILE",
        ),
    );
}

#[test]
fn where_policy_comes_from_and_how_old_it_may_get() {
    let url = |path: &str| Url {
        is_https: true,
        host: "relay.example.com".into(),
        port: 443,
        path: path.into(),
    };
    let following = Following {
        bundle: Bundle::Url(url("/prod/bundle")),
        token: None,
        sync_after_ms: 1_000,
        staleness_s_max: 3_600,
        deny_floor_s_max: None,
    };
    check(
        &[("SWITCHBOARD_BUNDLE", "https://relay.example.com/prod/bundle")],
        Ok(Settings {
            following: Some(following.clone()),
            ..base()
        }),
    );
    let secret = Secret::parse("sbg_1").unwrap();
    check(
        &[
            ("SWITCHBOARD_BUNDLE", "https://relay.example.com/prod/bundle"),
            ("SWITCHBOARD_BUNDLE_TOKEN_FILE", "/run/token"),
            ("SWITCHBOARD_SYNC_AFTER_MS", "0"),
            ("SWITCHBOARD_MAX_STALENESS_S", "60"),
            ("SWITCHBOARD_ON_STALE", "deny"),
            ("SWITCHBOARD_FLOOR_MAX_AGE_S", "86400"),
            ("SWITCHBOARD_PORTAL", "https://relay.example.com/"),
            ("SWITCHBOARD_PORTAL_TOKEN", "sbg_1"),
            ("SWITCHBOARD_CA_FILE", "/etc/ca.pem"),
        ],
        Ok(Settings {
            following: Some(Following {
                token: Some(Token::File("/run/token".into())),
                sync_after_ms: 0,
                staleness_s_max: 60,
                deny_floor_s_max: Some(86_400),
                ..following
            }),
            portal: Some(Portal {
                url: url(""),
                token: Token::Given(secret.clone()),
            }),
            ca_file: Some("/etc/ca.pem".into()),
            ..base()
        }),
    );
    assert_eq!(format!("{secret:?}"), "Secret");
}

#[test]
fn an_address_has_its_parts_and_what_stands_beside_it() {
    let check = |text: &str, authority: &str, commit: &str| {
        let url = Url::parse(text).unwrap();
        assert_eq!(
            (url.authority().as_str(), url.beside("commit").as_str()),
            (authority, commit),
            "{text}"
        );
    };
    check("http://127.0.0.1:8080/bundle", "127.0.0.1:8080", "/commit");
    check(
        "https://[::1]:443/v1/feeds/prod/bundle",
        "[::1]",
        "/v1/feeds/prod/commit",
    );
    check("http://relay:80/a/bundle", "relay", "/a/commit");
    for bad in [
        "relay.example.com/bundle",
        "ftp://relay/bundle",
        "https:///bundle",
        "https://u@relay/bundle",
        "https://relay:0/bundle",
        "https://relay:/bundle",
        "https://relay:99999/bundle",
        "https://relay:+1/bundle",
        "https://[relay]/bundle",
        "https://relay/bundle?a",
        "https://relay/bundle#a",
        "https://rel ay/bundle",
    ] {
        assert_eq!(Url::parse(bad), None, "{bad}");
    }
}

#[test]
fn settings_have_one_digest_in_which_there_is_no_token() {
    let digest = |more: &[(&str, &str)]| {
        let settings = [
            ("SWITCHBOARD_FLOOR", "/opt/policy.floor"),
            ("SWITCHBOARD_BUNDLE", "https://relay.example.com/bundle"),
            ("SWITCHBOARD_APIS", "orders"),
        ];
        let all = more.iter().chain(&settings);
        config_digest(all.map(|&(name, value)| (name.to_owned(), value.to_owned())))
    };
    let expected = "f9842f3b40b69f4dc8de09ff0a9d02337affdeef779d86e9916fe5dcbe74d195";
    assert_eq!(digest(&[]), expected);
    let others = [
        ("SWITCHBOARD_CELL", ""),
        ("PATH", "/bin"),
        ("SWITCHBOARD_BUNDLE_TOKEN", "a"),
        ("SWITCHBOARD_PORTAL_TOKEN", "b"),
    ];
    assert_eq!(digest(&others), expected);
    assert_ne!(digest(&[("SWITCHBOARD_CELL", "eu-1")]), expected);
}
