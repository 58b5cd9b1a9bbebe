//! Clients, invoices and payments against a real database.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod clients;
mod create_invoice;
mod list;
mod payments;
mod prepared;
mod statement;
mod tenancy;
mod transitions;
mod update_invoice;

use rubis_accounts::{NewAccount, NewAccountInput, PasswordHash, sign_up};
use rubis_db::{AsyncPgConnection, PooledConnection};
use rubis_invoices::{
    Client, CreatedInvoice, Invoice, NewClient, NewClientInput, NewInvoice, NewInvoiceInput, create_client,
    create_invoice, lock_invoice,
};
use rubis_kernel::{ClientId, InvoiceId, OrganizationId};
use rubis_testkit::TestDatabase;
use time::{
    Date, OffsetDateTime,
    macros::{date, datetime},
};

/// The instant at which every test starts.
pub const NOW: OffsetDateTime = datetime!(2026-03-10 09:00 UTC);
pub const TODAY: Date = date!(2026 - 03 - 10);

/// A database with two organizations.
pub struct Fixture {
    pub db: TestDatabase,
    /// The organization under test.
    pub ours: OrganizationId,
    /// An organization that must see none of its data.
    pub theirs: OrganizationId,
}

impl Fixture {
    /// Creates a database for the test.
    pub async fn new() -> Self {
        let db = TestDatabase::create().await;
        let (ours, theirs) = {
            let mut conn = db.pool.get().await.unwrap();
            (organization(&mut conn, "claire").await, organization(&mut conn, "paul").await)
        };
        Self { db, ours, theirs }
    }

    pub async fn conn(&self) -> PooledConnection<'_> {
        self.db.pool.get().await.unwrap()
    }
}

async fn organization(conn: &mut AsyncPgConnection, owner: &str) -> OrganizationId {
    let account = NewAccount::parse(&NewAccountInput {
        email: format!("{owner}@exemple.fr"),
        password: "correct horse battery".to_owned(),
        full_name: owner.to_owned(),
        organization_name: format!("Menuiserie de {owner}"),
    })
    .unwrap();
    let hash = PasswordHash::hash(&account.password).unwrap();
    sign_up(conn, &account, &hash, NOW).await.unwrap().organization.id
}

/// Creates a client with this name.
pub async fn client(conn: &mut AsyncPgConnection, organization: OrganizationId, name: &str) -> Client {
    let new = NewClient::parse(NewClientInput {
        name: name.to_owned(),
        email: "compta@client.example.fr".to_owned(),
        ..NewClientInput::default()
    })
    .unwrap();
    create_client(conn, organization, &new, NOW).await.unwrap()
}

/// Returns input for an invoice of 1,200 €, issued a month before it is due.
pub fn input(client: ClientId, numero: &str) -> NewInvoiceInput {
    NewInvoiceInput {
        client_id: Some(client),
        client: None,
        numero: numero.to_owned(),
        amount_ttc_cents: 120_000,
        currency: None,
        issue_date: date!(2026 - 02 - 01),
        due_date: date!(2026 - 03 - 01),
        items: Vec::new(),
    }
}

/// Creates an invoice.
pub async fn put_in(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    input: NewInvoiceInput,
) -> CreatedInvoice {
    let new = NewInvoice::parse(input).unwrap();
    create_invoice(conn, organization, &new, None, NOW).await.unwrap()
}

/// Creates an invoice of 1,200 € for a new client.
pub async fn invoice(conn: &mut AsyncPgConnection, organization: OrganizationId) -> Invoice {
    let client = client(conn, organization, "Boulangerie Petit").await;
    put_in(conn, organization, input(client.id, "F-1")).await.invoice
}

/// Returns the invoice, locked. Outside a transaction the lock ends with the statement, which is enough for a test
/// that runs alone.
pub async fn locked(conn: &mut AsyncPgConnection, organization: OrganizationId, id: InvoiceId) -> Invoice {
    lock_invoice(conn, organization, id).await.unwrap().unwrap()
}
