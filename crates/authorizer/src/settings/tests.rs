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
    for planned in PLANNED {
        check(
            &[(planned, "x")],
            Err(&format!(
                "{planned} is not in this version; an authorizer decides by its floor alone. Remove the variable"
            )),
        );
    }
    check(
        &[("SWITCHBOARD_RESULT_TTL", "60")],
        Err(
            "SWITCHBOARD_RESULT_TTL is not a setting; there are SWITCHBOARD_FLOOR, SWITCHBOARD_APIS, \
             SWITCHBOARD_PATH_PREFIX, SWITCHBOARD_RESPONSE, SWITCHBOARD_RESULT_TTL_S, SWITCHBOARD_CELL, SWITCHBOARD_GATEWAY",
        ),
    );
}
