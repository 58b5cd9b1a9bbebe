//! Installing PostgreSQL, Redis, Node.js and Python with the system's package manager, where that needs no question.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};
use nix::unistd::geteuid;

use crate::terminal::noisy_step;
use rubis_devkit::Launch;

/// What is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    pub postgres: bool,
    pub redis: bool,
    pub node: bool,
    pub python: bool,
}

impl Missing {
    /// Whether there is anything to do.
    pub const fn any(self) -> bool {
        self.postgres || self.redis || self.node || self.python
    }

    fn names(self) -> String {
        let names = [
            (self.postgres, "PostgreSQL 15 or later"),
            (self.redis, "Redis 7 or later (or Valkey)"),
            (self.node, "Node.js with npm"),
            (self.python, "Python 3.10 or later with venv"),
        ];
        names
            .iter()
            .filter(|(is_missing, _)| *is_missing)
            .map(|(_, name)| *name)
            .collect::<Vec<_>>()
            .join(" and ")
    }

    /// Docker starts the product's servers; what only a command needs is in none of its images.
    const fn alternative(self) -> &'static str {
        if self.node || self.python { "" } else { ", or start everything with `docker compose up`" }
    }
}

/// One package manager: how it is called and what it calls the packages.
struct Manager {
    program: &'static str,
    /// Fetches the lists of packages, where installing does not by itself.
    refresh: Option<&'static [&'static str]>,
    install: &'static [&'static str],
    postgres: &'static [&'static str],
    redis: &'static [&'static str],
    node: &'static [&'static str],
    python: &'static [&'static str],
    /// Whether it installs for the whole machine and so asks for root.
    needs_root: bool,
}

/// PostgreSQL with its contrib extensions, of which the migrations use two.
const MANAGERS: [Manager; 5] = [
    Manager {
        program: "apt-get",
        refresh: Some(&["update", "-qq"]),
        install: &["install", "-qq", "--yes", "--no-install-recommends"],
        postgres: &["postgresql"],
        redis: &["redis-server"],
        node: &["nodejs", "npm"],
        python: &["python3", "python3-venv"],
        needs_root: true,
    },
    Manager {
        program: "dnf",
        refresh: None,
        install: &["install", "--assumeyes", "--setopt=install_weak_deps=False"],
        postgres: &["postgresql-server", "postgresql-contrib"],
        redis: &["valkey"],
        node: &["nodejs", "nodejs-npm"],
        python: &["python3", "python3-pip"],
        needs_root: true,
    },
    Manager {
        program: "apk",
        refresh: Some(&["update"]),
        install: &["add"],
        postgres: &["postgresql", "postgresql-contrib"],
        redis: &["valkey"],
        node: &["nodejs", "npm"],
        python: &["python3", "py3-pip"],
        needs_root: true,
    },
    Manager {
        program: "pacman",
        refresh: None,
        install: &["-Sy", "--needed", "--noconfirm"],
        postgres: &["postgresql"],
        redis: &["valkey"],
        node: &["nodejs", "npm"],
        python: &["python"],
        needs_root: true,
    },
    Manager {
        program: "brew",
        refresh: None,
        install: &["install"],
        postgres: &["postgresql@17"],
        redis: &["valkey"],
        node: &["node"],
        python: &["python@3.13"],
        needs_root: false,
    },
];

impl Manager {
    /// The first that this machine has.
    fn of_this_machine() -> Option<&'static Self> {
        MANAGERS.iter().find(|manager| is_on_path(manager.program))
    }

    fn packages(&self, missing: Missing) -> Vec<&'static str> {
        let postgres = if missing.postgres { self.postgres } else { &[] };
        let redis = if missing.redis { self.redis } else { &[] };
        let node = if missing.node { self.node } else { &[] };
        let python = if missing.python { self.python } else { &[] };
        [postgres, redis, node, python].concat()
    }

    /// What somebody would type.
    fn command_line(&self, missing: Missing) -> String {
        let sudo = if self.needs_root { "sudo " } else { "" };
        // Only the verb: a person answers the questions that a script has to suppress.
        let verb = self.install.first().copied().unwrap_or_default();
        format!("{sudo}{} {verb} {}", self.program, self.packages(missing).join(" "))
    }

    fn run(&self, arguments: &[&str]) -> Result<bool> {
        let environment =
            ["DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=a", "HOMEBREW_NO_AUTO_UPDATE=1"];
        let mut words: Vec<&str> = Vec::new();
        if self.needs_root && !geteuid().is_root() {
            words.extend(["sudo", "-n"]);
        }
        words.push("env");
        words.extend(environment);
        words.push(self.program);
        words.extend(arguments);
        let (program, rest) = words.split_first().map_or(("env", &[][..]), |(first, rest)| (*first, rest));
        let status = Launch::new(self.program, program).arguments(rest).with_its_children().run()?;
        Ok(status.success())
    }
}

/// Installs what is missing, if this user may.
pub fn install(missing: Missing, may_install: bool) -> Result<()> {
    let Some(manager) = Manager::of_this_machine().filter(|manager| may_install && is_allowed(manager))
    else {
        bail!("{}", advice(missing));
    };
    let packages = manager.packages(missing);
    let label = format!("installing {} with {}", packages.join(" "), manager.program);
    noisy_step(&label, || {
        let arguments: Vec<&str> = [manager.install, &packages].concat();
        // The lists may be missing or old, which shows as a package that cannot be found.
        let done = match manager.refresh {
            Some(refresh) => {
                manager.run(refresh)?;
                manager.run(&arguments)?
            }
            None => manager.run(&arguments)?,
        };
        if done { Ok(()) } else { bail!("{}", advice(missing)) }
    })
}

/// One line for somebody whose machine lacks something.
pub fn advice(missing: Missing) -> String {
    let (names, alternative) = (missing.names(), missing.alternative());
    match Manager::of_this_machine() {
        Some(manager) => format!("{names} needed: run `{}`{alternative}", manager.command_line(missing)),
        None => format!("{names} needed: install it{alternative}"),
    }
}

/// Root may, and whoever `sudo` asks no password of; Homebrew refuses root.
fn is_allowed(manager: &Manager) -> bool {
    if geteuid().is_root() || !manager.needs_root {
        return geteuid().is_root() == manager.needs_root;
    }
    Command::new("sudo")
        .args(["-n", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| Path::new(&directory).join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_is_one_line_that_names_what_is_missing() {
        let advice = advice(Missing { redis: true, ..Missing::default() });
        assert!(advice.starts_with("Redis 7"), "{advice}");
        assert!(advice.contains("docker compose up"), "{advice}");
        assert_eq!(advice.lines().count(), 1);
    }

    #[test]
    fn docker_is_no_advice_where_it_brings_nothing() {
        let advice = advice(Missing { node: true, ..Missing::default() });
        assert!(advice.starts_with("Node.js"), "{advice}");
        assert!(!advice.contains("docker"), "{advice}");
    }

    #[test]
    fn each_manager_installs_only_what_is_missing() {
        for manager in &MANAGERS {
            let both = manager.packages(Missing { postgres: true, redis: true, ..Missing::default() });
            let redis = manager.packages(Missing { redis: true, ..Missing::default() });
            assert!(both.len() > redis.len(), "{}", manager.program);
            assert_eq!(redis, manager.redis);
        }
    }
}
