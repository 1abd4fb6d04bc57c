//! A plan as Terraform gives it as JSON: what would be made of what, before anything is.

use serde_json::Value;

/// `terraform show -json` of a plan.
#[derive(Debug, Clone)]
pub struct Plan(Value);

/// What happens to one attribute of one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The resource, without `module.gateway.`.
    pub address: String,
    /// `create`, `delete` or the name of the attribute that changes.
    pub what: String,
}

impl Plan {
    /// Of this JSON.
    pub fn of(json: Value) -> Plan {
        Plan(json)
    }

    /// All of it.
    pub fn json(&self) -> &Value {
        &self.0
    }

    /// The resource at this address within the module as it will be; members that are not known yet are left out.
    pub fn after(&self, address: &str) -> &Value {
        let found = self.changes().find(|change| own_address(change) == address);
        &found.unwrap_or_else(|| panic!("the plan has no {address}"))["change"]["after"]
    }

    /// The API's document.
    pub fn document(&self) -> Value {
        let body = self.after("aws_api_gateway_rest_api.this")["body"].as_str();
        serde_json::from_str(body.expect("the document is known when it is planned"))
            .expect("the document is JSON")
    }

    /// Resources that are touched, each once.
    pub fn touched(&self) -> Vec<String> {
        let mut touched: Vec<String> = self
            .differences()
            .into_iter()
            .map(|change| change.address)
            .collect();
        touched.dedup();
        touched
    }

    /// All that the plan would do: empty where everything is as it has to be.
    pub fn differences(&self) -> Vec<Change> {
        let mut all = Vec::new();
        for change in self.changes() {
            let address = own_address(change);
            let actions: Vec<&str> = change["change"]["actions"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            match actions.as_slice() {
                ["no-op" | "read"] => {}
                ["update"] => all.extend(changed_attributes(&change["change"]).map(|what| Change {
                    address: address.clone(),
                    what,
                })),
                _ => all.extend(actions.iter().map(|action| Change {
                    address: address.clone(),
                    what: (*action).to_owned(),
                })),
            }
        }
        all.sort();
        all.dedup();
        all
    }

    fn changes(&self) -> impl Iterator<Item = &Value> {
        self.0["resource_changes"].as_array().into_iter().flatten()
    }
}

fn own_address(change: &Value) -> String {
    let address = change["address"].as_str().expect("a change has an address");
    address
        .strip_prefix("module.gateway.")
        .unwrap_or(address)
        .to_owned()
}

/// Attributes that get another value, and those whose value is only known afterwards.
fn changed_attributes(change: &Value) -> impl Iterator<Item = String> + '_ {
    let names = change["before"]
        .as_object()
        .into_iter()
        .chain(change["after"].as_object())
        .flat_map(|members| members.keys());
    let unknown = change["after_unknown"]
        .as_object()
        .into_iter()
        .flat_map(|members| members.iter())
        .filter(|(_, is)| **is == Value::Bool(true))
        .map(|(name, _)| name);
    names
        .filter(|name| change["before"][*name] != change["after"][*name])
        .chain(unknown)
        .cloned()
}
