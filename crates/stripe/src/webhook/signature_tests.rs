//! Tests of accepted and rejected signatures.

use rstest::rstest;
use rubis_stripe_fake::SignedDelivery;
use time::macros::datetime;

use super::*;

const SECRET: &str = "whsec_current";
const BODY: &str = r#"{"id":"evt_1","object":"event","type":"customer.subscription.updated","created":1795262400,"data":{"object":{"id":"sub_1"}}}"#;
const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

/// Returns the header of a delivery signed with this secret at this time.
fn header(secret: &str, at: OffsetDateTime) -> String {
    SignedDelivery::new(BODY.to_owned(), secret, at).signature
}

fn secrets(secrets: &[&str]) -> Vec<SecretString> {
    secrets.iter().copied().map(SecretString::from).collect()
}

fn verdict(header: &str) -> Result<Event, SignatureError> {
    verify(BODY.as_bytes(), header, &secrets(&[SECRET]), NOW)
}

fn element<'a>(header: &'a str, name: &str) -> &'a str {
    header.split(',').find(|element| element.starts_with(name)).unwrap()
}

#[test]
fn a_signed_event_is_read() {
    let event = verdict(&header(SECRET, NOW)).unwrap();
    assert_eq!(event.id, "evt_1");
    assert_eq!(event.kind, "customer.subscription.updated");
    assert_eq!(event.created, datetime!(2026-11-21 12:00 UTC));
    assert_eq!(event.object, serde_json::json!({ "id": "sub_1" }));
}

/// `HMAC-SHA256(secret, "{t}.{body}")` in hexadecimal, as OpenSSL computes it.
#[test]
fn a_signature_that_another_program_computed_is_right() {
    let header = "t=1795262400,v1=489c6cd74b9d14188ac65ae02214fec24cd670d5f7a90a101513b6ad13b96f1f";
    assert!(verdict(header).is_ok());
}

#[rstest]
#[case::nothing("")]
#[case::words("no signature at all")]
#[case::no_time("v1=00")]
#[case::time_in_words("t=now,v1=00")]
#[case::time_beyond_all("t=99999999999999999999,v1=00")]
#[case::a_lone_comma("t=1795262400,,v1=00")]
fn a_header_of_another_form_is_refused(#[case] header: &str) {
    assert_eq!(verdict(header), Err(SignatureError::Malformed));
}

#[rstest]
#[case::only_a_time("t=1795262400")]
#[case::not_hexadecimal("t=1795262400,v1=zz")]
#[case::another_scheme("t=1795262400,v2=00")]
fn a_header_without_a_signature_is_refused(#[case] header: &str) {
    assert_eq!(verdict(header), Err(SignatureError::NoSignature));
}

#[test]
fn a_signature_of_the_scheme_v0_alone_is_not_believed_even_when_it_is_right() {
    let signed = header(SECRET, NOW);
    let right = element(&signed, "v1=").strip_prefix("v1=").unwrap();
    let time = element(&signed, "t=");
    assert_eq!(verdict(&format!("{time},v0={right}")), Err(SignatureError::NoSignature));
    assert!(verdict(&format!("{time},v0=00,v1={right}")).is_ok());
}

#[test]
fn another_secret_is_not_believed() {
    assert_eq!(verdict(&header("whsec_other", NOW)), Err(SignatureError::Mismatch));
    assert_eq!(verify(BODY.as_bytes(), &header(SECRET, NOW), &[], NOW), Err(SignatureError::Mismatch));
}

#[test]
fn an_empty_secret_opens_no_door() {
    let forged = header("", NOW);
    assert_eq!(verify(BODY.as_bytes(), &forged, &secrets(&[""]), NOW), Err(SignatureError::Mismatch));
}

#[test]
fn either_of_two_secrets_is_believed_while_one_replaces_the_other() {
    let both = secrets(&["whsec_next", SECRET]);
    for secret in ["whsec_next", SECRET] {
        assert!(verify(BODY.as_bytes(), &header(secret, NOW), &both, NOW).is_ok());
    }
    assert_eq!(
        verify(BODY.as_bytes(), &header("whsec_other", NOW), &both, NOW),
        Err(SignatureError::Mismatch)
    );
}

#[test]
fn any_of_several_signatures_is_enough() {
    let (old, new) = (header("whsec_old", NOW), header(SECRET, NOW));
    let several = format!("{},{}", element(&old, "t="), element(&old, "v1="));
    assert_eq!(verdict(&several), Err(SignatureError::Mismatch));
    assert!(verdict(&format!("{several},{}", element(&new, "v1="))).is_ok());
}

#[test]
fn a_body_that_was_changed_is_not_believed() {
    let header = header(SECRET, NOW);
    let tampered = BODY.replace("sub_1", "sub_2");
    let outcome = verify(tampered.as_bytes(), &header, &secrets(&[SECRET]), NOW);
    assert_eq!(outcome, Err(SignatureError::Mismatch));
    let spaced = format!("{BODY} ");
    assert_eq!(verify(spaced.as_bytes(), &header, &secrets(&[SECRET]), NOW), Err(SignatureError::Mismatch));
}

#[test]
fn a_time_that_was_changed_is_not_believed() {
    let old = header(SECRET, NOW - Duration::hours(1));
    let renewed = format!("t={},{}", NOW.unix_timestamp(), element(&old, "v1="));
    assert_eq!(verdict(&renewed), Err(SignatureError::Mismatch));
}

#[rstest]
#[case(Duration::minutes(-5), Ok(()))]
#[case(Duration::seconds(-301), Err(SignatureError::Stale))]
#[case(Duration::days(-400), Err(SignatureError::Stale))]
#[case(Duration::minutes(5), Ok(()))]
#[case(Duration::seconds(301), Err(SignatureError::Future))]
fn five_minutes_either_way_are_tolerated(
    #[case] away: Duration,
    #[case] expected: Result<(), SignatureError>,
) {
    assert_eq!(verdict(&header(SECRET, NOW + away)).map(drop), expected);
}

#[test]
fn a_signed_body_that_is_no_event_is_distinguished() {
    for body in ["", "{}", "[]", r#"{"id":"evt_1","type":"x","created":1,"data":{}}"#] {
        let delivery = SignedDelivery::new(body.to_owned(), SECRET, NOW);
        let outcome = verify(body.as_bytes(), &delivery.signature, &secrets(&[SECRET]), NOW);
        assert!(matches!(outcome, Err(SignatureError::NotAnEvent(_))), "{body}: {outcome:?}");
    }
}
