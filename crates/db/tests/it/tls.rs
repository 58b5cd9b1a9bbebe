//! Tests of TLS to PostgreSQL, whose certificate names only `localhost` and is signed by an authority of the tests.
#![expect(clippy::disallowed_methods, reason = "tests learn from the environment where their servers are")]

use diesel::{QueryableByName, sql_types::Bool};
use diesel_async::RunQueryDsl;
use rubis_db::AsyncPgConnection;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the tests with `cargo xtask test`"))
}

/// Returns an address with the name in the server's certificate, and these parameters.
fn by_name(parameters: &str) -> String {
    format!("{}?{parameters}", variable("TEST_TLS_DATABASE_URL"))
}

/// Returns an address of the same server that its certificate does not name.
fn by_address(parameters: &str) -> String {
    by_name(parameters).replace("@localhost:", "@127.0.0.1:")
}

fn verified(mode: &str, authority: &str) -> String {
    format!("sslmode={mode}&sslrootcert={}/{authority}", variable("TEST_TLS_FOLDER"))
}

async fn is_encrypted(conn: &mut AsyncPgConnection) -> bool {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        ssl: bool,
    }
    let row: Row = diesel::sql_query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        .get_result(conn)
        .await
        .unwrap();
    row.ssl
}

async fn encrypted(url: &str) -> bool {
    is_encrypted(&mut rubis_db::establish(url).await.unwrap()).await
}

/// Returns the reason why no connection is opened.
async fn refused(url: &str) -> String {
    match rubis_db::establish(url).await {
        Ok(_) => panic!("the connection was accepted"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_server_with_a_certificate_of_our_authority_is_accepted() {
    assert!(encrypted(&by_name(&verified("verify-full", "ca.pem"))).await);
    assert!(encrypted(&by_name(&verified("verify-ca", "ca.pem"))).await);
}

#[tokio::test]
async fn a_server_with_a_certificate_of_another_authority_is_refused() {
    for url in [
        by_name(&verified("verify-full", "other-ca.pem")),
        by_name(&verified("verify-ca", "other-ca.pem")),
        by_name("sslmode=verify-full"),
    ] {
        let reason = refused(&url).await;
        assert!(reason.contains("UnknownIssuer"), "{reason}");
    }
    assert!(encrypted(&by_name("sslmode=require")).await, "require verifies nothing");
}

#[tokio::test]
async fn a_certificate_with_another_name_is_refused_in_full_verification_only() {
    let reason = refused(&by_address(&verified("verify-full", "ca.pem"))).await;
    assert!(reason.contains("not valid for name"), "{reason}");
    assert!(encrypted(&by_address(&verified("verify-ca", "ca.pem"))).await);
}

#[tokio::test]
async fn the_mode_decides_whether_a_connection_is_encrypted() {
    assert!(!encrypted(&by_name("sslmode=disable")).await);
    assert!(encrypted(&by_name("sslmode=prefer")).await);
    assert!(encrypted(&variable("TEST_TLS_DATABASE_URL")).await, "prefer is the default");
}

#[tokio::test]
async fn the_pool_and_the_migrations_verify_as_well() {
    let pool = |authority: &str| rubis_db::connect(&by_name(&verified("verify-full", authority)), 1);
    assert!(is_encrypted(&mut pool("ca.pem").unwrap().get().await.unwrap()).await);
    assert!(pool("other-ca.pem").unwrap().get().await.is_err());
    assert!(pool("missing.pem").is_err(), "refused before anything is connected");

    let error =
        rubis_db::run_migrations(&by_name(&verified("verify-full", "other-ca.pem"))).await.unwrap_err();
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
}

/// Runs a server that declines TLS, and returns the bytes that the client sends after that.
async fn server_without_tls() -> (String, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut question = [0; 8];
        stream.read_exact(&mut question).await.unwrap();
        stream.write_all(b"N").await.unwrap();
        let mut heard = vec![0; 256];
        let length = stream.read(&mut heard).await.unwrap_or(0);
        heard.truncate(length);
        heard
    });
    (host, heard)
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear_to_a_server_without_tls_if_tls_is_required() {
    let folder = variable("TEST_TLS_FOLDER");
    let verify_ca = format!("verify-ca&sslrootcert={folder}/ca.pem");
    for mode in ["require", "verify-full", verify_ca.as_str()] {
        let (host, heard) = server_without_tls().await;
        let reason = refused(&format!("postgres://rubis:secret@{host}/rubis?sslmode={mode}")).await;
        assert!(reason.contains("server does not support TLS"), "{reason}");
        assert_eq!(heard.await.unwrap(), b"", "{mode}");
    }
    let (host, heard) = server_without_tls().await;
    refused(&format!("postgres://rubis:secret@{host}/rubis?sslmode=prefer")).await;
    assert!(!heard.await.unwrap().is_empty(), "prefer goes on without");
}
