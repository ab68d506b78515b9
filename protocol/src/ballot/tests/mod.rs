//! Small networks gone through exhaustively, and random sets of statements.

mod exhaustive;
mod set;
