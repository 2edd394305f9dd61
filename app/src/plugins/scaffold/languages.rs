//! One file for each language: its tools, its files, its build.

pub(super) mod c;
pub(super) mod go;
pub(super) mod javascript;
pub(super) mod python;
pub(super) mod rust;
pub(super) mod zig;
