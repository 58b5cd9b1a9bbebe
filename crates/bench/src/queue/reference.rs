//! BullMQ, in processes of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rubis_devkit::http::{list, text};
use rubis_devkit::{Launch, Process};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::probe::Probe;
use super::{Arguments, PATIENCE, TRICKLE_EVERY, TRICKLE_LEAD};
use crate::Machine;
use crate::statistics::Lateness;

const PROGRAM: &str = include_str!("../../reference/bullmq.mjs");

const VERSION: &str = "6.7.";

const CHUNK: u32 = 1_000;

pub struct BullMq {
    node: PathBuf,
    program: PathBuf,
    logs: PathBuf,
    redis: std::net::SocketAddr,
    pub version: String,
}

#[derive(Clone, Copy, Debug)]
pub struct BullMqBurst {
    /// Delayed jobs added in a second.
    pub added: f64,
    /// Due jobs done in a second.
    pub done: f64,
    /// Memory of Redis for a delayed job, in bytes.
    pub memory: f64,
    /// Processor time of Redis for a job, in microseconds.
    pub cpu: f64,
}

fn number(value: &Value, key: &str) -> Result<f64> {
    value.get(key).and_then(Value::as_f64).with_context(|| format!("no `{key}` in {value}"))
}

fn json(file: &Path) -> Result<Value> {
    let text = fs::read_to_string(file).with_context(|| format!("{} is missing", file.display()))?;
    Ok(serde_json::from_str(&text)?)
}

impl BullMq {
    /// Puts the program beside the packages, where Node finds them from.
    pub fn install(machine: &Machine) -> Result<Self> {
        let packages = &machine.options.packages;
        let modules = packages.join("node_modules");
        let package = json(&modules.join("bullmq/package.json"))?;
        let version = text(&package, "version")?.to_owned();
        ensure!(version.starts_with(VERSION), "BullMQ {VERSION}x is expected, {version} is installed");
        ensure!(modules.join("ioredis").is_dir(), "BullMQ's client for Redis, ioredis, is not installed");
        let program = packages.join("bullmq.mjs");
        fs::write(&program, PROGRAM).with_context(|| format!("{} cannot be written", program.display()))?;
        Ok(Self {
            node: machine.options.node.clone(),
            program: program.canonicalize()?,
            logs: machine.logs().canonicalize()?,
            redis: machine.servers.redis.address(),
            version,
        })
    }

    pub async fn burst(&self, sizes: &Arguments, probe: &mut Probe) -> Result<BullMqBurst> {
        let jobs = f64::from(sizes.jobs);
        probe.empty().await?;
        let before = probe.memory().await?;
        let add = json!({
            "jobs": sizes.jobs, "organizations": sizes.organizations, "chunk": CHUNK.min(sizes.jobs), "delay": 1,
        });
        let added = number(&self.run("add", add)?, "seconds")?;
        let memory = (probe.memory().await? - before) / jobs;
        let cpu = probe.cpu().await?;
        let work = json!({ "jobs": sizes.jobs, "concurrency": sizes.concurrency });
        let done = number(&self.run("work", work)?, "seconds")?;
        let cpu = (probe.cpu().await? - cpu) * 1e6 / jobs;
        Ok(BullMqBurst { added: jobs / added, done: jobs / done, memory, cpu })
    }

    pub async fn trickle(&self, sizes: &Arguments, probe: &mut Probe) -> Result<Lateness> {
        probe.empty().await?;
        let settings = json!({
            "jobs": sizes.trickle_jobs(), "every": TRICKLE_EVERY.as_secs_f64() * 1_000.0,
            "lead": u32::try_from(TRICKLE_LEAD.as_millis())?, "concurrency": sizes.concurrency,
        });
        let late = self.run("trickle", settings)?;
        let mut late: Vec<f64> = list(&late, "lateness")?.iter().filter_map(Value::as_f64).collect();
        Ok(Lateness::of(&mut late))
    }

    /// Seconds until jobs of a killed worker have been taken by another that was there before.
    pub async fn recovery(&self, sizes: &Arguments, probe: &mut Probe) -> Result<f64> {
        probe.empty().await?;
        let settings = json!({ "jobs": sizes.concurrency, "concurrency": sizes.concurrency });
        let mut holder = self.start("hold", settings.clone())?;
        holder.result()?;
        let mut taker = self.start("take", settings)?;
        // It has started and found nothing to do.
        sleep(Duration::from_secs(2)).await;
        holder.process.kill()?;
        let killed = Instant::now();
        taker.result()?;
        Ok(killed.elapsed().as_secs_f64())
    }

    fn run(&self, mode: &str, settings: Value) -> Result<Value> {
        let mut running = self.start(mode, settings)?;
        let result = running.result()?;
        let status = running.process.wait_within(PATIENCE)?;
        ensure!(status.success(), "BullMQ failed: {mode} ({status}){}", running.process.tail());
        Ok(result)
    }

    fn start(&self, mode: &str, mut settings: Value) -> Result<Running> {
        let result = self.logs.join(format!("bullmq-{mode}.json"));
        if result.exists() {
            fs::remove_file(&result)?;
        }
        if let Some(settings) = settings.as_object_mut() {
            settings.insert("host".to_owned(), self.redis.ip().to_string().into());
            settings.insert("port".to_owned(), self.redis.port().into());
            settings.insert("result".to_owned(), result.display().to_string().into());
        }
        let process = Launch::new("BullMQ", &self.node)
            .log(self.logs.join("bullmq.log"))
            .arguments([self.program.clone().into_os_string(), mode.into(), settings.to_string().into()])
            .start()?;
        Ok(Running { process, result })
    }
}

struct Running {
    process: Process,
    result: PathBuf,
}

impl Running {
    fn result(&mut self) -> Result<Value> {
        let result = &self.result;
        self.process.wait_until(PATIENCE, || result.exists())?;
        json(&self.result)
    }
}
