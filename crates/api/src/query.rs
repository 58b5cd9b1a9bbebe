//! Query parameters, whose errors name the parameter.

use std::{
    collections::BTreeSet,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::StatusCode};
use serde::de::DeserializeOwned;

use crate::{ApiError, json_body::mistake};

/// The query parameters of a request. A parameter that is unknown, repeated or invalid is refused.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Self))
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    let mut seen = BTreeSet::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name.contains('\0') || value.contains('\0') {
            return Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "nul_byte",
                "A parameter holds a NUL character.",
            )
            .about(&name.replace('\0', "\u{fffd}")));
        }
        if !seen.insert(name.clone()) {
            return Err(ApiError::invalid_field(&name, "duplicate_parameter", "must be given once"));
        }
    }
    let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        ApiError::invalid(mistake(&path, &error.into_inner().to_string()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct List {
        limit: Option<u32>,
        #[expect(dead_code, reason = "only whether it parses is looked at")]
        overdue: Option<bool>,
    }

    fn refusal(query: &str) -> (String, &'static str) {
        let error = parse::<List>(query).unwrap_err();
        let first = error.errors().first().unwrap();
        (first.field.clone(), first.code)
    }

    #[test]
    fn a_wrong_parameter_is_refused_by_its_name() {
        assert_eq!(parse::<List>("limit=5&overdue=true").unwrap().limit, Some(5));
        assert_eq!(parse::<List>("").unwrap().limit, None);
        for (query, field, code) in [
            ("limit=five", "limit", "invalid_value"),
            ("limit=-1", "limit", "invalid_value"),
            ("limit=", "limit", "invalid_value"),
            ("overdue=yes", "overdue", "invalid_value"),
            ("offset=5", "offset", "unknown_field"),
            ("limit=1&limit=2", "limit", "duplicate_parameter"),
            ("limit=1%00", "limit", "nul_byte"),
        ] {
            assert_eq!(refusal(query), (field.to_owned(), code), "{query}");
        }
    }
}
