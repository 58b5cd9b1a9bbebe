//! The unprivileged user that the servers run as when the command runs as root.

use std::fs::{self, DirBuilder, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use nix::unistd::{User, geteuid};

use crate::workspace;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
    pub name: String,
}

impl Account {
    /// The account to run servers as if this user is root: PostgreSQL's, or else the one without rights.
    pub fn for_servers() -> Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        for name in ["postgres", "nobody"] {
            if let Some(user) = User::from_name(name).context("the users of this machine cannot be read")? {
                return Ok(Some(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw(), name: user.name }));
            }
        }
        bail!(
            "PostgreSQL does not run as root, and there is neither a postgres nor a nobody user to run it as"
        )
    }

    pub(crate) fn applied_to(account: Option<&Self>, command: &mut Command) {
        if let Some(account) = account {
            command.uid(account.uid).gid(account.gid);
        }
    }

    /// Returns true if this account can enter `directory`, whose parents may be closed to it.
    fn reaches(&self, directory: &Path) -> bool {
        let mut command = Command::new("test");
        command.arg("-x").arg(directory).current_dir("/").stderr(Stdio::null());
        Self::applied_to(Some(self), &mut command);
        command.status().is_ok_and(|status| status.success())
    }
}

/// Creates the data directory of a server, readable only by the account it runs as.
///
/// It is `wanted`, unless the account cannot enter it (a checkout below `/root`, say): then it is a directory below
/// `/var/tmp` that belongs to this checkout.
pub fn data_directory(wanted: &Path, account: Option<&Account>) -> Result<PathBuf> {
    let Some(account) = account else {
        create_private(wanted)?;
        return Ok(wanted.to_owned());
    };
    let parent = wanted.parent().unwrap_or(wanted);
    fs::create_dir_all(parent)?;
    let directory = if account.reaches(parent) { wanted.to_owned() } else { substitute(wanted, account)? };
    create_private(&directory)?;
    let owner = fs::symlink_metadata(&directory)?.uid();
    if owner != account.uid && owner != geteuid().as_raw() {
        bail!("{} belongs to another user ({owner}): remove it", directory.display());
    }
    chown(&directory, Some(account.uid), Some(account.gid))?;
    Ok(directory)
}

/// `/var/tmp/rubis-{hash of the checkout's path}/{name}`.
fn substitute(wanted: &Path, account: &Account) -> Result<PathBuf> {
    let root = workspace::root();
    let base =
        Path::new("/var/tmp").join(format!("rubis-{:016x}", fnv1a(root.as_os_str().as_encoded_bytes())));
    match DirBuilder::new().mode(0o711).create(&base) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(error).with_context(|| format!("{} cannot be created", base.display()));
        }
        _ => {}
    }
    let metadata = fs::symlink_metadata(&base)?;
    if !metadata.is_dir() || metadata.uid() != geteuid().as_raw() {
        bail!("{} is not ours: remove it", base.display());
    }
    let name = wanted.strip_prefix(&root).unwrap_or(wanted).to_string_lossy().replace('/', "-");
    let directory = base.join(name.trim_start_matches(['.', '-']));
    let (name, from, to) = (&account.name, root.display(), directory.display());
    drop(writeln!(std::io::stdout(), "  the user {name} cannot reach {from}: the data is in {to}"));
    Ok(directory)
}

fn create_private(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)
        .and_then(|()| fs::set_permissions(directory, Permissions::from_mode(0o700)))
        .with_context(|| format!("{} cannot be created", directory.display()))
}

/// The 64-bit FNV-1a hash: the same on every run and with every compiler, which the standard library's is not.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
