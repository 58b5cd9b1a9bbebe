//! The OpenAPI document as an interactive page.

use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::openapi;

/// The path of the page.
pub const PATH: &str = "/api/docs";

/// The page itself, with its files beside it.
pub const INDEX: &str = "/api/docs/";

/// Allows only the page's own scripts, and inline styles, which the page uses.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// Serves the page and its files, which are part of the binary.
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
