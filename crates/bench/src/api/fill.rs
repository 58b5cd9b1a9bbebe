//! Databases of any size: the organizations are signed up through the domain, their invoices multiplied by SQL.

use anyhow::{Context as _, Result};
use diesel_async::SimpleAsyncConnection as _;
use rubis_db::{AsyncConnection as _, AsyncPgConnection};

use crate::Machine;
use crate::report::say;

const BEGIN: &str = include_str!("begin.sql");
const INVOICES: &str = include_str!("invoices.sql");
/// Sets what the organizations have earned.
const END: &str = "
    UPDATE organizations o SET rubis_count = e.earned
      FROM (SELECT organization_id, sum(rubis_earned) AS earned FROM invoices GROUP BY organization_id) AS e
     WHERE e.organization_id = o.id";

/// Invoices that go in with one transaction.
const CHUNK: u32 = 50_000;

/// Number of invoices a database has, and whose they are.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub invoices: u32,
    /// The organizations that share one half of them. The other half belongs to one more.
    pub small_organizations: u32,
}

impl Size {
    pub const fn of_a_small_one(self) -> u32 {
        self.invoices / 2 / self.small_organizations
    }

    pub const fn of_the_large_one(self) -> u32 {
        self.invoices.div_ceil(2)
    }

    /// As people write it: "1 M", "10 k".
    pub fn label(self) -> String {
        match self.invoices {
            millions if millions >= 1_000_000 && millions % 1_000_000 == 0 => {
                format!("{} M", millions / 1_000_000)
            }
            thousands if thousands >= 1000 && thousands % 1000 == 0 => format!("{} k", thousands / 1000),
            invoices => invoices.to_string(),
        }
    }
}

pub fn database(size: Size) -> String {
    format!("api_{}", size.invoices)
}

pub async fn fill(machine: &Machine, database: &str, size: Size) -> Result<String> {
    let url = machine.servers.database(database).await?;
    let mut conn = AsyncPgConnection::establish(&url).await?;
    rubis_chaos::found_organizations(&mut conn, usize::try_from(size.small_organizations)? + 1).await?;
    conn.batch_execute(&of_size(BEGIN, size)).await.context("the clients are refused")?;
    let mut first = 1;
    while first <= size.invoices {
        let last = size.invoices.min(first + CHUNK - 1);
        let statements = of_size(INVOICES, size)
            .replace("{first}", &first.to_string())
            .replace("{last}", &last.to_string());
        // One transaction, whose tables go with it.
        conn.batch_execute(&format!("BEGIN;\n{statements}\nCOMMIT"))
            .await
            .context("the invoices are refused")?;
        say(format_args!("{} invoices: {last} are put in", size.label()));
        first = last + 1;
    }
    conn.batch_execute(END).await?;
    for statement in ["VACUUM (ANALYZE)", "CHECKPOINT"] {
        conn.batch_execute(statement).await?;
    }
    Ok(url)
}

fn of_size(statements: &str, size: Size) -> String {
    statements
        .replace("{total}", &size.invoices.to_string())
        .replace("{small}", &size.small_organizations.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn size(invoices: u32) -> Size {
        Size { invoices, small_organizations: 50 }
    }

    #[test]
    fn sizes_are_written_as_people_write_them() {
        for (invoices, label) in [(1_000_000, "1 M"), (10_000, "10 k"), (1500, "1500"), (1_500_000, "1500 k")]
        {
            assert_eq!(size(invoices).label(), label);
        }
    }

    #[test]
    fn the_small_organizations_share_half_of_the_invoices() {
        assert_eq!(size(1_000_000).of_a_small_one(), 10_000);
        assert_eq!(size(10_000).of_a_small_one(), 100);
    }

    #[test]
    fn nothing_in_the_statements_is_left_to_be_filled_in() {
        assert!(!of_size(BEGIN, size(1000)).contains('{'));
        let statements = of_size(INVOICES, size(1000)).replace("{first}", "1").replace("{last}", "9");
        assert!(!statements.contains('{'), "{statements}");
    }

    #[test]
    fn the_large_organization_is_the_first_by_its_address() {
        let email = rubis_chaos::email;
        assert!(email(0) < email(1) && email(9) < email(10) && email(999) < email(1000));
    }
}
