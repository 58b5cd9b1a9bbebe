//! Tests of the settings that processes read from their environment.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rubis_runtime::settings::{
    ApiSettings, LimiterStore, LogFormat, MailDriver, MigrationSettings, SmtpTlsMode, WorkerSettings,
    documentation, env_example,
};
use secrecy::ExposeSecret;

const APP_KEY: &str = "a-key-for-tests-0123456789abcdef";

/// Returns the required values, overridden by these.
fn values(given: &[(&str, &str)]) -> HashMap<String, String> {
    let needed = [("APP_KEY", APP_KEY), ("MAIL_FROM_ADDRESS", "relances@rubis.example")];
    needed.iter().chain(given).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn api(given: &[(&str, &str)]) -> ApiSettings {
    ApiSettings::from_map(&values(given)).unwrap()
}

fn worker(given: &[(&str, &str)]) -> WorkerSettings {
    WorkerSettings::from_map(&values(given)).unwrap()
}

/// Returns the line with which a process stops.
fn refused(given: &[(&str, &str)]) -> String {
    let values = values(given);
    let error = match (ApiSettings::from_map(&values), WorkerSettings::from_map(&values)) {
        (Err(error), _) | (_, Err(error)) => error.to_string(),
        (Ok(_), Ok(_)) => panic!("{given:?} was accepted"),
    };
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let api = api(&[]);
    assert_eq!(api.http.addr().to_string(), "0.0.0.0:3333");
    assert_eq!(api.process.metrics_addr.to_string(), "127.0.0.1:9464");
    assert_eq!(api.process.web_url.as_str(), "http://localhost:5173/");
    assert_eq!(api.process.log.format, LogFormat::Pretty);
    assert_eq!(api.http.cors_origins, ["http://localhost:5173"]);
    assert_eq!(
        api.postgres.url.expose_secret(),
        "postgres://rubis@127.0.0.1:5433/rubis?sslmode=prefer&options=-c%20statement_timeout%3D30s%20\
         -c%20lock_timeout%3D10s%20-c%20idle_in_transaction_session_timeout%3D60s"
    );
    assert_eq!(api.redis.url.expose_secret(), "redis://127.0.0.1:6380/");
    assert_eq!(api.redis.prefix, "rubis");
    assert_eq!(api.auth.access_token_ttl, Duration::from_secs(30 * 60));
    assert_eq!(api.auth.refresh_token_ttl, Duration::from_secs(30 * 24 * 3600));
    assert!(api.auth.cookie_secure);
    assert_eq!(api.auth.limiter_store, LimiterStore::Redis);
    assert_eq!(api.checkins.ttl, time::Duration::hours(24));
    assert_eq!(api.checkins.quiet, time::Duration::seconds(30));
    assert_eq!(api.checkins.suspect, time::Duration::seconds(60));
    assert_eq!(api.checkins.undo, time::Duration::days(7));
    assert!(api.stripe.secret_key.is_none() && api.stripe.api_base.is_none());
    assert_eq!(api.billing.free_invoices, Some(2));
    assert_eq!(api.billing.pro_invoices, Some(100));
    assert_eq!(api.billing.business_invoices, None);
    assert_eq!(api.billing.grace, time::Duration::days(7));
    assert_eq!((api.billing.trial_days, api.billing.minutes_per_rubis), (14, 15));

    let worker = worker(&[]);
    assert_eq!(worker.process.metrics_addr.to_string(), "127.0.0.1:9465");
    assert_eq!(worker.worker.queue_horizon, Duration::from_secs(300));
    assert_eq!(worker.worker.queues, None);
    assert_eq!(worker.checkins, api.checkins);
    assert_eq!(worker.billing, api.billing);
    assert_eq!(worker.mail.rate_per_second, None);
    assert!(matches!(
        worker.mail.driver,
        MailDriver::Smtp { port: 1025, credentials: None, tls: SmtpTlsMode::Starttls, .. }
    ));
}

#[test]
fn a_malformed_value_is_named_with_what_it_got_and_what_it_takes() {
    assert_eq!(refused(&[("PORT", "abc")]), "PORT: got \"abc\", takes a port number from 1 to 65535");
    for (key, wrong) in [
        ("HOST", "localhost"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("METRICS_ADDR", "9464"),
        ("APP_URL", "localhost:3333"),
        ("APP_URL", "https://x.fr/?a=1"),
        ("WEB_URL", "ftp://x.fr"),
        ("LOG_LEVEL", "rubis=loud"),
        ("LOG_FORMAT", "xml"),
        ("CORS_ORIGIN", "*"),
        ("CORS_ORIGIN", "https://a.fr,,https://b.fr"),
        ("PG_HOST", "a host"),
        ("PG_POOL_SIZE", "0"),
        ("PG_SSL_MODE", "verify"),
        ("PG_SSL_ROOT_CERT", "/nowhere/ca.pem"),
        ("PG_STATEMENT_TIMEOUT_SECONDS", "30s"),
        ("PG_LOCK_TIMEOUT_SECONDS", "3601"),
        ("PG_IDLE_IN_TRANSACTION_TIMEOUT_SECONDS", "-1"),
        ("REDIS_CA_CERT", "Cargo.toml"),
        ("REDIS_PREFIX", "rubis:{x}"),
        ("MAIL_DRIVER", "pigeon"),
        ("MAIL_FROM_ADDRESS", "rubis"),
        ("SMTP_TLS", "yes"),
        ("SMTP_CA_CERT", "Cargo.toml"),
        ("SMTP_HOST", "a b"),
        ("MAIL_RATE_PER_SECOND", "-1"),
        ("MAIL_TENANT_RATE_PER_SECOND", "0.5"),
        ("ACCESS_TOKEN_TTL_MINUTES", "0"),
        ("REFRESH_TOKEN_TTL_DAYS", "366"),
        ("COOKIE_DOMAIN", "127.0.0.1"),
        ("COOKIE_SECURE", "yes"),
        ("LIMITER_STORE", "file"),
        ("CHECKIN_TTL_HOURS", "0"),
        ("CHECKIN_QUIET_SECONDS", "-1"),
        ("CHECKIN_SUSPECT_SECONDS", "3601"),
        ("CHECKIN_UNDO_DAYS", "a week"),
        ("STRIPE_API_BASE", "127.0.0.1:12111"),
        ("BILLING_FREE_INVOICES", "-1"),
        ("BILLING_PRO_INVOICES", "none"),
        ("BILLING_BUSINESS_INVOICES", "1000001"),
        ("BILLING_GRACE_DAYS", "91"),
        ("BILLING_TRIAL_DAYS", "0"),
        ("RECAP_MINUTES_PER_RUBIS", "0"),
        ("WORKER_CONCURRENCY", "1001"),
        ("WORKER_QUEUES", "relances,"),
        ("QUEUE_HORIZON_SECONDS", "9"),
        ("SHUTDOWN_GRACE_SECONDS", "soon"),
    ] {
        let line = refused(&[(key, wrong)]);
        assert!(line.starts_with(&format!("{key}: got {wrong:?}, takes ")), "{line}");
    }
}

#[test]
fn a_wrong_value_cannot_make_a_second_line_or_an_endless_one() {
    assert!(refused(&[("PORT", "1\nAPP_KEY: fine")]).contains(r"1\nAPP_KEY"));
    assert!(refused(&[("PORT", &"9".repeat(10_000))]).len() < 200);
}

#[test]
fn a_missing_value_is_named_with_what_it_takes() {
    assert_eq!(refused(&[("APP_KEY", "")]), "APP_KEY: is not set, takes a secret of at least 32 bytes");
    assert_eq!(refused(&[("MAIL_FROM_ADDRESS", "")]), "MAIL_FROM_ADDRESS: is not set, takes a mail address");
    assert!(refused(&[("MAIL_DRIVER", "resend")]).starts_with("RESEND_API_KEY: is not set"));
    assert!(refused(&[("SMTP_USER", "rubis")]).starts_with("SMTP_PASSWORD: is not set"));
    let without_webhooks = [("STRIPE_SECRET_KEY", "sk_test_rubis")];
    assert!(refused(&without_webhooks).starts_with("STRIPE_WEBHOOK_SECRET: is not set"));
    assert!(worker(&without_webhooks).stripe.secret_key.is_some(), "the worker receives no events");
}

#[test]
fn a_wrong_secret_is_not_repeated() {
    for (key, secret) in [
        ("APP_KEY", "too-short-hunter2"),
        ("DATABASE_URL", "mysql://rubis:hunter2@db/rubis"),
        ("REDIS_URL", "http://:hunter2@cache"),
        ("REDIS_URL", "rediss://:hunter2@cache/#insecure"),
        ("STRIPE_SECRET_KEY", "pk_live_hunter2"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_one, hunter2"),
    ] {
        let line = refused(&[(key, secret)]);
        assert!(!line.contains("hunter2"), "{line}");
        assert!(line.contains(&format!("got a hidden value of {} bytes", secret.len())), "{line}");
    }
}

#[test]
fn secrets_never_print() {
    let given = [
        ("APP_KEY", "hunter2-hunter2-hunter2-hunter2-hunter2"),
        ("DATABASE_URL", "postgres://rubis:hunter2@db/rubis"),
        ("REDIS_URL", "redis://:hunter2@cache/1"),
        ("SMTP_USER", "rubis"),
        ("SMTP_PASSWORD", "hunter2"),
        ("STRIPE_SECRET_KEY", "sk_live_hunter2"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_hunter2,whsec_hunter2_before"),
    ];
    let shown = format!("{:?} {:?}", api(&given), worker(&given));
    assert!(!shown.contains("hunter2"), "{shown}");
    let resend = [("MAIL_DRIVER", "resend"), ("RESEND_API_KEY", "re_hunter2")];
    assert!(!format!("{:?}", worker(&resend)).contains("hunter2"));
}

#[test]
fn an_address_as_a_whole_goes_before_its_parts() {
    let whole = api(&[
        ("DATABASE_URL", "postgres://a:b@db:1/c?sslmode=require"),
        ("PG_HOST", "elsewhere"),
        ("REDIS_URL", "redis://cache:2/3"),
    ]);
    let url = whole.postgres.url.expose_secret();
    assert!(url.starts_with("postgres://a:b@db:1/c?sslmode=require&options="), "{url}");
    assert_eq!(whole.redis.url.expose_secret(), "redis://cache:2/3");
}

#[test]
fn every_character_of_a_password_survives_in_an_address_made_of_parts() {
    let password = "p@ss/w:rd#?% %41 é";
    let parts = api(&[("PG_PASSWORD", password), ("PG_DB_NAME", "ru/bis"), ("REDIS_PASSWORD", password)]);
    for (url, path) in [(&parts.postgres.url, "/ru%2Fbis"), (&parts.redis.url, "/")] {
        let url = url::Url::parse(url.expose_secret()).unwrap();
        assert_eq!(url.host_str(), Some("127.0.0.1"));
        assert_eq!(url.path(), path);
        let decoded = percent_decoded(url.password().unwrap());
        assert_eq!(decoded, password);
    }
}

fn percent_decoded(text: &str) -> String {
    // A form decodes percent signs and nothing else in this text.
    let form = format!("x={text}");
    url::form_urlencoded::parse(form.as_bytes()).next().unwrap().1.into_owned()
}

#[test]
fn an_address_keeps_what_it_says_itself() {
    let given = [
        ("DATABASE_URL", "postgres://a@db/c?options=-c%20lock_timeout%3D5s&sslmode=verify-full"),
        ("PG_SSL_MODE", "disable"),
        ("PG_STATEMENT_TIMEOUT_SECONDS", "0"),
    ];
    let url = url::Url::parse(api(&given).postgres.url.expose_secret()).unwrap();
    let parameters: Vec<_> = url.query_pairs().into_owned().collect();
    assert_eq!(
        parameters,
        [
            ("sslmode".to_owned(), "verify-full".to_owned()),
            (
                "options".to_owned(),
                "-c statement_timeout=0s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s \
                 -c lock_timeout=5s"
                    .to_owned()
            ),
        ]
    );
}

#[test]
fn migrations_sign_in_as_the_owner_and_have_no_limit_of_time() {
    let given = |given: &[(&str, &str)]| MigrationSettings::from_map(&values(given)).unwrap();
    let both = given(&[
        ("DATABASE_URL", "postgres://rubis_program:a@db/c"),
        ("MIGRATE_DATABASE_URL", "postgres://rubis_owner:b@db/c"),
        ("PG_PROGRAM_ROLE", "rubis_program"),
        ("PG_SSL_MODE", "require"),
    ]);
    assert_eq!(both.url.expose_secret(), "postgres://rubis_owner:b@db/c?sslmode=require");
    assert_eq!(both.program_role.as_deref(), Some("rubis_program"));
    let one = given(&[("DATABASE_URL", "postgres://rubis:a@db/c")]);
    assert_eq!(one.url.expose_secret(), "postgres://rubis:a@db/c?sslmode=prefer");
    assert_eq!(one.program_role, None);
    assert!(MigrationSettings::from_map(&HashMap::new()).is_ok(), "no key of the programs is needed");
}

/// Creates a file that looks like a certificate.
fn certificate() -> String {
    let path = std::env::temp_dir().join(format!("rubis-settings-{}.pem", std::process::id()));
    fs::write(&path, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n").unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn certificates_that_would_not_be_looked_at_are_refused() {
    let file = certificate();
    let file = file.as_str();
    for (given, key) in [
        (vec![("PG_SSL_ROOT_CERT", file)], "PG_SSL_ROOT_CERT"),
        (vec![("PG_SSL_ROOT_CERT", file), ("PG_SSL_MODE", "require")], "PG_SSL_ROOT_CERT"),
        (vec![("PG_SSL_MODE", "verify-ca")], "PG_SSL_ROOT_CERT"),
        (vec![("REDIS_CA_CERT", file)], "REDIS_CA_CERT"),
        (vec![("SMTP_CA_CERT", file), ("SMTP_TLS", "none")], "SMTP_CA_CERT"),
        (vec![("DATABASE_URL", "postgres://db/x?sslmode=allow")], "DATABASE_URL"),
    ] {
        let line = refused(&given);
        assert!(line.starts_with(&format!("{key}: ")), "{line}");
    }
    let verified = [
        ("PG_SSL_ROOT_CERT", file),
        ("PG_SSL_MODE", "verify-ca"),
        ("REDIS_CA_CERT", file),
        ("REDIS_URL", "rediss://cache/"),
    ];
    let api = api(&verified);
    assert!(api.postgres.url.expose_secret().contains("sslrootcert=%2F"), "the path is encoded");
    assert_eq!(api.redis.ca_certificates.unwrap().path, Path::new(file));
    worker(&[("SMTP_CA_CERT", file)]);
    fs::remove_file(file).unwrap();
}

#[test]
fn a_mail_password_is_sent_to_another_machine_within_tls_alone() {
    let smtp = |host, tls| {
        vec![("SMTP_HOST", host), ("SMTP_USER", "u"), ("SMTP_PASSWORD", "hunter2"), ("SMTP_TLS", tls)]
    };
    for host in ["mail.example.fr", "10.0.0.5", "mailpit"] {
        for tls in ["none", "opportunistic"] {
            let line = refused(&smtp(host, tls));
            assert!(line.starts_with("SMTP_TLS: does not protect SMTP_PASSWORD"), "{line}");
            assert!(!line.contains("hunter2"), "{line}");
        }
        for tls in ["starttls", "required"] {
            worker(&smtp(host, tls));
        }
        worker(&[("SMTP_HOST", host), ("SMTP_TLS", "none")]);
    }
    for host in ["127.0.0.1", "::1", "localhost"] {
        worker(&smtp(host, "none"));
    }
}

#[test]
fn an_api_key_is_sent_to_another_machine_over_https_alone() {
    for key in ["sk_live_hunter2", "rk_live_hunter2"] {
        let given = |base| {
            [("STRIPE_SECRET_KEY", key), ("STRIPE_WEBHOOK_SECRET", "whsec_x"), ("STRIPE_API_BASE", base)]
        };
        let line = refused(&given("http://127.0.0.1:12111"));
        assert!(line.starts_with("STRIPE_API_BASE: is http") && !line.contains("hunter2"), "{line}");
        api(&given("https://stripe.example.fr"));
    }
    let resend =
        |base| [("MAIL_DRIVER", "resend"), ("RESEND_API_KEY", "re_hunter2"), ("RESEND_API_BASE", base)];
    let line = refused(&resend("http://resend.example.fr"));
    assert!(line.starts_with("RESEND_API_BASE: is http") && !line.contains("hunter2"), "{line}");
    worker(&resend("http://127.0.0.1:3000"));
    worker(&resend("https://resend.example.fr"));
}

/// Returns the values of a deployment over HTTPS with good secrets, overridden by these.
fn deployed<'a>(given: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let good = [
        ("APP_URL", "https://api.rubis.fr"),
        ("APP_KEY", "5f0c9a4e7d1b38f2a6c05e9d4b7813fa20c6d9e85b714f3a"),
        ("PG_PASSWORD", "9bX2qLr7VtY4"),
    ];
    good.iter().chain(given).copied().collect()
}

#[test]
fn a_deployment_with_good_secrets_starts() {
    let given = deployed(&[
        ("DATABASE_URL", "postgres://rubis_program:9bX2qLr7VtY4@db/development"),
        ("REDIS_URL", "redis://:Zt5nQw8Kp1@cache/"),
        ("STRIPE_SECRET_KEY", "sk_live_51HqLyjWDarjtT1zdp7dc"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("SMTP_HOST", "mail.example.fr"),
        ("SMTP_USER", "rubis"),
        ("SMTP_PASSWORD", "kV7pTq2mZd"),
    ]);
    api(&given);
    worker(&given);
    MigrationSettings::from_map(&values(&given)).unwrap();
}

#[test]
fn a_secret_that_others_can_know_stops_a_deployment() {
    for (key, secret, rule) in [
        ("APP_KEY", "my-Development-secret-5f0c9a4e7d1b38f2a6c05e", "contains \"development\""),
        ("APP_KEY", "abababababababababababababababababababab", "has fewer than 8 different bytes"),
        ("APP_KEY", "0123456789abcdef0123456789abcdef", "is a value that this project publishes"),
        ("PG_PASSWORD", "rubis", "is a value that this project publishes"),
        ("DATABASE_URL", "postgres://rubis:rub%69s@db/rubis", "is a value that this project publishes"),
        ("MIGRATE_DATABASE_URL", "postgres://o:aaaaaaaaaaaa@db/rubis", "has fewer than 8 different bytes"),
        ("REDIS_URL", "rediss://:redis@cache/", "has fewer than 8 different bytes"),
        ("REDIS_PASSWORD", "sesame", "has fewer than 8 different bytes"),
        (
            "STRIPE_WEBHOOK_SECRET",
            "whsec_MfKQ9r8GKYqrTwjU, whsec_aaaabbbb",
            "has fewer than 8 different bytes",
        ),
        ("STRIPE_WEBHOOK_SECRET", "whsec_rubis_development", "contains \"development\""),
        ("STRIPE_SECRET_KEY", "sk_test_rubis", "is a value that this project publishes"),
        ("SMTP_PASSWORD", "password", "has fewer than 8 different bytes"),
        ("RESEND_API_KEY", "re_123", "has fewer than 8 different bytes"),
    ] {
        let given = deployed(&[("STRIPE_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjU"), (key, secret)]);
        let line = refused(&given);
        assert!(
            line.starts_with(&format!("{key}: {rule}, which is refused while APP_URL is https")),
            "{line}"
        );
        assert!(!line.contains(secret), "{line}");
        // It is accepted on a development machine.
        let mut values = values(&given);
        values.insert("APP_URL".to_owned(), "http://localhost:3333".to_owned());
        ApiSettings::from_map(&values).unwrap();
    }
}

#[test]
fn a_deployment_over_https_keeps_its_cookie_and_its_mails_encrypted() {
    let line = refused(&deployed(&[("COOKIE_SECURE", "false")]));
    assert_eq!(line, "COOKIE_SECURE: is false, and must be true while APP_URL is https");
    let line = refused(&deployed(&[("SMTP_HOST", "relay.internal"), ("SMTP_TLS", "none")]));
    assert!(line.starts_with("SMTP_TLS: is none towards another machine while APP_URL is https"), "{line}");
    worker(&deployed(&[("SMTP_HOST", "relay.internal"), ("SMTP_TLS", "opportunistic")]));
    worker(&deployed(&[("SMTP_TLS", "none")]));
}

#[test]
fn every_secret_of_the_development_values_stops_a_deployment() {
    let published: Vec<(String, String)> = env_example()
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(key, _)| ["KEY", "PASSWORD", "SECRET"].iter().any(|kind| key.ends_with(kind)))
        .filter(|(key, value)| !key.starts_with('#') && !value.is_empty())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    assert!(published.len() >= 4, "{published:?}");
    for (key, secret) in &published {
        let given = deployed(&[("STRIPE_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjU"), (key, secret)]);
        let line = refused(&given);
        assert!(line.starts_with(&format!("{key}: ")), "{line}");
    }
}

/// Returns the quoted secrets in a file of this repository.
fn quoted_secrets(path: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(path)).unwrap();
    let secrets = text
        .split(['"', ' ', '\n'])
        .filter(|word| word.starts_with("whsec_") || word.starts_with("sk_test_"));
    secrets.map(str::to_owned).collect()
}

#[test]
fn the_secrets_of_the_development_stack_stop_a_deployment() {
    let secrets = quoted_secrets("crates/xtask/src/stripe.rs");
    assert!(secrets.len() >= 2, "{secrets:?}");
    for secret in &secrets {
        let key = if secret.starts_with("whsec_") { "STRIPE_WEBHOOK_SECRET" } else { "STRIPE_SECRET_KEY" };
        let given = deployed(&[("STRIPE_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjU"), (key, secret)]);
        assert!(refused(&given).starts_with(&format!("{key}: ")), "{secret}");
    }
}

#[test]
fn the_containers_bring_no_secret_of_their_own() {
    let compose = fs::read_to_string(root().join("docker-compose.yml")).unwrap();
    let secrets = compose.lines().filter_map(|line| line.trim().split_once(": ")).filter(|(key, _)| {
        key.ends_with("KEY") || key.ends_with("PASSWORD") || key.ends_with("SECRET") || key.ends_with("_URL")
    });
    for (key, value) in secrets {
        let has_password = value.contains("://") && value.contains('@');
        let is_address = value.contains("://") && !value.contains('@');
        let password =
            if has_password { value.split(['@']).next().unwrap().rsplit_once(':').unwrap().1 } else { value };
        let is_asked_for = password.starts_with("${") || has_password && value.contains(":${");
        assert!(is_address || is_asked_for, "{key}: {value}");
        assert!(
            !value.contains(":-") || is_address || value.ends_with(":-}"),
            "{key} has a fallback: {value}"
        );
    }
    assert!(compose.contains("APP_KEY: ${APP_KEY:?"), "a key is asked for");
}

#[test]
fn lists_and_limits_are_typed() {
    let given = [
        ("CORS_ORIGIN", "https://app.rubis.example, https://Admin.rubis.example:444/"),
        ("WORKER_QUEUES", "relances, mails"),
        ("MAIL_RATE_PER_SECOND", "14"),
        ("COOKIE_DOMAIN", ".Rubis.example"),
    ];
    assert_eq!(
        api(&given).http.cors_origins,
        ["https://app.rubis.example", "https://admin.rubis.example:444"]
    );
    assert_eq!(api(&given).auth.cookie_domain.as_deref(), Some("rubis.example"));
    assert_eq!(worker(&given).worker.queues.unwrap(), ["relances", "mails"]);
    assert_eq!(worker(&given).mail.rate_per_second.unwrap().get(), 14);
}

#[test]
fn events_may_be_signed_with_any_of_several_secrets() {
    let given = [
        ("STRIPE_SECRET_KEY", "rk_test_rubis"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_new, whsec_old"),
        ("STRIPE_API_BASE", "http://127.0.0.1:12111"),
    ];
    let stripe = api(&given).stripe;
    let secrets: Vec<_> = stripe.webhook_secrets.iter().map(ExposeSecret::expose_secret).collect();
    assert_eq!(secrets, ["whsec_new", "whsec_old"]);
    assert_eq!(stripe.secret_key.unwrap().expose_secret(), "rk_test_rubis");
    assert_eq!(stripe.api_base.unwrap().as_str(), "http://127.0.0.1:12111/");
}

#[test]
fn a_plan_may_allow_any_number_of_invoices_or_none() {
    let given = [("BILLING_FREE_INVOICES", "0"), ("BILLING_PRO_INVOICES", "unlimited")];
    assert_eq!(api(&given).billing.free_invoices, Some(0));
    assert_eq!(api(&given).billing.pro_invoices, None);
}

#[test]
fn the_development_values_start_both_binaries() {
    let example: HashMap<String, String> = env_example()
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let (key, value) = line.split_once('=').unwrap();
            (key.to_owned(), value.to_owned())
        })
        .collect();
    ApiSettings::from_map(&example).unwrap();
    WorkerSettings::from_map(&example).unwrap();
}

#[test]
fn the_committed_documents_are_those_of_the_declarations() {
    for (path, expected) in [("docs/configuration.md", documentation()), (".env.example", env_example())] {
        let file = root().join(path);
        // Like the snapshots of the other tests: INSTA_UPDATE=always writes, anything else compares.
        if std::env::vars().any(|(key, value)| key == "INSTA_UPDATE" && value == "always") {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &expected).unwrap();
        }
        let committed = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            committed == expected,
            "{path} differs from the declarations: \
             run `INSTA_UPDATE=always cargo test -p rubis-runtime --test it` and commit it"
        );
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
