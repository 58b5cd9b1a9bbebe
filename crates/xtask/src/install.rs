//! Installing PostgreSQL, Redis, Node.js and Python with the system's package manager, if that needs no question.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};
use nix::unistd::geteuid;
use rubis_devkit::Launch;

use crate::terminal::noisy_step;

/// A program that a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Postgres,
    Redis,
    Node,
    Python,
}

impl Need {
    const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL 15 or later",
            Self::Redis => "Redis 7 or later (or Valkey)",
            Self::Node => "Node.js with npm",
            Self::Python => "Python 3.10 or later with venv",
        }
    }
}

/// One package manager, its arguments, and its names of the packages.
struct Manager {
    program: &'static str,
    /// Fetches the lists of packages, if installing does not.
    refresh: Option<&'static [&'static str]>,
    install: &'static [&'static str],
    /// In the order of [`Need`].
    packages: [&'static [&'static str]; 4],
    /// Installs for the whole machine.
    needs_root: bool,
}

/// PostgreSQL with its contrib extensions, of which the migrations use two.
const MANAGERS: [Manager; 5] = [
    Manager {
        program: "apt-get",
        refresh: Some(&["update", "-qq"]),
        install: &["install", "-qq", "--yes", "--no-install-recommends"],
        packages: [&["postgresql"], &["redis-server"], &["nodejs", "npm"], &["python3", "python3-venv"]],
        needs_root: true,
    },
    Manager {
        program: "dnf",
        refresh: None,
        install: &["install", "--assumeyes", "--setopt=install_weak_deps=False"],
        packages: [
            &["postgresql-server", "postgresql-contrib"],
            &["valkey"],
            &["nodejs", "nodejs-npm"],
            &["python3", "python3-pip"],
        ],
        needs_root: true,
    },
    Manager {
        program: "apk",
        refresh: Some(&["update"]),
        install: &["add"],
        packages: [
            &["postgresql", "postgresql-contrib"],
            &["valkey"],
            &["nodejs", "npm"],
            &["python3", "py3-pip"],
        ],
        needs_root: true,
    },
    Manager {
        program: "pacman",
        refresh: None,
        install: &["-Sy", "--needed", "--noconfirm"],
        packages: [&["postgresql"], &["valkey"], &["nodejs", "npm"], &["python"]],
        needs_root: true,
    },
    Manager {
        program: "brew",
        refresh: None,
        install: &["install"],
        packages: [&["postgresql@17"], &["valkey"], &["node"], &["python@3.13"]],
        needs_root: false,
    },
];

impl Manager {
    /// The first that this machine has.
    fn of_this_machine() -> Option<&'static Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let is_on_path = |program: &str| {
            std::env::split_paths(&path).any(|directory| Path::new(&directory).join(program).is_file())
        };
        MANAGERS.iter().find(|manager| is_on_path(manager.program))
    }

    fn packages(&self, missing: &[Need]) -> Vec<&'static str> {
        let needs = [Need::Postgres, Need::Redis, Need::Node, Need::Python].into_iter().zip(self.packages);
        needs.filter(|(need, _)| missing.contains(need)).flat_map(|(_, packages)| packages.to_vec()).collect()
    }

    fn run(&self, arguments: &[&str]) -> Result<bool> {
        let sudo: &[&str] = if self.needs_root && !geteuid().is_root() { &["sudo", "-n"] } else { &[] };
        let environment =
            ["DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=a", "HOMEBREW_NO_AUTO_UPDATE=1"];
        let words = [sudo, &["env"], &environment, &[self.program], arguments].concat();
        let (program, rest) = words.split_first().map_or(("env", &[][..]), |(first, rest)| (*first, rest));
        Ok(Launch::new(self.program, program).arguments(rest).with_its_children().run()?.success())
    }

    /// Root may install, and a user whose `sudo` needs no password; Homebrew refuses root.
    fn is_allowed(&self) -> bool {
        if geteuid().is_root() || !self.needs_root {
            return geteuid().is_root() == self.needs_root;
        }
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        sudo.status().is_ok_and(|status| status.success())
    }
}

/// Installs what is missing, if this user may; otherwise the error is [`advice`].
pub fn install(missing: &[Need], may_install: bool) -> Result<()> {
    let Some(manager) = Manager::of_this_machine().filter(|manager| may_install && manager.is_allowed())
    else {
        bail!("{}", advice(missing));
    };
    let packages = manager.packages(missing);
    let label = format!("installing {} with {}", packages.join(" "), manager.program);
    noisy_step(&label, || {
        // The lists may be missing or old, which shows as a package that cannot be found.
        if let Some(refresh) = manager.refresh {
            manager.run(refresh)?;
        }
        if !manager.run(&[manager.install, &packages].concat())? {
            bail!("{}", advice(missing));
        }
        Ok(())
    })
}

/// One line for a user whose machine lacks something.
pub fn advice(missing: &[Need]) -> String {
    let names = missing.iter().map(|need| need.name()).collect::<Vec<_>>().join(" and ");
    // Docker starts the servers of the product; no image has what only a command needs.
    let is_of_a_command = missing.contains(&Need::Node) || missing.contains(&Need::Python);
    let docker = if is_of_a_command { "" } else { ", or start everything with `docker compose up`" };
    match Manager::of_this_machine() {
        Some(manager) => {
            let sudo = if manager.needs_root { "sudo " } else { "" };
            // Only the verb: a person answers the questions that a script has to suppress.
            let verb = manager.install.first().copied().unwrap_or_default();
            let packages = manager.packages(missing).join(" ");
            format!("{names} needed: run `{sudo}{} {verb} {packages}`{docker}", manager.program)
        }
        None => format!("{names} needed: install it{docker}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_is_one_line_that_names_what_is_missing() {
        let advice = advice(&[Need::Redis]);
        assert!(advice.starts_with("Redis 7"), "{advice}");
        assert!(advice.contains("docker compose up"), "{advice}");
        assert_eq!(advice.lines().count(), 1);
    }

    #[test]
    fn docker_is_no_advice_where_it_brings_nothing() {
        let advice = advice(&[Need::Node]);
        assert!(advice.starts_with("Node.js"), "{advice}");
        assert!(!advice.contains("docker"), "{advice}");
    }

    #[test]
    fn each_manager_installs_only_what_is_missing() {
        for manager in &MANAGERS {
            let both = manager.packages(&[Need::Postgres, Need::Redis]);
            let redis = manager.packages(&[Need::Redis]);
            assert!(both.len() > redis.len(), "{}", manager.program);
            assert_eq!(redis, manager.packages[1]);
        }
    }
}
