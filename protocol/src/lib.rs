//! Formats.
#![no_std]
