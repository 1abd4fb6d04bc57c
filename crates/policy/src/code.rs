//! Every way in which a request is refused by policy: its word, its status and the one sentence that a caller may see.
//!
//! A closed set (policy §4). The words are API: they stand in answers, logs and dashboards, and in the twin of this
//! crate. `contract/vectors/codes.json` holds both to the same list. Must not know why a refusal came about.

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// Nothing was shown where something is needed.
    CredentialMissing,
    /// A kind of credential that the API does not accept.
    CredentialUnsupported,
    /// Two of one kind, or two that lead to different clients.
    CredentialsDisagree,
    /// A token that cannot be read.
    TokenMalformed,
    /// A token with an algorithm, header or condition that is not taken.
    TokenUnsupported,
    /// A token of an issuer that the policy does not have.
    IssuerUnknown,
    /// A signature that does not hold, or a key that is not known.
    SignatureInvalid,
    /// A token whose time is over.
    TokenExpired,
    /// A token whose time has not come.
    TokenNotYetValid,
    /// A token for somebody else.
    AudienceMismatch,
    /// A token that was taken back.
    TokenRevoked,
    /// A key that nobody has.
    ApiKeyUnknown,
    /// A credential whose time is over.
    CredentialExpired,
    /// A credential that was taken back.
    CredentialRevoked,
    /// A certificate that leads to no client.
    CertificateUnknown,
    /// A token that leads to no client.
    ClientUnknown,
    /// A client that may not call for the time being.
    ClientSuspended,
    /// A tenant that the policy does not have, or not for this client.
    TenantUnknown,
    /// A tenant that may not be worked on for the time being.
    TenantSuspended,
    /// A tenant whose data lives elsewhere.
    CellMismatch,
    /// An operation that the API does not have.
    OperationUnknown,
    /// A client that was not granted the API.
    GrantMissing,
    /// A scope that is needed and not held.
    ScopeMissing,
    /// A claim that is too large for a header.
    ClaimTooLarge,
    /// A policy that this reader does not understand in full.
    PolicyUnsupported,
    /// A policy that is too old to decide on.
    PolicyStale,
    /// An issuer whose keys were never had.
    KeysUnavailable,
}

impl Code {
    /// Every code, in the order of policy §4.
    pub const ALL: [Code; 27] = [
        Code::CredentialMissing,
        Code::CredentialUnsupported,
        Code::CredentialsDisagree,
        Code::TokenMalformed,
        Code::TokenUnsupported,
        Code::IssuerUnknown,
        Code::SignatureInvalid,
        Code::TokenExpired,
        Code::TokenNotYetValid,
        Code::AudienceMismatch,
        Code::TokenRevoked,
        Code::ApiKeyUnknown,
        Code::CredentialExpired,
        Code::CredentialRevoked,
        Code::CertificateUnknown,
        Code::ClientUnknown,
        Code::ClientSuspended,
        Code::TenantUnknown,
        Code::TenantSuspended,
        Code::CellMismatch,
        Code::OperationUnknown,
        Code::GrantMissing,
        Code::ScopeMissing,
        Code::ClaimTooLarge,
        Code::PolicyUnsupported,
        Code::PolicyStale,
        Code::KeysUnavailable,
    ];

    /// The word in answers and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::CredentialMissing => "credential_missing",
            Code::CredentialUnsupported => "credential_unsupported",
            Code::CredentialsDisagree => "credentials_disagree",
            Code::TokenMalformed => "token_malformed",
            Code::TokenUnsupported => "token_unsupported",
            Code::IssuerUnknown => "issuer_unknown",
            Code::SignatureInvalid => "signature_invalid",
            Code::TokenExpired => "token_expired",
            Code::TokenNotYetValid => "token_not_yet_valid",
            Code::AudienceMismatch => "audience_mismatch",
            Code::TokenRevoked => "token_revoked",
            Code::ApiKeyUnknown => "api_key_unknown",
            Code::CredentialExpired => "credential_expired",
            Code::CredentialRevoked => "credential_revoked",
            Code::CertificateUnknown => "certificate_unknown",
            Code::ClientUnknown => "client_unknown",
            Code::ClientSuspended => "client_suspended",
            Code::TenantUnknown => "tenant_unknown",
            Code::TenantSuspended => "tenant_suspended",
            Code::CellMismatch => "cell_mismatch",
            Code::OperationUnknown => "operation_unknown",
            Code::GrantMissing => "grant_missing",
            Code::ScopeMissing => "scope_missing",
            Code::ClaimTooLarge => "claim_too_large",
            Code::PolicyUnsupported => "policy_unsupported",
            Code::PolicyStale => "policy_stale",
            Code::KeysUnavailable => "keys_unavailable",
        }
    }

    /// 401 where another credential could help, 403 where it could not, 503 where the fault is not the caller's.
    pub const fn status(self) -> u16 {
        match self {
            Code::CredentialMissing
            | Code::CredentialUnsupported
            | Code::CredentialsDisagree
            | Code::TokenMalformed
            | Code::TokenUnsupported
            | Code::IssuerUnknown
            | Code::SignatureInvalid
            | Code::TokenExpired
            | Code::TokenNotYetValid
            | Code::AudienceMismatch
            | Code::TokenRevoked
            | Code::ApiKeyUnknown
            | Code::CredentialExpired
            | Code::CredentialRevoked
            | Code::CertificateUnknown
            | Code::ClientUnknown => 401,
            Code::ClientSuspended
            | Code::TenantUnknown
            | Code::TenantSuspended
            | Code::CellMismatch
            | Code::OperationUnknown
            | Code::GrantMissing
            | Code::ScopeMissing
            | Code::ClaimTooLarge
            | Code::PolicyUnsupported => 403,
            Code::PolicyStale | Code::KeysUnavailable => 503,
        }
    }

    /// The one sentence that a caller may see.
    pub const fn message(self) -> &'static str {
        match self {
            Code::CredentialMissing => "This operation needs a credential, and none was shown.",
            Code::CredentialUnsupported => "This API does not accept this kind of credential.",
            Code::CredentialsDisagree => "The credentials that were shown do not belong together.",
            Code::TokenMalformed => "The token cannot be read.",
            Code::TokenUnsupported => {
                "The token has an algorithm, a header or a condition that is not accepted."
            }
            Code::IssuerUnknown => "The token's issuer is not known.",
            Code::SignatureInvalid => "The token's signature does not hold.",
            Code::TokenExpired => "The token has expired.",
            Code::TokenNotYetValid => "The token is not valid yet.",
            Code::AudienceMismatch => "The token is meant for another audience.",
            Code::TokenRevoked => "The token has been revoked.",
            Code::ApiKeyUnknown => "The API key is not known.",
            Code::CredentialExpired => "The credential has expired.",
            Code::CredentialRevoked => "The credential has been revoked.",
            Code::CertificateUnknown => "The client certificate is not known.",
            Code::ClientUnknown => "The token's client is not registered.",
            Code::ClientSuspended => "The client is suspended.",
            Code::TenantUnknown => "The tenant is not known, or not this client's.",
            Code::TenantSuspended => "The tenant is suspended.",
            Code::CellMismatch => "The tenant is served by another cell.",
            Code::OperationUnknown => "The API has no such operation.",
            Code::GrantMissing => "The client has no grant for this API.",
            Code::ScopeMissing => "A scope that this operation needs is missing.",
            Code::ClaimTooLarge => "A claim of the token is too large to be passed on.",
            Code::PolicyUnsupported => "The policy for this request needs a newer version of this gateway.",
            Code::PolicyStale => "The policy is too old to decide on.",
            Code::KeysUnavailable => "The issuer's keys are not available yet.",
        }
    }

    /// Whether a bearer challenge says `invalid_token` (RFC 6750 §3.1).
    pub(crate) const fn is_about_token(self) -> bool {
        matches!(
            self,
            Code::TokenMalformed
                | Code::TokenUnsupported
                | Code::TokenExpired
                | Code::TokenNotYetValid
                | Code::TokenRevoked
                | Code::IssuerUnknown
                | Code::SignatureInvalid
                | Code::AudienceMismatch
                | Code::ClientUnknown
        )
    }
}

/// The word.
impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    //! The list is complete, and the one that both languages are held to.

    use super::*;

    #[test]
    fn the_list_is_the_contract() {
        let listed: serde_json::Value =
            serde_json::from_str(include_str!("../../../contract/vectors/codes.json")).expect("JSON");
        let ours: Vec<_> = Code::ALL
            .into_iter()
            .map(|code| {
                serde_json::json!({ "code": code.as_str(), "status": code.status(), "message": code.message() })
            })
            .collect();
        assert_eq!(listed, serde_json::Value::Array(ours));
    }

    #[test]
    fn every_code_is_listed_once_and_its_message_is_one_sentence() {
        for (index, code) in Code::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, index, "{code}");
            let message = code.message();
            assert!(
                message.ends_with('.') && !message.trim_end_matches('.').contains(". "),
                "{message}"
            );
        }
    }

    #[test]
    fn a_message_can_stand_in_a_json_string_as_it_is() {
        for code in Code::ALL {
            for text in [code.as_str(), code.message()] {
                let plain = |byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
                assert!(text.bytes().all(plain), "{text}");
                assert_eq!(serde_json::json!(text).to_string(), format!("\"{text}\""));
            }
        }
    }
}
