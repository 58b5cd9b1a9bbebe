//! Measurements by Redis itself, for both sides: memory, processor time, and the durations of its scripts.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, Value, cmd};

/// Least duration of a noted call, in microseconds. To note every call would slow down what is measured.
const NOTED_FROM: u32 = 100;

const NOTES_KEPT: usize = 200_000;

/// The responses are long.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Probe(MultiplexedConnection);

impl Probe {
    pub async fn open(url: &str) -> Result<Self> {
        let patient = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        Ok(Self(Client::open(url)?.get_multiplexed_async_connection_with_config(&patient).await?))
    }

    async fn ask<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T> {
        Ok(command.query_async(&mut self.0).await?)
    }

    async fn read(&mut self, section: &str, field: &str) -> Result<String> {
        let text: String = self.ask(cmd("INFO").arg(section)).await?;
        value(&text, field).map(str::to_owned).with_context(|| format!("Redis does not report its {field}"))
    }

    pub async fn version(&mut self) -> Result<String> {
        self.read("server", "redis_version").await
    }

    pub async fn empty(&mut self) -> Result<()> {
        self.ask(cmd("FLUSHALL").arg("SYNC")).await
    }

    /// The memory that is in use, in bytes.
    pub async fn memory(&mut self) -> Result<f64> {
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

    pub async fn cpu(&mut self) -> Result<f64> {
        let user: f64 = self.read("cpu", "used_cpu_user").await?.parse()?;
        Ok(user + self.read("cpu", "used_cpu_sys").await?.parse::<f64>()?)
    }

    /// Notes slow calls from now on.
    pub async fn note_calls(&mut self) -> Result<()> {
        self.ask::<()>(cmd("CONFIG").arg("SET").arg("slowlog-log-slower-than").arg(NOTED_FROM)).await?;
        self.ask::<()>(cmd("CONFIG").arg("SET").arg("slowlog-max-len").arg(NOTES_KEPT)).await?;
        self.ask(cmd("SLOWLOG").arg("RESET")).await
    }

    /// The longest call of a script since [`Probe::note_calls`], in milliseconds; at least a tenth.
    pub async fn longest_call(&mut self) -> Result<f64> {
        let notes: Vec<Value> = self.ask(cmd("SLOWLOG").arg("GET").arg(NOTES_KEPT)).await?;
        ensure!(notes.len() < NOTES_KEPT, "Redis noted more slow calls than it keeps");
        Ok(notes.iter().filter_map(script).fold(f64::from(NOTED_FROM) / 1_000.0, f64::max))
    }
}

fn value<'a>(info: &'a str, field: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).map(str::trim)
}

/// The milliseconds of a note in the log of slow calls, if it is about a script.
fn script(note: &Value) -> Option<f64> {
    let Value::Array(fields) = note else { return None };
    let (Some(Value::Int(microseconds)), Some(Value::Array(words))) = (fields.get(2), fields.get(3)) else {
        return None;
    };
    let Some(Value::BulkString(command)) = words.first() else { return None };
    let is_script = command.to_ascii_lowercase().starts_with(b"eval");
    is_script.then_some(f64::from(u32::try_from(*microseconds).ok()?) / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_slow_calls_only_scripts_are_looked_at() {
        let note = |microseconds, command: &str| {
            let words = Value::Array(vec![Value::BulkString(command.as_bytes().to_vec())]);
            Value::Array(vec![Value::Int(1), Value::Int(1_800_000_000), Value::Int(microseconds), words])
        };
        assert_eq!(script(&note(1_500, "EVALSHA")), Some(1.5));
        assert_eq!(script(&note(500, "eval")), Some(0.5));
        assert_eq!(script(&note(9_000, "zadd")), None);
        assert_eq!(script(&Value::Nil), None);
    }

    #[test]
    fn fields_are_found_by_their_whole_names() {
        let info = "# Memory\r\nused_memory_peak:7\r\nused_memory:42\r\n";
        assert_eq!(value(info, "used_memory"), Some("42"));
        assert_eq!(value(info, "used"), None);
    }
}
