//! Which members may be left out of a record's body because they say what holds anyway (contract/README.md §2).

use crate::entity::{Api, ClaimNames, CredentialKind, Issuer, Preset};

pub(super) fn of_issuer(issuer: &mut Issuer) {
    let algorithms: Option<Vec<&str>> = issuer
        .algorithms
        .as_ref()
        .map(|words| words.iter().map(|word| &**word).collect());
    if algorithms.as_deref() == Some(&["RS256", "PS256", "ES256", "EdDSA"]) {
        issuer.algorithms = None;
    }
    if issuer.leeway_s == Some(30) {
        issuer.leeway_s = None;
    }
    let [user, client, role, tenant, scopes] = match issuer.preset {
        None => ["sub", "azp", "role", "tenant_id", "scope"],
        Some(Preset::Cognito) => ["sub", "client_id", "cognito:groups", "custom:tenant_id", "scope"],
    };
    let ClaimNames {
        user: its_user,
        client: its_client,
        role: its_role,
        tenant: its_tenant,
        scopes: its_scopes,
    } = &mut issuer.claims;
    for (name, default) in [
        (its_user, user),
        (its_client, client),
        (its_role, role),
        (its_tenant, tenant),
        (its_scopes, scopes),
    ] {
        if name.as_deref() == Some(default) {
            *name = None;
        }
    }
}

pub(super) fn of_api(api: &mut Api) {
    if api.credentials.as_deref() == Some(&[CredentialKind::Jwt, CredentialKind::ApiKey]) {
        api.credentials = None;
    }
    if api.api_key_header.as_deref() == Some("X-Api-Key") {
        api.api_key_header = None;
    }
}
