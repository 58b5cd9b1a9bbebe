//! Tests of the page and its JSON API over real sockets.

use std::net::SocketAddr;

use reqwest::StatusCode;
use rubis_inbox::{Behaviour, Inbox, InboxSettings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HOSTILE: &str = "From: \"<script>alert(1)</script>\" <a@x.fr>\r\nTo: b@x.fr\r\n\
    Subject: <img src=x onerror=alert(2)>\r\nMIME-Version: 1.0\r\nX-Evil: <b>&\r\n\
    Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
    </pre><script>alert(3)</script> see https://rubis.test/pay?a=1&b=2.\r\n--b\r\nContent-Type: text/html\r\n\r\n\
    <p>Hello</p><script>alert(4)</script>\r\n--b--\r\n";

struct Page {
    inbox: Inbox,
    client: reqwest::Client,
    base: String,
}

impl Page {
    async fn start() -> Self {
        // Another test of this process may have installed it already.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let http_addr = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        let inbox = Inbox::start(InboxSettings { http_addr, ..InboxSettings::default() }).await.unwrap();
        let base = format!("http://{}", inbox.http_addr().unwrap());
        Self { inbox, client: reqwest::Client::new(), base }
    }

    async fn deliver(&self, to: &str, content: &str) {
        let mut stream = TcpStream::connect(self.inbox.smtp_addr()).await.unwrap();
        let talk =
            format!("EHLO t\r\nMAIL FROM:<a@x.fr>\r\nRCPT TO:<{to}>\r\nDATA\r\n{content}\r\n.\r\nQUIT\r\n");
        stream.write_all(talk.as_bytes()).await.unwrap();
        let mut replies = String::new();
        stream.read_to_string(&mut replies).await.unwrap();
        assert!(replies.contains("Kept"), "{replies}");
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(format!("{}{path}", self.base)).send().await.unwrap()
    }

    async fn text(&self, path: &str) -> String {
        self.get(path).await.text().await.unwrap()
    }

    async fn json(&self, path: &str) -> serde_json::Value {
        self.get(path).await.json().await.unwrap()
    }
}

#[tokio::test]
async fn a_hostile_mail_is_shown_as_text_and_its_html_can_run_nothing() {
    let page = Page::start().await;
    page.deliver("b@x.fr", HOSTILE).await;

    for path in ["/", "/?to=b", "/mails/1"] {
        let answer = page.get(path).await;
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        let html = answer.text().await.unwrap();
        assert!(
            html.contains("&lt;img src=x onerror=alert(2)&gt;"),
            "{path} does not show the subject: {html}"
        );
        assert!(!html.contains("alert(1)</script>"), "{path}");
        assert!(!html.contains("alert(3)</script>"), "{path}");
        assert!(!html.contains("<img"), "{path}");
    }
    let mail = page.text("/mails/1").await;
    assert!(mail.contains("<a href=\"https://rubis.test/pay?a=1&amp;b=2\""), "{mail}");
    assert!(mail.contains("sandbox=\"allow-popups allow-popups-to-escape-sandbox\""), "{mail}");

    let framed = page.get("/mails/1/html").await;
    let policies: Vec<_> = framed.headers().get_all("content-security-policy").iter().collect();
    assert_eq!(policies.len(), 1);
    let policy = policies[0].to_str().unwrap();
    assert!(policy.contains("sandbox ") && !policy.contains("allow-scripts"), "{policy}");
    assert!(framed.text().await.unwrap().contains("<p>Hello</p>"));
}

#[tokio::test]
async fn what_is_searched_for_is_escaped_too() {
    let page = Page::start().await;
    let html = page.text("/?to=%22%3E%3Cscript%3E").await;
    assert!(html.contains("value=\"&quot;&gt;&lt;script&gt;\""), "{html}");
}

#[tokio::test]
async fn tools_list_read_wait_and_clear() {
    let page = Page::start().await;
    page.deliver("anne@x.fr", "Subject: one\r\nMessage-ID: <1@x>\r\n\r\nfirst").await;
    page.deliver("bruno@x.fr", "Subject: two\r\n\r\nsecond").await;

    let list = page.json("/api/messages?to=ANNE").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["messageId"], "1@x");
    assert_eq!(page.json("/api/messages?since=1").await["items"][0]["subject"], "two");

    let named = page.json("/api/messages/wait?subject=two&count=1").await;
    assert_eq!(
        (&named["complete"], &named["items"][0]["id"]),
        (&serde_json::json!(true), &serde_json::json!(2))
    );

    let mail = page.json("/api/messages/2").await;
    assert_eq!(mail["envelopeTo"][0], "bruno@x.fr");
    assert_eq!(mail["text"].as_str().unwrap().trim_end(), "second");
    assert_eq!(mail["html"], serde_json::Value::Null);
    assert!(page.text("/api/messages/2/raw").await.starts_with("Subject: two\r\n"));

    let waited = page.json("/api/messages/wait?count=2&timeoutSeconds=10").await;
    assert_eq!(waited["complete"], true);
    let waited = page.json("/api/messages/wait?to=nobody&timeoutSeconds=0").await;
    assert_eq!(waited["complete"], false);

    let cleared = page.client.delete(format!("{}/api/messages", page.base)).send().await.unwrap();
    assert_eq!(cleared.status(), StatusCode::NO_CONTENT);
    assert!(page.inbox.messages().is_empty());
    assert_eq!(page.get("/api/messages/2").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(page.get("/mails/2").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(page.get("/api/messages?form=1").await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn failures_are_programmed_over_http() {
    let page = Page::start().await;
    let put = |body: &'static str| {
        let request = page.client.put(format!("{}/api/behaviour", page.base));
        request.header("content-type", "application/json").body(body).send()
    };
    let programmed = put(
        r#"{"faults":[{"stage":"recipient","action":{"kind":"reply","code":550},"recipient":"gone@","times":3},
            {"stage":"message","action":{"kind":"delay","milliseconds":5},"fraction":0.5}]}"#,
    );
    assert_eq!(programmed.await.unwrap().status(), StatusCode::OK);
    assert_eq!(page.inbox.behaviour().faults.len(), 2);
    assert_eq!(page.json("/api/behaviour").await["faults"][0]["times"], 3);

    let refused = put(r#"{"faults":[{"stage":"mail","action":{"kind":"reply","code":250}}]}"#);
    assert_eq!(refused.await.unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(put(r#"{"fault":[]}"#).await.unwrap().status(), StatusCode::BAD_REQUEST);
    assert_eq!(page.inbox.behaviour().faults.len(), 2, "a refused behaviour changes nothing");

    assert_eq!(put("{}").await.unwrap().status(), StatusCode::OK);
    assert_eq!(page.inbox.behaviour(), Behaviour::normal());
}

#[tokio::test]
async fn everything_the_page_loads_comes_from_the_page() {
    let page = Page::start().await;
    let html = page.text("/").await;
    assert!(!html.contains("http://") && !html.contains("https://"), "{html}");
    for (path, kind) in [("/inbox.css", "text/css"), ("/inbox.js", "text/javascript")] {
        let answer = page.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with(kind));
    }
}
