use rubis_kernel::{CheckinMailId, InvoiceId, OrganizationId};
use time::{
    OffsetDateTime,
    macros::{date, datetime},
};

use super::*;
use crate::task::{CheckinAnswer, CheckinAnsweredBy};

const AT: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);

fn scheduled() -> CheckinTask {
    CheckinTask {
        id: CheckinTaskId::new(),
        organization_id: OrganizationId::new(),
        invoice_id: InvoiceId::new(),
        due_date: date!(2026 - 11 - 24),
        send_at: AT,
        status: CheckinStatus::Scheduled,
        mail_id: None,
        renews: None,
        token_hash: None,
        sending_since: None,
        sent_at: None,
        expires_at: None,
        answered_at: None,
        answer: None,
        answered_by: None,
        payment_id: None,
        answered_with: None,
        suspect_since: None,
        reason: None,
        created_at: AT,
    }
}

fn deliveries() -> [Delivery; 3] {
    let (mail, token) = (CheckinMailId::new(), [1; 32]);
    [
        Delivery::Planned(Planned { mail: Some(mail), token: None }),
        Delivery::Sending(Attempt { mail, token, since: AT }),
        Delivery::Sent(Delivered { mail, token, at: AT, expires_at: AT }),
    ]
}

fn answer() -> GivenAnswer {
    let (answer, by) = (CheckinAnswer::StillPending, CheckinAnsweredBy::Button);
    GivenAnswer { answer, by, at: AT, payment: None, with: None }
}

#[test]
fn every_state_survives_its_row() {
    for delivery in deliveries() {
        let (delivery, reason) = (|| delivery.clone(), "invoice_paid".to_owned());
        for state in [
            CheckinState::open(delivery()),
            CheckinState::Answered { answer: answer(), delivery: delivery() },
            CheckinState::Expired { reason: Some(reason.clone()), delivery: delivery() },
            CheckinState::Cancelled { reason: reason.clone(), delivery: delivery() },
            CheckinState::Failed { reason, delivery: delivery() },
        ] {
            assert_eq!(scheduled().with_state(state.clone()).state(), Ok(state));
        }
    }
}

#[test]
fn a_row_that_fits_no_state_is_an_error_that_names_it() {
    let [_, sending, sent] =
        deliveries().map(|delivery| scheduled().with_state(CheckinState::open(delivery)));
    let answered =
        sent.with_state(CheckinState::Answered { answer: answer(), delivery: deliveries()[2].clone() });
    let cases = [
        (CheckinTask { sending_since: Some(AT), ..scheduled() }, Misfit::SendingWithoutMail),
        (CheckinTask { token_hash: None, ..sending }, Misfit::SendingWithoutMail),
        (CheckinTask { sending_since: Some(AT), ..sent.clone() }, Misfit::SendingWithoutMail),
        (CheckinTask { expires_at: None, ..sent.clone() }, Misfit::SentWithoutMail),
        (CheckinTask { status: CheckinStatus::Scheduled, ..sent.clone() }, Misfit::OtherStatus),
        (CheckinTask { status: CheckinStatus::Sent, ..scheduled() }, Misfit::OtherStatus),
        (CheckinTask { status: CheckinStatus::Answered, ..sent }, Misfit::AnsweredWithoutAnswer),
        (CheckinTask { answered_by: None, ..answered.clone() }, Misfit::AnsweredWithoutAnswer),
        (CheckinTask { status: CheckinStatus::Expired, ..answered }, Misfit::AnswerWithoutStatus),
        (CheckinTask { status: CheckinStatus::Cancelled, ..scheduled() }, Misfit::EndWithoutReason),
        (CheckinTask { status: CheckinStatus::Failed, ..scheduled() }, Misfit::EndWithoutReason),
    ];
    for (task, misfit) in cases {
        let error = task.state().unwrap_err();
        assert_eq!(error, FitsNoState { id: task.id, misfit }, "{task:?}");
        assert!(error.to_string().starts_with(&format!("the row of check-in {} fits no state: ", task.id)));
    }
}
