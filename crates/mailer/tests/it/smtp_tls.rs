//! Tests of mails sent to a server with a certificate of a private authority.

use std::sync::Arc;

use crate::support::relance;
use crate::tls_server::{Begins, TlsServer, authority};
use rubis_kernel::ManualClock;
use rubis_mailer::{Mailer, Receipt, SendError, SmtpCredentials, SmtpMailer, SmtpSettings, SmtpTls};
use time::macros::datetime;

/// Sends a mail with a password to this server, whose certificate has to be signed by one of these authorities.
async fn send(
    server: &TlsServer,
    host: &str,
    tls: SmtpTls,
    ca_certificates: Option<Vec<u8>>,
) -> Result<Receipt, SendError> {
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let credentials = SmtpCredentials { username: "rubis".into(), password: "sésame".into() };
    let settings = SmtpSettings {
        tls,
        ca_certificates,
        credentials: Some(credentials),
        ..SmtpSettings::new(host, server.addr.port())
    };
    let clock = Arc::new(ManualClock::new(datetime!(2026-11-21 08:00 UTC)));
    SmtpMailer::new(settings, clock).unwrap().send(&relance()).await
}

const WAYS: [(Begins, SmtpTls); 3] = [
    (Begins::WhenAsked, SmtpTls::Starttls),
    (Begins::WhenAsked, SmtpTls::Opportunistic),
    (Begins::AtOnce, SmtpTls::Required),
];

fn verbs(commands: &[String]) -> Vec<&str> {
    commands.iter().map(|command| command.split([' ', ':']).next().unwrap()).collect()
}

#[tokio::test]
async fn a_password_and_a_mail_are_heard_by_the_server_of_our_authority_within_tls_alone() {
    for (begins, tls) in WAYS {
        let server = TlsServer::start(begins).await;
        send(&server, "localhost", tls, Some(server.authority.clone())).await.unwrap();
        let heard = server.heard();
        assert!(verbs(&heard.clear).iter().all(|verb| ["EHLO", "STARTTLS"].contains(verb)), "{tls:?}");
        let encrypted = verbs(&heard.encrypted);
        assert_eq!(encrypted[..3], ["EHLO", "AUTH", "MAIL"], "{tls:?}");
        assert!(encrypted.contains(&"DATA"), "{tls:?}");
    }
}

#[tokio::test]
async fn a_server_of_another_authority_hears_neither_a_password_nor_a_mail() {
    for (begins, tls) in WAYS {
        let server = TlsServer::start(begins).await;
        for authorities in [Some(authority().pem().into_bytes()), None] {
            let error = send(&server, "localhost", tls, authorities).await.unwrap_err();
            assert!(matches!(error, SendError::Configuration { .. }), "{tls:?}: {error}");
        }
        assert!(server.heard().encrypted.is_empty(), "{tls:?}");
        assert!(!verbs(&server.heard().clear).contains(&"AUTH"), "{tls:?}");
    }
}

#[tokio::test]
async fn a_server_with_another_name_in_its_certificate_hears_nothing() {
    for (begins, tls) in WAYS {
        let server = TlsServer::start(begins).await;
        let error = send(&server, "127.0.0.1", tls, Some(server.authority.clone())).await.unwrap_err();
        assert!(matches!(error, SendError::Configuration { .. }), "{tls:?}: {error}");
        assert!(server.heard().encrypted.is_empty(), "{tls:?}");
    }
}

#[test]
fn a_file_without_certificates_makes_no_mailer() {
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
    let settings = SmtpSettings {
        tls: SmtpTls::Starttls,
        ca_certificates: Some(broken),
        ..SmtpSettings::new("localhost", 587)
    };
    let clock = Arc::new(ManualClock::new(datetime!(2026-11-21 08:00 UTC)));
    assert!(SmtpMailer::new(settings, clock).is_err());
}
