//! To be written.

use anyhow::{Result, bail};
use clap::Args;

use crate::{Machine, Report};

#[derive(Args)]
pub struct Arguments {}

pub async fn run(_machine: &Machine, _arguments: &Arguments) -> Result<Report> {
    bail!("not yet")
}
