//! Logs without tokens of check-ins, which authorize an answer.

use reqwest::Method;
use rubis_testkit::{CapturedLog, TestApp};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::asked::Asked;

/// Headers that a browser adds when a person follows a link.
const NAVIGATION: &str = "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";

/// Sends a request without a client that would log it itself, and reads what comes.
async fn send(app: &TestApp, head: &str, body: &str) -> String {
    send_with(app, head, "", body).await
}

/// As [`send`], with more headers.
async fn send_with(app: &TestApp, head: &str, headers: &str, body: &str) -> String {
    let address = app.url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nUser-Agent: a-person\r\n{headers}\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_token_is_in_no_log_at_any_level_whatever_is_done_with_it() {
    let app = TestApp::builder().set("WEB_URL", "http://localhost:3333").start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::about_one(&owner).await;
    let token = asked.token.as_str();

    let value = asked.button_value().await;
    let button = format!("X-Checkin-Button: {value}\r\n");

    let every_level = CapturedLog::at_every_level();
    let answers = [
        send(&app, &format!("HEAD /api/v1/checkin/{token}/paid"), "").await,
        send(&app, &format!("GET /api/v1/checkin/{token}"), "").await,
        send(&app, &format!("GET /checkin?token={token}&status=confirm"), "").await,
        send(&app, &format!("GET /api/v1/checkin/{token}/page"), "").await,
        send(&app, &format!("GET /api/v1/checkin/{token}/answered"), "").await,
        send_with(&app, &format!("GET /api/v1/checkin/{token}/paid"), NAVIGATION, "").await,
        send(&app, "POST /checkin", &format!("token={token}&button={value}&action=undo")).await,
        send_with(&app, &format!("POST /api/v1/checkin/{token}/paid"), &button, "").await,
        send(&app, &format!("POST /api/v1/checkin/{token}/paid"), "").await,
        send(&app, &format!("POST /api/v1/checkin/{token}/answers"), "no JSON").await,
        send(&app, &format!("POST /api/v1/checkin/{token}/renew"), "").await,
        send(&app, &format!("PUT /api/v1/checkin/{token}/paid"), "").await,
        send(&app, &format!("GET /api/v1/checkin/{token}/nothing/%ff"), "").await,
        send(&app, &format!("GET /api/v1/checkin/{token}%ff/paid"), "").await,
    ];
    let statuses: Vec<&str> = answers.iter().map(|answer| &answer["HTTP/1.1 ".len()..][..3]).collect();
    assert_eq!(
        statuses,
        ["302", "200", "303", "302", "302", "302", "303", "409", "403", "415", "403", "405", "404", "302"]
    );

    app.request(Method::GET, "/healthz").send().await.unwrap();
    drop(every_level);
    let logged = CapturedLog::of_process().text();
    assert!(
        logged.contains("/api/v1/checkin/{token}/paid"),
        "the control: requests are logged by their pattern"
    );
    assert!(logged.contains("TRACE"), "the control: at every level");
    assert!(
        !logged.contains(token),
        "{}",
        logged.lines().find(|line| line.contains(token)).unwrap_or_default()
    );
}
