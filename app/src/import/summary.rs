//! What an import did, for people.

use std::time::Duration;

/// A file and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The file, relative to the imported folder.
    pub source: String,
    /// One line.
    pub text: String,
}

/// What an import did, or, in a dry run, would have done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Posts that are new.
    pub imported: usize,
    /// Posts whose file, or what it refers to, has changed since the last import.
    pub updated: usize,
    /// Posts that were left as they are.
    pub unchanged: usize,
    /// Files that posts refer to and that were stored as media.
    pub media: usize,
    /// Files that did not become posts, and why.
    pub skipped: Vec<Note>,
    /// What is not as it was on the old site.
    pub warnings: Vec<Note>,
    /// How long it took.
    pub elapsed: Duration,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        list(f, "Warnings", &self.warnings)?;
        list(f, "Skipped", &self.skipped)?;
        if self.dry_run {
            writeln!(f, "Dry run: nothing was written. An import would do this:")?;
        }
        write!(
            f,
            "{} imported, {} updated, {} unchanged, {} skipped; {}, {}; {:.1} s",
            self.imported,
            self.updated,
            self.unchanged,
            self.skipped.len(),
            counted(self.media, "media file"),
            counted(self.warnings.len(), "warning"),
            self.elapsed.as_secs_f64()
        )
    }
}

/// `1 warning`, `2 warnings`.
fn counted(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

fn list(f: &mut std::fmt::Formatter<'_>, title: &str, notes: &[Note]) -> std::fmt::Result {
    if notes.is_empty() {
        return Ok(());
    }
    writeln!(f, "{title}:")?;
    for note in notes {
        writeln!(f, "  {}: {}", note.source, note.text)?;
    }
    writeln!(f)
}

#[cfg(test)]
mod tests {
    use super::{Note, Summary};

    #[test]
    fn every_skipped_file_is_named() {
        let skipped = vec![Note { source: "a.md".into(), text: "no front matter".into() }];
        let text = Summary { imported: 2, skipped, ..Summary::default() }.to_string();
        assert!(text.contains("a.md: no front matter"), "{text}");
        assert!(text.contains("2 imported, 0 updated, 0 unchanged, 1 skipped"), "{text}");
    }

    #[test]
    fn one_is_singular() {
        let warnings = vec![Note { source: "a.md".into(), text: "no date".into() }];
        let text = Summary { media: 1, warnings, ..Summary::default() }.to_string();
        assert!(text.contains("; 1 media file, 1 warning; "), "{text}");
        let text = Summary { media: 2, ..Summary::default() }.to_string();
        assert!(text.contains("; 2 media files, 0 warnings; "), "{text}");
    }
}
