//! Runs `pgbench`.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rubis_devkit::Launch;

use super::script::{Length, Script};
use crate::Machine;
use crate::statistics::percentile;

/// Threads of `pgbench`: as many as this machine has processors for it.
const THREADS: u32 = 2;

/// Time that `pgbench` may take.
const PATIENCE: Duration = Duration::from_secs(900);

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Runs of the script a second, the time to connect not counted.
    pub per_second: f64,
    /// The time that 99 of 100 runs take at most, in milliseconds.
    pub p99_ms: f64,
}

pub fn pgbench(
    machine: &Machine,
    url: &str,
    script: &Script,
    clients: u32,
    length: Length,
) -> Result<Measured> {
    static RUNS: AtomicU32 = AtomicU32::new(1);
    let name = format!("pgbench-{}", RUNS.fetch_add(1, Ordering::Relaxed));
    let file = |extension: &str| machine.logs().join(format!("{name}.{extension}"));
    let (text, output) = (file("sql"), file("out"));
    let (run, subjects) = match length {
        Length::EachOnce(count) => (["-t".to_owned(), count.to_string()], 0),
        Length::Seconds(seconds, subjects) => (["-T".to_owned(), seconds.to_string()], subjects),
    };
    fs::write(&text, script.text(length)).with_context(|| format!("{} cannot be written", text.display()))?;
    fs::write(&output, "")?;
    let mut variables = vec![format!("clients={clients}"), "i=-1".to_owned(), format!("subjects={subjects}")];
    variables.extend(script.variables().map(|(name, value)| format!("{name}={value}")));
    let mut process = Launch::new("pgbench", machine.servers.paths.postgres.join("pgbench"))
        .log(&output)
        .arguments(["-n", "-M", "prepared", "-r", "-f"])
        .arguments([&text])
        .arguments(["-c", &clients.to_string(), "-j", &THREADS.min(clients).to_string()])
        .arguments(run)
        .arguments(["--log", "--log-prefix"])
        .arguments([file("times")])
        .arguments(variables.iter().flat_map(|variable| ["-D", variable]))
        .arguments([url])
        .start()?;
    let status = process.wait_within(PATIENCE)?;
    let printed = fs::read_to_string(&output)?;
    ensure!(status.success(), "pgbench failed ({status}):\n{printed}");
    // Each thread leaves a file with the time of each of its runs.
    let mut times = Vec::new();
    for entry in fs::read_dir(machine.logs())? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&format!("{name}.times.")) {
            times.extend(milliseconds(&fs::read_to_string(entry.path())?));
            fs::remove_file(entry.path())?;
        }
    }
    measured(&printed, &mut times)
}

fn measured(printed: &str, milliseconds: &mut [f64]) -> Result<Measured> {
    let number = |before: &str| -> Option<f64> {
        let line = printed.lines().find_map(|line| line.trim_start().strip_prefix(before))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let failed = number("number of failed transactions: ");
    ensure!(failed == Some(0.0), "transactions of pgbench failed:\n{printed}");
    let per_second =
        number("tps = ").with_context(|| format!("pgbench prints something else:\n{printed}"))?;
    ensure!(!milliseconds.is_empty(), "pgbench left no times:\n{printed}");
    Ok(Measured { per_second, p99_ms: percentile(milliseconds, 0.99) })
}

/// The third field of a line is the time of a run in microseconds.
fn milliseconds(times: &str) -> Vec<f64> {
    let time = |line: &str| Some(line.split(' ').nth(2)?.parse::<f64>().ok()? / 1_000.0);
    times.lines().filter_map(time).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "\
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
        let measured = measured(PRINTED, &mut [3.0, 1.0, 2.0]).unwrap();
        assert_eq!(measured, Measured { per_second: 3764.705882, p99_ms: 3.0 });
        assert_eq!(milliseconds("0 199 2241 0 1175850568 995598\n"), [2.241]);
    }

    #[test]
    fn a_run_that_failed_is_no_measurement() {
        let failed = PRINTED.replace("failed transactions: 0", "failed transactions: 1");
        assert!(measured(&failed, &mut [1.0]).is_err());
        assert!(measured(PRINTED, &mut []).is_err());
        assert!(measured("pgbench: error", &mut [1.0]).is_err());
    }
}
