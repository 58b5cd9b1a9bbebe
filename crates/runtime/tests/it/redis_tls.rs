//! Tests of encrypted Redis, whose certificate names only `localhost` and is signed by an authority of the tests.

use std::collections::HashMap;

use rubis_runtime::{ApiSettings, redis};

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the tests with `cargo xtask test`"))
}

/// Reports whether Redis answers at this address, with the certificates of this authority.
async fn answers(url: &str, authority: Option<&str>) -> bool {
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let mut values = HashMap::from(
        [("APP_KEY", "a-key-for-tests-0123456789abcdef"), ("REDIS_URL", url)]
            .map(|(key, value)| (key.to_owned(), value.to_owned())),
    );
    if let Some(file) = authority {
        values.insert("REDIS_CA_CERT".to_owned(), format!("{}/{file}", variable("TEST_TLS_FOLDER")));
    }
    let settings = ApiSettings::from_map(&values).unwrap();
    let pool = redis::pool(&settings.redis, 1).unwrap();
    redis::ping(&pool).await.is_ok()
}

#[tokio::test]
async fn redis_is_accepted_with_a_certificate_of_our_authority_and_its_own_name() {
    let url = variable("TEST_TLS_REDIS_URL");
    assert!(answers(&url, Some("ca.pem")).await);
    assert!(!answers(&url, Some("other-ca.pem")).await, "another authority");
    assert!(!answers(&url, None).await, "the public authorities have not signed it");
    let by_address = url.replace("//localhost:", "//127.0.0.1:");
    assert!(!answers(&by_address, Some("ca.pem")).await, "the certificate does not bear the address");
}

#[tokio::test]
async fn an_address_without_tls_does_not_reach_an_encrypted_port() {
    let url = variable("TEST_TLS_REDIS_URL");
    assert!(!answers(&url.replace("rediss:", "redis:"), None).await);
    assert!(answers(&variable("TEST_REDIS_URL"), None).await);
}
