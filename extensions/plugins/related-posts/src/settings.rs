//! What the administrator set.

use fleuron_plugin::host_api;

/// The settings; what is missing or makes no sense is as the manifest says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    /// What stands above the list.
    pub(crate) title: String,
    /// Posts in the list at most.
    pub(crate) count: u32,
    /// Posts below it are not listed; from 0 to 1.
    pub(crate) minimum_similarity: f64,
    /// Posts of fewer words get no list.
    pub(crate) minimum_words: i64,
}

impl Settings {
    /// Asks the site.
    pub(crate) fn read() -> Settings {
        let title = host_api::get_config("title").filter(|title| !title.trim().is_empty());
        Settings {
            title: title.unwrap_or_else(|| "Related posts".to_owned()),
            count: number("count", 1.0, 10.0).unwrap_or(3.0) as u32,
            minimum_similarity: number("minimum_similarity", 0.0, 1.0).unwrap_or(0.08),
            minimum_words: number("minimum_words", 0.0, 10_000.0).unwrap_or(40.0) as i64,
        }
    }
}

fn number(key: &str, least: f64, most: f64) -> Option<f64> {
    let value: f64 = host_api::get_config(key)?.trim().parse().ok()?;
    value.is_finite().then(|| value.clamp(least, most))
}

#[cfg(test)]
mod tests {
    use fleuron_plugin::testing::MemoryHost;

    use super::Settings;

    #[test]
    fn what_makes_no_sense_is_as_usual() {
        let host = MemoryHost::install();
        let usual = Settings::read();
        assert_eq!((usual.count, usual.minimum_similarity, usual.minimum_words), (3, 0.08, 40));
        for nonsense in ["", "many", "NaN", "inf"] {
            for key in ["count", "minimum_similarity", "minimum_words"] {
                host.set_config(key, nonsense);
            }
            host.set_config("title", " ");
            assert_eq!(Settings::read(), usual, "{nonsense}");
        }
    }

    #[test]
    fn values_have_bounds() {
        let host = MemoryHost::install();
        for (value, count, similarity) in [("-4", 1, 0.0), ("0.5", 1, 0.5), ("7", 7, 1.0), ("99", 10, 1.0)] {
            host.set_config("count", value);
            host.set_config("minimum_similarity", value);
            let settings = Settings::read();
            assert_eq!((settings.count, settings.minimum_similarity), (count, similarity), "{value}");
        }
        host.set_config("title", "Mehr davon");
        assert_eq!(Settings::read().title, "Mehr davon");
    }

    #[test]
    fn the_manifest_says_the_same() {
        let manifest = include_str!("../manifest.toml");
        let usual = |key: &str| {
            let table = manifest.split(&format!("[settings.{key}]")).nth(1).unwrap_or_default();
            let line = table.lines().find_map(|line| line.strip_prefix("default = "));
            line.unwrap_or_default().trim_matches('"').to_owned()
        };
        MemoryHost::install();
        let settings = Settings::read();
        assert_eq!(usual("title"), settings.title);
        assert_eq!(usual("count"), settings.count.to_string());
        assert_eq!(usual("minimum_similarity"), settings.minimum_similarity.to_string());
        assert_eq!(usual("minimum_words"), settings.minimum_words.to_string());
    }
}
