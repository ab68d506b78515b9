//! The withdrawal of a series: a tombstone that keeps the id and the reason.
//!
//! The text of what is withdrawn stays readable in the history, marked as withdrawn; taking it away is an erasure.

use super::{Field, Form, Schema, bounds::REVISES_MAX};
use crate::vocabulary::Vocabulary;

/// The table of the kind `withdrawal`.
pub static WITHDRAWAL: Schema = Schema { kind: "withdrawal", fields: FIELDS, rules: |_, _| {} };

const FIELDS: &[Field] = &[
    Field::new("of", "Withdraws", Form::Entry, "The series that is withdrawn.").required(),
    Field::new("of_versions", "Newest revisions", Form::Entry, "The newest revisions that the signer knew.")
        .required()
        .many(1, REVISES_MAX),
    Field::new("reason", "Reason", Form::Code(Vocabulary::WithdrawReason), "Why it is withdrawn.").required(),
    Field::new("public_note", "Public note", Form::Text { max: 500 }, "What readers should know. No personal data."),
];
