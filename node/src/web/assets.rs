//! The stylesheet and the picture, compiled into the program.
//!
//! Pages link to them with the ETag in the query (`style.css?v=…`), so that a browser may keep them for a day and a new
//! version of the program is still seen at once.

use axum::{
    extract::Path,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use super::failure;

struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
}

const STYLE: Asset = Asset {
    name: "style.css",
    media_type: "text/css; charset=utf-8",
    bytes: include_bytes!("../../templates/static/style.css"),
};
const LACE: Asset =
    Asset { name: "lace.svg", media_type: "image/svg+xml", bytes: include_bytes!("../../templates/static/lace.svg") };

pub(crate) async fn file(Path(name): Path<String>, uri: Uri, headers: HeaderMap) -> Response {
    let Some(asset) = [STYLE, LACE].into_iter().find(|asset| asset.name == name) else {
        return failure::no_such_page(uri).await;
    };
    let tag = format!("\"{}\"", version(asset.bytes));
    let keep = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "public, max-age=86400".to_owned())];
    if knows(&headers, &tag) {
        return (StatusCode::NOT_MODIFIED, keep).into_response();
    }
    (keep, [(header::CONTENT_TYPE, asset.media_type)], asset.bytes).into_response()
}

/// Address of the stylesheet.
pub(crate) fn style() -> String {
    address(&STYLE)
}

/// Address of the picture in the head of the pages.
pub(crate) fn lace() -> String {
    address(&LACE)
}

fn address(asset: &Asset) -> String {
    format!("/static/{}?v={}", asset.name, version(asset.bytes))
}

fn knows(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == tag || known == "*")
}

/// FNV-1a, 64 bits. It tells versions of our own files apart; nobody else's bytes come here.
fn version(bytes: &[u8]) -> String {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}
