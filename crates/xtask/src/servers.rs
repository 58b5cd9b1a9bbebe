//! Programs, certificates and roles of the servers that the commands start below `.dev/`.
//!
//! The roles are those of a deployment: one owns the schema, the programs sign in as the other.

mod certificates;
mod programs;

use anyhow::Result;

use rubis_devkit::workspace::root;
use rubis_devkit::{Postgres, output_of};

pub use certificates::{Certificates, NAME as CERTIFIED_NAME};
pub use programs::Programs;

pub struct Roles {
    pub owner: String,
    pub program: String,
}

impl Roles {
    /// The role that the programs sign in as.
    pub const PROGRAM: &str = "rubis_program";
    /// The role that migrations sign in as.
    pub const OWNER: &str = "rubis_owner";

    pub fn create(&self, server: &Postgres, database: &str) -> Result<()> {
        let mut psql = server.psql(database);
        psql.env("RUBIS_OWNER_PASSWORD", &self.owner)
            .env("RUBIS_PROGRAM_PASSWORD", &self.program)
            .arg("-f")
            .arg(root().join("deploy/postgres/roles.sql"));
        output_of(&mut psql).map(drop)
    }

    pub fn owner_url(&self, server: &Postgres, database: &str) -> String {
        server.url_of(Self::OWNER, &self.owner, database)
    }

    pub fn program_url(&self, server: &Postgres, database: &str) -> String {
        server.url_of(Self::PROGRAM, &self.program, database)
    }
}
