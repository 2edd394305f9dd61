//! The command line of the benchmark.

use std::path::PathBuf;
use std::time::Duration;

use crate::Result;

/// What `--help` says.
pub(crate) const HELP: &str = "\
Measures the server over HTTP on loopback.

  --seconds N     how long each measurement takes [default: 5]
  --only NAME     measure this alone; may be repeated: reads, create, looping, startup, memory,
                  plugins, reload, uploads, events, cron, content
  --package FILE  the large package of `uploads` [default: one is made]
  --folder DIR    where the sites are put; must be on a disk [default: beside this program]
  --markdown      print the tables as Markdown";

/// A group of figures that share a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// Post page, home page, JSON list, one post by slug.
    Reads,
    /// Creating posts, with sixteen clients and with one.
    Create,
    /// Readers beside a plugin that loops forever.
    Looping,
    /// Start with ten plugins.
    Startup,
    /// Resident memory.
    Memory,
    /// A hundred plugins that do nothing.
    Plugins,
    /// Fifty builds of a plugin swapped in under writers.
    Reload,
    /// Packages uploaded beside readers.
    Uploads,
    /// Events on their way to plugins.
    Events,
    /// Ten thousand jobs.
    Cron,
    /// A hundred thousand entries of a content type.
    Content,
}

impl Scenario {
    pub(crate) const ALL: [Self; 11] = [
        Self::Reads,
        Self::Create,
        Self::Looping,
        Self::Startup,
        Self::Memory,
        Self::Plugins,
        Self::Reload,
        Self::Uploads,
        Self::Events,
        Self::Cron,
        Self::Content,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Create => "create",
            Self::Looping => "looping",
            Self::Startup => "startup",
            Self::Memory => "memory",
            Self::Plugins => "plugins",
            Self::Reload => "reload",
            Self::Uploads => "uploads",
            Self::Events => "events",
            Self::Cron => "cron",
            Self::Content => "content",
        }
    }
}

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) time: Duration,
    pub(crate) folder: PathBuf,
    pub(crate) markdown: bool,
    pub(crate) package: Option<PathBuf>,
    only: Vec<Scenario>,
}

impl Arguments {
    /// Reads the command line; `None` when help was asked for.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let beside = std::env::current_exe()?.parent().map_or_else(|| PathBuf::from("."), PathBuf::from);
        let time = Duration::from_secs(5);
        let mut arguments = Self { time, folder: beside, markdown: false, package: None, only: Vec::new() };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value\n\n{HELP}"));
            match word.as_str() {
                "--seconds" => arguments.time = seconds(&value()?)?,
                "--only" => arguments.only.push(scenario(&value()?)?),
                "--package" => arguments.package = Some(std::path::absolute(value()?)?),
                "--folder" => arguments.folder = std::path::absolute(value()?)?,
                "--markdown" => arguments.markdown = true,
                "--help" | "-h" => return Ok(None),
                other => return Err(format!("`{other}` is not known\n\n{HELP}").into()),
            }
        }
        Ok(Some(arguments))
    }

    pub(crate) fn wants(&self, scenario: Scenario) -> bool {
        self.only.is_empty() || self.only.contains(&scenario)
    }
}

fn seconds(text: &str) -> Result<Duration> {
    match text.parse() {
        Ok(seconds @ 1..=600) => Ok(Duration::from_secs(seconds)),
        _ => Err(format!("--seconds: `{text}` is not a whole number from 1 to 600").into()),
    }
}

fn scenario(name: &str) -> Result<Scenario> {
    let known = Scenario::ALL.into_iter().find(|scenario| scenario.name() == name);
    known.ok_or_else(|| format!("--only: there is no `{name}`\n\n{HELP}").into())
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Scenario};

    fn read(line: &str) -> Result<Option<Arguments>, String> {
        Arguments::read(line.split_whitespace().map(str::to_owned)).map_err(|failure| failure.to_string())
    }

    #[test]
    fn what_is_not_named_is_left_out() {
        let arguments = read("--only create --only reload --seconds 9").unwrap().unwrap();
        assert!(arguments.wants(Scenario::Create) && arguments.wants(Scenario::Reload));
        assert!(!arguments.wants(Scenario::Reads));
        assert_eq!(arguments.time.as_secs(), 9);
        assert!(read("").unwrap().unwrap().wants(Scenario::Memory));
        assert!(read("--help").unwrap().is_none());
    }

    #[test]
    fn mistakes_are_named() {
        for (line, word) in
            [("--only nothing", "nothing"), ("--seconds 0", "--seconds"), ("--fast", "--fast")]
        {
            assert!(read(line).unwrap_err().contains(word), "{line}");
        }
        assert!(read("--seconds").unwrap_err().contains("needs a value"));
    }
}
