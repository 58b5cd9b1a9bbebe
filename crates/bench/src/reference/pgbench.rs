//! Runs `pgbench`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rubis_devkit::Launch;

use super::script::{Pick, Script};
use crate::Machine;
use crate::statistics::percentile;

/// Threads of `pgbench`: as many as this machine has processors for it.
const THREADS: u32 = 2;

/// Time that `pgbench` may take beyond its duration.
const PATIENCE: Duration = Duration::from_secs(900);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// This many runs of the script by each client, each with a subject of its own.
    EachOnce(u32),
    /// This many seconds, with any of so many subjects.
    Seconds(u32, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    /// Only what looks the subject up, which the product does not do: to judge its share.
    Lookup,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Runs of the script a second, the time to connect not counted.
    pub per_second: f64,
    /// The mean time of a run, in milliseconds.
    pub mean_ms: f64,
    /// The time that half of the runs take at most, in milliseconds.
    pub p50_ms: f64,
    /// The time that 99 of 100 runs take at most, in milliseconds.
    pub p99_ms: f64,
}

/// Runs a script with this many connections. Every run of it has to succeed.
pub async fn pgbench(
    machine: &Machine,
    url: &str,
    script: &Script,
    part: Part,
    clients: u32,
    length: Length,
) -> Result<Measured> {
    static RUNS: AtomicU32 = AtomicU32::new(1);
    let name = format!("pgbench-{}", RUNS.fetch_add(1, Ordering::Relaxed));
    let file = |extension: &str| machine.logs().join(format!("{name}.{extension}"));
    let (text, output) = (file("sql"), file("out"));
    let (pick, run, subjects, lasts) = match length {
        Length::EachOnce(count) => (Pick::EachOnce, ["-t".to_owned(), count.to_string()], 0, 0),
        Length::Seconds(seconds, subjects) => {
            (Pick::Any, ["-T".to_owned(), seconds.to_string()], subjects, seconds)
        }
    };
    let statements = match part {
        Part::Whole => script.text(pick),
        Part::Lookup => script.lookup(pick),
    };
    fs::write(&text, statements).with_context(|| format!("{} cannot be written", text.display()))?;
    fs::write(&output, "")?;
    // Each run's time goes into a file of its thread: some bytes in a buffer.
    let times = Times { directory: machine.logs().to_owned(), prefix: format!("{name}.times") };
    let mut variables = vec![format!("clients={clients}"), "i=-1".to_owned(), format!("subjects={subjects}")];
    variables.extend(script.variables().map(|(name, value)| format!("{name}={value}")));
    let mut process = Launch::new("pgbench", machine.servers.paths.postgres.join("pgbench"))
        .log(&output)
        .arguments(["-n", "-M", "prepared", "-r", "-f"])
        .arguments([&text])
        .arguments(["-c", &clients.to_string(), "-j", &THREADS.min(clients).to_string()])
        .arguments(run)
        .arguments(["--log", "--log-prefix"])
        .arguments([times.directory.join(&times.prefix)])
        .arguments(variables.iter().flat_map(|variable| ["-D", variable]))
        .arguments([url])
        .start()?;
    let status = process.wait_within(PATIENCE + Duration::from_secs(lasts.into()))?;
    let told = fs::read_to_string(&output)?;
    ensure!(status.success(), "pgbench failed ({status}):\n{told}");
    let mut milliseconds = times.take()?;
    measured(&told, &mut milliseconds)
}

/// Reads what `pgbench` prints at its end.
fn measured(told: &str, milliseconds: &mut [f64]) -> Result<Measured> {
    let number = |before: &str| -> Option<f64> {
        let line = told.lines().find_map(|line| line.trim_start().strip_prefix(before))?;
        line.split_whitespace().next()?.parse().ok()
    };
    match number("number of failed transactions: ") {
        Some(0.0) => {}
        _ => bail!("transactions of pgbench failed:\n{told}"),
    }
    let (per_second, mean_ms) = number("tps = ")
        .zip(number("latency average = "))
        .with_context(|| format!("pgbench says otherwise:\n{told}"))?;
    ensure!(!milliseconds.is_empty(), "pgbench left no times:\n{told}");
    Ok(Measured {
        per_second,
        mean_ms,
        p50_ms: percentile(milliseconds, 0.5),
        p99_ms: percentile(milliseconds, 0.99),
    })
}

/// The files with the time of each run.
struct Times {
    directory: PathBuf,
    prefix: String,
}

impl Times {
    /// All times, in milliseconds; the files are deleted.
    fn take(&self) -> Result<Vec<f64>> {
        let mut times = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&format!("{}.", self.prefix)) {
                times.extend(milliseconds(&entry.path())?);
                fs::remove_file(entry.path())?;
            }
        }
        Ok(times)
    }
}

/// The third field of a line is the time of a run in microseconds.
fn milliseconds(file: &Path) -> Result<Vec<f64>> {
    let text = fs::read_to_string(file)?;
    let time = |line: &str| Some(line.split(' ').nth(2)?.parse::<f64>().ok()? / 1_000.0);
    Ok(text.lines().filter_map(time).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "\
pgbench (15.18)
transaction type: pgbench-1.sql
number of transactions actually processed: 2000/2000
number of failed transactions: 0 (0.000%)
latency average = 4.250 ms
initial connection time = 12.345 ms
tps = 3764.705882 (without initial connection time)
";

    #[test]
    fn the_output_of_pgbench_is_read() {
        let measured = measured(TOLD, &mut [3.0, 1.0, 2.0]).unwrap();
        assert_eq!(measured, Measured { per_second: 3764.705882, mean_ms: 4.25, p50_ms: 2.0, p99_ms: 3.0 });
    }

    #[test]
    fn a_run_that_failed_is_no_measurement() {
        let failed = TOLD.replace("failed transactions: 0", "failed transactions: 1");
        assert!(measured(&failed, &mut [1.0]).is_err());
        assert!(measured(TOLD, &mut []).is_err());
        assert!(measured("pgbench: error", &mut [1.0]).is_err());
    }
}
