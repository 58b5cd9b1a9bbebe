//! `cargo xtask test`: all tests, against servers of their own.

use std::process::{ExitCode, ExitStatus};

use anyhow::Result;
use clap::Args;

use crate::cargo;
use crate::servers::{CERTIFIED_NAME, Certificates, Programs};
use crate::terminal::step_with;
use rubis_devkit::ports;
use rubis_devkit::workspace::RunDirectory;
use rubis_devkit::{Cluster, DISPOSABLE, Postgres, Redis, UTF_8, exit_code};

#[derive(Args)]
pub struct Arguments {
    /// Do not install PostgreSQL or Redis if they are missing
    #[arg(long)]
    no_install: bool,
    /// For the test runner: a filter, say
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Starts the servers, runs the tests, stops the servers.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let programs = Programs::find(!arguments.no_install)?;
    let directory = RunDirectory::create("test")?;
    let below = directory.path();
    let certificates = Certificates::create(&below.join("tls"))?;
    let postgres = step_with(
        &format!("PostgreSQL {}", programs.postgres_version),
        || {
            let cluster = Cluster {
                programs: &programs.postgres,
                directory: &below.join("postgres"),
                log: &below.join("postgres.log"),
                settings: DISPOSABLE,
                locale: UTF_8,
                temporary: true,
            };
            let server = Postgres::start(&cluster, ports::any()?)?;
            certificates.encrypt(&server)?;
            Ok(server)
        },
        |postgres| Some(format!("port {}", postgres.address().port())),
    )?;
    let redis_ports: [u16; 2] = ports::several()?;
    let redis = step_with(
        "Redis",
        || {
            let tls = certificates.redis_arguments(redis_ports[1]);
            Redis::start(&programs.redis, &below.join("redis.log"), redis_ports[0], &tls)
        },
        |redis| Some(format!("port {}", redis.address().port())),
    )?;

    let database = postgres.url("postgres");
    let servers = [
        ("TEST_TLS_DATABASE_URL", database.replace("127.0.0.1", CERTIFIED_NAME)),
        // Tests open thousands of connections, and only those about TLS need it.
        ("TEST_DATABASE_URL", format!("{database}?sslmode=disable")),
        ("TEST_REDIS_URL", redis.url()),
        ("TEST_TLS_REDIS_URL", format!("rediss://{CERTIFIED_NAME}:{}/", redis_ports[1])),
        ("TEST_TLS_FOLDER", certificates.directory().display().to_string()),
    ];
    // Examples in the documentation first, so that the output ends with the tests.
    let documentation = if arguments.rest.is_empty() {
        run_cargo(&["test", "--workspace", "--doc", "--quiet"], &servers)?
    } else {
        ExitStatus::default()
    };
    let runner: &[&str] = if cargo::has("nextest") {
        &["nextest", "run", "--workspace"]
    } else {
        &["test", "--workspace", "--all-targets"]
    };
    let rest: Vec<&str> = arguments.rest.iter().map(String::as_str).collect();
    let tests = run_cargo(&[runner, &rest].concat(), &servers)?;
    Ok(exit_code(if tests.success() { documentation } else { tests }))
}

fn run_cargo(arguments: &[&str], environment: &[(&str, String)]) -> Result<ExitStatus> {
    cargo::launch(arguments.iter().copied()).environment(environment.iter().cloned()).run()
}
