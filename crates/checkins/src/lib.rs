//! Asks the user whether an invoice was paid: planning, tokens, mails and answers.
//!
//! [`plan_checkin`] gives an invoice's check-in its date. On that date [`gather`] puts all due check-ins of the
//! organization into one mail, [`claim_mail`] composes it and [`record_sent`] starts the life of its links.
//! [`find_by_token`] finds the check-in of a link, [`judge`] interprets its opening, and [`record_answer`] and its
//! siblings record the answer; `lifecycle` applies the answer to the invoice and its reminders. Every transaction that
//! changes an invoice and its check-ins locks the invoice first, then its check-ins, then their jobs.

mod agents;
mod asked;
mod call_off;
mod claim_mail;
mod compose;
mod compose_confirmation;
mod gather;
mod jobs;
mod judge;
mod links;
mod list;
mod opening;
mod plan_checkin;
mod planning;
mod purge_clicks;
mod queries;
mod reconcile;
mod record_answer;
mod record_outcome;
mod renew;
mod rules;
mod state;
mod task;
mod task_state;
mod token;
mod verdict;
mod visibility;

pub use asked::{AskedInvoice, lock_open_checkin, lock_with_invoice};
pub use call_off::{cancel_of_invoice, no_longer_asked};
pub use claim_mail::{ClaimMailError, ClaimedMail, MailTerms, claim_mail};
pub use compose_confirmation::{Confirmation, compose_confirmation, compose_confirmations};
pub use gather::{Gathered, MAX_OF_MAIL, gather};
pub use jobs::{ConfirmCheckin, ExpireCheckin, GatherCheckins, SendCheckinMail};
pub use judge::{judge, record_click};
pub use links::CheckinLinks;
pub use list::{
    CheckinClick, checkin, checkins_of_invoice, clicks_of, find_by_token, latest_checkins_of_invoice,
    lock_checkin, siblings,
};
pub use opening::{CheckinLink, Opening};
pub use plan_checkin::{PlanCheckin, hold_answer, plan_checkin};
pub use planning::CATCH_UP_DELAY;
pub use purge_clicks::{CLICKS_KEPT, purge_clicks};
pub use reconcile::{
    CheckinFault, checkin_statuses, has_question_out, invoices_with_question_out, judge_checkin,
    live_checkins, make_job_again,
};
pub use record_answer::{
    record_answer, record_answered_together, record_expired, record_suspicion, record_undone,
};
pub use record_outcome::{record_failed, record_not_gathered, record_not_sent_yet, record_sent};
pub use renew::{RENEWAL_INTERVAL, RenewError, renew};
pub use rules::CheckinRules;
pub use task::{CheckinAnswer, CheckinAnsweredBy, CheckinStatus, CheckinTask};
pub use token::{KEY_PURPOSE, hash_of_token, token_of};
pub use verdict::{Caution, Verdict, verdict};
pub use visibility::{GONE_AFTER, Visibility};
