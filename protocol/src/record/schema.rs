//! What a record may hold: one constant table a kind.
//!
//! A schema is data. Validation, display, comparison, templates and the Markdown form are all driven by it, so that a new
//! record kind is a new table and nothing else. Lengths are in characters, that is Unicode scalar values: the same text
//! has the same length in every program, whatever it counts as a letter.

use super::{PRACTICE, Problem, Record, WITHDRAWAL};
use crate::vocabulary::Vocabulary;

/// The table of one record kind.
#[derive(Debug)]
pub struct Schema {
    /// Name of the kind, as in the entry.
    pub kind: &'static str,
    /// Its fields, in the order in which people read them.
    pub fields: &'static [Field],
    /// Rules that concern several fields at once.
    pub rules: fn(&Record, &mut alloc::vec::Vec<Problem>),
}

/// The table for a kind, if this version knows it.
pub fn schema(kind: &str) -> Option<&'static Schema> {
    [&PRACTICE, &WITHDRAWAL].into_iter().find(|schema| schema.kind == kind)
}

/// One field.
#[derive(Debug)]
pub struct Field {
    /// Name in the record.
    pub name: &'static str,
    /// English label.
    pub label: &'static str,
    /// One sentence for the author.
    pub help: &'static str,
    /// What a value looks like.
    pub form: Form,
    /// Must it be there?
    pub need: Need,
    /// Fewest values, if the field is there at all.
    pub min: usize,
    /// Most values. With 1 the field holds the value itself, with more always a list.
    pub max: usize,
}

/// Must a field be there?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Without it the record cannot be published.
    Required,
    /// Without it the author is warned.
    Recommended,
    /// It may be left out.
    Optional,
}

/// What a value looks like. `max` is in characters.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// Plain text of one line.
    Line {
        /// Most characters.
        max: usize,
    },
    /// Plain text of several paragraphs.
    Text {
        /// Most characters.
        max: usize,
    },
    /// The Markdown subset: paragraphs, emphasis, lists, links.
    Markdown {
        /// Most characters.
        max: usize,
    },
    /// A code.
    Code(Vocabulary),
    /// A BCP 47 tag.
    Language,
    /// True or false.
    Bool,
    /// A whole number from 0.
    Count {
        /// Largest value.
        max: i128,
    },
    /// A number, whole or not.
    Number,
    /// A date.
    Date(Precision),
    /// A code of ISO 3166-2, or free text.
    Place {
        /// Most characters.
        max: usize,
    },
    /// A web address, `https` or `http`.
    Url,
    /// An institution's mailbox, or an `https` address of a form.
    Contact,
    /// The 32 bytes of an entry's hash; people write its CID.
    Entry,
    /// The 32 bytes of a blob's hash; people write its CID.
    Blob,
    /// A small record.
    Group(&'static [Field]),
}

/// How exact a date is, by EDTF level 0 and its `XXXX` for an unspecified year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// A year or a year and month.
    Month,
    /// The same, or `XXXX`: not stated.
    MonthOrUnknown,
    /// A year, a year and month, or a day.
    Any,
    /// A day.
    Day,
}

impl Schema {
    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Field {
    pub(super) const fn new(name: &'static str, label: &'static str, form: Form, help: &'static str) -> Self {
        Self { name, label, help, form, need: Need::Optional, min: 1, max: 1 }
    }

    pub(super) const fn required(self) -> Self {
        Self { need: Need::Required, ..self }
    }

    pub(super) const fn recommended(self) -> Self {
        Self { need: Need::Recommended, ..self }
    }

    pub(super) const fn many(self, min: usize, max: usize) -> Self {
        Self { min, max, ..self }
    }

    /// Does the field hold a list?
    pub const fn is_list(&self) -> bool {
        self.max > 1
    }

    /// Is it a text that deserves a section of its own where people write it?
    pub const fn is_section(&self) -> bool {
        !self.is_list() && matches!(self.form, Form::Text { max } | Form::Markdown { max } if max > 600)
    }
}

impl Form {
    /// The characters that a value may have, if it is text with a bound of its own.
    pub const fn max_chars(&self) -> Option<usize> {
        match self {
            Self::Line { max } | Self::Text { max } | Self::Markdown { max } | Self::Place { max } => Some(*max),
            Self::Url => Some(super::bounds::URL_MAX),
            Self::Contact => Some(254),
            _ => None,
        }
    }
}
