//! A good file, and each thing that can be wrong with one.

use super::*;

const GOOD: &str = "\
public_url: https://portal.example.com
sign_in:
  local_users: true
  session: { idle_s: 600, absolute_s: 3600 }
  oidc:
    issuer: https://login.example.com/tenant
    client_id: switchboard
    client_secret_file: oidc-secret
    scopes: [groups, openid]
    algorithms: [RS256, ES256]
    claims: { groups: /realm/groups }
    admit: everybody
    roles:
      - { group: admins, role: platform_admin }
      - { group: orders, team: orders, role: member }
";

fn load(text: &str) -> Result<SignInSettings, SettingsError> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("oidc-secret"), "hush\n").unwrap();
    std::fs::write(directory.path().join("empty"), "\n").unwrap();
    let path = directory.path().join("portal.yaml");
    std::fs::write(&path, text).unwrap();
    crate::Configuration::load(&path).map(|configuration| configuration.sign_in)
}

#[test]
fn a_good_file() {
    let settings = load(GOOD).unwrap();
    let oidc = settings.oidc.as_ref().unwrap();
    assert!(settings.local_users && oidc.admit == Admit::Everybody);
    assert_eq!(oidc.client_secret.as_ref().unwrap().as_str(), "hush");
    assert!(!format!("{settings:?}").contains("hush"));
    assert_eq!(oidc.scope, "openid groups");
    assert_eq!(
        (oidc.claims.groups.as_str(), oidc.claims.name.as_str()),
        ("/realm/groups", "name")
    );
    assert_eq!(oidc.roles[0].role, Role::Platform(PlatformRole::Admin));
    assert_eq!(settings.lifetimes.idle_s, 600);
}

#[test]
fn what_is_left_out_has_its_default() {
    let settings = load("{}").unwrap();
    assert!(settings.local_users && settings.oidc.is_none() && settings.lifetimes == Lifetimes::default());
    let settings =
        load("public_url: https://p\nsign_in: { oidc: { issuer: 'https://i', client_id: p } }").unwrap();
    let oidc = settings.oidc.unwrap();
    assert!(!settings.local_users && oidc.admit == Admit::WithRole && oidc.client_secret.is_none());
    assert_eq!(oidc.scope, "openid profile email");
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (from, to, said) in [
        ("client_id", "clientid", "clientid"),
        ("  local_users: true", "  local_users: maybe", "3"),
        (
            "https://login.example.com/tenant",
            "http://login.example.com",
            "sign_in.oidc.issuer",
        ),
        (
            "https://login.example.com/tenant",
            "https://login.example.com/?a=b",
            "sign_in.oidc.issuer",
        ),
        ("public_url: https://portal.example.com\n", "", "public_url"),
        (
            "https://portal.example.com",
            "https://portal.example.com/portal",
            "public_url",
        ),
        (
            "https://portal.example.com",
            "http://portal.example.com",
            "public_url",
        ),
        ("idle_s: 600", "idle_s: 7200", "sign_in.session.idle_s"),
        ("idle_s: 600", "idle_s: 5", "sign_in.session.idle_s"),
        (
            "absolute_s: 3600",
            "absolute_s: 99999999",
            "sign_in.session.absolute_s",
        ),
        ("[RS256, ES256]", "[RS256, HS256]", "sign_in.oidc.algorithms"),
        ("[RS256, ES256]", "[]", "sign_in.oidc.algorithms"),
        ("[groups, openid]", "['a b']", "sign_in.oidc.scopes"),
        ("role: platform_admin", "role: admin", "`admins`"),
        ("role: platform_admin", "role: member", "`admins`"),
        ("role: member }", "role: auditor }", "`orders`"),
        ("oidc-secret", "missing", "missing"),
        ("oidc-secret", "empty", "client_secret_file"),
        ("client_id: switchboard", "client_id: ''", "client_id"),
        ("admit: everybody", "admit: all", "all"),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let error = load(&GOOD.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(said), "{to}: {error}");
    }
    let nobody = load("sign_in: { local_users: false }").unwrap_err().to_string();
    assert!(nobody.contains("nobody could sign in"), "{nobody}");
}

#[test]
fn the_example_is_good() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/portal/portal.yaml");
    let settings = crate::Configuration::load(&path).unwrap().sign_in;
    assert_eq!(settings.oidc.unwrap().roles.len(), 4);
}
