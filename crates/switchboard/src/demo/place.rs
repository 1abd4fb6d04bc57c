//! Where the demo's gateway has its files: a directory of its own with the example configuration, addresses filled in,
//! so that it can be edited, checked and explained while the gateway serves it.

use super::issuer::KEY_SET_PATH;
use super::services::Services;
use super::shop::Service;
use anyhow::Context as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The example as it is committed.
pub(super) const EXAMPLE: &str = include_str!("../../../../examples/shop/switchboard.yaml");

/// Its policy, likewise.
const POLICY: &str = include_str!("../../../../examples/shop/policy.yaml");
/// Where the key set is in that policy.
const KEY_SET_URL: &str = "http://127.0.0.1:3004/.well-known/jwks.json";

/// The configuration's name in the demo's directory.
pub(super) const FILE: &str = "switchboard.yaml";
const POLICY_FILE: &str = "policy.yaml";
const ACCESS_LOG: &str = "access.log";
const HEAD: &str = "\
# The demo serves this copy of examples/shop/switchboard.yaml. Edit it: a good change is live within milliseconds,
# a bad one changes nothing and is reported where the demo runs.

";

/// The directory.
#[derive(Debug)]
pub(super) struct Place {
    dir: TempDir,
    /// What the demo itself wrote last.
    written: String,
}

impl Place {
    /// Makes it and writes the configuration.
    pub(super) fn prepare(
        listen: SocketAddr,
        admin: SocketAddr,
        services: &Services,
    ) -> anyhow::Result<Place> {
        let dir = tempfile::Builder::new()
            .prefix("switchboard-demo-")
            .tempdir()
            .context("cannot make a directory for the demo's files")?;
        let url = |service| format!("http://{}", services.address(service));
        let written = filled_in(listen, admin, url);
        let policy = POLICY.replace(KEY_SET_URL, &format!("{}{KEY_SET_PATH}", url(Service::Accounts)));
        let place = Place { dir, written };
        std::fs::write(place.policy(), policy)
            .with_context(|| format!("cannot write {}", place.policy().display()))?;
        place.write()?;
        Ok(place)
    }

    /// The configuration that is served.
    pub(super) fn file(&self) -> PathBuf {
        self.dir.path().join(FILE)
    }

    /// The policy that is served.
    pub(super) fn policy(&self) -> PathBuf {
        self.dir.path().join(POLICY_FILE)
    }

    /// Where the access log goes.
    pub(super) fn access_log(&self) -> PathBuf {
        self.dir.path().join(ACCESS_LOG)
    }

    /// Adds lines at the end of the file, as an editor would: in one step.
    pub(super) fn append(&mut self, lines: &[String]) -> anyhow::Result<()> {
        for line in lines {
            self.written.push_str(line);
            self.written.push('\n');
        }
        self.write()
    }

    fn write(&self) -> anyhow::Result<()> {
        let draft = self.dir.path().join("draft");
        std::fs::write(&draft, &self.written)
            .and_then(|()| std::fs::rename(&draft, self.file()))
            .with_context(|| format!("cannot write {}", self.file().display()))
    }

    /// Removes everything, unless somebody else has worked on the configuration: then it stays, and this is where.
    pub(super) fn clear(self) -> Option<PathBuf> {
        let file = self.file();
        let is_own = std::fs::read_to_string(&file).is_ok_and(|text| text == self.written);
        if is_own || !Path::exists(&file) {
            return None;
        }
        let _ = self.dir.keep();
        Some(file)
    }
}

/// The example with addresses in place of its variables, and this demo's own ports.
fn filled_in(listen: SocketAddr, admin: SocketAddr, url: impl Fn(Service) -> String) -> String {
    let body = EXAMPLE.find("listen:").map_or(EXAMPLE, |at| &EXAMPLE[at..]);
    let mut text = format!("{HEAD}{body}");
    for (written, wanted) in replacements(listen, admin) {
        text = text.replacen(written, &wanted, 1);
    }
    for service in Service::ALL {
        text = text.replace(&format!("${{env:{}}}", service.variable()), &url(service));
    }
    text
}

fn replacements(listen: SocketAddr, admin: SocketAddr) -> [(&'static str, String); 3] {
    [
        ("listen: 127.0.0.1:8080", format!("listen: {listen}")),
        ("admin: 127.0.0.1:9901", format!("admin: {admin}")),
        ("access_log: stdout", format!("access_log: {ACCESS_LOG}")),
    ]
}

#[cfg(test)]
mod tests {
    //! The example is good, as it is committed and as the demo fills it in.

    use super::*;
    use gateway::configuration::{Environment, check_text};
    use std::ffi::OsString;
    use std::io;

    struct Variables;

    impl Environment for Variables {
        fn variable(&self, name: &str) -> Option<OsString> {
            let index = Service::ALL
                .into_iter()
                .position(|service| service.variable() == name)?;
            Some(format!("http://127.0.0.1:{}", 3001 + index).into())
        }
        fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
            Err(io::ErrorKind::NotFound.into())
        }
        fn locate(&self, path: &Path) -> PathBuf {
            path.to_owned()
        }
    }

    fn check(text: &str) {
        let checked = check_text("switchboard.yaml", text, &Variables);
        let configuration = checked.configuration.as_ref();
        assert!(configuration.is_some(), "{}", checked.render());
        assert_eq!(
            configuration.map(|configuration| configuration.routes.len()),
            Some(7)
        );
    }

    #[test]
    fn the_example_is_good_with_its_variables_set() {
        check(EXAMPLE);
    }

    #[test]
    fn filled_in_it_needs_no_variable() {
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        for (written, _) in replacements(at(0), at(0)) {
            assert_eq!(EXAMPLE.matches(written).count(), 1, "{written}");
        }
        for (listen, admin) in [(at(8090), at(9990)), (at(0), at(0))] {
            let text = filled_in(listen, admin, |service| format!("http://{}:80", service.name()));
            assert!(!text.contains("${"), "{text}");
            assert!(text.contains(&format!("listen: {listen}")), "{text}");
            assert!(text.contains(&format!("admin: {admin}")), "{text}");
            check(&text);
        }
    }

    #[test]
    fn a_file_that_somebody_edited_stays() {
        let services = Services::start().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut place = Place::prepare(address, address, &services).unwrap();
        place.append(&["# more".to_owned()]).unwrap();
        let file = place.file();
        assert!(std::fs::read_to_string(&file).unwrap().ends_with("# more\n"));
        assert_eq!(place.clear(), None);
        assert!(!file.exists());

        let place = Place::prepare(address, address, &services).unwrap();
        let file = place.file();
        std::fs::write(&file, "routes: []\n").unwrap();
        assert_eq!(place.clear().as_ref(), Some(&file));
        assert!(file.exists());
        std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
    }
}
