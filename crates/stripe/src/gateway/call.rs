//! One call: where to, with which fields, under which idempotency key.

use stripe::IdempotencyKey;
use stripe_client_core::{RequestBuilder, RequestStrategy, StripeMethod};
use url::form_urlencoded::{self, Serializer};

use crate::error::StripeError;

/// One call, the same at each attempt.
pub(super) struct Call {
    method: StripeMethod,
    /// Below `/v1`.
    path: String,
    /// Fields as Stripe nests them (`metadata[plan]`): the query of a GET, the body of a POST.
    fields: Vec<(String, String)>,
    idempotency_key: Option<String>,
}

impl Call {
    /// Reads.
    pub(super) fn get(path: &str) -> Self {
        Self::new(StripeMethod::Get, path)
    }

    /// Creates or changes.
    pub(super) fn post(path: &str) -> Self {
        Self::new(StripeMethod::Post, path)
    }

    fn new(method: StripeMethod, path: &str) -> Self {
        Self { method, path: path.to_owned(), fields: Vec::new(), idempotency_key: None }
    }

    /// Adds a segment to the path.
    pub(super) fn segment(mut self, segment: &str) -> Self {
        self.path.push('/');
        self.path.extend(form_urlencoded::byte_serialize(segment.as_bytes()));
        self
    }

    /// Adds a field.
    pub(super) fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Stripe answers a second call under the same key, within a day, as it answered the first.
    pub(super) fn idempotency_key(mut self, key: String) -> Self {
        self.idempotency_key = Some(key);
        self
    }

    /// The path, for messages.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The request of one attempt.
    pub(super) fn request(&self) -> RequestBuilder {
        let mut request = RequestBuilder::new(self.method, self.path.clone());
        let fields = Serializer::new(String::new()).extend_pairs(&self.fields).finish();
        match self.method {
            StripeMethod::Post => request.body = Some(fields),
            StripeMethod::Get | StripeMethod::Delete if fields.is_empty() => {}
            StripeMethod::Get | StripeMethod::Delete => request.query = Some(fields),
        }
        request
    }

    /// One attempt at a time, each under the same key: the client's own ways of trying again make up a key of
    /// theirs, which would not outlive this process.
    ///
    /// # Errors
    /// When the key is too long for Stripe.
    pub(super) fn strategy(&self) -> Result<RequestStrategy, StripeError> {
        match &self.idempotency_key {
            None => Ok(RequestStrategy::Once),
            Some(key) => IdempotencyKey::new(key)
                .map(RequestStrategy::Idempotent)
                .map_err(|error| StripeError::Unexpected { reason: error.to_string() }),
        }
    }
}
