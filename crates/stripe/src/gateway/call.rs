//! One call: its path, its fields and its idempotency key.

use stripe::IdempotencyKey;
use stripe_client_core::{RequestBuilder, RequestStrategy, StripeMethod};
use url::form_urlencoded::{self, Serializer};

use crate::error::StripeError;

/// One call, the same at each attempt.
pub(super) struct Call {
    method: StripeMethod,
    /// The path below `/v1`.
    path: String,
    /// Fields as Stripe nests them (`metadata[plan]`): the query of a GET, the body of a POST.
    fields: Vec<(String, String)>,
    idempotency_key: Option<String>,
}

impl Call {
    pub(super) fn get(path: &str) -> Self {
        Self::new(StripeMethod::Get, path)
    }

    /// Returns a call that creates or changes an object.
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

    /// Sets the idempotency key: within a day, Stripe repeats its first response to a second call under
    /// the same key.
    pub(super) fn idempotency_key(mut self, key: String) -> Self {
        self.idempotency_key = Some(key);
        self
    }

    /// Returns the path, for messages.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Builds the request of one attempt.
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

    /// Returns the strategy of one attempt at a time, each under the same key: the client library's own
    /// retries generate a key, which would not outlive this process.
    ///
    /// # Errors
    /// The key is too long for Stripe.
    pub(super) fn strategy(&self) -> Result<RequestStrategy, StripeError> {
        match &self.idempotency_key {
            None => Ok(RequestStrategy::Once),
            Some(key) => IdempotencyKey::new(key)
                .map(RequestStrategy::Idempotent)
                .map_err(|error| StripeError::Unexpected { reason: error.to_string() }),
        }
    }
}
