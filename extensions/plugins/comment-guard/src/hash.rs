//! Hashes that stay the same for ever, since they are kept in tables.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

/// A hash of a text. Texts of different kinds never share one but by chance: what is an e-mail address is no nickname.
pub(crate) fn of(kind: &str, text: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(kind.as_bytes());
    hasher.write(&[0]);
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// The same as a number that SQLite can hold.
pub(crate) fn key(kind: &str, text: &str) -> i64 {
    of(kind, text).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::{key, of};

    /// A site's tables are full of them: should this fail, the tables of every site are worthless.
    #[test]
    fn they_stay_what_they_are() {
        assert_eq!(of("text", "hello"), 0xAE8E2FF1480D4DD4);
    }

    #[test]
    fn kinds_are_told_apart() {
        assert_ne!(key("author", "ada"), key("nickname", "ada"));
        assert_ne!(key("a", "bc"), key("ab", "c"));
    }
}
