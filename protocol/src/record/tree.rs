//! A tree of values that borrows its texts from the bytes it was read from.
//!
//! Lists need a title and some codes of a body whose text fills pages. Reading it into owned values copies all of it; this reads
//! it by the same strict decoder and copies nothing. What is asked of a tree, owned or borrowed, is asked through [`Tree`].

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::fmt;

use ipld_core::cid::{Cid, serde::BytesToCidVisitor};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

use super::Value;

/// A value without what is within it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Leaf<'a> {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// Another number.
    Float(f64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Null, a link, a list or a map.
    Other,
}

/// A tree of values.
pub(super) trait Tree: Sized {
    /// The value, unless it holds others.
    fn leaf(&self) -> Leaf<'_>;
    /// The items of a list.
    fn items(&self) -> Option<&[Self]>;
    /// Is it a map?
    fn is_map(&self) -> bool;
    /// The value of a key of a map.
    fn value(&self, key: &str) -> Option<&Self>;
    /// The values of a map.
    fn values(&self) -> impl Iterator<Item = &Self>;
}

impl Tree for Value {
    fn leaf(&self) -> Leaf<'_> {
        match self {
            Self::Bool(value) => Leaf::Bool(*value),
            Self::Integer(number) => Leaf::Integer(*number),
            Self::Float(number) => Leaf::Float(*number),
            Self::String(text) => Leaf::Text(text),
            Self::Bytes(bytes) => Leaf::Bytes(bytes),
            Self::Null | Self::Link(_) | Self::List(_) | Self::Map(_) => Leaf::Other,
        }
    }

    fn items(&self) -> Option<&[Self]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    fn is_map(&self) -> bool {
        matches!(self, Self::Map(_))
    }

    fn value(&self, key: &str) -> Option<&Self> {
        if let Self::Map(values) = self { values.get(key) } else { None }
    }

    fn values(&self) -> impl Iterator<Item = &Self> {
        let map = if let Self::Map(values) = self { Some(values) } else { None };
        map.into_iter().flat_map(BTreeMap::values)
    }
}

/// A borrowed tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Borrowed<'a> {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// Another number.
    Float(f64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A link; where it leads does not matter here.
    Link,
    /// A list.
    List(Vec<Borrowed<'a>>),
    /// A map, in the order of the encoding, each key once. The decoder hands keys out for a moment only.
    Map(Vec<(String, Borrowed<'a>)>),
}

impl Tree for Borrowed<'_> {
    fn leaf(&self) -> Leaf<'_> {
        match self {
            Self::Bool(value) => Leaf::Bool(*value),
            Self::Integer(number) => Leaf::Integer(*number),
            Self::Float(number) => Leaf::Float(*number),
            Self::Text(text) => Leaf::Text(text),
            Self::Bytes(bytes) => Leaf::Bytes(bytes),
            Self::Null | Self::Link | Self::List(_) | Self::Map(_) => Leaf::Other,
        }
    }

    fn items(&self) -> Option<&[Self]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    fn is_map(&self) -> bool {
        matches!(self, Self::Map(_))
    }

    fn value(&self, key: &str) -> Option<&Self> {
        let Self::Map(values) = self else { return None };
        values.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    fn values(&self) -> impl Iterator<Item = &Self> {
        let map = if let Self::Map(values) = self { values.as_slice() } else { &[] };
        map.iter().map(|(_, value)| value)
    }
}

impl<'de> Deserialize<'de> for Borrowed<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BorrowedVisitor)
    }
}

struct BorrowedVisitor;

impl<'de> Visitor<'de> for BorrowedVisitor {
    type Value = Borrowed<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of the data model of DAG-CBOR")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Borrowed::Null)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Borrowed::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Borrowed::Bool(value))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Borrowed::Integer(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Borrowed::Integer(number.into()))
    }

    fn visit_i128<E>(self, number: i128) -> Result<Self::Value, E> {
        Ok(Borrowed::Integer(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Borrowed::Float(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Borrowed::Text(text))
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Ok(Borrowed::Bytes(bytes))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        // As the owned tree does: a link that is no CID is refused.
        deserializer.deserialize_bytes(BytesToCidVisitor).map(|_: Cid| Borrowed::Link)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Borrowed::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = access.next_entry()? {
            values.push(value);
        }
        Ok(Borrowed::Map(values))
    }
}

/// The text of a leaf.
pub(super) fn text(tree: &impl Tree) -> Option<&str> {
    if let Leaf::Text(text) = tree.leaf() { Some(text) } else { None }
}

/// The texts of a list, or a single text; whatever is no text is passed over.
pub(super) fn texts<T: Tree>(tree: &T) -> Vec<String> {
    let single = text(tree).into_iter();
    let items = tree.items().unwrap_or_default().iter().filter_map(text);
    single.chain(items).map(String::from).collect()
}
