//! The listener with real sockets: it serves, it does not wait for those who do not speak, and it ends when told.

use std::time::Duration;

use nanduti_node::web::{router, serve};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

use super::fixture::Fixture;

const SOON: Duration = Duration::from_secs(20);

async fn start() -> (std::net::SocketAddr, oneshot::Sender<()>, JoinHandle<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async { stopped.await.unwrap_or_default() };
    (address, stop, tokio::spawn(serve(listener, router(Fixture::new()), shutdown)))
}

async fn say(stream: &mut TcpStream, words: &str) -> String {
    // A server that refuses closes early, and then the rest cannot be written.
    let _ = stream.write_all(words.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = timeout(SOON, stream.read_to_end(&mut answer)).await.expect("an answer in time");
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn it_serves_and_ends() {
    let (address, stop, ended) = start().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let answer = say(
        &mut stream,
        "GET /health HTTP/1.1\r\nHost: any\r\n\r\nGET /health HTTP/1.1\r\nHost: any\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
    let mut idle = TcpStream::connect(address).await.unwrap();
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
    // Both have been accepted once a later connection has been answered.
    let mut later = TcpStream::connect(address).await.unwrap();
    assert!(say(&mut later, "GET /health HTTP/1.0\r\n\r\n").await.contains("200 OK"));
    stop.send(()).unwrap();
    timeout(SOON, ended).await.expect("the listener ends in time").unwrap().unwrap();
    for stream in [&mut idle, &mut half] {
        let mut rest = Vec::new();
        let _ = timeout(SOON, stream.read_to_end(&mut rest)).await.expect("closed");
        assert!(rest.is_empty());
    }
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn who_does_not_speak_is_not_waited_for() {
    let (address, _stop, _ended) = start().await;
    let mut slow = TcpStream::connect(address).await.unwrap();
    let answer = say(&mut slow, "GET / HTTP/1.1\r\nHost: any\r\nX-Slow: ").await;
    assert!(!answer.contains("200 OK"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn no_connection_lives_for_ever() {
    let (address, _stop, _ended) = start().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut answered = 0;
    let mut buffer = [0; 2048];
    while answered < 20 {
        let _ = stream.write_all(b"GET /health HTTP/1.1\r\nHost: any\r\n\r\n").await;
        match stream.read(&mut buffer).await {
            Ok(read) if read > 0 => answered += 1,
            _ => break,
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    assert!((10..=13).contains(&answered), "answered {answered} times");
}

#[tokio::test(start_paused = true)]
async fn those_who_say_nothing_make_room_for_others() {
    let (address, _stop, _ended) = start().await;
    let mut silent = Vec::new();
    for _ in 0..256 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let mut other = TcpStream::connect(address).await.unwrap();
    assert!(say(&mut other, "GET /health HTTP/1.0\r\n\r\n").await.contains("200 OK"));
}

#[tokio::test]
async fn a_head_that_is_too_big_is_refused() {
    let (address, _stop, _ended) = start().await;
    for head in [
        format!("GET / HTTP/1.1\r\nHost: any\r\nX-Big: {}\r\n\r\n", "x".repeat(20_000)),
        format!("GET / HTTP/1.1\r\nHost: any\r\n{}\r\n", "X-Many: x\r\n".repeat(100)),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let answer = say(&mut stream, &head).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
}
