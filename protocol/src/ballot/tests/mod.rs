//! Tests of ballots: the rules gone through exhaustively, sets as sets, proposals one by one, and the succession of rosters.

mod exhaustive;
mod made;
mod poll;
mod proposal;
mod set;
mod succession;
