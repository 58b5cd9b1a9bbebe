use rubis_accounts::{AddressInput, Pause};
use rubis_db::AsyncConnection;
use rubis_invoices::{
    ClientInput, ClientPatch, ClientPosition, ContactError, ContactInput, ContactPatch, DeleteClientError,
    InvoiceFilter, InvoiceSort, LineInput, MAX_CONTACTS, NewContact, NewContactInput, NewInvoiceInput,
    NewServiceLocation, NewServiceLocationInput, SearchTerms, ServiceLocationError, ServiceLocationInput,
    ServiceLocationPatch, add_contact, add_service_location, clear_client_pause, contacts_of, delete_client,
    list_clients, list_invoices, referral_code, remove_contact, remove_service_location, resolve_referral,
    service_locations_of, set_client_pause, update_client, update_contact, update_service_location,
};
use rubis_kernel::AppKey;

use crate::{Fixture, NOW, client, input, put_in};

#[tokio::test]
async fn a_client_is_changed_and_paused_and_resumed() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let petit = client(&mut conn, fixture.ours, "Boulangerie Petit").await;
    let change = ClientInput {
        email: Some("factures@petit.example.fr".to_owned()),
        phone: Some(Some("01 23 45 67 89".to_owned())),
        siren: Some(Some("732829320".to_owned())),
        vat_number: Some(Some("FR 44 732829320".to_owned())),
        address: Some(AddressInput { city: Some("Épinal".to_owned()), ..AddressInput::default() }),
        ..ClientInput::default()
    };
    let patch = ClientPatch::parse(change).unwrap();
    let changed = update_client(&mut conn, fixture.ours, petit.id, patch, NOW).await.unwrap().unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.vat_number.as_deref()),
        ("Boulangerie Petit", Some("FR44732829320"))
    );
    for typed in ["epinal", "732829", "01 23 45", "factures@petit", "fr447"] {
        let found = list_clients(&mut conn, fixture.ours, SearchTerms::parse(typed).as_ref(), None, 10)
            .await
            .unwrap();
        assert_eq!(found.items, std::slice::from_ref(&changed), "{typed}");
    }

    let pause = Pause { since: NOW, until: None };
    let paused = set_client_pause(&mut conn, fixture.ours, petit.id, pause, NOW).await.unwrap().unwrap();
    assert_eq!(paused.pause, Some(pause));
    let forget = ClientPatch::parse(ClientInput { phone: Some(None), ..ClientInput::default() }).unwrap();
    let changed = update_client(&mut conn, fixture.ours, petit.id, forget, NOW).await.unwrap().unwrap();
    assert_eq!((changed.phone, changed.pause), (None, Some(pause)));
    let resumed = clear_client_pause(&mut conn, fixture.ours, petit.id, NOW).await.unwrap().unwrap();
    assert_eq!(resumed.pause, None);
}

#[tokio::test]
async fn a_clients_new_name_finds_their_invoices() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let petit = client(&mut conn, fixture.ours, "Boulangerie Petit").await;
    let grand = client(&mut conn, fixture.ours, "Boulangerie Grand").await;
    let id = put_in(&mut conn, fixture.ours, input(petit.id, "F-1")).await.invoice.id;
    put_in(&mut conn, fixture.ours, input(grand.id, "F-1")).await;
    let patch = ClientPatch::parse(ClientInput {
        name: Some("L'Été \\ Sucré".to_owned()),
        ..ClientInput::default()
    });
    update_client(&mut conn, fixture.ours, petit.id, patch.unwrap(), NOW).await.unwrap();
    for (typed, expected) in [("ete sucre f-1", vec![id]), ("petit", vec![])] {
        let filter = InvoiceFilter { search: SearchTerms::parse(typed), ..InvoiceFilter::default() };
        let page =
            list_invoices(&mut conn, fixture.ours, &filter, InvoiceSort::default(), None, 10).await.unwrap();
        let found: Vec<_> = page.items.into_iter().map(|listed| listed.invoice.id).collect();
        assert_eq!(found, expected, "{typed}");
    }
}

#[tokio::test]
async fn a_client_who_was_invoiced_stays_and_another_goes_with_all_that_is_theirs() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let petit = client(&mut conn, fixture.ours, "Boulangerie Petit").await;
    let grand = client(&mut conn, fixture.ours, "Boulangerie Grand").await;
    put_in(&mut conn, fixture.ours, input(petit.id, "F-1")).await;
    let contact = NewContact::parse(&NewContactInput {
        name: "Anne".to_owned(),
        email: "anne@example.fr".to_owned(),
        ..NewContactInput::default()
    });
    add_contact(&mut conn, fixture.ours, grand.id, &contact.unwrap(), NOW).await.unwrap();
    let outcome: Result<(), DeleteClientError> = conn
        .transaction(async |conn| {
            let refused = delete_client(conn, fixture.ours, petit.id).await;
            assert!(matches!(refused, Err(DeleteClientError::ClientHasInvoices)));
            delete_client(conn, fixture.ours, grand.id).await
        })
        .await;
    outcome.unwrap();
    assert!(matches!(
        delete_client(&mut conn, fixture.ours, grand.id).await,
        Err(DeleteClientError::NotFound)
    ));
    let left = list_clients(&mut conn, fixture.ours, None, None, 10).await.unwrap();
    assert_eq!(left.items, [petit]);
}

#[tokio::test]
async fn clients_are_listed_by_name_a_page_at_a_time() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let names = ["bertrand", "Bertrand", "Arnaud", "durand", "Claude", "BERTRAND", "Éric"];
    for name in names {
        client(&mut conn, fixture.ours, name).await;
    }
    client(&mut conn, fixture.theirs, "Autre").await;
    let whole = list_clients(&mut conn, fixture.ours, None, None, 50).await.unwrap();
    let sorted: Vec<String> = whole.items.iter().map(|client| client.name.to_lowercase()).collect();
    assert_eq!(sorted.len(), names.len());
    assert_eq!(sorted[..6], ["arnaud", "bertrand", "bertrand", "bertrand", "claude", "durand"]);
    let mut paged = Vec::new();
    let mut after: Option<ClientPosition> = None;
    loop {
        let page = list_clients(&mut conn, fixture.ours, None, after.as_ref(), 2).await.unwrap();
        after = page.last_if_more().map(ClientPosition::from);
        paged.extend(page.items);
        if after.is_none() {
            break;
        }
    }
    assert_eq!(paged, whole.items);
}

#[tokio::test]
async fn contacts_are_added_changed_and_removed() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let petit = client(&mut conn, fixture.ours, "Boulangerie Petit").await;
    let grand = client(&mut conn, fixture.ours, "Boulangerie Grand").await;
    let new = NewContact::parse(&NewContactInput {
        name: "Anne".to_owned(),
        email: "anne@example.fr".to_owned(),
        receives_relances: true,
        ..NewContactInput::default()
    })
    .unwrap();
    let anne = add_contact(&mut conn, fixture.ours, petit.id, &new, NOW).await.unwrap();
    assert!(anne.receives_relances);
    let patch = || {
        ContactPatch::parse(ContactInput {
            job_title: Some(Some("Gérante".to_owned())),
            ..ContactInput::default()
        })
        .unwrap()
    };
    let changed = update_contact(&mut conn, fixture.ours, petit.id, anne.id, patch()).await.unwrap();
    assert_eq!((changed.job_title.as_deref(), changed.name.as_str()), (Some("Gérante"), "Anne"));
    assert_eq!(contacts_of(&conn, fixture.ours, petit.id).await.unwrap(), [changed]);
    let elsewhere = update_contact(&mut conn, fixture.ours, grand.id, anne.id, patch()).await;
    assert!(matches!(elsewhere, Err(ContactError::NotFound)), "she is another client's");
    remove_contact(&mut conn, fixture.ours, petit.id, anne.id).await.unwrap();
    assert!(contacts_of(&conn, fixture.ours, petit.id).await.unwrap().is_empty());

    for _ in 0..MAX_CONTACTS {
        add_contact(&mut conn, fixture.ours, petit.id, &new, NOW).await.unwrap();
    }
    let refused = add_contact(&mut conn, fixture.ours, petit.id, &new, NOW).await;
    assert!(matches!(refused, Err(ContactError::TooMany)));
}

#[tokio::test]
async fn service_locations_are_added_changed_and_removed_unless_a_line_names_them() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let petit = client(&mut conn, fixture.ours, "Boulangerie Petit").await;
    let new = NewServiceLocation::parse(NewServiceLocationInput {
        name: "Fournil".to_owned(),
        ..Default::default()
    });
    let place = add_service_location(&mut conn, fixture.ours, petit.id, &new.unwrap(), NOW).await.unwrap();
    let patch = ServiceLocationPatch::parse(ServiceLocationInput {
        name: Some("Boutique".to_owned()),
        address: None,
    });
    let changed =
        update_service_location(&mut conn, fixture.ours, petit.id, place.id, patch.unwrap()).await.unwrap();
    assert_eq!(changed.name, "Boutique");
    assert_eq!(
        service_locations_of(&mut conn, fixture.ours, petit.id, None, 50).await.unwrap().items,
        [changed]
    );

    let items = vec![LineInput {
        description: "Pose".to_owned(),
        service_location_id: Some(place.id),
        ..LineInput::default()
    }];
    put_in(&mut conn, fixture.ours, NewInvoiceInput { items, ..input(petit.id, "F-1") }).await;
    let refused = remove_service_location(&mut conn, fixture.ours, petit.id, place.id).await;
    assert!(matches!(refused, Err(ServiceLocationError::InUse)));
}

#[tokio::test]
async fn a_referral_code_leads_back_to_its_client_in_their_organization_alone() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let key = "0123456789abcdef0123456789abcdef".parse::<AppKey>().unwrap().derive("referral");
    client(&mut conn, fixture.ours, "Boulangerie Grand").await;
    let petit = client(&mut conn, fixture.ours, "Boulangerie Petit").await;
    let code = referral_code(&key, petit.id);
    let typed = code.to_lowercase().replace('1', "l").replace('0', "o");
    for typed in [code.clone(), typed, format!("{}-{}", &code[..3], &code[3..])] {
        assert_eq!(resolve_referral(&mut conn, fixture.ours, &key, &typed).await.unwrap(), Some(petit.id));
    }
    assert_eq!(resolve_referral(&mut conn, fixture.theirs, &key, &code).await.unwrap(), None);
    assert_eq!(resolve_referral(&mut conn, fixture.ours, &key, "pas un code").await.unwrap(), None);
}
