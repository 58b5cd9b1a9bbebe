//! Paths of the checkout, and the private directories below `.dev/`.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// `.dev/`, which is created, or a path `below` it; git ignores it.
pub fn private(below: &str) -> Result<PathBuf> {
    let directory = root().join(".dev");
    fs::create_dir_all(&directory).with_context(|| format!("{} cannot be created", directory.display()))?;
    Ok(if below.is_empty() { directory } else { directory.join(below) })
}

/// A directory below `.dev/` for one run of a command, removed with everything in it at the end.
///
/// A run that was killed leaves its directory; the next one removes it.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    /// Locked as long as the run lives, which distinguishes it from an abandoned one.
    _lock: File,
}

impl RunDirectory {
    /// Creates `.dev/run-{name}-{process id}`.
    pub fn create(name: &str) -> Result<Self> {
        let parent = private("")?;
        // One at a time: a directory whose lock is about to be taken looks abandoned.
        let turn = File::create(parent.join("runs.lock"))?;
        turn.lock()?;
        remove_abandoned(&parent)?;
        let path = parent.join(format!("run-{name}-{}", std::process::id()));
        let failed = || format!("{} cannot be created", path.display());
        fs::create_dir_all(&path).with_context(failed)?;
        let lock = File::create(path.join("lock")).with_context(failed)?;
        lock.lock().with_context(failed)?;
        Ok(Self { path, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        // The next run removes what is left.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn remove_abandoned(parent: &Path) -> Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with("run-") {
            continue;
        }
        let abandoned = File::open(entry.path().join("lock")).is_ok_and(|lock| lock.try_lock().is_ok());
        if abandoned {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

pub fn random_hex(bytes: usize) -> Result<String> {
    let mut buffer = vec![0_u8; bytes];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut buffer)).context("/dev/urandom")?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes a new file that only this user can read.
pub fn write_secret(path: &Path, text: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("{} cannot be written", path.display()))
}
