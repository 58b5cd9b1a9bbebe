//! Measurements by Redis itself: memory, processor time, and the durations of its scripts.
//!
//! Both sides are measured by this, so that neither has a yardstick of its own.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, Script, Value, cmd};

/// Calls that took as long, in microseconds, are noted by Redis. To note each and every one would slow
/// down what is measured.
const NOTED_FROM: u32 = 100;

const NOTES_KEPT: usize = 200_000;

/// The answers are long.
const PATIENCE: Duration = Duration::from_secs(120);

/// A connection beside those that are measured.
pub struct Probe {
    connection: MultiplexedConnection,
    process: String,
    names: HashMap<String, &'static str>,
}

pub struct Start {
    cpu: f64,
    calls: f64,
    waited: Option<f64>,
}

#[derive(Clone, Debug, Default)]
pub struct Toll {
    /// The time that it computed, in seconds.
    pub cpu: f64,
    /// The number of scripts that were called.
    pub calls: f64,
    /// The time that it could have computed and no core was free, in seconds, if the system reports it:
    /// that time is a part of what its scripts took.
    pub waited: Option<f64>,
    /// The longest call of each script, in milliseconds. None took longer than a tenth if there is none.
    pub longest: BTreeMap<String, f64>,
}

impl Toll {
    /// The longest call of any script, in milliseconds.
    pub fn longest_script(&self) -> f64 {
        self.longest.values().copied().fold(f64::from(NOTED_FROM) / 1_000.0, f64::max)
    }

    /// Both one after the other.
    pub fn absorb(&mut self, other: &Self) {
        self.cpu += other.cpu;
        self.calls += other.calls;
        self.waited = self.waited.zip(other.waited).map(|(one, other)| one + other);
        self.absorb_longest(other);
    }

    /// The longer of both for each script.
    pub fn absorb_longest(&mut self, other: &Self) {
        for (name, milliseconds) in &other.longest {
            let longest = self.longest.entry(name.clone()).or_default();
            *longest = longest.max(*milliseconds);
        }
    }
}

/// The scripts of the product by the names that Redis has for them.
fn names() -> HashMap<String, &'static str> {
    [
        ("offer", include_str!("../../../queue/src/scripts/offer.lua")),
        ("claim", include_str!("../../../queue/src/scripts/claim.lua")),
        ("renew", include_str!("../../../queue/src/scripts/renew.lua")),
        ("begin_feed", include_str!("../../../queue/src/scripts/begin_feed.lua")),
        ("next_due", include_str!("../../../queue/src/scripts/next_due.lua")),
    ]
    .map(|(name, text)| (Script::new(text).get_hash().to_owned(), name))
    .into()
}

impl Probe {
    /// Connects.
    pub async fn open(url: &str) -> Result<Self> {
        let patient = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        let connection = Client::open(url)?.get_multiplexed_async_connection_with_config(&patient).await?;
        let mut probe = Self { connection, process: String::new(), names: names() };
        probe.process = probe.read("server", "process_id").await?;
        probe.ask::<()>(cmd("CONFIG").arg("SET").arg("slowlog-log-slower-than").arg(NOTED_FROM)).await?;
        probe.ask::<()>(cmd("CONFIG").arg("SET").arg("slowlog-max-len").arg(NOTES_KEPT)).await?;
        Ok(probe)
    }

    async fn ask<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T> {
        Ok(command.query_async(&mut self.connection).await?)
    }

    async fn read(&mut self, section: &str, field: &str) -> Result<String> {
        let text: String = self.ask(cmd("INFO").arg(section)).await?;
        value(&text, field).map(str::to_owned).with_context(|| format!("Redis does not tell its {field}"))
    }

    /// The version.
    pub async fn version(&mut self) -> Result<String> {
        self.read("server", "redis_version").await
    }

    /// Empties Redis.
    pub async fn empty(&mut self) -> Result<()> {
        self.ask(cmd("FLUSHALL").arg("SYNC")).await
    }

    /// The memory that is in use, in bytes. What Redis noted of scripts is forgotten first: it takes
    /// some as well.
    pub async fn memory(&mut self) -> Result<f64> {
        self.ask::<()>(cmd("SLOWLOG").arg("RESET")).await?;
        Ok(self.read("memory", "used_memory").await?.parse()?)
    }

    /// The number of keys, and the memory that they take, in bytes.
    pub async fn keys(&mut self) -> Result<(usize, f64)> {
        let keys: Vec<String> = self.ask(cmd("KEYS").arg("*")).await?;
        let mut memory = 0.0;
        for key in &keys {
            let bytes: u32 = self.ask(cmd("MEMORY").arg("USAGE").arg(key).arg("SAMPLES").arg(0)).await?;
            memory += f64::from(bytes);
        }
        Ok((keys.len(), memory))
    }

    /// Begins a measurement.
    pub async fn start(&mut self) -> Result<Start> {
        self.ask::<()>(cmd("SLOWLOG").arg("RESET")).await?;
        self.spent().await
    }

    async fn spent(&mut self) -> Result<Start> {
        let text: String = self.ask(cmd("INFO").arg("cpu")).await?;
        let cpu = cpu_seconds(&text)?;
        let commands: String = self.ask(cmd("INFO").arg("commandstats")).await?;
        let waited = fs::read_to_string(format!("/proc/{}/schedstat", self.process)).ok();
        let waited = waited.as_deref().and_then(seconds_waited);
        Ok(Start { cpu, calls: script_calls(&commands), waited })
    }

    /// Ends a measurement.
    pub async fn end(&mut self, start: &Start) -> Result<Toll> {
        let end = self.spent().await?;
        let notes: Value = self.ask(cmd("SLOWLOG").arg("GET").arg(NOTES_KEPT)).await?;
        let mut toll = Toll {
            cpu: end.cpu - start.cpu,
            calls: end.calls - start.calls,
            waited: end.waited.zip(start.waited).map(|(end, start)| end - start),
            longest: BTreeMap::new(),
        };
        let Value::Array(notes) = notes else { return Ok(toll) };
        ensure!(notes.len() < NOTES_KEPT, "Redis noted more slow calls than it keeps");
        for (script, milliseconds) in notes.iter().filter_map(script) {
            let name = self.names.get(&script).map_or(script, |name| (*name).to_owned());
            let longest = toll.longest.entry(name).or_default();
            *longest = longest.max(milliseconds);
        }
        Ok(toll)
    }
}

/// Processor time that Redis has taken, in seconds, of the answer to `INFO cpu`.
pub fn cpu_seconds(info: &str) -> Result<f64> {
    let seconds = |field| value(info, field).context("Redis does not report its processor time");
    Ok(seconds("used_cpu_user")?.parse::<f64>()? + seconds("used_cpu_sys")?.parse::<f64>()?)
}

/// The value of a line `field:value`.
fn value<'a>(info: &'a str, field: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).map(str::trim)
}

/// The number of calls by a script's name, which is all but the first one.
fn script_calls(commands: &str) -> f64 {
    value(commands, "cmdstat_evalsha")
        .and_then(|statistics| statistics.split(',').find_map(|field| field.strip_prefix("calls=")))
        .and_then(|calls| calls.parse().ok())
        .unwrap_or_default()
}

/// The second number of `schedstat`: nanoseconds on a queue for a core.
fn seconds_waited(schedstat: &str) -> Option<f64> {
    schedstat.split_whitespace().nth(1)?.parse::<f64>().ok().map(|nanoseconds| nanoseconds / 1e9)
}

/// The script and the milliseconds of a note in the log of slow calls, if it is about a script.
fn script(note: &Value) -> Option<(String, f64)> {
    let Value::Array(fields) = note else { return None };
    let (Some(Value::Int(microseconds)), Some(Value::Array(words))) = (fields.get(2), fields.get(3)) else {
        return None;
    };
    let word = |index: usize| match words.get(index) {
        Some(Value::BulkString(bytes)) => Some(String::from_utf8_lossy(bytes).to_lowercase()),
        _ => None,
    };
    let milliseconds = f64::from(u32::try_from(*microseconds).ok()?) / 1_000.0;
    match word(0)?.as_str() {
        "evalsha" | "evalsha_ro" | "fcall" | "fcall_ro" => Some((word(1)?, milliseconds)),
        // The first call brings the text, and Redis compiles it.
        "eval" | "eval_ro" => Some(("(compiled)".to_owned(), milliseconds)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(microseconds: i64, words: &[&str]) -> Value {
        let words = words.iter().map(|word| Value::BulkString(word.as_bytes().to_vec())).collect();
        Value::Array(vec![
            Value::Int(1),
            Value::Int(1_800_000_000),
            Value::Int(microseconds),
            Value::Array(words),
        ])
    }

    #[test]
    fn of_the_slow_calls_only_scripts_are_looked_at() {
        assert_eq!(script(&note(1_500, &["EVALSHA", "abc", "1"])), Some(("abc".to_owned(), 1.5)));
        assert_eq!(script(&note(500, &["eval", "return 1", "0"])), Some(("(compiled)".to_owned(), 0.5)));
        assert_eq!(script(&note(9_000, &["zadd", "key"])), None);
        assert_eq!(script(&Value::Nil), None);
    }

    #[test]
    fn fields_are_found_by_their_whole_names() {
        let info = "# Memory\r\nused_memory_peak:7\r\nused_memory:42\r\n";
        assert_eq!(value(info, "used_memory"), Some("42"));
        assert_eq!(value(info, "used"), None);
    }

    #[test]
    fn calls_of_scripts_are_counted() {
        let commands = "cmdstat_get:calls=9,usec=1\r\ncmdstat_evalsha:calls=42,usec=7,usec_per_call=0.1\r\n";
        assert_eq!(script_calls(commands), 42.0);
        assert_eq!(script_calls("# Commandstats\r\n"), 0.0);
    }

    #[test]
    fn what_redis_took_is_the_sum_of_both_modes() {
        let told = "# CPU\r\nused_cpu_sys:0.25\r\nused_cpu_user:1.50\r\nused_cpu_sys_children:9.0\r\n";
        assert_eq!(cpu_seconds(told).unwrap(), 1.75);
        assert!(cpu_seconds("").is_err());
    }

    #[test]
    fn the_wait_for_a_core_is_the_second_number() {
        assert_eq!(seconds_waited("931936 2500000000 2\n"), Some(2.5));
        assert_eq!(seconds_waited(""), None);
    }

    #[test]
    fn the_longest_script_is_never_reported_shorter_than_what_is_noted() {
        let mut toll = Toll::default();
        assert_eq!(toll.longest_script(), 0.1);
        let longest = BTreeMap::from([("claim".to_owned(), 0.4), ("offer".to_owned(), 0.9)]);
        toll.absorb_longest(&Toll { longest, ..Toll::default() });
        assert_eq!(toll.longest_script(), 0.9);
    }
}
