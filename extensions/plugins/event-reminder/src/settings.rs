//! What the administrator set.

use fleuron_plugin::host_api;

/// The settings; what is missing or makes no sense is as the manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// How many days the digest looks ahead.
    pub(crate) days_ahead: u16,
    /// Events in it at most.
    pub(crate) limit: u16,
}

impl Settings {
    /// Asks the site.
    pub(crate) fn read() -> Settings {
        Settings {
            days_ahead: whole("days_ahead", 365).unwrap_or(7),
            limit: whole("limit", 500).unwrap_or(100),
        }
    }
}

/// A whole number from 1 to `most`; what is beyond is brought to the nearest of these.
fn whole(key: &str, most: u16) -> Option<u16> {
    let value: f64 = host_api::get_config(key)?.trim().parse().ok()?;
    value.is_finite().then(|| value.clamp(1.0, f64::from(most)) as u16)
}

#[cfg(test)]
mod tests {
    use fleuron_plugin::testing::MemoryHost;

    use super::Settings;

    #[test]
    fn what_makes_no_sense_is_as_usual() {
        let host = MemoryHost::install();
        let usual = Settings::read();
        assert_eq!(usual, Settings { days_ahead: 7, limit: 100 });
        for nonsense in ["", "many", "NaN", "inf"] {
            host.set_config("days_ahead", nonsense);
            host.set_config("limit", nonsense);
            assert_eq!(Settings::read(), usual, "{nonsense}");
        }
    }

    #[test]
    fn values_have_bounds() {
        let host = MemoryHost::install();
        for (value, days_ahead, limit) in [("-4", 1, 1), ("2.9", 2, 2), ("30", 30, 30), ("9999", 365, 500)] {
            host.set_config("days_ahead", value);
            host.set_config("limit", value);
            assert_eq!(Settings::read(), Settings { days_ahead, limit }, "{value}");
        }
    }

    #[test]
    fn the_manifest_says_the_same() {
        let manifest = include_str!("../manifest.toml");
        let usual = |key: &str| {
            let table = manifest.split(&format!("[settings.{key}]")).nth(1).unwrap_or_default();
            table.lines().find_map(|line| line.strip_prefix("default = ")).unwrap_or_default().to_owned()
        };
        MemoryHost::install();
        let settings = Settings::read();
        assert_eq!(usual("days_ahead"), settings.days_ahead.to_string());
        assert_eq!(usual("limit"), settings.limit.to_string());
    }
}
