//! A browser without scripts: it opens an address, goes where it is led, and presses the buttons of plain forms.

use std::{cell::RefCell, collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result, bail};
use ureq::http::{Response, header};
use ureq::{Agent, Body};

const MOST_REDIRECTS: usize = 3;

pub struct Browser {
    agent: Agent,
    /// The cookies of the one site that it visits, by name.
    cookies: RefCell<BTreeMap<String, String>>,
}

pub struct Page {
    pub address: String,
    html: String,
}

/// A form with one button: where it is sent, and what it says.
#[derive(Debug, PartialEq, Eq)]
struct Form<'a> {
    target: &'a str,
    fields: Vec<(&'a str, &'a str)>,
}

impl Browser {
    pub fn new() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent("Mozilla/5.0 (rubis xtask)")
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self { agent: config.into(), cookies: RefCell::default() }
    }

    pub fn open(&self, address: &str) -> Result<Page> {
        self.arrive(address, self.get(address)?)
    }

    pub fn press(&self, page: &Page, action: &str) -> Result<Page> {
        let Some(form) = form_of(&page.html, action) else {
            bail!("the page at {} has no button for `{action}`", page.address);
        };
        let target = absolute(&page.address, form.target)?;
        let response = self.agent.post(&target).header("accept", "text/html").send_form(form.fields);
        self.arrive(&target, response.with_context(|| format!("POST {target} gets no answer"))?)
    }

    fn cookie_header(&self) -> String {
        let cookies = self.cookies.borrow();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Keeps the cookies that a response sets.
    fn remember(&self, response: &Response<Body>) {
        let set = response.headers().get_all(header::SET_COOKIE).iter();
        for cookie in set.filter_map(|value| value.to_str().ok()) {
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn get(&self, address: &str) -> Result<Response<Body>> {
        let request = self
            .agent
            .get(address)
            .header("accept", "text/html")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document");
        let response = request.header("cookie", self.cookie_header()).call();
        response.with_context(|| format!("GET {address} gets no answer"))
    }

    /// Goes on until there is a page.
    fn arrive(&self, address: &str, response: Response<Body>) -> Result<Page> {
        let (mut address, mut response) = (address.to_owned(), response);
        for _ in 0..=MOST_REDIRECTS {
            self.remember(&response);
            match response.status().as_u16() {
                200 => {
                    let html = response.body_mut().read_to_string().context("a page breaks off")?;
                    return Ok(Page { address, html });
                }
                302 | 303 => {
                    let location = response.headers().get(header::LOCATION);
                    let location = location.and_then(|location| location.to_str().ok());
                    let location = location.with_context(|| format!("{address} leads nowhere"))?;
                    address = absolute(&address, location)?;
                    response = self.get(&address)?;
                }
                status => {
                    let text = response.body_mut().read_to_string().unwrap_or_default();
                    bail!("{address} answers {status}: {text}");
                }
            }
        }
        bail!("{address} leads from one address to the next, more than {MOST_REDIRECTS} times")
    }
}

impl Page {
    /// The value of a parameter of its address, as it is written there; empty where there is none.
    pub fn parameter(&self, name: &str) -> &str {
        let query = self.address.split_once('?').map_or("", |(_, query)| query);
        let query = query.split('#').next().unwrap_or_default();
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    pub fn heading(&self) -> &str {
        let after = self.html.split_once("<h1").and_then(|(_, rest)| rest.split_once('>'));
        after.and_then(|(_, rest)| rest.split_once("</h1>")).map_or("", |(heading, _)| heading.trim())
    }
}

/// An address as seen from a page.
fn absolute(from: &str, address: &str) -> Result<String> {
    if !address.starts_with('/') {
        return Ok(address.to_owned());
    }
    let origin = from
        .split_once("://")
        .map(|(scheme, rest)| format!("{scheme}://{}", rest.split(['/', '?']).next().unwrap_or_default()));
    let origin = origin.with_context(|| format!("{from} is no address"))?;
    Ok(format!("{origin}{address}"))
}

fn form_of<'a>(html: &'a str, action: &str) -> Option<Form<'a>> {
    html.split("<form ").skip(1).find_map(|rest| {
        let form = rest.split_once("</form>").map_or(rest, |(form, _)| form);
        let fields: Vec<_> = form
            .split("<input ")
            .skip(1)
            .filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value")?)))
            .collect();
        fields.contains(&("action", action)).then_some(Form { target: attribute(form, "action")?, fields })
    })
}

/// An attribute of the tag that `markup` begins with.
fn attribute<'a>(markup: &'a str, name: &str) -> Option<&'a str> {
    let tag = markup.split_once('>').map_or(markup, |(tag, _)| tag);
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = concat!(
        "<h1>Avez-vous été payé ?</h1>",
        "<form method=\"post\" action=\"/checkin\"><input type=\"hidden\" name=\"token\" value=\"T\">",
        "<input type=\"hidden\" name=\"action\" value=\"paid\"><button>Oui</button></form>",
        "<form method=\"post\" action=\"/checkin\"><input type=\"hidden\" name=\"token\" value=\"T\">",
        "<input type=\"hidden\" name=\"action\" value=\"pending\"><button>Non</button></form>",
    );

    #[test]
    fn a_button_is_the_form_that_has_its_action() {
        let fields = vec![("token", "T"), ("action", "pending")];
        assert_eq!(form_of(PAGE, "pending"), Some(Form { target: "/checkin", fields }));
        assert_eq!(form_of(PAGE, "undo"), None);
    }

    #[test]
    fn a_page_reports_its_heading_and_what_its_address_says() {
        let address = "http://localhost:3333/checkin?status=confirm".to_owned();
        let page = Page { address, html: PAGE.to_owned() };
        assert_eq!(page.heading(), "Avez-vous été payé ?");
        assert_eq!((page.parameter("status"), page.parameter("answer")), ("confirm", ""));
        assert_eq!(absolute(&page.address, "/checkin?a=b").unwrap(), "http://localhost:3333/checkin?a=b");
        assert_eq!(absolute(&page.address, "https://x.example/").unwrap(), "https://x.example/");
    }
}
