//! Where a route's requests go.

use crate::configuration::decode::{
    At, Decode, Required, Slot, Text, Unsettled, choice, expected, map, schema_of,
};
use crate::configuration::problem::Problems;
use crate::configuration::tree::{Node, Value};

map! {
    /// An upstream: exactly one of `url`, `endpoints`, `private_api`, `lambda` and `step_functions`.
    Upstream {
        /// `http` or `https`, a host, and where needed a port and a path that is put before the request's.
        #[schemars(extend("examples" = ["http://orders-service:3002", "https://api.example.com/v1"]))]
        "url" url: Slot<Text>,
        /// Several addresses, balanced. Not in this version.
        "endpoints" endpoints: Slot<Vec<At<Text>>>,
        /// A team's private API Gateway, through a VPC endpoint.
        "private_api" private_api: Slot<PrivateApi>,
        /// A Lambda function. Not in this version.
        "lambda" lambda: Slot<Lambda>,
        /// A state machine. Not in this version.
        "step_functions" step_functions: Slot<StepFunctions>,
        /// A file of certificates (PEM) that are trusted in place of the system's; only with `https` or `private_api`.
        "ca" ca: Slot<Text>,
        /// The gateway's own credential at the upstream. Not in this version.
        "credential" credential: Slot<Unsettled>,
    }
}

map! {
    /// A private REST API of AWS API Gateway: what the Terraform module's output `route_descriptor` has as `private_api`.
    PrivateApi {
        /// The region of the API. Region and id make the name that SNI, Host and the certificate have.
        #[schemars(extend("examples" = ["eu-west-1"]))]
        "region" region: Required<Text>,
        /// The id of the API.
        #[schemars(extend("examples" = ["a1b2c3d4e5"]))]
        "api_id" api_id: Required<Text>,
        /// Its stage: the first segment of every path that is sent.
        #[schemars(extend("examples" = ["prod"]))]
        "stage" stage: Required<Text>,
        /// The DNS name of the VPC endpoint, which is resolved and dialled; with a port behind it where it is not 443.
        #[schemars(extend("examples" = ["vpce-0123456789abcdef0-a1b2c3d4.execute-api.eu-west-1.vpce.amazonaws.com"]))]
        "vpc_endpoint" vpc_endpoint: Required<Text>,
    }
}

map! {
    /// A Lambda function.
    Lambda {
        /// Its name or ARN.
        "function" function: Required<Text>,
        /// As in `eu-west-1`.
        "region" region: Required<Text>,
    }
}

map! {
    /// A state machine.
    StepFunctions {
        /// Its ARN.
        "state_machine" state_machine: Required<Text>,
        /// Whether the answer waits for the end.
        "mode" mode: Required<Mode>,
    }
}

choice! {
    /// Whether the answer waits for the end.
    Mode {
        /// It does.
        "sync" Sync,
        /// It does not.
        "async" Async,
    }
}

/// `upstream`: a URL, or a map.
#[derive(Debug, Clone)]
pub(in crate::configuration) struct UpstreamKey(pub(in crate::configuration) Box<Upstream>);

impl Decode for UpstreamKey {
    fn decode(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let upstream = match &node.value {
            Value::Map(_) => Upstream::decode(node, problems)?,
            Value::Text { .. } => {
                let value = Text::decode(node, problems)?;
                let url = Slot::Given(At {
                    value,
                    span: node.span,
                    key: node.span,
                });
                Upstream {
                    url,
                    ..Upstream::default()
                }
            }
            _ => {
                if let Some(draft) = expected("a URL or a map", node, problems) {
                    draft.help("write `http://HOST:PORT`");
                }
                return None;
            }
        };
        Some(UpstreamKey(Box::new(upstream)))
    }
}

schema_of!([] UpstreamKey => |generator| {
    let map = generator.subschema_for::<Upstream>();
    schemars::json_schema!({ "anyOf": [{ "type": "string" }, map] })
});
