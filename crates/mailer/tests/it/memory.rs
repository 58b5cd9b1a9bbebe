//! Tests of the outbox that other crates test with.

use crate::support::relance;
use rubis_kernel::Email;
use rubis_mailer::{Mailer, MemoryMailer, SendError};

fn busy() -> SendError {
    SendError::deferred("busy")
}

#[tokio::test]
async fn mails_are_kept_in_order_and_taken_once() {
    let mailer = MemoryMailer::new();
    let shared = mailer.clone();
    shared.send(&relance()).await.unwrap();
    assert_eq!(mailer.outbox(), [relance()]);
    assert_eq!(mailer.take().len(), 1);
    assert!(mailer.outbox().is_empty());
}

#[tokio::test]
async fn programmed_failures_happen_as_often_as_asked_and_keep_no_mail() {
    let mailer = MemoryMailer::new();
    mailer.fail_next(2, &busy());
    for _ in 0..2 {
        assert_eq!(mailer.send(&relance()).await, Err(busy()));
    }
    mailer.send(&relance()).await.unwrap();
    assert_eq!(mailer.outbox().len(), 1);
}

#[tokio::test]
async fn a_refused_address_is_refused_until_everything_is_accepted() {
    let mailer = MemoryMailer::new();
    let rejected = SendError::rejected(550, "no such user");
    mailer.refuse(relance().to.address.as_str(), rejected.clone());
    assert_eq!(mailer.send(&relance()).await, Err(rejected));
    mailer.accept_everything();
    mailer.send(&relance()).await.unwrap();
}

#[tokio::test]
async fn what_no_server_would_get_is_not_kept_either() {
    let mailer = MemoryMailer::new();
    let attack = Email { subject: "a\nb".into(), ..relance() };
    assert!(matches!(mailer.send(&attack).await, Err(SendError::Invalid(_))));
    assert!(mailer.outbox().is_empty());
}
