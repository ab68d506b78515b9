//! Every figure that is measured: its name in JSON, what a person reads, and how its value is written.

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Whole numbers, with groups of three digits.
    Count,
    /// Two digits after the point.
    Ratio,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Bytes.
    Bytes,
    /// Mebibytes.
    Mebibytes,
    /// Parts of a hundred.
    Percent,
}

/// A figure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figure {
    /// Its name in JSON.
    pub(crate) name: &'static str,
    /// What a person reads.
    pub(crate) label: &'static str,
    /// How its value is written.
    pub(crate) unit: Unit,
}

macro_rules! figures {
    ($($constant:ident = $name:literal, $label:literal, $unit:ident;)*) => {
        $(pub(crate) const $constant: Figure = Figure { name: $name, label: $label, unit: Unit::$unit };)*
        /// All of them.
        const ALL: &[Figure] = &[$($constant),*];
    };
}

figures! {
    RATE = "practices_per_s", "practices per second", Count;
    SECONDS = "seconds", "seconds", Seconds;
    SESSION_SECONDS = "session_seconds", "of these, in the synchronisation", Seconds;
    CPU_BOTH = "cpu_s_per_10k", "CPU s per 10,000, both sides", Ratio;
    CPU_SENDER = "sender_cpu_s_per_10k", "CPU s per 10,000, sender", Ratio;
    CPU_RECEIVER = "receiver_cpu_s_per_10k", "CPU s per 10,000, receiver", Ratio;
    PEAK_SENDER = "sender_peak_mib", "peak memory of the sender", Mebibytes;
    PEAK_RECEIVER = "receiver_peak_mib", "peak memory of the receiver", Mebibytes;
    WIRE_OURS = "wire_ratio_ours", "wire over payload, bytes of ours", Ratio;
    WIRE_KERNEL = "wire_ratio_kernel", "wire over payload, the kernel's count", Ratio;
    DISK_SEGMENTS = "disk_ratio_segments", "disk over payload, segment files", Ratio;
    DISK_HOME = "disk_ratio_home", "disk over payload, the whole home in blocks", Ratio;
    NO_OP_SESSION_MS = "no_op_session_ms", "a session on a connection that stands", Milliseconds;
    NO_OP_SESSION_OURS = "no_op_session_bytes", "— bytes of ours, both ways", Bytes;
    NO_OP_SESSION_KERNEL = "no_op_session_kernel_bytes", "— bytes by the kernel's count", Bytes;
    NO_OP_ROUND_TRIPS = "no_op_round_trips", "— round trips, as a delayed line shows them", Ratio;
    NO_OP_COMMAND_MS = "no_op_command_ms", "the whole command", Milliseconds;
    NO_OP_COMMAND_KERNEL = "no_op_command_kernel_bytes", "— bytes by the kernel's count", Bytes;
    DIFFERENCE_OURS = "difference_bytes", "bytes of ours, both ways", Bytes;
    DIFFERENCE_KERNEL = "difference_kernel_bytes", "bytes by the kernel's count, connecting included", Bytes;
    DIFFERENCE_SESSION_MS = "difference_session_ms", "the session", Milliseconds;
    DIFFERENCE_COMMAND_MS = "difference_command_ms", "the whole command", Milliseconds;
    PUBLISH_MEDIAN = "publish_median_ms", "publish to readable, median", Milliseconds;
    PUBLISH_P99 = "publish_p99_ms", "publish to readable, 99 of 100", Milliseconds;
    PUBLISH_FLUSHES_MEDIAN = "publish_flushes_median_ms", "— two flushes to this disk alone, median", Milliseconds;
    PUBLISH_FLUSHES_P99 = "publish_flushes_p99_ms", "— two flushes to this disk alone, 99 of 100", Milliseconds;
    PUBLISH_MOST = "publish_most_ms", "publish to readable, the slowest", Milliseconds;
    START_COLD_MS = "start_cold_ms", "start until ready, files on the disk only", Milliseconds;
    START_WARM_MS = "start_warm_ms", "start until ready, files in memory", Milliseconds;
    START_MEMORY = "start_memory_mib", "memory then", Mebibytes;
    START_CPU = "start_cpu_s", "CPU seconds until then", Seconds;
    IDLE_MEMORY_RECEIVER = "idle_memory_receiver_mib", "idle memory after catching up", Mebibytes;
    IDLE_PEAK_RECEIVER = "idle_peak_receiver_mib", "— its peak while catching up", Mebibytes;
    IDLE_MEMORY_SENDER = "idle_memory_sender_mib", "idle memory of the node that it came from", Mebibytes;
    IDLE_BYTES_A_DAY = "idle_bytes_a_day", "idle traffic a day with eight peers, the kernel's count", Bytes;
    IDLE_PACKETS_A_DAY = "idle_packets_a_day", "— packets", Count;
    IDLE_CPU_A_DAY = "idle_cpu_s_a_day", "idle CPU seconds a day", Count;
    FLOOR_PART = "floor_percent", "of the floor of this run", Percent;
    FLOOR_COMBINED = "floor_combined_per_s", "stream, BLAKE3, append, sync", Count;
    FLOOR_COMBINED_CPU = "floor_combined_cpu_s_per_10k", "— CPU s per 10,000, both sides", Ratio;
    FLOOR_STREAM_TCP = "floor_tcp_per_s", "stream over TCP", Count;
    FLOOR_STREAM_TCP_CPU = "floor_tcp_cpu_s_per_10k", "— CPU s per 10,000, both sides", Ratio;
    FLOOR_STREAM_QUIC = "floor_quic_per_s", "stream over QUIC", Count;
    FLOOR_STREAM_QUIC_CPU = "floor_quic_cpu_s_per_10k", "— CPU s per 10,000, both sides", Ratio;
    FLOOR_BLAKE3 = "floor_blake3_per_s", "BLAKE3 of each", Count;
    FLOOR_APPEND = "floor_append_per_s", "file append with one sync per batch", Count;
    FLOOR_COMPRESS = "floor_compress_per_s", "zstd level 1, compress 1 MiB at a time", Count;
    FLOOR_COMPRESSED = "floor_compressed_ratio", "— to this part of its size", Ratio;
    FLOOR_DECOMPRESS = "floor_decompress_per_s", "zstd, decompress", Count;
}

/// The figure of this name.
pub(crate) fn named(name: &str) -> Option<&'static Figure> {
    ALL.iter().find(|figure| figure.name == name)
}

/// A value as a person reads it.
pub(crate) fn written(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Count => grouped(value),
        Unit::Ratio => format!("{value:.2}"),
        Unit::Seconds => format!("{value:.3} s"),
        Unit::Milliseconds => format!("{value:.2} ms"),
        Unit::Bytes => format!("{} B", grouped(value)),
        Unit::Mebibytes => format!("{value:.0} MiB"),
        Unit::Percent => format!("{value:.0} %"),
    }
}

fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_well() {
        assert_eq!(written(1_234_567.4, Unit::Count), "1,234,567");
        assert_eq!(written(999.0, Unit::Count), "999");
        assert_eq!(written(-1000.0, Unit::Bytes), "-1,000 B");
        assert_eq!(written(0.5049, Unit::Ratio), "0.50");
        assert_eq!(written(43.4, Unit::Percent), "43 %");
    }

    #[test]
    fn names_stand_once() {
        for figure in ALL {
            assert_eq!(ALL.iter().filter(|other| other.name == figure.name).count(), 1, "{}", figure.name);
            assert_eq!(named(figure.name).map(|found| found.label), Some(figure.label));
        }
    }
}
