//! Idempotency keys: a repeated request to create something creates it once.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::StatusCode};
use diesel_async::{AsyncConnection, TransactionManager};
use rubis_accounts::{Begun, IdempotencyKey};
use rubis_db::AsyncPgConnection;
use rubis_kernel::sha256;
use serde::Serialize;
use serde_json::Value;
use utoipa::IntoParams;

use crate::{ApiError, App, Tenant};

type Transactions = <AsyncPgConnection as AsyncConnection>::TransactionManager;

/// The header parameter, for the document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IdempotencyHeader {
    /// 1 to 255 printable ASCII characters of your choice. The same key with the same body returns the
    /// first response again for 24 hours.
    #[param(rename = "Idempotency-Key", required = false, min_length = 1, max_length = 255)]
    #[expect(dead_code, reason = "only its documentation is used")]
    key: Option<String>,
}

/// A request that creates something, with its key if it has one.
#[derive(Debug)]
pub struct Creation {
    key: Option<IdempotencyKey>,
    /// Method and path.
    target: String,
}

impl FromRequest for Creation {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let key = match request.headers().get("idempotency-key") {
            None => Ok(None),
            Some(value) => {
                value.to_str().ok().and_then(|text| IdempotencyKey::parse(text).ok()).map(Some).ok_or_else(
                    || {
                        ApiError::invalid_field(
                            "Idempotency-Key",
                            "invalid_idempotency_key",
                            "must have 1 to 255 printable ASCII characters",
                        )
                    },
                )
            }
        };
        let target = format!("{} {}", request.method(), request.path());
        ready(key.map(|key| Self { key, target }))
    }
}

impl Creation {
    /// Does the work in one transaction with the key, and responds with 201 and the created object;
    /// returns the first response again if the work was done before.
    ///
    /// # Errors
    /// Those of the work, whose transaction is rolled back with the key; `idempotency_mismatch` if the
    /// key was used for another request.
    pub async fn run<Created: Serialize>(
        self,
        app: &App,
        tenant: &Tenant,
        request: &impl Serialize,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<Created, ApiError>,
    ) -> Result<HttpResponse, ApiError> {
        let mut conn = app.db.get().await?;
        // `transaction` requires a future that is `Send`, which is not known of every closure. A request
        // that is dropped half-way leaves its connection inside the transaction, and the pool closes such
        // a connection instead of reusing it.
        Transactions::begin_transaction(&mut *conn).await?;
        match self.run_inside(&mut conn, app, tenant, request, work).await {
            Ok(response) => {
                Transactions::commit_transaction(&mut *conn).await?;
                Ok(response)
            }
            Err(error) => {
                Transactions::rollback_transaction(&mut *conn).await?;
                Err(error)
            }
        }
    }

    async fn run_inside<Created: Serialize>(
        self,
        conn: &mut AsyncPgConnection,
        app: &App,
        tenant: &Tenant,
        request: &impl Serialize,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<Created, ApiError>,
    ) -> Result<HttpResponse, ApiError> {
        let Some(key) = self.key else {
            return Ok(HttpResponse::Created().json(work(conn).await?));
        };
        let hash = fingerprint(&self.target, request)?;
        let begun = rubis_accounts::begin(conn, tenant.organization, &key, hash, app.clock.now()).await?;
        if let Begun::Replay { status, body } = begun {
            return Ok(replay(status, &body));
        }
        let created = work(conn).await?;
        let body = serde_json::to_value(&created).map_err(ApiError::internal)?;
        let status = StatusCode::CREATED;
        rubis_accounts::complete(conn, tenant.organization, &key, status.as_u16(), &body).await?;
        // Returns the struct instead of the stored value, which has lost the order of its fields.
        Ok(HttpResponse::build(status).json(created))
    }
}

fn replay(status: u16, body: &Value) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::CREATED);
    HttpResponse::build(status).insert_header(("Idempotency-Replayed", "true")).json(body)
}

/// Returns a hash of the target and the body of a request, independent of the body's formatting.
fn fingerprint(target: &str, request: &impl Serialize) -> Result<[u8; 32], ApiError> {
    let body = serde_json::to_vec(request).map_err(ApiError::internal)?;
    let mut hashed = target.as_bytes().to_vec();
    hashed.push(b'\n');
    hashed.extend_from_slice(&body);
    Ok(sha256(&hashed))
}
