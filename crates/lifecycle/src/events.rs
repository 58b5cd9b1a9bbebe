//! Activity events of an invoice.

use rubis_accounts::{ActivityKind, NewEvent};
use rubis_db::AsyncPgConnection;
use rubis_invoices::Invoice;
use rubis_kernel::UserId;
use serde_json::{Value, json};
use time::OffsetDateTime;

/// Records an activity event of an invoice. `more` is an object of further facts.
#[tracing::instrument(skip_all, fields(organization = %invoice.organization_id, invoice = %invoice.id))]
pub(crate) async fn record(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
    kind: ActivityKind,
    actor: Option<UserId>,
    more: Value,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let mut meta = json!({
        "invoiceId": invoice.id,
        "clientId": invoice.client_id,
        "numero": invoice.numero,
        "amountTtcCents": invoice.amount.cents,
        "currency": invoice.amount.currency,
    });
    if let (Some(meta), Value::Object(more)) = (meta.as_object_mut(), more) {
        meta.extend(more);
    }
    let event = NewEvent { kind, invoice_id: Some(invoice.id), actor, meta };
    rubis_accounts::record(conn, invoice.organization_id, event, now).await
}
