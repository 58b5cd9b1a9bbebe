use rubis_kernel::UserId;
use time::macros::datetime;

use super::*;
use crate::draft::Draft;

const AT: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);

fn written(review: Review) -> Written {
    let text = RenderedText { subject: "Facture".to_owned(), body: "Bonjour".to_owned() };
    let (recipient, message_id) = (Some("compta@client.example".to_owned()), Some("<1@rubis>".to_owned()));
    Written { mail: Mail { text, recipient, message_id }, review }
}

fn reviews() -> [Review; 3] {
    let drafted = || Drafted { at: AT, draft: Some(Draft::default()) };
    [
        Review::Unneeded,
        Review::Drafted(drafted()),
        Review::Approved(Approved { drafted: drafted(), at: AT, by: UserId::new() }),
    ]
}

/// Rows of the states, with a reminder's text and in each state of its review.
fn rows() -> Vec<StateColumns> {
    let note = Note { code: "rejected".to_owned(), detail: Some("550 no such user".to_owned()) };
    let mut states = vec![
        RelanceState::Scheduled { attempted: None, note: None },
        RelanceState::Cancelled { reason: note.clone(), written: None },
    ];
    for review in reviews() {
        let written = written(review);
        let refused_copies = vec!["paul@client.example".to_owned()];
        states.extend([
            RelanceState::waiting(Some(written.clone()), Some(note.clone())),
            RelanceState::Sending { since: AT, written: written.clone() },
            RelanceState::Sent { at: AT, written: written.clone(), refused_copies },
            RelanceState::Cancelled { reason: note.clone(), written: Some(written.clone()) },
            RelanceState::Failed { failure: note.clone(), written: Some(written) },
        ]);
    }
    let rows: Vec<StateColumns> = states.iter().map(StateColumns::from).collect();
    for (row, state) in rows.iter().zip(states) {
        assert_eq!(row.clone().into_state(RelanceTaskId::new()), Ok(state));
    }
    rows
}

#[test]
fn every_state_survives_its_row() {
    assert_eq!(rows().len(), 17);
}

#[test]
fn a_row_that_fits_no_state_is_an_error_that_names_it() {
    let rows = rows();
    let of = |is_it: fn(&StateColumns) -> bool| rows.iter().find(|row| is_it(row)).unwrap().clone();
    let scheduled = || of(|row| row.status == RelanceStatus::Scheduled && row.subject.is_none());
    let drafted = || of(|row| row.drafted_at.is_some() && row.approved_at.is_none());
    let approved = || of(|row| row.approved_at.is_some());
    let sending = || of(|row| row.sending_since.is_some());
    let sent = || of(|row| row.sent_at.is_some());
    let failed = || of(|row| row.status == RelanceStatus::Failed);
    let cases = [
        (StateColumns { body: None, ..sending() }, Misfit::HalfText),
        (StateColumns { subject: None, ..sending() }, Misfit::HalfText),
        (StateColumns { subject: None, body: None, ..drafted() }, Misfit::DraftWithoutText),
        (StateColumns { drafted_at: None, ..approved() }, Misfit::ApprovalWithoutDraft),
        (StateColumns { approved_by: None, ..approved() }, Misfit::ApprovalWithoutDraft),
        (StateColumns { sending_since: Some(AT), ..scheduled() }, Misfit::SendingWithoutMail),
        (StateColumns { recipient: None, ..sending() }, Misfit::SendingWithoutMail),
        (
            StateColumns { status: RelanceStatus::Sent, sent_at: None, ..sending() },
            Misfit::SendingWithoutMail,
        ),
        (StateColumns { sending_since: Some(AT), ..failed() }, Misfit::SendingWithoutMail),
        (StateColumns { recipient: None, ..sent() }, Misfit::SentWithoutMail),
        (StateColumns { sent_at: None, ..sent() }, Misfit::SentWithoutMail),
        (StateColumns { sent_at: Some(AT), ..failed() }, Misfit::NotSentAtATime),
        (StateColumns { reason: None, ..failed() }, Misfit::EndWithoutReason),
    ];
    let id = RelanceTaskId::new();
    for (row, misfit) in cases {
        let error = row.clone().into_state(id).unwrap_err();
        assert_eq!(error, FitsNoState { id, misfit }, "{row:?}");
        assert!(error.to_string().starts_with(&format!("the row of reminder {id} fits no state: ")));
    }
}
