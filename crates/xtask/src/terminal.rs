//! Output on the terminal, in one style.

use std::ffi::OsStr;
use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use anyhow::Result;

use rubis_devkit::interrupt;

/// Does `work` and writes one line about it: what it was, whether it went well, how long it took.
pub fn step<T>(label: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    step_with(label, work, |_| None)
}

/// As [`step`], and `remark` adds to the line what the work found out (a port, a count).
pub fn step_with<T>(
    label: &str,
    work: impl FnOnce() -> Result<T>,
    remark: impl FnOnce(&T) -> Option<String>,
) -> Result<T> {
    let started = Instant::now();
    if std::io::stdout().is_terminal() {
        print!("… {label}");
        // A line that shows late is no reason to stop.
        let _ = std::io::stdout().flush();
    }
    finish(label, started, work(), remark)
}

/// As [`step`], for work that writes to the terminal itself, as cargo does.
pub fn noisy_step<T>(label: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("{} {label}", dim("▸"));
    let started = Instant::now();
    finish(label, started, work(), |_| None)
}

fn finish<T>(
    label: &str,
    started: Instant,
    outcome: Result<T>,
    remark: impl FnOnce(&T) -> Option<String>,
) -> Result<T> {
    let elapsed = dim(format!("({})", seconds(started.elapsed())));
    match &outcome {
        Ok(value) => {
            let remark = remark(value).map(|remark| format!(": {remark}")).unwrap_or_default();
            line(&format!("{} {label}{remark} {elapsed}", green("✓")));
        }
        Err(error) if interrupt::caused(error) => line(&format!("  {label} {}", dim("(interrupted)"))),
        Err(_) => line(&format!("{} {label} {elapsed}", red("✗"))),
    }
    outcome
}

/// Rewrites the current line on a terminal; elsewhere, where lines cannot be rewritten, does nothing.
pub fn progress(text: &str) {
    if std::io::stdout().is_terminal() {
        print!("\r\u{1b}[2K{text}");
        let _ = std::io::stdout().flush();
    }
}

/// Writes a line in the place of the one that [`progress`] or a step began.
pub fn line(text: &str) {
    if std::io::stdout().is_terminal() {
        println!("\r\u{1b}[2K{text}");
    } else {
        println!("{text}");
    }
}

/// Says what went wrong, then why, cause by cause.
pub fn failure(error: &anyhow::Error) {
    let mut causes = error.chain().map(ToString::to_string);
    eprintln!("{} {}", red("✗"), causes.next().unwrap_or_default());
    for cause in causes {
        for line in cause.lines() {
            eprintln!("  {line}");
        }
    }
}

/// `850 ms`, `12.3 s`, `4 min 05`.
pub fn seconds(duration: Duration) -> String {
    let whole = duration.as_secs();
    if whole >= 60 {
        format!("{} min {:02}", whole / 60, whole % 60)
    } else if duration.as_millis() >= 1000 {
        format!("{whole}.{} s", duration.subsec_millis() / 100)
    } else {
        format!("{} ms", duration.as_millis())
    }
}

pub fn bold(text: impl fmt::Display) -> String {
    styled("1", text)
}

pub fn dim(text: impl fmt::Display) -> String {
    styled("2", text)
}

pub fn green(text: impl fmt::Display) -> String {
    styled("32", text)
}

pub fn red(text: impl fmt::Display) -> String {
    styled("31", text)
}

fn styled(code: &str, text: impl fmt::Display) -> String {
    let colourless = std::env::var_os("NO_COLOR").is_some_and(|value| value != OsStr::new(""));
    if colourless || !std::io::stdout().is_terminal() {
        text.to_string()
    } else {
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_in_the_unit_that_suits_them() {
        assert_eq!(seconds(Duration::from_millis(850)), "850 ms");
        assert_eq!(seconds(Duration::from_millis(12_340)), "12.3 s");
        assert_eq!(seconds(Duration::from_secs(245)), "4 min 05");
    }
}
