//! Tests of the engine: escaping, a single pass, strict variables, limits.

use super::*;

#[derive(Clone, Copy, Serialize)]
struct Named<'a> {
    name: &'a str,
    url: &'a str,
}

static MAILS: Templates = Templates::new(&[
    ("hello.subject.txt", "Bonjour {{ name }}\n"),
    ("hello.txt", "{{ name }}\n{% if url %}\n{{ url }}\n{% endif %}\n"),
    (
        "hello.html",
        "{% extends \"mail.html\" %}\n{% from \"mail_parts.html\" import button, preheader %}\n\
         {% block preview %}{{ preheader(name) }}{% endblock %}\n\
         {% block content %}\n<p>{{ name }}</p>\n{{ button(url, \"Ouvrir\") }}\n{% endblock %}\n",
    ),
    ("missing.txt", "{{ nom }}"),
    ("missing_condition.txt", "{% if nom %}x{% endif %}"),
    ("unescaped.html", "{{ name|safe }}"),
]);

const HOSTILE: Named<'_> = Named {
    name: "<b>\"&'</b> {{ url }} {% block content %} {paragraphs} {organization} {# #}",
    url: "https://rubis.example/?a=1&b=\"><script>",
};

#[test]
fn html_escapes_values_and_text_writes_them_as_they_are() {
    let (subject, text, html) = MAILS.mail("hello", HOSTILE).unwrap().into_parts();
    assert_eq!(subject, format!("Bonjour {}", HOSTILE.name));
    assert_eq!(text, format!("{}\n{}\n", HOSTILE.name, HOSTILE.url));
    let name = escape_html(HOSTILE.name);
    assert!(html.contains(&format!("<title>Bonjour {name}</title>")), "{html}");
    assert!(html.contains(&format!("<p>{name}</p>\n<p style")), "{html}");
    assert!(html.contains(&format!("overflow:hidden\">{name}</div>\n<table")), "{html}");
    assert!(html.contains(&format!("href=\"{}\"", escape_html(HOSTILE.url))), "{html}");
    assert!(!html.contains("<script>") && !html.contains("<b>"), "{html}");
}

#[test]
fn the_layout_has_a_header_and_a_footer_of_its_own() {
    let (_, _, html) = MAILS.mail("hello", HOSTILE).unwrap().into_parts();
    assert!(html.contains(">Rubis</td>") && html.contains("à votre place.</td></tr>\n</table>"), "{html}");
}

#[test]
fn a_missing_variable_is_an_error_that_names_the_template() {
    for name in ["missing.txt", "missing_condition.txt", "unescaped.html", "no_such.txt"] {
        let error = MAILS.render(name, HOSTILE, 1_000).unwrap_err();
        assert_eq!(error.to_string(), format!("template {name} cannot be rendered"));
    }
    assert!(MAILS.render("hello.txt", HOSTILE, 1_000).is_ok());
}

#[test]
fn output_stops_at_its_limit() {
    let long = "x".repeat(2_000);
    let values = Named { name: &long, url: "" };
    let error = MAILS.render("hello.txt", values, 2_000).unwrap_err();
    assert!(matches!(error, RenderError::TooLarge { max_bytes: 2_000, .. }), "{error}");
    assert_eq!(MAILS.render("hello.txt", values, 2_001).unwrap().len(), 2_001);
}

#[test]
fn each_part_of_a_mail_has_its_limit() {
    let of = |chars: usize| {
        let name = "é".repeat(chars);
        MAILS.mail("hello", Named { name: &name, url: "" }).map(drop)
    };
    assert!(of(MailContent::MAX_SUBJECT_CHARS - "Bonjour ".len()).is_ok());
    for chars in [MailContent::MAX_SUBJECT_CHARS, 100_000] {
        let error = of(chars).unwrap_err();
        assert!(matches!(error, RenderError::TooLong(MailPart::Subject)), "{error}");
    }
    let of_url = |chars: usize| {
        let url = "é".repeat(chars);
        MAILS.mail("hello", Named { name: "x", url: &url }).map(drop)
    };
    assert!(of_url(19_000).is_ok());
    for chars in [20_000, 1_000_000] {
        let error = of_url(chars).unwrap_err();
        assert!(matches!(error, RenderError::TooLong(MailPart::Text)), "{error}");
    }
}
