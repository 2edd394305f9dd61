//! The last log lines of each plugin, for its administrator. The site's own log gets them too, from the host.
//!
//! Each plugin has a lock of its own, so that one that floods its log holds up no other's host calls. Lines outlive the
//! version that wrote them: what happened before a reload is what its administrator wants to read after it. Lines are
//! numbered, so that whoever follows a log can go on where they were.

use std::{
    collections::{HashMap, VecDeque},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use fleuron_plugin_host::{
    PluginId,
    ports::{LogLevel, LogPort},
};

use tokio::sync::{Notify, futures::OwnedNotified};

use crate::clock::Timestamp;

/// How much is kept of each plugin's log. The oldest lines go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimits {
    /// Lines. Default 500.
    pub lines: usize,
    /// Bytes, what a line takes beside its text included. Default 256 KiB.
    pub bytes: usize,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { lines: 500, bytes: 256 * 1024 }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Its number, from 1, within what this process keeps of the plugin's log.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// How urgent.
    pub level: LogLevel,
    /// What.
    pub text: String,
    /// The event whose delivery, or the run whose call it was written in.
    pub call: Option<String>,
}

impl LogLine {
    /// The memory that it takes.
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.text.len() + self.call.as_deref().map_or(0, str::len)
    }
}

/// The last lines of one plugin.
#[derive(Default)]
struct Ring {
    lines: VecDeque<LogLine>,
    bytes: usize,
    /// Lines ever written.
    written: u64,
    /// Told of every line.
    news: Arc<Notify>,
}

impl Ring {
    fn push(&mut self, level: LogLevel, text: &str, call: Option<&str>, kept: LogLimits) {
        self.written += 1;
        let line = LogLine {
            number: self.written,
            at: Timestamp::now(),
            level,
            text: text.to_owned(),
            call: call.map(str::to_owned),
        };
        self.bytes += line.bytes();
        self.lines.push_back(line);
        while self.lines.len() > kept.lines || (self.bytes > kept.bytes && self.lines.len() > 1) {
            let Some(oldest) = self.lines.pop_front() else { return };
            self.bytes -= oldest.bytes();
        }
        self.news.notify_waiters();
    }
}

/// The last lines of every plugin. Cheap to clone.
#[derive(Clone, Default)]
pub struct PluginLogs {
    rings: Arc<RwLock<HashMap<PluginId, Arc<Mutex<Ring>>>>>,
    kept: LogLimits,
    ended: Arc<AtomicBool>,
}

impl PluginLogs {
    /// Empty logs that keep so much.
    pub fn new(kept: LogLimits) -> Self {
        Self { rings: Arc::default(), kept, ended: Arc::default() }
    }

    /// The last lines of a plugin, oldest first.
    pub fn of(&self, plugin: &PluginId) -> Vec<LogLine> {
        self.last(plugin, self.kept.lines, LogLevel::Debug)
    }

    /// At most the last `limit` lines of a plugin that are at least this urgent, oldest first.
    pub fn last(&self, plugin: &PluginId, limit: usize, level: LogLevel) -> Vec<LogLine> {
        let Some(ring) = self.known(plugin) else { return Vec::new() };
        let ring = held(&ring);
        let wanted = ring.lines.iter().rev().filter(|line| line.level >= level).take(limit);
        let mut lines: Vec<LogLine> = wanted.cloned().collect();
        lines.reverse();
        lines
    }

    /// At most the last `limit` lines that a plugin wrote in one call, as far as they are still there, oldest first.
    pub fn of_call(&self, plugin: &PluginId, call: &str, limit: usize) -> Vec<LogLine> {
        let Some(ring) = self.known(plugin) else { return Vec::new() };
        let ring = held(&ring);
        let wanted = ring.lines.iter().rev().filter(|line| line.call.as_deref() == Some(call)).take(limit);
        let mut lines: Vec<LogLine> = wanted.cloned().collect();
        lines.reverse();
        lines
    }

    /// The lines after the one with this number that are at least this urgent, oldest first, and the number of the last
    /// line; waits until there is a line after it. None once the logs have ended. A number that was never given, such as
    /// one of a process before, counts as 0.
    pub async fn after(
        &self,
        plugin: &PluginId,
        number: u64,
        level: LogLevel,
    ) -> Option<(Vec<LogLine>, u64)> {
        let ring = self.ring(plugin);
        loop {
            let news = {
                let ring = held(&ring);
                let number = if number > ring.written { 0 } else { number };
                if ring.written > number {
                    let wanted = ring.lines.iter().filter(|line| line.number > number && line.level >= level);
                    return Some((wanted.cloned().collect(), ring.written));
                }
                listening(&ring.news)
            };
            if self.ended.load(Ordering::Acquire) {
                return None;
            }
            news.await;
        }
    }

    /// Ends all waiting for further lines: the server stops.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
        for ring in self.rings.read().unwrap_or_else(PoisonError::into_inner).values() {
            held(ring).news.notify_waiters();
        }
    }

    /// The number of the plugin's last line; 0 where there is none.
    pub fn written(&self, plugin: &PluginId) -> u64 {
        self.known(plugin).map_or(0, |ring| held(&ring).written)
    }

    /// Forgets a plugin's log.
    pub(crate) fn forget(&self, plugin: &PluginId) {
        let ring = self.rings.write().unwrap_or_else(PoisonError::into_inner).remove(plugin);
        if let Some(ring) = ring {
            held(&ring).news.notify_waiters();
        }
    }

    /// Whether the plugin has ever logged.
    pub fn has(&self, plugin: &PluginId) -> bool {
        self.known(plugin).is_some()
    }

    fn known(&self, plugin: &PluginId) -> Option<Arc<Mutex<Ring>>> {
        self.rings.read().unwrap_or_else(PoisonError::into_inner).get(plugin).cloned()
    }

    fn ring(&self, plugin: &PluginId) -> Arc<Mutex<Ring>> {
        self.known(plugin).unwrap_or_else(|| {
            let mut rings = self.rings.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(rings.entry(plugin.clone()).or_default())
        })
    }
}

fn held(ring: &Mutex<Ring>) -> MutexGuard<'_, Ring> {
    ring.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hears of every line from now on, before it is waited for.
fn listening(news: &Arc<Notify>) -> Pin<Box<OwnedNotified>> {
    let mut notified = Box::pin(Arc::clone(news).notified_owned());
    notified.as_mut().enable();
    notified
}

impl LogPort for PluginLogs {
    fn log(&self, plugin: &PluginId, level: LogLevel, line: &str, call: Option<&str>) {
        held(&self.ring(plugin)).push(level, line, call, self.kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(id: &str) -> PluginId {
        id.parse().unwrap()
    }

    fn texts(lines: &[LogLine]) -> Vec<&str> {
        lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn the_last_lines_stay_in_order() {
        let (logs, id) = (PluginLogs::default(), plugin("com.example.a"));
        for number in 0..LogLimits::default().lines + 7 {
            logs.log(&id, LogLevel::Info, &number.to_string(), None);
        }
        let lines = logs.of(&id);
        assert_eq!((lines.len(), lines[0].text.as_str()), (LogLimits::default().lines, "7"));
        assert_eq!(texts(&logs.last(&id, 2, LogLevel::Debug)), ["505", "506"]);
        assert!(!logs.has(&plugin("com.example.b")) && logs.of(&plugin("com.example.b")).is_empty());
    }

    #[test]
    fn long_lines_push_others_out() {
        let (logs, id) = (PluginLogs::default(), plugin("com.example.a"));
        let line = "x".repeat(4096);
        for _ in 0..LogLimits::default().lines {
            logs.log(&id, LogLevel::Info, &line, None);
        }
        let lines = logs.of(&id);
        let bytes: usize = lines.iter().map(LogLine::bytes).sum();
        assert!(bytes <= LogLimits::default().bytes && bytes > LogLimits::default().bytes - 5000, "{bytes}");
        logs.log(&id, LogLevel::Info, &"y".repeat(2 * LogLimits::default().bytes), None);
        assert_eq!(logs.of(&id).len(), 1, "the newest line is never lost");
        logs.log(&id, LogLevel::Info, "z", None);
        assert_eq!(texts(&logs.of(&id)), ["z"]);
    }

    #[tokio::test]
    async fn a_log_can_be_followed() {
        let (logs, id) = (PluginLogs::default(), plugin("com.example.a"));
        logs.log(&id, LogLevel::Info, "one", None);
        logs.log(&id, LogLevel::Debug, "two", None);
        let (lines, last) = logs.after(&id, 0, LogLevel::Info).await.unwrap();
        assert_eq!((texts(&lines), last), (vec!["one"], 2));
        let (lines, last) = logs.after(&id, 99, LogLevel::Debug).await.unwrap();
        assert_eq!((texts(&lines), last), (vec!["one", "two"], 2), "of a process before");
        let waiting = tokio::spawn({
            let (logs, id) = (logs.clone(), id.clone());
            async move { logs.after(&id, 2, LogLevel::Info).await }
        });
        tokio::task::yield_now().await;
        logs.log(&id, LogLevel::Info, "three", None);
        let (lines, last) = waiting.await.unwrap().unwrap();
        assert_eq!((texts(&lines), last), (vec!["three"], 3));
        let waiting = tokio::spawn({
            let (logs, id) = (logs.clone(), id.clone());
            async move { logs.after(&id, 3, LogLevel::Info).await }
        });
        tokio::task::yield_now().await;
        logs.end();
        assert_eq!(waiting.await.unwrap(), None);
    }

    #[test]
    fn the_lines_of_one_call_are_found() {
        let (logs, id) = (PluginLogs::default(), plugin("com.example.a"));
        for (number, call) in
            [Some("one"), Some("two"), None, Some("one"), Some("one")].into_iter().enumerate()
        {
            logs.log(&id, LogLevel::Info, &number.to_string(), call);
        }
        assert_eq!(texts(&logs.of_call(&id, "one", 10)), ["0", "3", "4"]);
        assert_eq!(texts(&logs.of_call(&id, "one", 2)), ["3", "4"]);
        assert!(logs.of_call(&id, "three", 2).is_empty());
    }

    #[test]
    fn less_urgent_lines_can_be_left_out() {
        let (logs, id) = (PluginLogs::default(), plugin("com.example.a"));
        for level in [LogLevel::Debug, LogLevel::Error, LogLevel::Info, LogLevel::Warn] {
            logs.log(&id, level, level.as_str(), None);
        }
        assert_eq!(texts(&logs.last(&id, 10, LogLevel::Warn)), ["error", "warn"]);
        assert_eq!(texts(&logs.last(&id, 1, LogLevel::Error)), ["error"]);
    }
}
