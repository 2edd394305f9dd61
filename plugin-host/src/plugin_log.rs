//! A plugin's log: capped per line and per call, free of control characters, copied to the server's own log.

use std::fmt::Write as _;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

use crate::dispatch::CallContext;
use crate::plugin_id::PluginId;
use crate::ports::{LogLevel, LogPort};

/// Writes one instance's lines.
pub(crate) struct PluginLog {
    plugin: PluginId,
    port: Arc<dyn LogPort>,
    lines_per_call: u32,
    line_bytes: usize,
    lines_left: AtomicU32,
    /// What the call that runs is part of.
    context: Mutex<Arc<CallContext>>,
}

impl PluginLog {
    pub(crate) fn new(
        plugin: PluginId,
        port: Arc<dyn LogPort>,
        lines_per_call: u32,
        line_bytes: usize,
    ) -> PluginLog {
        let lines_per_call = lines_per_call.saturating_add(1);
        let lines_left = AtomicU32::new(lines_per_call);
        PluginLog { plugin, port, lines_per_call, line_bytes, lines_left, context: Mutex::default() }
    }

    /// Starts a new call's allowance of lines, which belong to it from now on.
    pub(crate) fn begin_call(&self, context: &Arc<CallContext>) {
        self.lines_left.store(self.lines_per_call, Ordering::Relaxed);
        *self.context.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(context);
    }

    /// A line from the guest, counted against the call's allowance.
    pub(crate) fn guest(&self, level: LogLevel, line: &str) {
        // One more than the allowance, for the word that there was more.
        match self.lines_left.load(Ordering::Relaxed) {
            0 => {}
            1 => {
                self.lines_left.store(0, Ordering::Relaxed);
                self.host(LogLevel::Warn, "more than the lines allowed in one call; the rest is dropped");
            }
            left => {
                self.lines_left.store(left - 1, Ordering::Relaxed);
                self.host(level, line);
            }
        }
    }

    /// A line for the plugin's own log alone, about what the server's log has already: about a call, by its event's id,
    /// where there is one.
    pub(crate) fn keep(&self, level: LogLevel, line: &str, call: Option<&str>) {
        self.port.log(&self.plugin, level, &tidy(line, self.line_bytes), call);
    }

    /// A line from the host about the plugin, and about the call that runs.
    pub(crate) fn host(&self, level: LogLevel, line: &str) {
        let context = Arc::clone(&self.context.lock().unwrap_or_else(PoisonError::into_inner));
        self.host_about(level, line, context.event_id.as_deref());
    }

    /// A line from the host about the plugin and one of its calls, by its event's id.
    pub(crate) fn host_about(&self, level: LogLevel, line: &str, call: Option<&str>) {
        let line = tidy(line, self.line_bytes);
        self.port.log(&self.plugin, level, &line, call);
        let plugin = self.plugin.as_str();
        match level {
            LogLevel::Debug => tracing::debug!(target: "plugin", plugin, "{line}"),
            LogLevel::Info => tracing::info!(target: "plugin", plugin, "{line}"),
            LogLevel::Warn => tracing::warn!(target: "plugin", plugin, "{line}"),
            LogLevel::Error => tracing::error!(target: "plugin", plugin, "{line}"),
        }
    }
}

/// Cuts a line to `limit` bytes and escapes control characters, so that no plugin can forge lines or move a cursor.
pub(crate) fn tidy(line: &str, limit: usize) -> String {
    let cut = line.floor_char_boundary(limit);
    let mut tidied = String::with_capacity(cut);
    for character in line.get(..cut).unwrap_or_default().chars() {
        if character == '\t' {
            tidied.push(' ');
        } else if character.is_control() || is_direction_mark(character) {
            // Writing to a string cannot fail.
            let _ = write!(tidied, "{}", character.escape_default());
        } else {
            tidied.push(character);
        }
    }
    if cut < line.len() {
        // Writing to a string cannot fail.
        let _ = write!(tidied, "... ({} bytes more)", line.len() - cut);
    }
    tidied
}

/// Marks that reorder the text around them, and line separators.
fn is_direction_mark(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The guest's standard output or error, one log line per line.
#[derive(Clone)]
pub(crate) struct StandardStream {
    log: Arc<PluginLog>,
    level: LogLevel,
}

impl StandardStream {
    pub(crate) fn new(log: Arc<PluginLog>, level: LogLevel) -> StandardStream {
        StandardStream { log, level }
    }
}

impl IsTerminal for StandardStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for StandardStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(LineWriter { stream: self.clone(), pending: Vec::new() })
    }
}

/// Gathers bytes into lines.
struct LineWriter {
    stream: StandardStream,
    pending: Vec<u8>,
}

impl LineWriter {
    fn take(&mut self, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(end);
            self.pending.extend_from_slice(line);
            self.emit();
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.pending.extend_from_slice(bytes);
        if self.pending.len() > self.stream.log.line_bytes {
            self.emit();
        }
    }

    fn emit(&mut self) {
        if !self.pending.is_empty() {
            self.stream.log.guest(self.stream.level, &String::from_utf8_lossy(&self.pending));
            self.pending.clear();
        }
    }
}

impl AsyncWrite for LineWriter {
    fn poll_write(self: Pin<&mut Self>, _context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().emit();
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl LogPort for Lines {
        fn log(&self, _plugin: &PluginId, level: LogLevel, line: &str, call: Option<&str>) {
            let call = call.map(|call| format!(" of {call}")).unwrap_or_default();
            self.0.lock().expect("lines").push(format!("{} {line}{call}", level.as_str()));
        }
    }

    fn call(event: &str) -> Arc<CallContext> {
        Arc::new(CallContext { event_id: Some(event.to_owned()), ..CallContext::default() })
    }

    fn log(lines: &Arc<Lines>, lines_per_call: u32) -> PluginLog {
        let plugin = PluginId::parse("com.example.test").expect("an id");
        PluginLog::new(plugin, Arc::clone(lines) as Arc<dyn LogPort>, lines_per_call, 16)
    }

    #[test]
    fn lines_are_cut_and_escaped() {
        assert_eq!(tidy("one\ntwo\x1b[31m\tthree", 100), "one\\ntwo\\u{1b}[31m three");
        assert_eq!(tidy("ääää", 5), "ää... (4 bytes more)");
    }

    #[test]
    fn a_call_has_an_allowance() {
        let lines = Arc::new(Lines::default());
        let log = log(&lines, 3);
        for _ in 0..5 {
            log.guest(LogLevel::Info, "x");
        }
        assert_eq!(lines.0.lock().expect("lines").len(), 4, "three and the word that there was more");
        log.begin_call(&Arc::default());
        log.guest(LogLevel::Info, "again");
        assert_eq!(lines.0.lock().expect("lines").last().map(String::as_str), Some("info again"));
    }

    #[test]
    fn lines_belong_to_the_call_that_runs() {
        let lines = Arc::new(Lines::default());
        let log = log(&lines, 3);
        log.host(LogLevel::Info, "before");
        for event in ["one", "two"] {
            log.begin_call(&call(event));
            log.guest(LogLevel::Info, "x");
        }
        log.host_about(LogLevel::Warn, "y", Some("one"));
        log.keep(LogLevel::Error, "z", None);
        let written = lines.0.lock().expect("lines");
        assert_eq!(*written, ["info before", "info x of one", "info x of two", "warn y of one", "error z"]);
    }

    #[test]
    fn standard_output_becomes_lines() {
        let lines = Arc::new(Lines::default());
        let stream = StandardStream::new(Arc::new(log(&lines, 100)), LogLevel::Info);
        let mut writer = LineWriter { stream, pending: Vec::new() };
        writer.take(b"hel");
        writer.take(b"lo\n\nworld\nrest");
        assert_eq!(*lines.0.lock().expect("lines"), ["info hello", "info world"]);
        writer.take(&[b'x'; 20]);
        assert_eq!(lines.0.lock().expect("lines").len(), 3, "an endless line is cut");
    }
}
