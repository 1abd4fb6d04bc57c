//! Everything of the demo but the gateway, and what is said before and after the tour.

use super::federation::Federation;
use super::place::Place;
use super::screen::Screen;
use super::services::Services;
use super::shop::Service;
use super::tour::Tour;
use crate::serving::Serving;
use anyhow::Context as _;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the tour plays on.
pub(super) struct Stage {
    screen: Screen,
    services: Services,
    place: Place,
    gateway: SocketAddr,
    admin: SocketAddr,
    /// What the second act started.
    federation: Option<Federation>,
}

impl Stage {
    /// Around a gateway that serves.
    pub(super) fn new(serving: &Serving, services: Services, place: Place) -> anyhow::Result<Stage> {
        let gateway = serving.addresses().first().copied();
        Ok(Stage {
            screen: Screen::stdout(),
            services,
            place,
            gateway: gateway.context("the gateway listens nowhere")?,
            admin: serving.admin().context("the gateway has no admin port")?,
            federation: None,
        })
    }

    /// Who talks to whom. `refusal`: the port that was asked for and could not be had.
    pub(super) fn introduce(&mut self, refusal: Option<(u16, io::Error)>) -> anyhow::Result<()> {
        let Stage {
            screen,
            services,
            place,
            gateway,
            ..
        } = self;
        screen.blank()?;
        screen.heading("Switchboard: one gateway before three services")?;
        screen.picture(&picture(*gateway, services))?;
        if let Some((port, error)) = refusal {
            let why = match error.kind() {
                io::ErrorKind::AddrInUse => "is in use by another program".to_owned(),
                _ => format!("cannot be had ({error})"),
            };
            screen.paragraph(&format!(
                "Port {port} {why}, so the gateway listens on {gateway} instead."
            ))?;
        }
        screen.paragraph(&format!(
            "Callers know one address. Where a request goes is decided by {}, and who may go there by {} beside it; neither \
             by the request itself.",
            place.file().display(),
            place.policy().file_name().unwrap_or_default().display()
        ))?;
        screen.blank()?;
        screen.flush()?;
        Ok(())
    }

    /// Both acts: the requests to one gateway, then one policy for two.
    pub(super) fn tour(&mut self, stopped: &AtomicBool) -> anyhow::Result<()> {
        let Stage {
            screen,
            services,
            place,
            gateway,
            federation,
            ..
        } = self;
        let tour = Tour {
            screen,
            gateway: *gateway,
            services,
            place,
            stopped,
        };
        let steps = tour.run()?;
        if !stopped.load(Ordering::Relaxed) {
            *federation = Federation::tell(screen, services, steps, stopped)?;
        }
        Ok(())
    }

    /// What to try while it stays up.
    pub(super) fn stay(&mut self) -> io::Result<()> {
        let Stage {
            screen,
            place,
            gateway,
            admin,
            ..
        } = self;
        let (file, log) = (place.file(), place.access_log());
        let (file, log) = (file.display(), log.display());
        let program = program();
        screen.heading("The gateway stays up. Try in another terminal:")?;
        screen.hint("ask", &format!("curl -i http://{gateway}/api/products"))?;
        screen.hint(
            "see why",
            &format!("{program} explain GET /api/users/usr_8a3f/orders --config {file}"),
        )?;
        screen.hint("change", &format!("$EDITOR {file}"))?;
        screen.hint("check", &format!("{program} check {file}"))?;
        screen.hint("count", &format!("curl -s http://{admin}/metrics"))?;
        screen.hint("inspect", &format!("curl -s http://{admin}/config"))?;
        screen.hint("follow", &format!("tail -f {log}"))?;
        screen.blank()?;
        screen.paragraph("Ctrl-C ends everything.")?;
        screen.flush()
    }

    /// Ends services and files, and says so.
    pub(super) fn end(self) -> anyhow::Result<()> {
        let Stage {
            mut screen,
            services,
            place,
            federation,
            ..
        } = self;
        drop(federation);
        drop(services);
        screen.blank()?;
        match place.clear() {
            Some(file) => screen.paragraph(&format!(
                "Stopped. You have edited {}, so it stays.",
                file.display()
            ))?,
            None => screen.paragraph("Stopped.")?,
        }
        Ok(screen.flush()?)
    }
}

fn picture(gateway: SocketAddr, services: &Services) -> Vec<String> {
    let front = format!("caller ----> gateway {gateway} ");
    let mut lines = Vec::new();
    for service in Service::ALL {
        let (front, fork) = match lines.len() {
            0 => (front.clone(), "--+"),
            _ => (" ".repeat(front.len()), "  +"),
        };
        let address = services.address(service);
        lines.push(format!("{front}{fork}--> {:<9} {address}", service.name()));
    }
    lines
}

/// How this program is called from here: by its shortest path.
fn program() -> String {
    let Ok(program) = std::env::current_exe() else {
        return "switchboard".to_owned();
    };
    let here = std::env::current_dir().unwrap_or_default();
    let shortest = program
        .strip_prefix(&here)
        .unwrap_or(Path::new(&program))
        .display();
    shortest.to_string()
}
