//! Cuts a stream of bytes into lines, however it comes in pieces.

use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt};

use crate::error::Result;

/// The longest line, in bytes. An entry has at most half of it.
pub(super) const LINE_LENGTH: usize = 2 * 1024 * 1024;
/// What editors of Windows put before the first line.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A line that is not blank.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: u64,
    /// Without its end; none of a line that is too long.
    pub(super) text: Option<Vec<u8>>,
}

/// The lines of a stream.
pub(super) struct Lines<S> {
    source: S,
    buffer: Vec<u8>,
    /// Where the line begins that is not finished.
    start: usize,
    /// As many of its bytes were searched for its end.
    searched: usize,
    /// Whether it is too long already.
    is_skipping: bool,
    number: u64,
    bytes: u64,
    /// Whether the source has ended; it is not asked again.
    is_ended: bool,
}

impl<S: Stream<Item = Result<Bytes>> + Unpin> Lines<S> {
    pub(super) fn new(source: S) -> Self {
        Self {
            source,
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            is_skipping: false,
            number: 0,
            bytes: 0,
            is_ended: false,
        }
    }

    /// Bytes that came so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next line that is not blank. Whoever stops waiting loses nothing.
    pub(super) async fn next(&mut self) -> Result<Option<Line>> {
        loop {
            if let Some(line) = self.take() {
                return Ok(Some(line));
            }
            if self.is_ended {
                return Ok(self.take_rest());
            }
            match self.source.next().await {
                Some(piece) => self.fill(&piece?),
                None => self.is_ended = true,
            }
        }
    }

    fn fill(&mut self, piece: &[u8]) {
        self.bytes += u64::try_from(piece.len()).unwrap_or_default();
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(piece);
    }

    fn take(&mut self) -> Option<Line> {
        loop {
            let open = &self.buffer[self.start..];
            let Some(found) = open[self.searched..].iter().position(|byte| *byte == b'\n') else {
                self.searched = open.len();
                if self.is_skipping || open.len() > LINE_LENGTH {
                    self.is_skipping = true;
                    self.start = self.buffer.len();
                    self.searched = 0;
                }
                return None;
            };
            let end = self.start + self.searched + found;
            let line = self.finish(end);
            (self.start, self.searched) = (end + 1, 0);
            if line.is_some() {
                return line;
            }
        }
    }

    fn take_rest(&mut self) -> Option<Line> {
        let end = self.buffer.len();
        if self.start == end && !self.is_skipping {
            return None;
        }
        let line = self.finish(end);
        (self.start, self.searched) = (end, 0);
        line
    }

    /// The line that ends here, unless it is blank.
    fn finish(&mut self, end: usize) -> Option<Line> {
        self.number += 1;
        let mut text = &self.buffer[self.start..end];
        if self.number == 1 {
            text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        }
        let text = text.trim_ascii_end();
        let is_too_long = std::mem::take(&mut self.is_skipping) || text.len() > LINE_LENGTH;
        match (is_too_long, text.trim_ascii_start().is_empty()) {
            (true, _) => Some(Line { number: self.number, text: None }),
            (false, true) => None,
            (false, false) => Some(Line { number: self.number, text: Some(text.to_vec()) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    /// The lines of a text that comes in pieces of this size; `-` stands for one that is too long.
    async fn cut(text: &[u8], size: usize) -> Vec<(u64, String)> {
        let pieces: Vec<Result<Bytes>> =
            text.chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let mut lines = Lines::new(stream::iter(pieces));
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            let text = line.text.map_or_else(|| "-".to_owned(), |text| String::from_utf8(text).unwrap());
            found.push((line.number, text));
        }
        assert_eq!(lines.bytes(), text.len() as u64);
        found
    }

    #[tokio::test]
    async fn lines_are_whole_however_they_come() {
        let text = b"\xEF\xBB\xBF{\"a\":1}\r\n\n  \n {\"b\":\"\xC3\xA9\"}\n{}";
        for size in [1, 2, 3, 7, 100] {
            let found = cut(text, size).await;
            let expected = [(1, "{\"a\":1}"), (4, " {\"b\":\"\u{e9}\"}"), (5, "{}")];
            assert_eq!(found, expected.map(|(number, text)| (number, text.to_owned())), "pieces of {size}");
        }
        assert_eq!(cut(b"", 1).await, []);
        assert_eq!(cut(b"\n\n", 1).await, []);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_one_line() {
        let mut text = b"{}\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', LINE_LENGTH + 1));
        text.extend(b"\n[]\n");
        for size in [1 << 16, LINE_LENGTH, 3 * LINE_LENGTH] {
            let found = cut(&text, size).await;
            assert_eq!(found, [(1, "{}".to_owned()), (2, "-".to_owned()), (3, "[]".to_owned())], "{size}");
        }
        let found = cut(&text[..text.len() - 4], 1 << 16).await;
        assert_eq!(found.last(), Some(&(2, "-".to_owned())), "also at the end");
    }
}
