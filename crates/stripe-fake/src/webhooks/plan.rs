//! Programmed failures of deliveries.

use rand::seq::SliceRandom as _;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::dispatcher::{Dispatcher, Parcel};
use super::record::DeliveryOutcome;
use crate::state::Event;

/// A failure of the next events that replaces one delivery each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind", deny_unknown_fields)]
pub enum DeliveryFault {
    /// They are never delivered.
    Lose {
        times: u32,
        /// The kind of events; `None` is any.
        #[serde(default)]
        of: Option<String>,
    },
    /// They are delivered twice.
    Double {
        times: u32,
        /// The kind of events; `None` is any.
        #[serde(default)]
        of: Option<String>,
    },
    /// They are delivered late, and later ones overtake them.
    Delay {
        times: u32,
        /// The kind of events; `None` is any.
        #[serde(default)]
        of: Option<String>,
        /// The delay in milliseconds.
        milliseconds: u64,
    },
    /// They wait for each other and are then delivered in reverse order.
    Reverse { times: u32 },
}

/// The order in which held events are released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReleaseOrder {
    /// The order of the events.
    #[default]
    AsSent,
    /// The reverse order.
    Reversed,
    /// A random order.
    Shuffled,
}

/// The programmed faults and the events that wait.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    faults: Vec<DeliveryFault>,
    /// True if every event is held back.
    holding: bool,
    held: Vec<Event>,
    /// Events of a [`DeliveryFault::Reverse`] that is not complete.
    turning: Vec<Event>,
}

impl Plan {
    /// Adds a fault after those already programmed.
    pub(crate) fn add(&mut self, fault: DeliveryFault) {
        if fault.times() > 0 {
            self.faults.push(fault);
        }
    }

    /// Removes the faults. Events that wait for others wait to be released.
    pub(crate) fn clear(&mut self) {
        self.faults.clear();
        self.held.append(&mut self.turning);
    }

    /// Returns the remaining faults.
    pub(crate) fn faults(&self) -> Vec<DeliveryFault> {
        self.faults.clone()
    }

    /// Holds everything back from now on.
    pub(crate) fn hold(&mut self) {
        self.holding = true;
    }

    /// Returns the events that are held back, oldest first.
    pub(crate) fn held(&self) -> Vec<Event> {
        self.held.clone()
    }

    /// Ends the holding, and returns the held events.
    pub(super) fn release(&mut self, order: ReleaseOrder) -> Vec<Parcel> {
        self.holding = false;
        let mut events = std::mem::take(&mut self.held);
        match order {
            ReleaseOrder::AsSent => {}
            ReleaseOrder::Reversed => events.reverse(),
            ReleaseOrder::Shuffled => events.shuffle(&mut rand::rng()),
        }
        events.into_iter().map(Parcel::now).collect()
    }

    /// Returns the deliveries that follow from an event.
    pub(super) fn route(&mut self, event: Event, dispatcher: &Dispatcher) -> Vec<Parcel> {
        if self.holding {
            self.held.push(event);
            return Vec::new();
        }
        let Some(index) = self.faults.iter().position(|fault| fault.is_for(&event.kind)) else {
            return vec![Parcel::now(event)];
        };
        let Some(fault) = self.faults.get_mut(index) else {
            return vec![Parcel::now(event)];
        };
        let is_last = fault.spend();
        let fault = if is_last { self.faults.remove(index) } else { fault.clone() };
        match fault {
            DeliveryFault::Lose { .. } => {
                dispatcher.record(&event, 0, DeliveryOutcome::Lost);
                Vec::new()
            }
            DeliveryFault::Double { .. } => vec![Parcel::now(event.clone()), Parcel::now(event)],
            DeliveryFault::Delay { milliseconds, .. } => {
                vec![Parcel::after(Duration::from_millis(milliseconds), event)]
            }
            DeliveryFault::Reverse { .. } => {
                self.turning.push(event);
                if !is_last {
                    return Vec::new();
                }
                std::mem::take(&mut self.turning).into_iter().rev().map(Parcel::now).collect()
            }
        }
    }
}

impl DeliveryFault {
    fn times(&self) -> u32 {
        match self {
            Self::Lose { times, .. }
            | Self::Double { times, .. }
            | Self::Delay { times, .. }
            | Self::Reverse { times } => *times,
        }
    }

    fn is_for(&self, kind: &str) -> bool {
        match self {
            Self::Lose { of, .. } | Self::Double { of, .. } | Self::Delay { of, .. } => {
                of.as_ref().is_none_or(|of| of == kind)
            }
            Self::Reverse { .. } => true,
        }
    }

    /// Decreases the count, and returns true if it was the last.
    fn spend(&mut self) -> bool {
        let times = match self {
            Self::Lose { times, .. }
            | Self::Double { times, .. }
            | Self::Delay { times, .. }
            | Self::Reverse { times } => times,
        };
        *times = times.saturating_sub(1);
        *times == 0
    }
}
