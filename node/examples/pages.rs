//! Serves the pages over the small library of the tests, to look at them in a browser:
//! `cargo run -p nanduti-node --example pages -- 127.0.0.1:8080`

#[path = "../tests/web/fixture.rs"]
mod fixture;

use std::io;

use nanduti_node::web;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let more = std::env::args().nth(2).and_then(|more| more.parse().ok());
    let source = more.map_or_else(fixture::Fixture::new, fixture::Fixture::with_more);
    let listener = TcpListener::bind(address).await?;
    let shutdown = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    web::serve(listener, web::router(source), shutdown).await
}
