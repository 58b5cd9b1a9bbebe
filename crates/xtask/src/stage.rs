//! What the fault trials and the benchmarks run on: the server programs of this machine, our own programs, and a
//! directory for one run. The trials and benchmarks are programs themselves, and start what they need.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::cargo;
use crate::guard::StopSignal;
use crate::processes::Launch;
use crate::servers::{Account, Programs, data_directory};
use crate::terminal::noisy_step;
use crate::workspace::{RunDirectory, private, root};

/// How programs are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// As tests are: quickly.
    Debug,
    /// As they are released, which takes minutes.
    Release,
}

/// Builds these programs of the workspace, and says which folder they are in.
///
/// # Errors
/// When the build fails; cargo has said why.
pub fn build(programs: &[&str], profile: Profile) -> Result<PathBuf> {
    // The whole workspace decides the features: naming packages would compile the libraries once more.
    let mut arguments = vec!["build", "--workspace"];
    arguments.extend(programs.iter().flat_map(|program| ["--bin", program]));
    if profile == Profile::Release {
        arguments.push("--release");
    }
    noisy_step("building", || {
        if !cargo::launch(arguments).start()?.wait()?.success() {
            bail!("the build fails");
        }
        let debug = cargo::target_folder()?;
        Ok(if profile == Profile::Release { debug.with_file_name("release") } else { debug })
    })
}

/// Runs a program that stops what it started by itself, and passes its exit code on.
///
/// # Errors
/// When it cannot be started, or this command is asked to stop.
pub fn run(program: &Path, arguments: Vec<OsString>) -> Result<ExitCode> {
    let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy();
    let status = Launch::new(&name, program)
        .arguments(arguments)
        .directory(root())
        .stop_with(StopSignal::Term, Duration::from_secs(15))
        .with_its_children()
        .start()?
        .wait()?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Everything that is there before the first run. What is in its directory goes with it; the logs stay.
pub struct Stage {
    servers: Programs,
    account: Option<Account>,
    directory: RunDirectory,
    logs: PathBuf,
}

impl Stage {
    /// Finds the servers, builds `programs` (`rubis-api` and `rubis-worker` among them), and empties the folder
    /// `logs` of `.dev/`.
    ///
    /// # Errors
    /// When a server is missing or a program does not build.
    pub fn set_up(
        name: &str,
        logs: &str,
        programs: &[&str],
        profile: Profile,
        may_install: bool,
    ) -> Result<Self> {
        let servers = Programs::find(may_install)?;
        let built = build(programs, profile)?;
        let directory = RunDirectory::create(name)?;
        // Whoever builds meanwhile must not change what runs half-way.
        for program in programs {
            fs::copy(built.join(program), directory.path().join(program))?;
        }
        let logs = private(logs)?;
        if logs.exists() {
            fs::remove_dir_all(&logs)?;
        }
        fs::create_dir_all(&logs)?;
        Ok(Self { servers, account: Account::for_servers()?, directory, logs })
    }

    /// Runs one of the programs on a new cluster: the `words`, where everything is, then `further` arguments.
    ///
    /// # Errors
    /// When it cannot be started, or this command is asked to stop. What the program finds is its exit code.
    pub fn run(&self, program: &str, words: &[&str], further: Vec<OsString>) -> Result<ExitCode> {
        let data = Data::create(&self.directory.path().join("postgres"), self.account.as_ref())?;
        let mut arguments: Vec<OsString> = words.iter().map(Into::into).collect();
        let mut option = |name: &str, value: &dyn AsRef<OsStr>| {
            arguments.extend([name.into(), value.as_ref().to_owned()]);
        };
        option("--postgres", &self.servers.postgres);
        option("--redis", &self.servers.redis);
        option("--api", &self.directory.path().join("rubis-api"));
        option("--worker", &self.directory.path().join("rubis-worker"));
        option("--logs", &self.logs);
        option("--data", &data.0);
        if let Some(account) = &self.account {
            option("--uid", &account.uid.to_string());
            option("--gid", &account.gid.to_string());
        }
        arguments.extend(further);
        let code = run(&self.directory.path().join(program), arguments)?;
        if code != ExitCode::SUCCESS {
            println!("The logs are in {}.", self.logs.display());
        }
        Ok(code)
    }
}

/// A directory for a cluster, removed with it: where the account cannot reach the checkout it is elsewhere, and
/// nothing else removes it.
struct Data(PathBuf);

impl Data {
    fn create(wanted: &Path, account: Option<&Account>) -> Result<Self> {
        Ok(Self(data_directory(wanted, account)?))
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
