//! The table of keys: for each its section, its name, how it is written, and where it goes.
//!
//! All sources are read by this table, so that a key cannot work in the file and be missing from the environment; a
//! test holds it against the fields of [`Config`] and against the template.

use std::ops::RangeInclusive;

use super::{Config, LogFormat, LogLevel, addresses};

/// The most addresses in one list.
const LIST_MAX: usize = 64;

/// One key.
pub(super) struct Setting {
    pub(super) section: &'static str,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Checks a value and puts it in its place, or says what is wrong with it.
    pub(super) apply: fn(&mut Config, &Value) -> Result<(), String>,
}

impl Setting {
    /// `section.name`.
    pub(super) fn dotted(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// `NANDUTI_SECTION_NAME`.
    pub(super) fn variable(&self) -> String {
        format!("NANDUTI_{}_{}", self.section, self.name).to_uppercase()
    }
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Switch,
    List,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a whole number",
            Self::Switch => "true or false",
            Self::List => "a list of texts",
        }
    }

    /// What is said of a value of another kind.
    pub(super) fn instead_of(self, found: &str) -> String {
        format!("expected {}, found {found}", self.name())
    }
}

/// A value as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
    Switch(bool),
    List(Vec<String>),
}

impl Value {
    /// Reads what stands in an environment variable or on the command line, where everything is text.
    pub(super) fn from_text(kind: Kind, text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong = || format!("`{text}` is not {}", kind.name());
        match kind {
            Kind::Text => Ok(Self::Text(text.to_owned())),
            Kind::Number => text.parse().map(Self::Number).map_err(|_| wrong()),
            Kind::Switch => text.parse().map(Self::Switch).map_err(|_| wrong()),
            Kind::List => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Ok(Self::List(items.map(str::to_owned).collect()))
            }
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Number(_) => Kind::Number,
            Self::Switch(_) => Kind::Switch,
            Self::List(_) => Kind::List,
        }
    }

    fn text(&self) -> Result<&str, String> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(other.instead_of(Kind::Text)),
        }
    }

    fn switch(&self) -> Result<bool, String> {
        match self {
            Self::Switch(on) => Ok(*on),
            other => Err(other.instead_of(Kind::Switch)),
        }
    }

    fn number<N: TryFrom<i64>>(&self, bounds: RangeInclusive<i64>) -> Result<N, String> {
        let Self::Number(number) = self else { return Err(self.instead_of(Kind::Number)) };
        let outside = || format!("{number} is not from {} to {}", bounds.start(), bounds.end());
        if !bounds.contains(number) {
            return Err(outside());
        }
        N::try_from(*number).map_err(|_| outside())
    }

    fn each<T>(&self, read: fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
        let Self::List(items) = self else { return Err(self.instead_of(Kind::List)) };
        if items.len() > LIST_MAX {
            return Err(format!("{} items are more than {LIST_MAX}", items.len()));
        }
        items.iter().map(|item| read(item)).collect()
    }

    fn one_of<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, String> {
        let text = self.text()?;
        let found = choices.iter().find(|(name, _)| *name == text);
        found.map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            format!("`{text}` is none of {}", names.join(", "))
        })
    }

    fn instead_of(&self, expected: Kind) -> String {
        expected.instead_of(self.kind().name())
    }
}

const LEVELS: [(&str, LogLevel); 5] = [
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
];

const FORMATS: [(&str, LogFormat); 3] =
    [("auto", LogFormat::Auto), ("human", LogFormat::Human), ("json", LogFormat::Json)];

macro_rules! setting {
    ($section:ident.$name:ident, $kind:ident, $read:expr) => {
        Setting {
            section: stringify!($section),
            name: stringify!($name),
            kind: Kind::$kind,
            apply: |config, value| {
                let read: fn(&Value) -> Result<_, String> = $read;
                config.$section.$name = read(value)?;
                Ok(())
            },
        }
    };
}

/// Every key there is.
pub(super) const SETTINGS: &[Setting] = &[
    setting!(network.listen, List, |value| value.each(addresses::listen)),
    setting!(network.external, List, |value| value.each(addresses::external)),
    setting!(network.peers, List, |value| value.each(addresses::peer)),
    setting!(network.gossip, Switch, |value| value.switch()),
    setting!(network.mdns, Switch, |value| value.switch()),
    setting!(network.max_connections, Number, |value| value.number(1..=4096)),
    setting!(network.max_sync_sessions, Number, |value| value.number(1..=256)),
    setting!(network.sync_interval_s, Number, |value| value.number(1..=86_400)),
    setting!(web.enabled, Switch, |value| value.switch()),
    setting!(web.listen, Text, |value| {
        let text = value.text()?;
        text.parse()
            .map_err(|_| format!("`{text}` is not an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080"))
    }),
    setting!(storage.index_cache_mib, Number, |value| value.number(1..=4096)),
    setting!(storage.min_free_mib, Number, |value| value.number(1..=1_048_576)),
    setting!(log.level, Text, |value| value.one_of(&LEVELS)),
    setting!(log.format, Text, |value| value.one_of(&FORMATS)),
    setting!(runtime.worker_threads, Number, |value| value.number(0..=1024)),
    setting!(runtime.verify_threads, Number, |value| value.number(0..=1024)),
];

/// Keys that contradict each other.
pub(super) struct Contradiction {
    pub(super) keys: [&'static str; 2],
    pub(super) message: String,
}

/// What no single key can say.
pub(super) fn check_together(config: &Config) -> Result<(), Contradiction> {
    let (sessions, connections) = (config.network.max_sync_sessions, config.network.max_connections);
    if sessions as u64 > u64::from(connections) {
        let keys = ["network.max_sync_sessions", "network.max_connections"];
        let message = format!("{} is {sessions}, more than {}, which is {connections}", keys[0], keys[1]);
        return Err(Contradiction { keys, message });
    }
    Ok(())
}
