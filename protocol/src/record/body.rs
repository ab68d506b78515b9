//! The bytes of a body: a strict DAG-CBOR map of salt, record and, for revisions, where it stands in its series.
//!
//! - `{salt, record, series, revises}` for kinds with revisions. The first revision of a series has `series: null` and
//!   `revises: []`; later ones name the series and at least one revision that they replace, sorted and each once.
//! - `{salt, record: {of, of_versions, reason, public_note?}}` for a withdrawal.
//!
//! Unknown keys beside the record and unknown fields in it are kept for kinds with revisions (a later version may add
//! some). In a withdrawal they are void: it withdraws, whatever else it says. Decoding checks the form, not the content:
//! that is `validate` and `check_readable`.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use serde::Deserialize;

use super::{
    DEPTH_MAX, ITEMS_MAX, REVISES_MAX, Record, SALT_LEN, Value,
    skim::{Outline, skim},
};
use crate::{hash::Hash, limits::BODY_MAX};

/// Why bytes are no body, or a body cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Larger than a body may be.
    #[error("body of {size} bytes; at most {BODY_MAX} are allowed")]
    Size {
        /// Bytes.
        size: usize,
    },
    /// Nested too deeply, or too many values.
    #[error("body nested deeper than {DEPTH_MAX} levels in its record, or of more than {ITEMS_MAX} values")]
    Outline,
    /// Not strict DAG-CBOR.
    #[error("body is not strict DAG-CBOR: {0}")]
    Malformed(String),
    /// A key is missing, has another type, or does not belong there.
    #[error("body key `{0}` is missing or wrong")]
    Key(&'static str),
    /// A list of hashes is not sorted, has one twice, or is too long or too short.
    #[error("`{0}` is not a sorted list of 1 to {REVISES_MAX} different hashes, or does not go with the series")]
    Order(&'static str),
}

/// The body of a record kind with revisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordBody {
    /// Random bytes.
    pub salt: [u8; SALT_LEN],
    /// The hash of the first entry of the series; `None` in that entry itself.
    pub series: Option<Hash>,
    /// Revisions that this one replaces, by the hashes of their entries: sorted, each once.
    pub revises: Vec<Hash>,
    /// The record.
    pub record: Record,
    /// Keys of a later version, kept as they came.
    pub other: BTreeMap<String, Value>,
}

impl RecordBody {
    /// The first revision of a series.
    pub fn first(salt: [u8; SALT_LEN], record: Record) -> Self {
        Self { salt, series: None, revises: Vec::new(), record, other: BTreeMap::new() }
    }

    /// A later revision. The list is put in order.
    pub fn revision(salt: [u8; SALT_LEN], series: Hash, mut revises: Vec<Hash>, record: Record) -> Self {
        revises.sort_unstable();
        revises.dedup();
        Self { salt, series: Some(series), revises, record, other: BTreeMap::new() }
    }

    /// Decodes a body.
    ///
    /// # Errors
    /// If the bytes are not the one form of such a body.
    pub fn decode(bytes: &[u8]) -> Result<Self, BodyError> {
        let mut map = decode_map(bytes)?;
        let salt = take_salt(&mut map)?;
        let record = take_record(&mut map)?;
        let series = match map.remove("series") {
            Some(Value::Null) => None,
            Some(value) => Some(hash(&value).ok_or(BodyError::Key("series"))?),
            None => return Err(BodyError::Key("series")),
        };
        let revises = take_hashes(&mut map, "revises")?;
        let body = Self { salt, series, revises, record, other: map };
        body.check()?;
        Ok(body)
    }

    /// Encodes the body.
    ///
    /// # Errors
    /// If it breaks a bound or an order.
    pub fn encode(&self) -> Result<Vec<u8>, BodyError> {
        self.check()?;
        let mut map = self.other.clone();
        map.insert("salt".into(), Value::Bytes(self.salt.to_vec()));
        map.insert("record".into(), self.record.clone().into_value());
        map.insert("series".into(), self.series.map_or(Value::Null, bytes));
        map.insert("revises".into(), Value::List(self.revises.iter().copied().map(bytes).collect()));
        encode_map(map)
    }

    fn check(&self) -> Result<(), BodyError> {
        if is_in_order(self.series.as_ref(), &self.revises) { Ok(()) } else { Err(BodyError::Order("revises")) }
    }
}

/// The body of a withdrawal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawalBody {
    /// Random bytes.
    pub salt: [u8; SALT_LEN],
    /// The series withdrawn, by the hash of its first entry.
    pub series: Hash,
    /// The newest revisions that the signer knew: sorted, each once.
    pub versions: Vec<Hash>,
    /// Code of the vocabulary `withdraw_reason`.
    pub reason: String,
    /// What readers should know.
    pub note: Option<String>,
}

impl WithdrawalBody {
    /// The record that the body holds.
    pub fn record(&self) -> Record {
        let mut record = Record::new();
        record.set("of", bytes(self.series));
        record.set("of_versions", Value::List(self.versions.iter().copied().map(bytes).collect()));
        record.set("reason", Value::String(self.reason.clone()));
        if let Some(note) = &self.note {
            record.set("public_note", Value::String(note.clone()));
        }
        record
    }

    /// Decodes a body. Unknown keys and fields are void.
    ///
    /// # Errors
    /// If the bytes are not the one form of such a body.
    pub fn decode(bytes: &[u8]) -> Result<Self, BodyError> {
        let mut map = decode_map(bytes)?;
        let salt = take_salt(&mut map)?;
        let Record(mut record) = take_record(&mut map)?;
        let series = record.remove("of").as_ref().and_then(hash).ok_or(BodyError::Key("of"))?;
        let versions = take_hashes(&mut record, "of_versions")?;
        let Some(Value::String(reason)) = record.remove("reason") else { return Err(BodyError::Key("reason")) };
        let note = match record.remove("public_note") {
            None => None,
            Some(Value::String(note)) => Some(note),
            Some(_) => return Err(BodyError::Key("public_note")),
        };
        let body = Self { salt, series, versions, reason, note };
        body.check()?;
        Ok(body)
    }

    /// Encodes the body. The versions have to be in order.
    ///
    /// # Errors
    /// If it breaks a bound or an order.
    pub fn encode(&self) -> Result<Vec<u8>, BodyError> {
        self.check()?;
        let salt = ("salt".into(), Value::Bytes(self.salt.to_vec()));
        encode_map(BTreeMap::from([salt, ("record".into(), self.record().into_value())]))
    }

    fn check(&self) -> Result<(), BodyError> {
        let count = (1..=REVISES_MAX).contains(&self.versions.len());
        if count && is_strictly_sorted(&self.versions) { Ok(()) } else { Err(BodyError::Order("of_versions")) }
    }
}

/// Do the revisions that are replaced go with the series, and are they as many as may be, in order, each once?
pub(super) fn is_in_order(series: Option<&Hash>, revises: &[Hash]) -> bool {
    is_strictly_sorted(revises) && revises.len() <= REVISES_MAX && series.is_some() != revises.is_empty()
}

fn decode_map(bytes: &[u8]) -> Result<BTreeMap<String, Value>, BodyError> {
    match decode_strictly(bytes)? {
        Value::Map(map) => Ok(map),
        _ => Err(BodyError::Malformed("not a map".into())),
    }
}

/// Decodes bytes that are within the bounds of a body.
pub(super) fn decode_strictly<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, BodyError> {
    if bytes.len() > BODY_MAX {
        return Err(BodyError::Size { size: bytes.len() });
    }
    outline(bytes)?;
    serde_ipld_dagcbor::from_slice(bytes).map_err(|error| BodyError::Malformed(alloc::format!("{error}")))
}

/// The map of the body is one level more than the record.
fn outline(bytes: &[u8]) -> Result<(), BodyError> {
    let mut items = ITEMS_MAX;
    match skim(bytes, DEPTH_MAX + 1, &mut items) {
        Ok(_) => Ok(()),
        Err(Outline::Deep | Outline::Many) => Err(BodyError::Outline),
        Err(Outline::Broken) => Err(BodyError::Malformed("broken or of indefinite length".into())),
    }
}

fn encode_map(map: BTreeMap<String, Value>) -> Result<Vec<u8>, BodyError> {
    let bytes = serde_ipld_dagcbor::to_vec(&Value::Map(map))
        .map_err(|error| BodyError::Malformed(alloc::format!("{error}")))?;
    if bytes.len() > BODY_MAX {
        return Err(BodyError::Size { size: bytes.len() });
    }
    outline(&bytes)?;
    Ok(bytes)
}

fn take_salt(map: &mut BTreeMap<String, Value>) -> Result<[u8; SALT_LEN], BodyError> {
    match map.remove("salt") {
        Some(Value::Bytes(salt)) => salt.try_into().map_err(|_| BodyError::Key("salt")),
        _ => Err(BodyError::Key("salt")),
    }
}

fn take_record(map: &mut BTreeMap<String, Value>) -> Result<Record, BodyError> {
    match map.remove("record") {
        Some(Value::Map(fields)) => Ok(Record(fields)),
        _ => Err(BodyError::Key("record")),
    }
}

fn take_hashes(map: &mut BTreeMap<String, Value>, key: &'static str) -> Result<Vec<Hash>, BodyError> {
    let Some(Value::List(items)) = map.remove(key) else { return Err(BodyError::Key(key)) };
    if items.len() > REVISES_MAX {
        return Err(BodyError::Order(key));
    }
    items.iter().map(hash).collect::<Option<_>>().ok_or(BodyError::Key(key))
}

fn hash(value: &Value) -> Option<Hash> {
    let Value::Bytes(bytes) = value else { return None };
    Some(Hash::from_bytes(bytes.as_slice().try_into().ok()?))
}

fn bytes(hash: Hash) -> Value {
    Value::Bytes(hash.as_bytes().to_vec())
}

fn is_strictly_sorted(hashes: &[Hash]) -> bool {
    hashes.is_sorted_by(|one, other| one < other)
}
