//! The OpenAPI document as a page that people read and try.

use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::openapi;

/// Where the page is.
pub const PATH: &str = "/api/docs";

/// The page itself; what it loads lies beside it.
pub const INDEX: &str = "/api/docs/";

/// The page runs its own scripts and nobody else's; it styles elements in place.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// The page and its files, which come with the binary.
#[must_use]
pub fn page() -> SwaggerUi {
    let config = Config::new([openapi::PATH])
        .doc_expansion("list")
        .display_operation_id(true)
        .default_models_expand_depth(0)
        .persist_authorization(false)
        .with_credentials(true)
        .try_it_out_enabled(true);
    SwaggerUi::new(format!("{PATH}/{{_:.*}}")).config(config)
}
