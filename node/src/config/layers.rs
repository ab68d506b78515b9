//! From the three sources to one configuration.
//!
//! Each source is turned into the same list of written values with their origins; they are laid over each other, later
//! over earlier, and only what is on top is checked and applied. So a bad value in the file does no harm while a flag
//! overrides it, but a misspelt key is an error wherever it stands.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::Config;
use super::error::{ConfigError, ConfigProblem, Origin};
use super::nearest::nearest;
use super::settings::{Contradiction, Kind, SETTINGS, Setting, Value, check_together};

/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Variables of the program that are no keys.
const OTHER_VARIABLES: [&str; 4] = ["NANDUTI_HOME", "NANDUTI_PASSPHRASE", "NANDUTI_PASSPHRASE_FILE", "NANDUTI_LOG"];

/// What tests hand to each other is theirs.
const TEST_VARIABLES: &str = "NANDUTI_TEST_";

/// The text of the file, if there is one.
pub(super) fn read_file(path: &Path) -> Result<Option<String>, ConfigError> {
    let failed = |source| ConfigError::Read { path: path.to_path_buf(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(ConfigError::Long { path: path.to_path_buf(), max: FILE_BYTES_MAX });
    }
    let text = String::from_utf8(bytes).map_err(|_| ConfigError::Encoding { path: path.to_path_buf() })?;
    Ok(Some(text))
}

/// The configuration that the sources make together, or everything that is wrong with them.
pub(super) fn resolve(
    file: Option<(&Path, &str)>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    sets: &[(String, String)],
) -> Result<Config, ConfigError> {
    let mut layers = Layers::default();
    if let Some((path, text)) = file {
        layers.add_file(path, text)?;
    }
    layers.add_environment(environment);
    layers.add_sets(sets);
    layers.into_config()
}

#[derive(Default)]
struct Layers {
    /// By the place of the key in the table.
    written: BTreeMap<usize, (Origin, Result<Value, String>)>,
    problems: Vec<ConfigProblem>,
}

impl Layers {
    fn add_file(&mut self, path: &Path, text: &str) -> Result<(), ConfigError> {
        let document = DeTable::parse(text).map_err(|error| {
            let (line, column) = position(text, error.span().map_or(0, |span| span.start));
            ConfigError::Syntax { path: path.to_path_buf(), line, column, message: one_line(error.message()) }
        })?;
        let at = |place: usize| Origin::File { path: path.to_path_buf(), line: position(text, place).0 };
        for (section, value) in document.get_ref() {
            let origin = at(section.span().start);
            let section = section.get_ref().as_ref();
            match value.get_ref() {
                _ if !is_section(section) => self.unknown_section(origin, section, value.get_ref()),
                DeValue::Table(keys) => {
                    for (name, value) in keys {
                        self.add_file_key(at(name.span().start), section, name.get_ref(), value.get_ref());
                    }
                }
                _ => self.problem(
                    origin,
                    format!("`{section}` is a section, not a key"),
                    Some(format!("write [{section}]")),
                ),
            }
        }
        Ok(())
    }

    fn add_file_key(&mut self, origin: Origin, section: &str, name: &str, value: &DeValue<'_>) {
        match find(|setting| setting.section == section && setting.name == name) {
            Some((place, setting)) => self.put(place, origin, from_toml(setting.kind, value)),
            None => {
                let hint = key_hint(section, name);
                self.problem(origin, format!("unknown key `{section}.{name}`"), hint);
            }
        }
    }

    fn unknown_section(&mut self, origin: Origin, name: &str, value: &DeValue<'_>) {
        if matches!(value, DeValue::Table(_)) {
            let hint = nearest(name, sections()).map(|meant| format!("did you mean [{meant}]?"));
            self.problem(origin, format!("unknown section [{name}]"), hint);
        } else {
            let hint = SETTINGS.iter().find(|setting| setting.name == name);
            let hint = hint.map(|setting| format!("put it below [{}]", setting.section));
            self.problem(origin, format!("unknown key `{name}`: every key belongs to a section"), hint);
        }
    }

    fn add_environment(&mut self, environment: impl IntoIterator<Item = (OsString, OsString)>) {
        let mut ours: Vec<(String, OsString)> = environment
            .into_iter()
            .map(|(variable, value)| (variable.to_string_lossy().into_owned(), value))
            .filter(|(variable, _)| variable.starts_with("NANDUTI_"))
            .filter(|(variable, _)| {
                !OTHER_VARIABLES.contains(&variable.as_str()) && !variable.starts_with(TEST_VARIABLES)
            })
            .collect();
        // The environment has no order of its own, and the same mistakes should read the same every time.
        ours.sort();
        for (variable, value) in ours {
            let origin = Origin::Environment { variable: variable.clone() };
            match find(|setting| setting.variable() == variable) {
                Some((place, setting)) => {
                    let value = value.to_str().ok_or_else(|| "it is not UTF-8 text".to_owned());
                    self.put(place, origin, value.and_then(|text| Value::from_text(setting.kind, text)));
                }
                None => {
                    let known: Vec<String> = SETTINGS.iter().map(Setting::variable).collect();
                    let names = known.iter().map(String::as_str).chain(OTHER_VARIABLES);
                    let hint = nearest(&variable, names).map(did_you_mean);
                    self.problem(origin, "no such key".into(), hint);
                }
            }
        }
    }

    fn add_sets(&mut self, sets: &[(String, String)]) {
        for (key, text) in sets {
            let origin = Origin::Flag { key: key.clone() };
            match find(|setting| setting.dotted() == *key) {
                Some((place, setting)) => self.put(place, origin, Value::from_text(setting.kind, text)),
                None => {
                    let known: Vec<String> = SETTINGS.iter().map(Setting::dotted).collect();
                    let hint = nearest(key, known.iter().map(String::as_str)).map(did_you_mean);
                    self.problem(origin, "no such key".into(), hint);
                }
            }
        }
    }

    fn put(&mut self, place: usize, origin: Origin, value: Result<Value, String>) {
        self.written.insert(place, (origin, value));
    }

    fn problem(&mut self, origin: Origin, message: String, hint: Option<String>) {
        self.problems.push(ConfigProblem { origin, message, hint });
    }

    fn into_config(mut self) -> Result<Config, ConfigError> {
        let mut config = Config::default();
        for (place, (origin, value)) in &self.written {
            let setting = &SETTINGS[*place];
            let applied = value.as_ref().map_err(String::clone).and_then(|value| (setting.apply)(&mut config, value));
            if let Err(message) = applied {
                // The other origins name the key already.
                let message = match origin {
                    Origin::File { .. } => format!("{}: {message}", setting.dotted()),
                    _ => message,
                };
                self.problems.push(ConfigProblem { origin: origin.clone(), message, hint: None });
            }
        }
        if self.problems.is_empty()
            && let Err(Contradiction { keys, message }) = check_together(&config)
        {
            // The later of the two is the one that was changed without a thought of the other.
            let origins = keys.iter().filter_map(|key| {
                let (place, _) = find(|setting| setting.dotted() == *key)?;
                self.written.get(&place).map(|(origin, _)| origin.clone())
            });
            let origin = origins.max().unwrap_or(Origin::Default);
            self.problem(origin, message, None);
        }
        if self.problems.is_empty() {
            return Ok(config);
        }
        // People read a file from its top; the parser and the table have other orders.
        self.problems.sort_by(|a, b| a.origin.cmp(&b.origin));
        Err(ConfigError::Invalid(self.problems))
    }
}

fn find(wanted: impl Fn(&Setting) -> bool) -> Option<(usize, &'static Setting)> {
    SETTINGS.iter().enumerate().find(|(_, setting)| wanted(setting))
}

fn sections() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|setting| setting.section)
}

fn is_section(name: &str) -> bool {
    sections().any(|section| section == name)
}

/// A key of the same section that looks alike, or else the same key in another section.
fn key_hint(section: &str, name: &str) -> Option<String> {
    let here = SETTINGS.iter().filter(|setting| setting.section == section).map(|setting| setting.name);
    let near = nearest(name, here).map(did_you_mean);
    near.or_else(|| {
        let elsewhere = SETTINGS.iter().find(|setting| setting.name == name)?;
        Some(format!("there is one in [{}]", elsewhere.section))
    })
}

fn did_you_mean(name: &str) -> String {
    format!("did you mean {name}?")
}

fn from_toml(kind: Kind, value: &DeValue<'_>) -> Result<Value, String> {
    let instead = |what: &str| Err(kind.instead_of(what));
    match value {
        DeValue::String(text) => Ok(Value::Text(text.clone().into_owned())),
        DeValue::Boolean(on) => Ok(Value::Switch(*on)),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(Value::Number)
            .map_err(|_| format!("{} is too large a number", number.as_str())),
        DeValue::Array(items) => {
            let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
            texts
                .collect::<Option<_>>()
                .map_or_else(|| instead("a list of other things"), |texts| Ok(Value::List(texts)))
        }
        DeValue::Float(_) => instead("a number with a fraction"),
        DeValue::Datetime(_) => instead("a date"),
        DeValue::Table(_) => instead("a table"),
    }
}

/// Line and column of a byte, counted from one.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
