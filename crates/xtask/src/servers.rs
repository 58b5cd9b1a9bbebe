//! Programs, certificates and roles of the servers that the commands start below `.dev/`.

mod certificates;
mod programs;
mod roles;

pub use certificates::{Certificates, NAME as CERTIFIED_NAME};
pub use programs::Programs;
pub use roles::Roles;
