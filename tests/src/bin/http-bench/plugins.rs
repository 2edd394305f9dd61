//! Puts plugins into a site's folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;

/// A plugin to be put into a site's extensions.
pub(crate) struct Plugin<'a> {
    /// The last part of its id, and its folder.
    pub(crate) name: &'a str,
    /// The one hook that it listens to.
    pub(crate) hook: &'a str,
    pub(crate) wasm: &'a [u8],
}

impl Plugin<'_> {
    /// Writes its folder. A server that runs loads it by and by.
    pub(crate) fn install(&self, site: &Path) -> Result<PathBuf> {
        let folder = site.join("extensions/plugins").join(self.name);
        fs::create_dir_all(&folder)?;
        let Self { name, hook, .. } = self;
        let manifest = format!(
            "[plugin]\nid = \"com.example.{name}\"\nname = \"{name}\"\nversion = \"1.0.0\"\nruntime = \"wasm\"\n\
             entry = \"plugin.wasm\"\n\n[hooks.{hook}]\n"
        );
        fs::write(folder.join("manifest.toml"), manifest)?;
        replace(&folder, self.wasm)?;
        Ok(folder)
    }
}

/// Puts other code in place of a plugin's, all at once.
pub(crate) fn replace(folder: &Path, wasm: &[u8]) -> Result<()> {
    let fresh = folder.join("plugin.wasm.new");
    fs::write(&fresh, wasm)?;
    fs::rename(&fresh, folder.join("plugin.wasm"))?;
    Ok(())
}

/// The same module with a note in a custom section, which makes a distinct build of it. The note has at most 100 bytes.
pub(crate) fn distinct(wasm: &[u8], note: &str) -> Vec<u8> {
    const NAME: &[u8] = b"note";
    // Lengths below 128 are one byte in WebAssembly's encoding.
    let note = &note.as_bytes()[..note.len().min(100)];
    let mut distinct = wasm.to_vec();
    distinct.extend([0, byte(1 + NAME.len() + note.len()), byte(NAME.len())]);
    distinct.extend_from_slice(NAME);
    distinct.extend_from_slice(note);
    distinct
}

fn byte(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_note_is_a_custom_section() {
        assert_eq!(super::distinct(b"\0asm", "7"), b"\0asm\0\x06\x04note7");
    }
}
