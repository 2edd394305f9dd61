//! The site's own secrets: generated once, kept in the data folder, readable by the owner alone. There is no default.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Read, Write},
    path::Path,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Bytes of a signing key.
const KEY_LENGTH: usize = 48;

/// A secret that does not print.
#[derive(Clone)]
pub struct SecretKey(Vec<u8>);

impl SecretKey {
    /// The bytes, for the signer alone.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

/// Reads the key `name` from `data/keys`, or makes it. The file has mode 0600; two processes that start at once end
/// up with the same key.
pub fn load_or_create(data: &Path, name: &str) -> std::io::Result<SecretKey> {
    let folder = data.join("keys");
    create_private_folder(&folder)?;
    let path = folder.join(name);
    if !path.exists() {
        let draft = folder.join(format!(".{name}.{}", uuid::Uuid::now_v7()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft)?;
        file.write_all(random_token(KEY_LENGTH)?.as_bytes())?;
        file.sync_all()?;
        // A hard link never replaces a key that another process has put there meanwhile.
        let linked = std::fs::hard_link(&draft, &path);
        std::fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    let mut text = String::new();
    std::fs::File::open(&path)?.read_to_string(&mut text)?;
    match URL_SAFE_NO_PAD.decode(text.trim()) {
        Ok(bytes) if bytes.len() >= 32 => Ok(SecretKey(bytes)),
        _ => Err(std::io::Error::new(
            ErrorKind::InvalidData,
            format!("{} does not hold a key; remove it to have a new one made", path.display()),
        )),
    }
}

/// Creates a folder, with those above it, that nobody but the owner may look into.
pub(crate) fn create_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A token of `length` random bytes in URL-safe base64.
pub fn random_token(length: usize) -> std::io::Result<String> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// How a token is kept in the database: its SHA-256, so that a stolen database gives nobody a session.
pub fn token_hash(token: &str) -> String {
    use sha2::{Digest, Sha256};
    URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))
}
