//! The ports of a stack.

use anyhow::Result;

use crate::ports;

/// The ports of a stack, all different.
pub struct Ports {
    pub(super) postgres: u16,
    pub(super) redis: u16,
    pub(super) api: u16,
    pub(super) api_metrics: u16,
    pub(super) worker_metrics: u16,
    pub(super) smtp: u16,
    pub(super) inbox: u16,
    pub(super) stripe: u16,
}

impl Ports {
    /// The ones that the documentation names, each moved up if it is taken.
    ///
    /// # Errors
    /// When there are none.
    pub fn preferred() -> Result<Self> {
        let api_metrics = ports::free_from(9464)?;
        Ok(Self {
            postgres: ports::free_from(5433)?,
            redis: ports::free_from(6380)?,
            api: ports::free_from(3333)?,
            api_metrics,
            worker_metrics: ports::free_from(api_metrics.saturating_add(1))?,
            smtp: ports::free_from(1025)?,
            inbox: ports::free_from(8025)?,
            stripe: ports::free_from(12111)?,
        })
    }

    /// Any that are free: for a stack that lives beside another one.
    ///
    /// # Errors
    /// When there are none.
    pub fn any() -> Result<Self> {
        let [postgres, redis, api, api_metrics, worker_metrics, smtp, inbox, stripe] = ports::several()?;
        Ok(Self { postgres, redis, api, api_metrics, worker_metrics, smtp, inbox, stripe })
    }
}
