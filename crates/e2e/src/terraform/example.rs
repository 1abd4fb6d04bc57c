//! A copy of `terraform/` whose examples are planned and applied against an emulator.
//!
//! Every call of Terraform has a time limit, and the provider asks once more and no further: by itself it would ask for ten
//! minutes after an emulator's 500.

use super::front::Front;
use super::package::Package;
use super::plan::Plan;
use super::provider::{self, Provider};
use crate::issuer::Issuer;
use crate::lambda::Build;
use crate::process::{Finished, Process, run, switchboard, tools};
use crate::scratch::Scratch;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long one call may take. The slowest, an apply, takes a quarter of a minute on a machine that does nothing else.
const CALL: Duration = Duration::from_secs(150);

/// Where the policy of the examples says that its issuer's keys are; nobody is there.
const NO_ISSUER: &str = "https://auth.example.com/.well-known/jwks.json";

/// Every service that the module makes something of, as the provider calls them.
const SERVICES: [&str; 6] = ["cloudwatch", "cloudwatchlogs", "iam", "lambda", "sts", "wafv2"];

/// An example, with what it has to be told.
#[derive(Debug)]
pub struct Given {
    /// Its folder below `terraform/examples`.
    pub name: &'static str,
    /// The authorizer that it has.
    pub build: Build,
    /// Its variables, without the package's.
    pub variables: Vec<(&'static str, Value)>,
}

/// All examples. `service`: the URL of the service behind the VPC link, where there is one.
pub fn examples(service: &str) -> Vec<Given> {
    let host = service.trim_start_matches("http://");
    let behind_link = || vec![("service_url", json!(service)), ("vpc_link_id", json!("abc123"))];
    let given = |name, build, variables| Given {
        name,
        build,
        variables,
    };
    vec![
        given("smallest", Build::Rust, Vec::new()),
        given(
            "rust",
            Build::Rust,
            vec![
                (
                    "vpc_endpoint",
                    json!({ "id": "vpce-0123456789abcdef0", "dns_name": "vpce-0123456789abcdef0-abcdefgh.execute-api.eu-central-1.vpce.amazonaws.com" }),
                ),
                ("vpc_link_id", json!("abc123")),
                ("orders", json!({ "current": host, "next": host })),
                (
                    "alarm_topic_arn",
                    json!("arn:aws:sns:eu-central-1:123456789012:wake"),
                ),
            ],
        ),
        given(
            "typescript",
            Build::Node,
            vec![
                (
                    "products_function_arn",
                    json!("arn:aws:lambda:eu-central-1:123456789012:function:products"),
                ),
                (
                    "import_state_machine_arn",
                    json!("arn:aws:states:eu-central-1:123456789012:stateMachine:import"),
                ),
            ],
        ),
        given("two-teams/commerce", Build::Rust, behind_link()),
        given("two-teams/returns", Build::Node, behind_link()),
    ]
}

/// The copy.
#[derive(Debug)]
pub struct Terraform {
    scratch: Scratch,
    provider: String,
}

/// One example of it.
#[derive(Debug)]
pub struct Example {
    directory: PathBuf,
    running: Provider,
}

impl Terraform {
    /// Copies the tree, with the provider pointed at this emulator and the policy's issuer at this one.
    pub fn copy(front: &Front, issuer: &Issuer) -> Terraform {
        let scratch = Scratch::new();
        copy_tree(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../terraform"),
            scratch.directory(),
        );
        let endpoints: String = SERVICES
            .iter()
            .map(|service| format!("    {service} = \"{}\"\n", front.emulator_url()))
            .collect();
        let provider = format!(
            "provider \"aws\" {{\n  access_key = \"test\"\n  secret_key = \"test\"\n  max_retries = 1\n  skip_credentials_validation = true\n  \
             skip_metadata_api_check = true\n  endpoints {{\n    apigateway = \"{}\"\n{endpoints}  }}\n}}\n",
            front.url()
        );
        let terraform = Terraform { scratch, provider };
        terraform.change_policy(NO_ISSUER, &issuer.jwks_uri());
        terraform
    }

    /// Changes the policy that all examples share; floors are built of it when an example is opened, or by `build_floor`.
    pub fn change_policy(&self, from: &str, to: &str) {
        replace_in(&self.scratch.path("examples/policy.yaml"), from, to);
    }

    /// An example with a floor, a package and its variables, initialised.
    pub fn open(&self, given: &Given) -> Example {
        let directory = self.scratch.path("examples").join(given.name);
        let package = Package::of(given.build, &directory);
        let mut all: Map<String, Value> = given
            .variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        all.insert("authorizer_package".to_owned(), json!(package.path));
        all.insert("authorizer_sha256".to_owned(), json!(package.sha256));
        let write = |name: &str, text: &str| {
            std::fs::write(directory.join(name), text).expect("a scratch file can be written");
        };
        write("terraform.tfvars.json", &Value::Object(all).to_string());
        write("emulator_override.tf", &self.provider);
        let running = Provider::start(&directory);
        let example = Example { directory, running };
        self.build_floor(&example);
        let plugins = tools("terraform-plugins");
        assert!(
            plugins.is_dir(),
            "the AWS provider is not linked; `cargo xtask terraform` does that"
        );
        example.call(&[
            "init",
            "-input=false",
            &format!("-plugin-dir={}", plugins.display()),
        ]);
        example
    }

    /// Builds an example's floor of the policy as it is now.
    pub fn build_floor(&self, example: &Example) {
        let floor = example.floor();
        let policy = self.scratch.path("examples/policy.yaml");
        let arguments = [
            "policy",
            "build",
            &policy.to_string_lossy(),
            "--feed",
            "prod",
            "--out",
            &floor.to_string_lossy(),
            "--lambda-layer",
        ];
        let built = run(switchboard(&arguments));
        assert_eq!(built.code, Some(0), "{}", built.stderr);
    }
}

impl Example {
    /// What would be done now.
    pub fn plan(&self) -> Plan {
        self.call(&["plan", "-input=false", "-out=plan.out"]);
        let shown = self.call(&["show", "-json", "plan.out"]);
        Plan::of(serde_json::from_str(&shown.stdout).expect("a plan is shown as JSON"))
    }

    /// Does what the last plan said.
    pub fn apply(&self) {
        self.call(&["apply", "-input=false", "plan.out"]);
    }

    /// Plans and applies.
    pub fn plan_and_apply(&self) -> Plan {
        let plan = self.plan();
        self.apply();
        plan
    }

    /// Removes everything.
    pub fn destroy(&self) {
        self.call(&["destroy", "-input=false", "-auto-approve"]);
    }

    /// The outputs of the last apply, by name.
    pub fn outputs(&self) -> Value {
        let shown: Value =
            serde_json::from_str(&self.call(&["output", "-json"]).stdout).expect("outputs are JSON");
        let outputs = shown.as_object().expect("outputs have names");
        Value::Object(
            outputs
                .iter()
                .map(|(name, output)| (name.clone(), output["value"].clone()))
                .collect(),
        )
    }

    /// What a resource of the module is now, as Terraform knows it.
    pub fn state(&self, address: &str) -> Value {
        let shown: Value =
            serde_json::from_str(&self.call(&["show", "-json"]).stdout).expect("a state is shown as JSON");
        let modules = shown["values"]["root_module"]["child_modules"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let resources = modules
            .iter()
            .flat_map(|module| module["resources"].as_array().cloned().unwrap_or_default());
        let full = format!("module.gateway.{address}");
        let found = resources
            .into_iter()
            .find(|resource| resource["address"] == *full);
        found.unwrap_or_else(|| panic!("the state has no {address}"))["values"].clone()
    }

    /// Changes the configuration.
    pub fn edit(&self, from: &str, to: &str) {
        replace_in(&self.directory.join("main.tf"), from, to);
    }

    /// Gives one of its variables another value.
    pub fn set(&self, name: &str, value: Value) {
        let file = self.directory.join("terraform.tfvars.json");
        let text = std::fs::read_to_string(&file).expect("a scratch file can be read");
        let mut all: Value = serde_json::from_str(&text).expect("variables are JSON");
        all[name] = value;
        std::fs::write(file, all.to_string()).expect("a scratch file can be written");
    }

    /// The floor that is baked in.
    pub fn floor(&self) -> PathBuf {
        self.directory.join("policy.floor")
    }

    /// A call that has to go well.
    fn call(&self, arguments: &[&str]) -> Finished {
        let mut command = Command::new("terraform");
        command
            .args(arguments)
            .current_dir(&self.directory)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.directory)
            .env("TMPDIR", &self.directory)
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_CLI_ARGS", "-no-color")
            .env("CHECKPOINT_DISABLE", "1")
            .env(provider::VARIABLE, &self.running.address)
            .env(provider::COLLECTOR.0, provider::COLLECTOR.1)
            .stdin(Stdio::null());
        let finished = Process::start(command).finish_within(CALL);
        assert_eq!(
            finished.code,
            Some(0),
            "terraform {}\n{}\n{}",
            arguments.join(" "),
            finished.stdout,
            finished.stderr
        );
        finished
    }
}

fn replace_in(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).expect("a scratch file can be read");
    assert_eq!(
        text.matches(from).count(),
        1,
        "{from:?} stands once in {}",
        file.display()
    );
    std::fs::write(file, text.replace(from, to)).expect("a scratch file can be written");
}

fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a scratch directory can be made");
    for entry in std::fs::read_dir(from).expect("the tree can be read") {
        let entry = entry.expect("the tree can be read");
        let name = entry.file_name();
        if name.to_string_lossy().starts_with(".terraform") {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            copy_tree(&entry.path(), &to.join(name));
        } else {
            std::fs::copy(entry.path(), to.join(name)).expect("a file can be copied");
        }
    }
}
