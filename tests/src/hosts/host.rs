//! A host: its addresses, its firewall, and the programs that run on it.

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value;

use super::{line::Port, namespace::Namespace};
use crate::{running::Running, world::World};

/// Where nodes listen, on every host the same.
const LISTEN: u16 = 4001;
/// Where nodes serve their pages.
const WEB: u16 = 8080;
/// How long a page may take. Lines are slow.
const PAGE: Duration = Duration::from_secs(30);

/// A host in an [`Internet`](super::Internet).
#[derive(Debug)]
pub struct Host {
    namespace: Namespace,
    port: Port,
    v4: Ipv4Addr,
    v6: Ipv6Addr,
}

/// What went over the line of a host, as its kernel counts it: whole Ethernet frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes that arrived.
    pub received: u64,
    /// Bytes that were sent.
    pub sent: u64,
}

impl Host {
    pub(super) fn new(namespace: Namespace, port: Port, v4: Ipv4Addr, v6: Ipv6Addr) -> Self {
        let host = Self { namespace, port, v4, v6 };
        // An address that goes takes its younger neighbours with it, unless the kernel is told otherwise.
        let keep = || std::fs::write("/proc/sys/net/ipv4/conf/all/promote_secondaries", "1");
        host.namespace.inside(keep).expect("root sets what the kernel does");
        host.ip(&["link", "set", "net0", "up"]);
        host.add(v4.into());
        host.add(v6.into());
        host
    }

    pub(super) fn port(&self) -> Port {
        self.port
    }

    /// Its address.
    pub fn v4(&self) -> Ipv4Addr {
        self.v4
    }

    /// Its other address.
    pub fn v6(&self) -> Ipv6Addr {
        self.v6
    }

    /// Where a node on it is reached over QUIC, without its name.
    pub fn quic(&self) -> String {
        format!("/ip4/{}/udp/{LISTEN}/quic-v1", self.v4)
    }

    /// Where a node on it is reached over TCP, without its name.
    pub fn tcp(&self) -> String {
        format!("/ip4/{}/tcp/{LISTEN}", self.v4)
    }

    /// Starts the node of a home on it, as an operator would: on all addresses of the host, with pages that others can read.
    ///
    /// # Panics
    /// If it does not become ready.
    pub fn start(&self, world: &World, home: &str, sets: &[String]) -> Running {
        let all = [
            format!("network.listen=/ip4/0.0.0.0/udp/{LISTEN}/quic-v1,/ip4/0.0.0.0/tcp/{LISTEN}"),
            format!("web.listen=0.0.0.0:{WEB}"),
            "network.sync_interval_s=5".to_owned(),
            "log.level=debug".to_owned(),
        ];
        let command = world.command_through(&["ip", "netns", "exec", self.namespace.name()]);
        let sets: Vec<String> = all.iter().chain(sets).cloned().collect();
        Running::start(command, &world.path(home), &world.path(&format!("{home}.log")), &sets)
    }

    /// Takes another address in place of the one that it has.
    pub fn move_to(&mut self, v4: Ipv4Addr) {
        self.add(v4.into());
        self.ip(&["addr", "del", &format!("{}/16", self.v4), "dev", "net0"]);
        self.v4 = v4;
    }

    /// Takes away its address of the older kind.
    pub fn without_v4(&self) {
        self.ip(&["addr", "del", &format!("{}/16", self.v4), "dev", "net0"]);
    }

    /// Puts a firewall before it that lets nobody in: only answers to what it said itself.
    ///
    /// # Panics
    /// If the kernel has no such firewall.
    pub fn let_nobody_in(&self) {
        let rules = [
            "add table inet wall",
            "add chain inet wall in { type filter hook input priority 0; policy drop; }",
            "add rule inet wall in iif lo accept",
            "add rule inet wall in meta l4proto ipv6-icmp accept",
            "add rule inet wall in ct state established,related accept",
        ];
        for rule in rules {
            self.namespace.run(&["nft", rule]).expect("the kernel can filter");
        }
    }

    /// Tells it the addresses of names, for programs that are started on it afterwards.
    pub fn set_names(&self, names: &[(IpAddr, &str)]) {
        let lines: Vec<String> = names.iter().map(|(address, name)| format!("{address} {name}\n")).collect();
        self.namespace.set_file("hosts", &lines.concat());
        // There is nobody to ask; without this file the machine's own would be read.
        self.namespace.set_file("resolv.conf", "nameserver 127.0.0.1\n");
    }

    /// Can it open a TCP connection to the node on another host?
    pub fn reaches(&self, other: &Host, patience: Duration) -> bool {
        let address = SocketAddr::from((other.v4, LISTEN));
        self.namespace.inside(|| TcpStream::connect_timeout(&address, patience).is_ok())
    }

    /// A page of the node on another host: status line, headers and content.
    ///
    /// # Panics
    /// If it does not come.
    pub fn page(&self, other: &Host, path: &str) -> String {
        let address = SocketAddr::from((other.v4, WEB));
        self.namespace.inside(|| {
            let mut stream = TcpStream::connect_timeout(&address, PAGE).expect("pages are served");
            stream.set_read_timeout(Some(PAGE)).expect("it is more than no time");
            let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).expect("pages are served");
            let mut page = Vec::new();
            stream.read_to_end(&mut page).expect("a page ends");
            String::from_utf8_lossy(&page).into_owned()
        })
    }

    /// What went over its line since it was made.
    ///
    /// # Panics
    /// If the kernel does not say.
    pub fn traffic(&self) -> Traffic {
        let said = self.ip(&["-s", "-j", "link", "show", "net0"]);
        let said: Value = serde_json::from_str(&said).expect("`ip -j` speaks JSON");
        let bytes = |way: &str| said[0]["stats64"][way]["bytes"].as_u64().expect("a device counts");
        Traffic { received: bytes("rx"), sent: bytes("tx") }
    }

    fn add(&self, address: IpAddr) {
        match address {
            IpAddr::V4(v4) => self.ip(&["addr", "add", &format!("{v4}/16"), "dev", "net0"]),
            // There is nobody with whom it could be doubled, and looking for him takes a second.
            IpAddr::V6(v6) => self.ip(&["addr", "add", &format!("{v6}/64"), "dev", "net0", "nodad"]),
        };
    }

    fn ip(&self, args: &[&str]) -> String {
        self.namespace.ip(args).expect("the host is ours")
    }
}
