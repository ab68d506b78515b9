//! Backups: what a file must be to be taken, what is in one that was made while much happened, and disks that fail.

mod files;
mod moments;
mod steps;
