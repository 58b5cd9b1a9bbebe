//! Pages for people: the list of mails and one mail.

use actix_web::http::header::{ContentType, HeaderValue};
use actix_web::{HttpResponse, get, web};
use serde::Deserialize;
use std::fmt::Write as _;
use time::OffsetDateTime;
use time::macros::format_description;

use super::State;
use super::html::{escape, escape_with_links, page};
use crate::mail::{Address, Mail, MailSummary};
use crate::store::MailQuery;

/// Number of mails on the list; older ones are found by searching.
const LISTED: usize = 200;

/// Allows a mail's own HTML to style itself and show pictures that it contains, and nothing more: no script, no form,
/// no request. Links open in another window.
const MAIL_CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
     sandbox allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'";

/// Adds the pages and the files that they load.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(list_page).service(mail_page).service(mail_html).service(stylesheet).service(script);
}

#[derive(Debug, Deserialize)]
struct Search {
    #[serde(default)]
    to: String,
}

/// `GET /`: the mails, newest first.
#[get("/")]
async fn list_page(state: web::Data<State>, search: web::Query<Search>) -> HttpResponse {
    let to = search.to.trim();
    let query = MailQuery { to: (!to.is_empty()).then(|| to.to_owned()), ..MailQuery::default() };
    let mails = state.shared.store.list(&query);
    let newest = mails.last().map_or(0, |mail| mail.summary.id);

    let mut body = format!(
        "<header><h1><a href=\"/\">Rubis inbox</a></h1>\
         <p class=\"quiet\">Mails sent to <code>{}</code> stop here. Nothing is delivered.</p>\
         <form method=\"get\" action=\"/\" role=\"search\"><input type=\"search\" name=\"to\" value=\"{}\" \
         placeholder=\"Search by recipient\" aria-label=\"Search by recipient\"><button>Search</button>\
         <button type=\"button\" id=\"clear\" class=\"plain\" hidden>Clear all</button></form></header>\n\
         <main id=\"mails\" data-newest=\"{newest}\">\n",
        state.smtp_addr,
        escape(to),
    );
    if mails.is_empty() {
        body.push_str(if to.is_empty() {
            "<p class=\"empty\">No mail yet. This page refreshes by itself when one arrives.</p>\n"
        } else {
            "<p class=\"empty\">No mail to such a recipient.</p>\n"
        });
    } else {
        body.push_str(&count_line(mails.len()));
        body.push_str("<ol class=\"mails\">\n");
        for mail in mails.iter().rev().take(LISTED) {
            body.push_str(&list_item(&mail.summary));
        }
        body.push_str("</ol>\n");
    }
    body.push_str("</main>\n");
    // Without scripts the page still refreshes, as a whole.
    let head = "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n\
                <script src=\"/inbox.js\" defer></script>\n";
    html(page("Rubis inbox", head, &body))
}

fn count_line(count: usize) -> String {
    match count {
        1 => "<p class=\"quiet\">1 mail</p>\n".to_owned(),
        _ if count > LISTED => format!("<p class=\"quiet\">{count} mails, the last {LISTED} shown</p>\n"),
        _ => format!("<p class=\"quiet\">{count} mails</p>\n"),
    }
}

fn list_item(mail: &MailSummary) -> String {
    let sender = mail.from.as_ref().map_or_else(|| mail.envelope_from.clone(), short_name);
    format!(
        "<li><a href=\"/mails/{}\"><span class=\"who\"><b>{}</b><span class=\"to\">to {}</span></span>\
         <span class=\"subject\">{}</span><time datetime=\"{}\">{}</time></a></li>\n",
        mail.id,
        escape(&sender),
        escape(&mail.envelope_to.join(", ")),
        escape(subject(mail)),
        machine_time(mail.received_at),
        people_time(mail.received_at),
    )
}

/// `GET /mails/{id}`: one mail in readable form.
#[get("/mails/{id}")]
async fn mail_page(state: web::Data<State>, id: web::Path<u64>) -> HttpResponse {
    match state.shared.store.find(*id) {
        Some(mail) => {
            let mail = mail.open();
            html(page(subject(&mail.summary), "", &mail_body(&mail)))
        }
        None => HttpResponse::NotFound().content_type(ContentType::html()).body(page(
            "No such mail",
            "",
            "<header><h1><a href=\"/\">Rubis inbox</a></h1></header>\n\
             <main><p class=\"empty\">This mail is gone, or never came.</p></main>\n",
        )),
    }
}

fn mail_body(mail: &Mail) -> String {
    let summary = &mail.summary;
    let mut body = format!(
        "<header><p class=\"quiet\"><a href=\"/\">← All mails</a></p><h1>{}</h1></header>\n<main>\n<dl>\n",
        escape(subject(summary))
    );
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            // Writing to a string does not fail.
            let _written = writeln!(body, "<dt>{name}</dt><dd>{value}</dd>");
        }
    };
    line("From", people(summary.from.as_slice()));
    line("To", people(&summary.to));
    line("Cc", people(&summary.cc));
    line("Reply-To", people(summary.reply_to.as_slice()));
    line(
        "Envelope",
        format!("{} → {}", escape(&summary.envelope_from), escape(&summary.envelope_to.join(", "))),
    );
    line("Message-ID", summary.message_id.as_deref().map(|id| escape(id).into_owned()).unwrap_or_default());
    line("Received", format!("{}, {} bytes", people_time(summary.received_at), summary.size));
    line("Attachments", escape(&mail.attachments.join(", ")).into_owned());
    body.push_str("</dl>\n");
    if mail.html.is_some() {
        let _written = writeln!(
            body,
            "<section><h2>HTML</h2><iframe src=\"/mails/{}/html\" title=\"The HTML part\" \
             sandbox=\"allow-popups allow-popups-to-escape-sandbox\"></iframe></section>",
            summary.id
        );
    }
    if let Some(text) = &mail.text {
        let _written =
            writeln!(body, "<section><h2>Text</h2><pre>{}</pre></section>", escape_with_links(text));
    }
    body.push_str("<details><summary>Headers</summary><pre>");
    for header in &mail.headers {
        let _written = writeln!(body, "<b>{}</b>: {}", escape(&header.name), escape(&header.value));
    }
    let _written = write!(
        body,
        "</pre></details>\n<p class=\"quiet\"><a href=\"/api/messages/{0}/raw\">Raw source</a> · \
         <a href=\"/api/messages/{0}\">JSON</a></p>\n</main>\n",
        summary.id
    );
    body
}

/// `GET /mails/{id}/html`: the HTML part only, for the sandboxed frame.
#[get("/mails/{id}/html")]
async fn mail_html(state: web::Data<State>, id: web::Path<u64>) -> HttpResponse {
    let part = state.shared.store.find(*id).and_then(|mail| mail.open().html);
    let Some(part) = part else {
        return HttpResponse::NotFound().finish();
    };
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header(("Content-Security-Policy", HeaderValue::from_static(MAIL_CONTENT_SECURITY_POLICY)))
        .body(format!("<base target=\"_blank\">{part}"))
}

#[get("/inbox.css")]
async fn stylesheet() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(include_str!("../../assets/inbox.css"))
}

#[get("/inbox.js")]
async fn script() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .body(include_str!("../../assets/inbox.js"))
}

fn html(page: String) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::html()).body(page)
}

fn subject(mail: &MailSummary) -> &str {
    if mail.subject.is_empty() { "(no subject)" } else { &mail.subject }
}

fn short_name(address: &Address) -> String {
    address.name.clone().unwrap_or_else(|| address.address.clone())
}

fn people(addresses: &[Address]) -> String {
    let one = |address: &Address| match &address.name {
        Some(name) => {
            format!("{} <span class=\"quiet\">&lt;{}&gt;</span>", escape(name), escape(&address.address))
        }
        None => escape(&address.address).into_owned(),
    };
    addresses.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn people_time(instant: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    instant.format(format).unwrap_or_default()
}

fn machine_time(instant: OffsetDateTime) -> String {
    instant.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}
