//! A decision in the shape of a vector's `expect` (contract §4), so that two languages can be compared as text.

use policy::Decision;
use serde::{Deserialize, Serialize};

/// What was decided. Members that do not apply are left out when written, and may be left out when read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Outcome {
    decision: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    remove: Vec<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    #[serde(default)]
    reasons: Vec<String>,
}

impl Outcome {
    /// The outcome of a decision.
    pub(crate) fn of(decision: &Decision<'_>) -> Outcome {
        let reasons = decision.reasons();
        match decision {
            Decision::Permit(permit) => {
                let identity = permit.identity();
                let authorization = permit.removes_authorization().then_some("authorization");
                let removed = authorization.into_iter().chain(permit.removes_key_header());
                Outcome {
                    decision: "permit".to_owned(),
                    code: None,
                    status: 200,
                    detail: None,
                    headers: identity
                        .map(|(name, value)| (name.to_owned(), value.to_owned()))
                        .collect(),
                    remove: removed.map(str::to_owned).collect(),
                    scopes: permit.scopes().into_iter().map(str::to_owned).collect(),
                    plan: permit.plan().map(str::to_owned),
                    reasons,
                }
            }
            Decision::Reject(rejection) => {
                let challenges = rejection.challenges().into_iter();
                Outcome {
                    decision: "reject".to_owned(),
                    code: Some(rejection.code().as_str().to_owned()),
                    status: rejection.code().status(),
                    detail: rejection.detail().map(str::to_owned),
                    headers: challenges
                        .map(|value| ("WWW-Authenticate".to_owned(), value))
                        .collect(),
                    remove: Vec::new(),
                    scopes: Vec::new(),
                    plan: None,
                    reasons,
                }
            }
        }
    }
}
