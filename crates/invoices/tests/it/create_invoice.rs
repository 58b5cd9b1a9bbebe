use diesel_async::RunQueryDsl;
use rubis_db::AsyncConnection;
use rubis_invoices::{
    CreateInvoiceError, InvoiceInput, InvoicePatch, InvoiceStatus, InvoicedClientInput, LineInput,
    NewInvoice, NewInvoiceInput, NewServiceLocation, NewServiceLocationInput, UpdateInvoiceError,
    add_service_location, create_invoice, lines_of, list_clients, update_invoice,
};
use rubis_kernel::{ClientId, PlanId, ServiceLocationId};

use crate::{Fixture, NOW, client, input, put_in};

fn named(name: &str, email: &str, numero: &str) -> NewInvoiceInput {
    NewInvoiceInput {
        client_id: None,
        client: Some(InvoicedClientInput {
            name: name.to_owned(),
            email: email.to_owned(),
            kind: None,
            create_new: false,
        }),
        ..input(ClientId::new(), numero)
    }
}

#[tokio::test]
async fn a_new_invoice_is_pending_and_owes_everything() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let petit = client(&mut conn, fixture.ours, "Boulangerie Petit").await;
    let created = put_in(&mut conn, fixture.ours, input(petit.id, "F-1")).await;
    let invoice = created.invoice;
    assert_eq!((created.client, created.client_created), (petit, false));
    assert_eq!((invoice.status, invoice.chased, invoice.rubis_earned), (InvoiceStatus::Pending, false, 0));
    assert_eq!((invoice.balance(), invoice.settled.cents), (invoice.amount, 0));
    assert_eq!((invoice.created_at, invoice.plan_id), (NOW, None));
    let found = rubis_invoices::invoice(&mut conn, fixture.ours, invoice.id).await.unwrap();
    assert_eq!(found, Some(invoice));
}

#[tokio::test]
async fn an_invoice_keeps_its_lines_in_their_order() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let petit = client(&mut conn, fixture.ours, "Boulangerie Petit").await;
    let shop = NewServiceLocation::parse(NewServiceLocationInput {
        name: "Fournil".to_owned(),
        ..Default::default()
    });
    let shop = add_service_location(&mut conn, fixture.ours, petit.id, &shop.unwrap(), NOW).await.unwrap();
    let line = |description: &str, quantity: &str| LineInput {
        description: description.to_owned(),
        quantity: Some(quantity.to_owned()),
        unit_price_cents: 4500,
        vat_rate_basis_points: Some(1000),
        service_location_id: Some(shop.id),
    };
    let items = vec![line("Pose", "1.5"), line("Dépose", "2")];
    let created = put_in(&mut conn, fixture.ours, NewInvoiceInput { items, ..input(petit.id, "F-1") }).await;
    let told: Vec<_> = created
        .lines
        .iter()
        .map(|line| (line.position, line.description.as_str(), line.quantity.to_string()))
        .collect();
    assert_eq!(told, [(0, "Pose", "1.5".to_owned()), (1, "Dépose", "2".to_owned())]);
    assert_eq!(lines_of(&mut conn, fixture.ours, created.invoice.id).await.unwrap(), created.lines);
}

#[tokio::test]
async fn a_client_gets_a_number_once_and_another_client_may_have_it_too() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let petit = client(&mut conn, fixture.ours, "Boulangerie Petit").await;
    let grand = client(&mut conn, fixture.ours, "Boulangerie Grand").await;
    let first = put_in(&mut conn, fixture.ours, input(petit.id, "F-1")).await.invoice;
    let again = NewInvoice::parse(input(petit.id, " F-1 ")).unwrap();
    let refused = create_invoice(&mut conn, fixture.ours, &again, None, NOW).await;
    assert!(matches!(refused, Err(CreateInvoiceError::DuplicateNumero { existing }) if existing == first.id));
    put_in(&mut conn, fixture.ours, input(grand.id, "F-1")).await;
    put_in(&mut conn, fixture.ours, input(petit.id, "F-2")).await;
}

#[tokio::test]
async fn of_two_invoices_at_once_with_one_number_the_second_is_notified_of_the_first() {
    let fixture = Fixture::new().await;
    let (mut one, mut other) = (fixture.conn().await, fixture.conn().await);
    let petit = client(&mut one, fixture.ours, "Boulangerie Petit").await;
    for number in 0..20 {
        let new = NewInvoice::parse(input(petit.id, &format!("F-{number}"))).unwrap();
        let outcomes = tokio::join!(
            create_invoice(&mut one, fixture.ours, &new, None, NOW),
            create_invoice(&mut other, fixture.ours, &new, None, NOW)
        );
        match outcomes {
            (Ok(created), Err(CreateInvoiceError::DuplicateNumero { existing }))
            | (Err(CreateInvoiceError::DuplicateNumero { existing }), Ok(created)) => {
                assert_eq!(existing, created.invoice.id);
            }
            both => panic!("{both:?}"),
        }
    }
}

#[tokio::test]
async fn a_number_is_one_whatever_its_case_dashes_spaces_and_width() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let petit = client(&mut conn, fixture.ours, "Boulangerie Petit").await;
    let first = put_in(&mut conn, fixture.ours, input(petit.id, "F-2026/É 01")).await.invoice;
    for written in ["f-2026/é01", "F2026/E\u{301}01", "F\u{2014}2026/É\u{a0}01", "Ｆ２０２６／É０１"]
    {
        let again = NewInvoice::parse(input(petit.id, written)).unwrap();
        let refused = create_invoice(&mut conn, fixture.ours, &again, None, NOW).await;
        assert!(
            matches!(refused, Err(CreateInvoiceError::DuplicateNumero { existing }) if existing == first.id),
            "{written}"
        );
    }
    for other in ["F-2026/E 01", "F-2026 01", "F-2026.É 01", "F-2026/É 02", "-", "--"] {
        put_in(&mut conn, fixture.ours, input(petit.id, other)).await;
    }
}

#[tokio::test]
async fn numbers_of_earlier_releases_are_taken_too_and_their_duplicates_stay_usable() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let petit = client(&mut conn, fixture.ours, "Boulangerie Petit").await;
    let mut earlier = Vec::new();
    for numero in ["F-1", "F-2"] {
        earlier.push(put_in(&mut conn, fixture.ours, input(petit.id, numero)).await.invoice);
    }
    // The previous release has no keys, and accepted both numbers.
    diesel::sql_query("UPDATE invoices SET numero_key = NULL").execute(&mut conn).await.unwrap();
    diesel::sql_query("UPDATE invoices SET numero = 'f1' WHERE numero = 'F-2'")
        .execute(&mut conn)
        .await
        .unwrap();

    let again = NewInvoice::parse(input(petit.id, "F 1")).unwrap();
    let refused = create_invoice(&mut conn, fixture.ours, &again, None, NOW).await;
    assert!(
        matches!(refused, Err(CreateInvoiceError::DuplicateNumero { existing }) if existing == earlier[0].id)
    );
    for invoice in &earlier {
        let amount = InvoiceInput { amount_ttc_cents: Some(130_000), ..InvoiceInput::default() };
        let patch = InvoicePatch::parse(amount).unwrap();
        update_invoice(&mut conn, fixture.ours, invoice.id, patch, NOW).await.unwrap();
    }
    let renumbered = |numero: &str| {
        InvoicePatch::parse(InvoiceInput { numero: Some(numero.to_owned()), ..InvoiceInput::default() })
            .unwrap()
    };
    let refused = update_invoice(&mut conn, fixture.ours, earlier[1].id, renumbered("F-1-"), NOW).await;
    assert!(matches!(refused, Err(UpdateInvoiceError::DuplicateNumero { .. })));
    update_invoice(&mut conn, fixture.ours, earlier[1].id, renumbered("F-2"), NOW).await.unwrap();
}

#[tokio::test]
async fn a_client_is_found_by_name_and_address_together_or_created() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let first =
        put_in(&mut conn, fixture.ours, named("Garage Œillet", "Compta@roux.example.fr", "F-1")).await;
    assert!(first.client_created);
    assert_eq!(first.client.name, "Garage Œillet");
    let second =
        put_in(&mut conn, fixture.ours, named("GARAGE  oeillet", "compta@ROUX.example.fr", "F-2")).await;
    assert_eq!((second.client_created, second.client), (false, first.client.clone()));
    // Of two clients with one address, the one with the name matches.
    for name in ["Atelier A", "Atelier B"] {
        client(&mut conn, fixture.ours, name).await;
    }
    let third = put_in(&mut conn, fixture.ours, named("atelier b", "compta@client.example.fr", "F-3")).await;
    assert_eq!(third.client.name, "Atelier B");
    let fourth = put_in(&mut conn, fixture.ours, named("Atelier C", "compta@client.example.fr", "F-3")).await;
    assert!(fourth.client_created, "another name is another client");
    let elsewhere =
        put_in(&mut conn, fixture.theirs, named("Garage Œillet", "compta@roux.example.fr", "F-1")).await;
    assert!(elsewhere.client_created);
}

#[tokio::test]
async fn a_client_who_may_be_another_is_not_guessed() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let known =
        put_in(&mut conn, fixture.ours, named("SARL Roux", "compta@roux.example.fr", "F-1")).await.client;
    for (name, email) in [
        ("Roux", "compta@roux.example.fr"),
        ("SARL Rouz", "compta@roux.example.fr"),
        ("Sarl Roux", "moi@roux.example.fr"),
    ] {
        let unsure = NewInvoice::parse(named(name, email, "F-2")).unwrap();
        match create_invoice(&mut conn, fixture.ours, &unsure, None, NOW).await {
            Err(CreateInvoiceError::AmbiguousClient { candidates }) => {
                assert_eq!(candidates, std::slice::from_ref(&known));
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    let landlord = put_in(&mut conn, fixture.ours, named("SCI Roux", "compta@roux.example.fr", "F-2")).await;
    assert!(landlord.client_created, "a company of another form is another one");
    let mut new = named("Roux", "compta@roux.example.fr", "F-2");
    new.client.as_mut().unwrap().create_new = true;
    assert!(put_in(&mut conn, fixture.ours, new).await.client_created);
}

#[tokio::test]
async fn two_invoices_at_once_for_one_new_client_create_them_once() {
    let fixture = Fixture::new().await;
    let (mut one, mut other) = (fixture.conn().await, fixture.conn().await);
    for number in 0..10 {
        let email = format!("compta{number}@roux.example.fr");
        let name = format!("Roux {number}");
        let (first, second) = (named(&name, &email, "F-1"), named(&name, &email, "F-2"));
        tokio::join!(put_in(&mut one, fixture.ours, first), put_in(&mut other, fixture.ours, second));
    }
    let clients = list_clients(&mut one, fixture.ours, None, None, 200).await.unwrap();
    assert_eq!(clients.items.len(), 10);
}

#[tokio::test]
async fn what_an_invoice_names_has_to_be_its_organizations_and_nothing_is_left_of_a_refused_one() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let ours = client(&mut conn, fixture.ours, "Boulangerie Petit").await;
    let theirs = client(&mut conn, fixture.theirs, "Garage Roux").await;
    let shop = NewServiceLocation::parse(NewServiceLocationInput {
        name: "Fournil".to_owned(),
        ..Default::default()
    });
    let shop = add_service_location(&mut conn, fixture.theirs, theirs.id, &shop.unwrap(), NOW).await.unwrap();
    let at = |location: ServiceLocationId| {
        vec![LineInput {
            description: "Pose".to_owned(),
            service_location_id: Some(location),
            ..LineInput::default()
        }]
    };
    // All in one transaction, which stays usable after each refusal.
    let outcome: Result<(), diesel::result::Error> = conn
        .transaction(async |conn| {
            let parsed = |input| NewInvoice::parse(input).unwrap();
            let new = parsed(input(theirs.id, "F-1"));
            let refused = create_invoice(conn, fixture.ours, &new, None, NOW).await;
            assert!(matches!(refused, Err(CreateInvoiceError::UnknownClient)));
            let new = parsed(NewInvoiceInput { items: at(shop.id), ..input(ours.id, "F-1") });
            let refused = create_invoice(conn, fixture.ours, &new, None, NOW).await;
            assert!(matches!(refused, Err(CreateInvoiceError::UnknownServiceLocation)));
            let new = parsed(named("Nouveau", "nouveau@example.fr", "F-1"));
            let refused = create_invoice(conn, fixture.ours, &new, Some(PlanId::new()), NOW).await;
            assert!(matches!(refused, Err(CreateInvoiceError::UnknownPlan)));
            let clients = list_clients(conn, fixture.ours, None, None, 200).await?;
            assert_eq!(clients.items.len(), 1, "the client of the refused invoice was not created");
            Ok(())
        })
        .await;
    outcome.unwrap();
    put_in(&mut conn, fixture.ours, input(ours.id, "F-1")).await;
}

#[tokio::test]
async fn a_client_that_an_invoice_creates_has_the_kind_it_names_and_a_known_one_keeps_theirs() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let of_kind = |name: &str, kind: Option<&str>, numero: &str| {
        let mut input = named(name, "compta@exemple.fr", numero);
        input.client =
            input.client.map(|client| InvoicedClientInput { kind: kind.map(str::to_owned), ..client });
        input
    };
    let mut kinds = Vec::new();
    for (name, kind, numero) in [
        ("Menuiserie Roux", Some("company"), "F-1"),
        ("Menuiserie Roux", Some("person"), "F-2"),
        ("Jeanne Morel", None, "F-3"),
    ] {
        kinds.push(put_in(&mut conn, fixture.ours, of_kind(name, kind, numero)).await.client.kind.as_str());
    }
    assert_eq!(kinds, ["company", "company", "person"]);
}
