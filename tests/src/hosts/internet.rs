//! The internet between the hosts, and what can be done to it.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::{
        Once,
        atomic::{AtomicU32, Ordering},
    },
};

use super::{
    host::Host,
    line::{Line, Port},
    namespace::{Namespace, clear, run},
    switch::{EXCHANGE, Switch, VXLAN, WIRES, hardware},
};

/// What the hosts' devices carry at a time, as Ethernet does.
const MTU: &str = "1500";
/// The wire to the exchange carries that and the envelope.
const WIRE_MTU: &str = "2000";

/// Hosts of one network, with a line each. Dropped after the nodes that run on them.
#[derive(Debug)]
pub struct Internet {
    // In this order: the exchange ends before its namespace goes.
    switch: Switch,
    wires: Namespace,
    _exchange: Namespace,
    count: AtomicU32,
}

impl Internet {
    /// An internet without hosts, if this machine lets us make one; otherwise says why the test is skipped.
    ///
    /// # Panics
    /// If it does not, and `NANDUTI_TEST_REQUIRE=all` is set.
    pub fn new() -> Option<Self> {
        static CLEARED: Once = Once::new();
        CLEARED.call_once(clear);
        let made = programs().and_then(|()| Self::make(1));
        let required = std::env::var("NANDUTI_TEST_REQUIRE").is_ok_and(|value| value == "all");
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        match made {
            Ok(made) => Some(made),
            Err(why) if required => panic!("NANDUTI_TEST_REQUIRE=all, and there are no hosts here: {why}"),
            Err(why) => {
                eprintln!("skipped: no hosts can be made here: {why}");
                None
            }
        }
    }

    fn make(seed: u64) -> Result<Self, String> {
        let (wires, exchange) = (Namespace::new("wires")?, Namespace::new("exchange")?);
        let pair = ["type", "veth", "peer", "name", "wire", "mtu", WIRE_MTU, "netns", exchange.name()];
        wires.ip(&[&["link", "add", "wire", "mtu", WIRE_MTU][..], &pair].concat())?;
        for (end, address) in [(&wires, WIRES), (&exchange, EXCHANGE)] {
            end.ip(&["addr", "add", &format!("{address}/30"), "dev", "wire"])?;
            end.ip(&["link", "set", "wire", "up"])?;
        }
        let switch = Switch::start(&exchange, seed);
        let made = Self { switch, wires, _exchange: exchange, count: AtomicU32::new(0) };
        // The kernel may lack what a host needs: find out before the test begins.
        made.plug("probe", u16::MAX.into())?;
        Ok(made)
    }

    /// A new host: 10.77.0.1 and fd77::1 for the first, and so on.
    ///
    /// # Panics
    /// If the system does not let us.
    pub fn host(&self, name: &str) -> Host {
        let port = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let namespace = self.plug(name, port).expect("one was made before");
        let number = u16::try_from(port).expect("there are few hosts");
        let [high, low] = number.to_be_bytes();
        let v4 = Ipv4Addr::new(10, 77, high, low);
        let v6 = Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, number);
        self.switch.lines().add(port);
        Host::new(namespace, port, v4, v6)
    }

    /// Changes the line of a host, from now on.
    pub fn set_line(&self, host: &Host, line: Line) {
        self.switch.lines().set(host.port(), line);
    }

    /// Cuts it into parts. Who is in none of them is with the first.
    pub fn part(&self, parts: &[&[&Host]]) {
        let mut lines = self.switch.lines();
        for (part, hosts) in parts.iter().enumerate() {
            hosts.iter().for_each(|host| lines.put(host.port(), part));
        }
    }

    /// A namespace with a device whose wire ends at the exchange.
    fn plug(&self, name: &str, port: Port) -> Result<Namespace, String> {
        let host = Namespace::new(name)?;
        let (id, dstport) = (port.to_string(), VXLAN.to_string());
        let (local, remote) = (WIRES.to_string(), EXCHANGE.to_string());
        let device = format!("net{port}");
        // Made here, where its packets come and go, and moved there, where its frames do.
        let kind = ["type", "vxlan", "id", &id, "local", &local, "remote", &remote, "dstport", &dstport, "nolearning"];
        self.wires.ip(&[&["link", "add", &device, "mtu", MTU, "address", &hardware(port)][..], &kind].concat())?;
        self.wires.ip(&["link", "set", &device, "netns", host.name(), "name", "net0"])?;
        // What leaves the device must be whole packets with checksums, for there is no hardware to finish them.
        host.run(&["ethtool", "-K", "net0", "tx", "off", "gso", "off", "gro", "off"])?;
        Ok(host)
    }
}

/// Are the programs of the system here, and may we use them?
fn programs() -> Result<(), String> {
    if !rustix::process::geteuid().is_root() {
        return Err("only root can make network namespaces".into());
    }
    for program in [["ip", "-V"], ["ethtool", "--version"], ["nft", "--version"]] {
        run(&program)?;
    }
    Ok(())
}
