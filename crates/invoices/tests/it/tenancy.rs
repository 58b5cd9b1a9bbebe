use rubis_accounts::Pause;
use rubis_invoices::{
    ClientPatch, ContactError, ContactPatch, DeleteClientError, InvoiceFilter, InvoicePatch, InvoiceScope,
    InvoiceSort, NewContact, NewContactInput, NewPayment, NewServiceLocation, NewServiceLocationInput,
    ServiceLocationError, ServiceLocationPatch, UpdateInvoiceError, add_contact, add_service_location,
    clear_client_pause, clear_invoice_pause, clients_by_ids, contacts_of, delete_client,
    ids_of_unfinished_invoices, invoices_by_ids, lines_of, list_clients, list_invoices, lock_invoice,
    open_invoices_of_client, payments_of, record_payment, remove_contact, remove_service_location,
    service_locations_of, set_client_pause, set_invoice_pause, statement, update_client, update_contact,
    update_invoice, update_service_location,
};

use crate::{Fixture, NOW, TODAY, client, input, put_in};

#[tokio::test]
async fn another_organizations_ids_find_and_change_nothing() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let conn = &mut conn;
    let (ours, theirs) = (fixture.ours, fixture.theirs);
    let petit = client(conn, ours, "Boulangerie Petit").await;
    let mut new = input(petit.id, "F-1");
    new.items = vec![rubis_invoices::LineInput { description: "Pose".to_owned(), ..Default::default() }];
    let mut invoice = put_in(conn, ours, new).await.invoice;
    let part = NewPayment { amount_cents: Some(1), ..NewPayment::of_balance(TODAY, "") };
    record_payment(conn, &mut invoice, &part, NOW).await.unwrap();
    let contact = NewContact::parse(&NewContactInput {
        name: "Anne".to_owned(),
        email: "anne@example.fr".to_owned(),
        ..NewContactInput::default()
    })
    .unwrap();
    let place = NewServiceLocation::parse(NewServiceLocationInput {
        name: "Fournil".to_owned(),
        ..Default::default()
    })
    .unwrap();
    let anne = add_contact(conn, ours, petit.id, &contact, NOW).await.unwrap();
    let shop = add_service_location(conn, ours, petit.id, &place, NOW).await.unwrap();
    let pause = Pause { since: NOW, until: None };

    assert_eq!(rubis_invoices::client(conn, theirs, petit.id).await.unwrap(), None);
    assert!(clients_by_ids(conn, theirs, &[petit.id]).await.unwrap().is_empty());
    assert!(list_clients(conn, theirs, None, None, 50).await.unwrap().items.is_empty());
    assert!(contacts_of(conn, theirs, petit.id).await.unwrap().is_empty());
    assert!(service_locations_of(conn, theirs, petit.id, None, 50).await.unwrap().items.is_empty());
    assert!(statement(conn, theirs, petit.id, TODAY).await.unwrap().is_none());
    assert_eq!(rubis_invoices::invoice(conn, theirs, invoice.id).await.unwrap(), None);
    assert_eq!(lock_invoice(conn, theirs, invoice.id).await.unwrap(), None);
    assert!(invoices_by_ids(conn, theirs, &[invoice.id]).await.unwrap().is_empty());
    assert!(lines_of(conn, theirs, invoice.id).await.unwrap().is_empty());
    assert!(payments_of(conn, theirs, invoice.id).await.unwrap().is_empty());
    assert!(open_invoices_of_client(conn, theirs, petit.id, None, 50).await.unwrap().is_empty());
    assert!(ids_of_unfinished_invoices(conn, theirs, InvoiceScope::All, None, 50).await.unwrap().is_empty());
    let of_client = InvoiceFilter { client_id: Some(petit.id), ..InvoiceFilter::default() };
    let page = list_invoices(conn, theirs, &of_client, InvoiceSort::default(), None, 50).await.unwrap();
    assert!(page.items.is_empty());

    assert!(update_client(conn, theirs, petit.id, ClientPatch::default(), NOW).await.unwrap().is_none());
    assert!(matches!(delete_client(conn, theirs, petit.id).await, Err(DeleteClientError::NotFound)));
    assert!(set_client_pause(conn, theirs, petit.id, pause, NOW).await.unwrap().is_none());
    assert!(clear_client_pause(conn, theirs, petit.id, NOW).await.unwrap().is_none());
    let refused = add_contact(conn, theirs, petit.id, &contact, NOW).await;
    assert!(matches!(refused, Err(ContactError::ClientNotFound)));
    let refused = update_contact(conn, theirs, petit.id, anne.id, ContactPatch::default()).await;
    assert!(matches!(refused, Err(ContactError::NotFound)));
    let refused = remove_contact(conn, theirs, petit.id, anne.id).await;
    assert!(matches!(refused, Err(ContactError::NotFound)));
    let refused = add_service_location(conn, theirs, petit.id, &place, NOW).await;
    assert!(matches!(refused, Err(ServiceLocationError::ClientNotFound)));
    let refused =
        update_service_location(conn, theirs, petit.id, shop.id, ServiceLocationPatch::default()).await;
    assert!(matches!(refused, Err(ServiceLocationError::NotFound)));
    let refused = remove_service_location(conn, theirs, petit.id, shop.id).await;
    assert!(matches!(refused, Err(ServiceLocationError::NotFound)));
    let refused = update_invoice(conn, theirs, invoice.id, InvoicePatch::default(), NOW).await;
    assert!(matches!(refused, Err(UpdateInvoiceError::NotFound)));
    assert!(set_invoice_pause(conn, theirs, invoice.id, pause, NOW).await.unwrap().is_none());
    assert!(clear_invoice_pause(conn, theirs, invoice.id, NOW).await.unwrap().is_none());

    // Control: the owner finds all of it, unchanged.
    assert_eq!(rubis_invoices::client(conn, ours, petit.id).await.unwrap(), Some(petit.clone()));
    assert_eq!(clients_by_ids(conn, ours, &[petit.id]).await.unwrap(), std::slice::from_ref(&petit));
    assert_eq!(invoices_by_ids(conn, ours, &[invoice.id]).await.unwrap(), [invoice.clone()]);
    assert_eq!(contacts_of(conn, ours, petit.id).await.unwrap(), [anne]);
    assert_eq!(service_locations_of(conn, ours, petit.id, None, 50).await.unwrap().items, [shop]);
    assert_eq!(lines_of(conn, ours, invoice.id).await.unwrap().len(), 1);
    assert_eq!(payments_of(conn, ours, invoice.id).await.unwrap().len(), 1);
    assert_eq!(open_invoices_of_client(conn, ours, petit.id, None, 50).await.unwrap(), [invoice.clone()]);
    assert_eq!(
        ids_of_unfinished_invoices(conn, ours, InvoiceScope::All, None, 50).await.unwrap(),
        [invoice.id]
    );
}
