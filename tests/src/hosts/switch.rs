//! The exchange: takes the frames of all hosts and lets them out again when their time has come.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    io::ErrorKind,
    net::{Ipv4Addr, UdpSocket},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{
    line::{Lines, Port},
    namespace::Namespace,
};

/// The ends of the wire between the exchange and the namespace of the VXLAN devices.
pub(super) const WIRES: Ipv4Addr = Ipv4Addr::new(10, 76, 0, 1);
/// See [`WIRES`].
pub(super) const EXCHANGE: Ipv4Addr = Ipv4Addr::new(10, 76, 0, 2);
/// The port of VXLAN (RFC 7348).
pub(super) const VXLAN: u16 = 4789;

/// A frame on the wire begins with flags, three bytes for later use, the number of the device, and one more.
const HEADER: usize = 8;
/// The longest frame that a host may send, with room to spare.
const FRAME_MAX: usize = 4096;
/// How often the thread looks whether it is to end.
const LOOK: Duration = Duration::from_millis(50);
/// The beginning of the hardware addresses of our hosts; the last two bytes are the number.
const HARDWARE: [u8; 4] = [0x02, b'N', b'T', 0];

/// The hardware address of a host.
pub(super) fn hardware(port: Port) -> String {
    let [.., high, low] = port.to_be_bytes();
    let bytes: Vec<String> = HARDWARE.iter().chain(&[high, low]).map(|byte| format!("{byte:02x}")).collect();
    bytes.join(":")
}

/// The thread that carries frames. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Switch {
    lines: Arc<Mutex<Lines>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Switch {
    /// Begins to carry, in this namespace.
    pub(super) fn start(namespace: &Namespace, seed: u64) -> Self {
        let socket = namespace.inside(|| UdpSocket::bind((EXCHANGE, VXLAN)).expect("the address was just set"));
        let (lines, ends) = (Arc::new(Mutex::new(Lines::new(seed))), Arc::default());
        let (shared, end) = (Arc::clone(&lines), Arc::clone(&ends));
        let thread = std::thread::spawn(move || carry(&socket, &shared, &end));
        Self { lines, ends, thread: Some(thread) }
    }

    /// The lines of the hosts, to look at and to change.
    pub(super) fn lines(&self) -> MutexGuard<'_, Lines> {
        locked(&self.lines)
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // If it panicked, the test has failed for want of frames.
            let _ = thread.join();
        }
    }
}

/// A test that panics while it changes a line leaves it as good as any.
fn locked(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A frame under way: when it arrives, which came first, where it goes, and itself. The earliest is the greatest.
type Underway = Reverse<(Instant, u64, Port, Vec<u8>)>;

fn carry(socket: &UdpSocket, lines: &Mutex<Lines>, ends: &AtomicBool) {
    let mut underway: BinaryHeap<Underway> = BinaryHeap::new();
    let (mut count, mut buffer) = (0, [0; FRAME_MAX]);
    while !ends.load(Ordering::Relaxed) {
        let now = Instant::now();
        while underway.peek().is_some_and(|Reverse((due, ..))| *due <= now) {
            let Some(Reverse((_, _, to, frame))) = underway.pop() else { break };
            let header = [&[8, 0, 0, 0][..], &(to << 8).to_be_bytes()].concat();
            // A full buffer loses frames, as on any wire.
            let _ = socket.send_to(&[header, frame].concat(), (WIRES, VXLAN));
        }
        let next = underway.peek().map_or(LOOK, |Reverse((due, ..))| due.saturating_duration_since(now).min(LOOK));
        let next = next.max(Duration::from_micros(100));
        socket.set_read_timeout(Some(next)).expect("it is more than no time");
        let read = match socket.recv_from(&mut buffer) {
            Ok((read, _)) => read,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => continue,
            Err(error) => panic!("the exchange cannot read: {error}"),
        };
        let Some((from, frame)) = parse(&buffer[..read]) else { continue };
        let mut lines = locked(lines);
        for to in receivers(&lines, from, frame) {
            if let Some(due) = lines.pass(from, to, frame.len(), now) {
                count += 1;
                underway.push(Reverse((due, count, to, frame.to_vec())));
            }
        }
    }
}

/// The host that sent it, and the Ethernet frame.
fn parse(packet: &[u8]) -> Option<(Port, &[u8])> {
    let (header, frame) = packet.split_at_checked(HEADER)?;
    let number = header[4..].try_into().map(u32::from_be_bytes).ok()?;
    (frame.len() >= 14).then_some((number >> 8, frame))
}

/// Whom a frame is meant for: everybody, if its destination is a group.
fn receivers(lines: &Lines, from: Port, frame: &[u8]) -> Vec<Port> {
    if frame[0] & 1 == 1 {
        return lines.others(from);
    }
    let number = frame[..6].strip_prefix(&HARDWARE).and_then(|rest| rest.try_into().ok());
    number.map(|number| vec![Port::from(u16::from_be_bytes(number))]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_go_to_whom_they_name_and_groups_to_all_others() {
        let mut lines = Lines::new(1);
        (1..=3).for_each(|port| lines.add(port));
        let frame = |to: [u8; 6]| [&to[..], &[0; 8]].concat();
        assert_eq!(hardware(0x0102), "02:4e:54:00:01:02");
        assert_eq!(receivers(&lines, 1, &frame([0x02, 0x4e, 0x54, 0, 0, 3])), [3]);
        assert_eq!(receivers(&lines, 1, &frame([0xff; 6])), [2, 3]);
        assert_eq!(receivers(&lines, 1, &frame([0; 6])), [] as [Port; 0]);
        let packet = [&[8, 0, 0, 0, 0, 0, 2, 0][..], &frame([0xff; 6])].concat();
        assert_eq!(parse(&packet).map(|(from, frame)| (from, frame.len())), Some((2, 14)));
        assert_eq!(parse(&packet[..20]), None);
    }
}
