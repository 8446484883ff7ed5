//! The dashboard at `/`: a site's power now and over the last hours, in a browser.
//!
//! Three files without anything from elsewhere. The page itself holds no data: it asks for a key
//! and calls the API with it, as every other client does.

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::api::ApiState;

/// Nothing is loaded from anywhere else, and no other page may frame this one.
const POLICY: &str = "default-src 'none'; connect-src 'self'; script-src 'self'; style-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// Its routes.
pub(super) fn pages() -> Router<ApiState> {
    Router::new()
        .route("/", get(|| file("text/html; charset=utf-8", include_str!("index.html"))))
        .route(
            "/dashboard.js",
            get(|| file("text/javascript; charset=utf-8", include_str!("dashboard.js"))),
        )
        .route(
            "/dashboard.css",
            get(|| file("text/css; charset=utf-8", include_str!("dashboard.css"))),
        )
}

async fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (headers, text).into_response()
}
