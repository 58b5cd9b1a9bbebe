//! The processor time that programs take, from `/proc`.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

/// The kernel reports processor time in hundredths of a second, however finely it counts.
const TICKS_A_SECOND: f64 = 100.0;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stat {
    parent: u32,
    own: u64,
    of_ended_children: u64,
}

/// Processor time of a process and of its children, ended ones included, in seconds.
pub fn taken_by(process: u32) -> Result<f64> {
    let mut before = stat_of(process)?;
    loop {
        let of_running_children: u64 = children(process)?.map(|stat| stat.own).sum();
        let after = stat_of(process)?;
        // A child that ended meanwhile might have been counted by neither of them, or by both.
        if after.of_ended_children == before.of_ended_children {
            return Ok(seconds(after.own + after.of_ended_children + of_running_children));
        }
        before = after;
    }
}

fn children(process: u32) -> Result<impl Iterator<Item = Stat>> {
    let processes = fs::read_dir("/proc")?
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.parse::<u32>().is_ok()));
    // One that has ended meanwhile is no longer running.
    Ok(processes.filter_map(|entry| read(&entry.path()).ok()).filter(move |stat| stat.parent == process))
}

/// Processor time of a process alone, in seconds.
pub fn taken_alone(process: u32) -> Result<f64> {
    Ok(seconds(stat_of(process)?.own))
}

fn stat_of(process: u32) -> Result<Stat> {
    read(&Path::new("/proc").join(process.to_string()))
}

fn read(process: &Path) -> Result<Stat> {
    parse(&fs::read_to_string(process.join("stat"))?)
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "far below 2^52 ticks")]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / TICKS_A_SECOND
}

fn parse(line: &str) -> Result<Stat> {
    // The name of the program may hold anything, brackets and spaces too.
    let (_, fields) = line.rsplit_once(") ").context("/proc says something new")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let field = |index: usize| fields.get(index).copied().unwrap_or_default();
    let ticks = |index: usize| field(index).parse::<u64>().context("/proc says something new");
    Ok(Stat {
        parent: field(1).parse()?,
        own: ticks(11)? + ticks(12)?,
        of_ended_children: ticks(13)? + ticks(14)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name() {
        let line = "77 (postgres: a) b) S 42 77 77 0 -1 4194560 1 2 3 4 100 20 3000 400 20 0 1 0 5 6 7";
        assert_eq!(parse(line).unwrap(), Stat { parent: 42, own: 120, of_ended_children: 3400 });
        assert!(parse("77").is_err());
    }

    #[test]
    fn this_process_has_taken_some_time_or_none() {
        let alone = taken_alone(std::process::id()).unwrap();
        assert!(taken_by(std::process::id()).unwrap() >= alone);
        assert!(taken_by(u32::MAX).is_err());
    }
}
