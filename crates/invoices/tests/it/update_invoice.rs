use rubis_db::AsyncConnection;
use rubis_invoices::{
    InvoiceFilter, InvoiceInput, InvoicePatch, InvoiceSort, InvoiceStatus, LineInput, NewPayment,
    NewServiceLocation, NewServiceLocationInput, SearchTerms, Transition, UpdateInvoiceError,
    add_service_location, lines_of, list_invoices, record_payment, transition, update_invoice,
};
use rubis_kernel::{ClientId, InvoiceId, OrganizationId, PlanId};
use time::{Duration, macros::date};

use crate::{Fixture, NOW, TODAY, client, input, invoice, put_in};

fn patch(input: InvoiceInput) -> InvoicePatch {
    InvoicePatch::parse(input).unwrap()
}

async fn found(
    conn: &mut rubis_db::AsyncPgConnection,
    organization: OrganizationId,
    typed: &str,
) -> Vec<InvoiceId> {
    let filter = InvoiceFilter { search: SearchTerms::parse(typed), ..InvoiceFilter::default() };
    let page = list_invoices(conn, organization, &filter, InvoiceSort::default(), None, 50).await.unwrap();
    page.items.into_iter().map(|listed| listed.invoice.id).collect()
}

#[tokio::test]
async fn what_an_invoice_says_can_change_while_something_is_outstanding() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let before = invoice(&mut conn, fixture.ours).await;
    let later = NOW + Duration::HOUR;
    let change = InvoiceInput {
        numero: Some("F-2".to_owned()),
        amount_ttc_cents: Some(150_000),
        due_date: Some(date!(2026 - 04 - 01)),
        ..InvoiceInput::default()
    };
    let update = update_invoice(&mut conn, fixture.ours, before.id, patch(change), later).await.unwrap();
    assert!(update.changes_planning());
    assert_eq!(update.before, before);
    assert_eq!((update.after.numero.as_str(), update.after.amount.cents), ("F-2", 150_000));
    assert_eq!((update.after.due_date, update.after.updated_at), (date!(2026 - 04 - 01), later));
    let numero = InvoiceInput { numero: Some("F-3".to_owned()), ..InvoiceInput::default() };
    let update = update_invoice(&mut conn, fixture.ours, before.id, patch(numero), later).await.unwrap();
    assert!(!update.changes_planning());
}

#[tokio::test]
async fn a_paid_and_a_cancelled_invoice_do_not_change() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let petit = client(&mut conn, fixture.ours, "Boulangerie Petit").await;
    let mut paid = put_in(&mut conn, fixture.ours, input(petit.id, "F-1")).await.invoice;
    let mut cancelled = put_in(&mut conn, fixture.ours, input(petit.id, "F-2")).await.invoice;
    record_payment(&mut conn, &mut paid, &NewPayment::of_balance(TODAY, ""), NOW).await.unwrap();
    transition(&mut conn, &mut cancelled, Transition::Cancelled, NOW).await.unwrap();
    for (id, expected) in [(paid.id, InvoiceStatus::Paid), (cancelled.id, InvoiceStatus::Cancelled)] {
        let refused = update_invoice(&mut conn, fixture.ours, id, InvoicePatch::default(), NOW).await;
        assert!(matches!(refused, Err(UpdateInvoiceError::NotEditable { status }) if status == expected));
    }
}

#[tokio::test]
async fn an_amount_stays_above_what_is_settled() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let mut invoice = invoice(&mut conn, fixture.ours).await;
    let part = NewPayment { amount_cents: Some(50_000), ..NewPayment::of_balance(TODAY, "") };
    record_payment(&mut conn, &mut invoice, &part, NOW).await.unwrap();
    let amount = |cents| patch(InvoiceInput { amount_ttc_cents: Some(cents), ..InvoiceInput::default() });
    let refused = update_invoice(&mut conn, fixture.ours, invoice.id, amount(50_000), NOW).await;
    assert!(
        matches!(refused, Err(UpdateInvoiceError::AmountNotAboveSettled { settled }) if settled.cents == 50_000)
    );
    let update = update_invoice(&mut conn, fixture.ours, invoice.id, amount(50_001), NOW).await.unwrap();
    assert_eq!(update.after.balance().cents, 1);
}

#[tokio::test]
async fn a_date_is_checked_against_the_one_that_stays() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let invoice = invoice(&mut conn, fixture.ours).await;
    let issued = InvoiceInput { issue_date: Some(date!(2026 - 03 - 02)), ..InvoiceInput::default() };
    let refused = update_invoice(&mut conn, fixture.ours, invoice.id, patch(issued), NOW).await;
    assert!(matches!(refused, Err(UpdateInvoiceError::DueBeforeIssue)));
    let due = InvoiceInput { due_date: Some(date!(2026 - 01 - 31)), ..InvoiceInput::default() };
    let refused = update_invoice(&mut conn, fixture.ours, invoice.id, patch(due), NOW).await;
    assert!(matches!(refused, Err(UpdateInvoiceError::DueBeforeIssue)));
}

#[tokio::test]
async fn a_change_that_is_refused_leaves_its_transaction_usable() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let petit = client(&mut conn, fixture.ours, "Boulangerie Petit").await;
    let theirs = client(&mut conn, fixture.theirs, "Garage Roux").await;
    let first = put_in(&mut conn, fixture.ours, input(petit.id, "F-1")).await.invoice;
    let second = put_in(&mut conn, fixture.ours, input(petit.id, "F-2")).await.invoice;
    let outcome: Result<(), diesel::result::Error> = conn
        .transaction(async |conn| {
            let taken = InvoiceInput { numero: Some("F-1".to_owned()), ..InvoiceInput::default() };
            let refused = update_invoice(conn, fixture.ours, second.id, patch(taken), NOW).await;
            assert!(
                matches!(refused, Err(UpdateInvoiceError::DuplicateNumero { existing }) if existing == first.id)
            );
            let plan = InvoiceInput { plan_id: Some(Some(PlanId::new())), ..InvoiceInput::default() };
            let refused = update_invoice(conn, fixture.ours, second.id, patch(plan), NOW).await;
            assert!(matches!(refused, Err(UpdateInvoiceError::UnknownPlan)));
            for unknown in [theirs.id, ClientId::new()] {
                let moved = InvoiceInput { client_id: Some(unknown), ..InvoiceInput::default() };
                let refused = update_invoice(conn, fixture.ours, second.id, patch(moved), NOW).await;
                assert!(matches!(refused, Err(UpdateInvoiceError::UnknownClient)));
            }
            let found = rubis_invoices::invoice(conn, fixture.ours, second.id).await?;
            assert_eq!(found, Some(second.clone()));
            Ok(())
        })
        .await;
    outcome.unwrap();
}

#[tokio::test]
async fn an_invoice_that_goes_to_another_client_is_found_by_their_name() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let petit = client(&mut conn, fixture.ours, "Boulangerie Petit").await;
    let grand = client(&mut conn, fixture.ours, "Pâtisserie Grand").await;
    let place = NewServiceLocation::parse(NewServiceLocationInput {
        name: "Fournil".to_owned(),
        ..Default::default()
    });
    let place = add_service_location(&mut conn, fixture.ours, petit.id, &place.unwrap(), NOW).await.unwrap();
    let line = LineInput {
        description: "Pose".to_owned(),
        service_location_id: Some(place.id),
        ..LineInput::default()
    };
    let mut new = input(petit.id, "F-2026");
    new.items = vec![line.clone()];
    let id = put_in(&mut conn, fixture.ours, new).await.invoice.id;

    let moved = InvoiceInput { client_id: Some(grand.id), ..InvoiceInput::default() };
    update_invoice(&mut conn, fixture.ours, id, patch(moved), NOW).await.unwrap();
    assert_eq!(found(&mut conn, fixture.ours, "patisserie f-2026").await, [id]);
    assert!(found(&mut conn, fixture.ours, "boulangerie").await.is_empty());
    let lines = lines_of(&mut conn, fixture.ours, id).await.unwrap();
    assert_eq!(lines[0].service_location_id, None, "the place is the former client's");

    let renumbered = InvoiceInput { numero: Some("F-2027".to_owned()), ..InvoiceInput::default() };
    update_invoice(&mut conn, fixture.ours, id, patch(renumbered), NOW).await.unwrap();
    assert_eq!(found(&mut conn, fixture.ours, "patisserie f-2027").await, [id]);
    assert!(found(&mut conn, fixture.ours, "f-2026").await.is_empty());

    let elsewhere = InvoiceInput { items: Some(vec![line]), ..InvoiceInput::default() };
    let refused = update_invoice(&mut conn, fixture.ours, id, patch(elsewhere), NOW).await;
    assert!(matches!(refused, Err(UpdateInvoiceError::UnknownServiceLocation)));
    let none = InvoiceInput { items: Some(Vec::new()), ..InvoiceInput::default() };
    update_invoice(&mut conn, fixture.ours, id, patch(none), NOW).await.unwrap();
    assert!(lines_of(&mut conn, fixture.ours, id).await.unwrap().is_empty());
}
