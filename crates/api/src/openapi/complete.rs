//! Completion of the document: the common parts of operations are derived from their shape instead of
//! being repeated at each handler. An operation with a body can refuse it, one with an id can miss it,
//! and so on.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use utoipa::openapi::{
    ContentBuilder, KnownFormat, OpenApi, PathItem, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
    SchemaFormat,
    path::{Operation, Parameter, ParameterBuilder, ParameterIn},
    schema::{ArrayItems, ObjectBuilder, Type},
    security::SecurityRequirement,
};

use crate::body_limit::body_limit;

const PROBLEM: &str = "application/problem+json";
const RATE_LIMITED: &str = "`rate_limited`: too many requests; `Retry-After` gives the seconds to wait.";

/// Adds to each operation what follows from its shape.
pub(super) fn complete(document: &mut OpenApi) {
    refer_to_rows(document);
    let examples = examples(document);
    for (path, item) in &mut document.paths.paths {
        for operation in operations_mut(item) {
            add_path_parameters(path, operation);
            add_example(operation, &examples);
            if path.starts_with("/api/") {
                add_security(operation);
                add_refusals(path, operation);
            } else {
                add_refusal(operation, "429", RATE_LIMITED);
            }
            describe_problems(operation);
        }
    }
}

/// Makes the schema of a page refer to the schema of its rows instead of repeating it.
fn refer_to_rows(document: &mut OpenApi) {
    let Some(components) = &mut document.components else { return };
    let names: BTreeSet<String> = components.schemas.keys().cloned().collect();
    for (name, schema) in &mut components.schemas {
        let row = name.strip_prefix("PageBody_").filter(|row| names.contains(*row));
        if let (Some(row), RefOr::T(Schema::Object(page))) = (row, schema)
            && let Some(RefOr::T(Schema::Array(rows))) = page.properties.get_mut("items")
        {
            rows.items = ArrayItems::RefOrSchema(Box::new(RefOr::Ref(Ref::from_schema_name(row))));
        }
    }
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.delete, &mut item.get, &mut item.patch, &mut item.post, &mut item.put]
        .into_iter()
        .filter_map(Option::as_mut)
}

/// Returns the names in braces of a path. All but referral codes are ids.
fn path_names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

fn add_path_parameters(path: &str, operation: &mut Operation) {
    for name in path_names(path) {
        let mut schema = ObjectBuilder::new().schema_type(Type::String);
        if name.ends_with("Id") {
            schema = schema.format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
        }
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(schema))
            .build();
        operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
    }
}

/// Returns the example of each schema that has one.
fn examples(document: &OpenApi) -> BTreeMap<String, Value> {
    let schemas = document.components.iter().flat_map(|components| &components.schemas);
    schemas
        .filter_map(|(name, schema)| match schema {
            RefOr::T(Schema::Object(object)) => object.example.clone().map(|example| (name.clone(), example)),
            _ => None,
        })
        .collect()
}

/// Adds a body's example to the body, which is where tools look for it.
fn add_example(operation: &mut Operation, examples: &BTreeMap<String, Value>) {
    let Some(RefOr::T(body)) = &mut operation.request_body else {
        return;
    };
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        if let Some(schema) = content.schema.as_ref().and_then(optional_schema) {
            // An optional body is described by its schema alone: `null` is no body.
            content.schema = Some(RefOr::Ref(schema));
            body.required = Some(Required::False);
        }
        if let Some(RefOr::Ref(schema)) = &content.schema {
            let name = schema.ref_location.rsplit('/').next().unwrap_or_default();
            content.example = examples.get(name).cloned();
        }
    }
}

/// Returns the schema that an optional one allows beside `null`.
fn optional_schema(schema: &RefOr<Schema>) -> Option<Ref> {
    match schema {
        RefOr::T(Schema::OneOf(one_of)) => one_of.items.iter().find_map(|item| match item {
            RefOr::Ref(schema) => Some(schema.clone()),
            RefOr::T(_) => None,
        }),
        _ => None,
    }
}

/// Adds the access token to an operation that states no other security.
fn add_security(operation: &mut Operation) {
    if operation.security.is_none() {
        operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>("bearer", [])]);
    }
}

fn asks_for(operation: &Operation, scheme: &str) -> bool {
    let wanted = SecurityRequirement::new::<_, [&str; 0], &str>(scheme, []);
    operation.security.iter().flatten().any(|requirement| *requirement == wanted)
}

fn add_refusals(path: &str, operation: &mut Operation) {
    let (is_signed, is_signed_in) = (asks_for(operation, "stripeSignature"), asks_for(operation, "bearer"));
    let parameters: Vec<&Parameter> = operation
        .parameters
        .iter()
        .flatten()
        .filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter),
            RefOr::Ref(_) => None,
        })
        .collect();
    let has = |place: &ParameterIn| parameters.iter().any(|parameter| parameter.parameter_in == *place);
    let (in_path, in_query, in_header) =
        (has(&ParameterIn::Path), has(&ParameterIn::Query), has(&ParameterIn::Header));
    let has_body = operation.request_body.is_some();
    // A signed webhook is read as raw bytes, not as JSON.
    let takes_json = has_body && !is_signed;
    let mut refuse = |status: &str, description: &str| add_refusal(operation, status, description);
    if takes_json || in_query {
        refuse("400", "`invalid_json`, `nul_byte`: what was sent can't be read.");
        refuse(
            "422",
            "`validation_failed`: fields or parameters are invalid; `errors` lists them with the broken rules.",
        );
    }
    if has_body {
        refuse("408", "`request_timeout`: the body took too long to arrive.");
        let limit = body_limit(path) / 1024;
        refuse("413", &format!("`payload_too_large`: the body has more than {limit} KiB."));
    }
    if takes_json {
        refuse("415", "`unsupported_media_type`: the body is not JSON.");
    }
    if in_path {
        refuse("404", "`not_found`: the organization has no such object.");
    }
    if in_header {
        refuse("409", "`idempotency_mismatch`: the key was used for another request.");
        refuse("422", "`validation_failed`: the `Idempotency-Key` is not right.");
    }
    if is_signed_in {
        refuse(
            "429",
            "`rate_limited`, `too_many_concurrent_requests`: too many requests; `Retry-After` gives the seconds to wait.",
        );
    } else {
        refuse("429", RATE_LIMITED);
    }
    refuse("500", "`internal`: something went wrong on our side.");
    refuse("503", "`unavailable`, `overloaded`: the request cannot be served at the moment; try again.");
    if asks_for(operation, "bearer") {
        operation.responses.responses.entry("401".to_owned()).or_insert_with(|| {
            let description =
                "`unauthenticated`, `invalid_access_token`, `session_ended`: the access token is missing or invalid, \
                 or its session has ended.";
            RefOr::T(ResponseBuilder::new().description(description).build())
        });
    }
}

/// Adds a response unless the handler describes it.
fn add_refusal(operation: &mut Operation, status: &str, description: &str) {
    operation
        .responses
        .responses
        .entry(status.to_owned())
        .or_insert_with(|| RefOr::T(ResponseBuilder::new().description(description).build()));
}

/// Describes each refusal as a problem.
fn describe_problems(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if status.starts_with(['4', '5']) && response.content.is_empty() {
            *response = problem(response);
        }
    }
}

fn problem(response: &Response) -> Response {
    let schema = Ref::from_schema_name("Problem");
    ResponseBuilder::new()
        .description(response.description.clone())
        .content(PROBLEM, ContentBuilder::new().schema(Some(schema)).build())
        .build()
}
