//! To be written.

use anyhow::{Result, bail};
use clap::Args;

use crate::Report;

#[derive(Args)]
pub struct Arguments {}

pub fn run(_arguments: &Arguments) -> Result<Report> {
    bail!("not yet")
}
