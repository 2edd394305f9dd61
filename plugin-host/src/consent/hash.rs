//! What a consent is bound to.

use sha2::{Digest, Sha256};

use super::Granted;
use crate::manifest::Manifest;

/// The form below. Another one gets another word, and no consent is taken for one to something else.
const FORM: &str = "fleuron-consent-1";

/// What a consent is given to: these bytes of this version of this plugin, and these wishes. 64 hexadecimal digits in
/// lower case. `package_sha256` is the package's own hash in hexadecimal digits, whose case does not matter.
///
/// It is the SHA-256 of a row of texts: the word `fleuron-consent-1`, the plugin's id, its version, the package's hash
/// in lower case, the number of keys in decimal digits, and the keys that it asks for, sorted by their bytes. Before
/// each text stands its length in bytes, as eight bytes, the highest first, so that no two rows read the same.
pub fn hash(manifest: &Manifest, package_sha256: &str) -> String {
    let granted = Granted::of(manifest);
    let mut texts = vec![
        FORM.to_owned(),
        manifest.id().to_string(),
        manifest.plugin.version.to_string(),
        package_sha256.to_ascii_lowercase(),
        granted.keys().count().to_string(),
    ];
    texts.extend(granted.keys().map(str::to_owned));
    let mut hasher = Sha256::new();
    for text in &texts {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::tests::versioned;
    use super::*;

    const PACKAGE: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    #[test]
    fn it_changes_with_each_ingredient() {
        let asking = |lines: &str| versioned("com.example.asker", "1.0.0", lines);
        let other_package = PACKAGE.replace('9', "8");
        let jobs = |one: &str, other: &str| {
            asking(&format!(
                "[[cron]]\nlabel = \"A\"\njob_type = \"{one}\"\ncron_expr = \"@daily\"\n\
                 [[cron]]\nlabel = \"B\"\njob_type = \"{other}\"\ncron_expr = \"@daily\""
            ))
        };
        let hashes = [
            hash(&asking(""), PACKAGE),
            hash(&versioned("com.example.other", "1.0.0", ""), PACKAGE),
            hash(&versioned("com.example.asker", "1.0.1", ""), PACKAGE),
            hash(&asking(""), &other_package),
            hash(&asking("[permissions]\ndatabase = [\"own\"]"), PACKAGE),
            hash(&asking("[permissions]\nhttp = [\"api.example.com\"]"), PACKAGE),
            hash(&asking("[permissions]\nmax_memory_mb = 65"), PACKAGE),
            hash(&asking("[permissions]\nmax_memory_mb = 66"), PACKAGE),
            hash(&asking("[hooks.filter-html]"), PACKAGE),
            hash(&asking("[hooks.filter-html]\non_error = \"abort\""), PACKAGE),
            // Would be the same without lengths.
            hash(&jobs("a", "bcron:c"), PACKAGE),
            hash(&jobs("acron:b", "c"), PACKAGE),
        ];
        let different: BTreeSet<&String> = hashes.iter().collect();
        assert_eq!(different.len(), hashes.len());
        for hash in &hashes {
            assert!(
                hash.len() == 64 && hash.bytes().all(|byte| b"0123456789abcdef".contains(&byte)),
                "{hash}"
            );
        }
    }

    #[test]
    fn it_is_the_same_for_the_same_wishes() {
        let hash_of = |lines: &str, package: &str| hash(&versioned("a.b", "1.0.0", lines), package);
        let hash = hash_of("[permissions]\ndatabase = [\"own\", \"read:posts\"]", PACKAGE);
        let reordered =
            "[permissions]\ndatabase = [\"read:posts\", \"own\", \"own\"]\n[settings.a]\ntype = \"text\"";
        assert_eq!(hash_of(reordered, &PACKAGE.to_ascii_uppercase()), hash);
    }

    #[test]
    fn the_form_is_the_documented_one() {
        let manifest = versioned("a.b", "1.0.0", "[permissions]\ndatabase = [\"own\"]");
        let row = b"\0\0\0\0\0\0\0\x11fleuron-consent-1\0\0\0\0\0\0\0\x03a.b\0\0\0\0\0\0\0\x051.0.0\
                    \0\0\0\0\0\0\0\x02ab\0\0\0\0\0\0\0\x011\0\0\0\0\0\0\0\x0cdatabase:own";
        let expected: String = Sha256::digest(row).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash(&manifest, "AB"), expected);
    }
}
