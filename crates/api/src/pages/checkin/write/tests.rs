//! Tests of every template of the pages, with values that look like markup and like templates.

use std::collections::BTreeSet;

use rubis_checkins::CheckinAnswer;
use rubis_kernel::{CheckinTaskId, Currency, Money, TimeZone, escape_html};
use rubis_lifecycle::{CheckinCard, CheckinInvoice, CheckinState};
use time::macros::{date, datetime};

use super::*;
use crate::pages::{frame::PAGES, trouble::Trouble};

const HOSTILE: &str = "{{ form.token }} {% block main %} {# <script>alert(\"x\")</script> & 'Cie' #}";

/// Layouts and parts, which are rendered within the pages.
const NOT_PAGES: [&str; 4] = ["checkin_parts.html", "marks.html", "page.html", "style.css"];

fn card(state: CheckinState, name: &str) -> CheckinCard {
    CheckinCard {
        id: CheckinTaskId::new(),
        state,
        invoice: Some(CheckinInvoice {
            numero: name.to_owned(),
            client_name: name.to_owned(),
            amount: Money::new(120_000, Currency::EUR),
            balance: Money::new(20_000, Currency::EUR),
            due_date: date!(2026 - 11 - 24),
        }),
        answer: None,
        answered_at: Some(datetime!(2026-11-24 09:00 UTC)),
        expires_at: None,
        undo_until: Some(datetime!(2026-12-01 09:00 UTC)),
        can_undo: true,
        can_renew: true,
    }
}

/// Returns one state and event for each page, and the page of several invoices in each of its forms.
fn views(name: &str) -> Vec<(CheckinView, Option<PageStatus>)> {
    use CheckinState::{AlreadyAnswered, Expired, Open, Paid, StillPending};
    let view = |state, siblings: &[CheckinState]| CheckinView {
        checkin: card(state, name),
        siblings: siblings.iter().map(|state| card(*state, name)).collect(),
        undo_together: siblings.len(),
        time_zone: TimeZone::paris(),
    };
    vec![
        (view(Open, &[]), None),
        (view(Open, &[]), Some(PageStatus::Confirm(CheckinAnswer::Paid))),
        (view(Open, &[Open]), Some(PageStatus::Confirm(CheckinAnswer::StillPending))),
        (view(Paid, &[Open, Open]), Some(PageStatus::Paid)),
        (view(Paid, &[]), Some(PageStatus::AlreadyAnswered)),
        (view(StillPending, &[]), Some(PageStatus::Pending)),
        (view(StillPending, &[]), Some(PageStatus::Undone)),
        (view(StillPending, &[]), Some(PageStatus::AlreadyAnswered)),
        (view(AlreadyAnswered, &[]), None),
        (view(Expired, &[]), None),
        (view(Expired, &[]), Some(PageStatus::Renewed)),
        (view(Expired, &[]), Some(PageStatus::TooSoon)),
        (view(Open, &[Open, Paid]), None),
        (view(Open, &[Paid, StillPending]), Some(PageStatus::NothingChosen)),
        (view(Open, &[Open]), Some(PageStatus::Repeat)),
        (view(Open, &[]), Some(PageStatus::Repeat)),
        (view(StillPending, &[StillPending]), Some(PageStatus::UndoneTogether)),
        (view(Paid, &[Open]), Some(PageStatus::Answered)),
        (view(Paid, &[AlreadyAnswered, Expired]), Some(PageStatus::Answered)),
    ]
}

fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).map(|rest| rest.split([' ', '>']).next().unwrap_or_default()).collect()
}

fn rendered(views: &mut [(CheckinView, Option<PageStatus>)], name: &str) -> Vec<(&'static str, Page)> {
    let page = CheckinPage { path: name.to_owned() };
    let mut pages: Vec<_> = views
        .iter_mut()
        .map(|(view, status)| {
            for card in std::iter::once(&mut view.checkin).chain(&mut view.siblings) {
                let invoice = card.invoice.as_mut().unwrap();
                (invoice.numero, invoice.client_name) = (name.to_owned(), name.to_owned());
            }
            let writing = Writing { page: &page, token: name, button: name, view, life: Duration::hours(24) };
            (template(choose::choose(view, *status)), writing.page(*status).unwrap())
        })
        .collect();
    let trouble = Trouble { heading: name, text: name };
    pages.push(("trouble.html", Page::render("trouble.html", trouble).unwrap()));
    pages.push(("checkin_unknown.html", unknown().unwrap()));
    pages.push(("checkin_gone.html", gone().unwrap()));
    pages
}

#[test]
fn values_of_every_page_stay_text_whatever_they_look_like() {
    let mut views = views("");
    let (harmless, hostile) = (rendered(&mut views, "Dupont"), rendered(&mut views, HOSTILE));
    let without_values = ["checkin_unknown.html", "checkin_gone.html"];
    for ((template, expected), (_, page)) in harmless.iter().zip(&hostile) {
        let (expected, html) = (expected.html(), page.html());
        assert_eq!(html, expected.replace("Dupont", &escape_html(HOSTILE)), "{template}");
        assert_eq!(tags(html), tags(expected), "{template}");
        assert!(!html.contains("<script"), "{template}");
        assert_eq!(html.contains("&lt;script&gt;"), !without_values.contains(template), "{template}");
    }
    let rendered: BTreeSet<&str> = hostile.iter().map(|(template, _)| *template).collect();
    let pages: BTreeSet<&str> = PAGES.names().filter(|name| !NOT_PAGES.contains(name)).collect();
    assert_eq!(rendered, pages);
}

#[test]
fn a_page_without_its_invoice_renders() {
    let page = CheckinPage { path: "/checkin".to_owned() };
    for (mut view, status) in views("Dupont") {
        view.checkin.invoice = None;
        view.checkin.answered_at = None;
        view.checkin.undo_until = None;
        view.checkin.can_renew = false;
        let writing =
            Writing { page: &page, token: "x", button: "x", view: &view, life: Duration::hours(24) };
        let html = writing.page(status).unwrap();
        assert!(html.html().contains("<h1>"), "{}", html.html());
    }
}

#[test]
fn a_page_of_fifty_long_names_is_within_its_limit() {
    let page = CheckinPage { path: "/checkin".to_owned() };
    let view = CheckinView {
        checkin: card(CheckinState::Open, "x"),
        siblings: (0..49).map(|_| card(CheckinState::Open, &"\"".repeat(200))).collect(),
        undo_together: 0,
        time_zone: TimeZone::paris(),
    };
    let writing = Writing { page: &page, token: "x", button: "x", view: &view, life: Duration::hours(24) };
    assert!(writing.page(None).is_ok());
}
