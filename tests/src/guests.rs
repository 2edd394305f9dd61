//! Where the modules built from `tests/guests` are. A constant is empty when its target is not installed.

include!(concat!(env!("OUT_DIR"), "/guests.rs"));

/// The published quick start's manifest, word for word.
pub const QUICK_START_MANIFEST: &str = include_str!("../guests/quick-start/manifest.toml");

/// What `STAMPER` carries exactly once; its last three bytes are the version that it stamps.
pub const STAMP_PATTERN: &[u8] = b"FLEURON-STAMP-000";

/// The module of a stamper of this version, made from the built one by overwriting its version.
///
/// # Panics
/// When the pattern is not in the module exactly once.
pub fn stamped(module: &[u8], version: u16) -> Vec<u8> {
    let length = STAMP_PATTERN.len();
    let mut places = module.windows(length).enumerate().filter(|(_, bytes)| *bytes == STAMP_PATTERN);
    let (Some((start, _)), None) = (places.next(), places.next()) else {
        panic!("the stamper carries its version not exactly once");
    };
    let mut stamped = module.to_vec();
    stamped[start + length - 3..start + length].copy_from_slice(format!("{:03}", version % 1000).as_bytes());
    stamped
}
