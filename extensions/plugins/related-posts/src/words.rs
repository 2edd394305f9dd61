//! The words of a Markdown text that a reader reads: no code blocks, no tags, no addresses.

/// Longer ones, in bytes, are no words: hashes, keys, what is written without spaces.
const LONGEST: usize = 40;

/// The words in lower case, in order. Numbers and single letters are left out.
pub(crate) fn words(markdown: &str) -> Vec<String> {
    let mut reader = Reader::default();
    let mut fence = None;
    for line in markdown.lines() {
        match (fence, marker(line)) {
            (None, None) => reader.line(line),
            (None, opened) => fence = opened,
            (Some(open), Some(closing)) if open == closing => fence = None,
            (Some(_), _) => {}
        }
    }
    reader.words
}

/// The sign of which a line that opens or closes a block of code begins with three.
fn marker(line: &str) -> Option<char> {
    let line = line.trim_start();
    ['`', '~'].into_iter().find(|sign| {
        let rest = line.trim_start_matches(*sign);
        // Three and three more on one line are code within it.
        line.len() - rest.len() >= 3 && !rest.contains(*sign)
    })
}

#[derive(Default)]
struct Reader {
    words: Vec<String>,
    word: String,
}

impl Reader {
    fn line(&mut self, line: &str) {
        if is_definition(line) {
            return;
        }
        let mut rest = line;
        while let Some(character) = rest.chars().next() {
            let unread = if self.word.is_empty() { unread(rest) } else { 0 };
            if unread > 0 {
                rest = &rest[unread..];
                continue;
            }
            if character.is_alphanumeric() {
                self.word.extend(character.to_lowercase());
            } else if !joins(character) {
                self.end_word();
                // What is passed over may begin with the sign that ended the word.
                if unread_sign(character) && self::unread(rest) > 0 {
                    continue;
                }
            }
            rest = &rest[character.len_utf8()..];
        }
        self.end_word();
    }

    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number && word.len() <= LONGEST && word.chars().nth(1).is_some() {
            self.words.push(word);
        }
    }
}

/// Accents written apart from their letter, soft hyphens and joiners part no word.
fn joins(character: char) -> bool {
    matches!(character, '\u{00AD}' | '\u{0300}'..='\u{036F}' | '\u{200C}' | '\u{200D}')
}

/// `[name]: address`
fn is_definition(line: &str) -> bool {
    line.trim_start().starts_with('[') && line.contains("]:")
}

fn unread_sign(character: char) -> bool {
    matches!(character, '<' | ']' | '&')
}

/// How many bytes at the start of the text nobody reads: a tag, where a link leads, a bare address, a character's name.
fn unread(text: &str) -> usize {
    let inside = |open: usize, close: char| text[open..].find(close).map_or(0, |end| open + end + 1);
    match text.as_bytes() {
        [b'<', next, ..] if next.is_ascii_alphabetic() || b"/!?".contains(next) => inside(1, '>'),
        [b']', b'(', ..] => inside(2, ')'),
        [b'&', ..] => reference(text),
        [b'h' | b'H' | b'w' | b'W', ..] => address(text),
        _ => 0,
    }
}

/// `&amp;`, `&#8212;`
fn reference(text: &str) -> usize {
    let name =
        text[1..].bytes().take(10).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'#').count();
    if name > 0 && text[1 + name..].starts_with(';') { name + 2 } else { 0 }
}

fn address(text: &str) -> usize {
    let begins = |start: &str| text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
    match ["http://", "https://", "www."].into_iter().any(begins) {
        true => text.find(|character: char| character.is_whitespace() || "<>()[]\"".contains(character)),
        false => Some(0),
    }
    .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::words;

    fn read(markdown: &str) -> String {
        words(markdown).join(" ")
    }

    #[test]
    fn words_are_lower_case_and_without_marks() {
        assert_eq!(
            read("# Hello, *World*!\n\n- It's `fine` -- 42 times\n> a quote"),
            "hello world it fine times quote"
        );
        assert_eq!(
            read("\u{DC}ber Stra\u{DF}en und Caf\u{E9}s, Cafe\u{301}"),
            "\u{FC}ber stra\u{DF}en und caf\u{E9}s cafe"
        );
        assert_eq!(
            read("re\u{AD}pro\u{AD}ducible snake_case well-known 3rd x86"),
            "reproducible snake case well known 3rd x86"
        );
    }

    #[test]
    fn what_nobody_reads_is_no_word() {
        for (markdown, expected) in [
            ("before\n```rust\nlet code = 1;\n```\nafter", "before after"),
            ("before\n~~~\n```\ncode\n~~~\nafter", "before after"),
            ("before\n```\nnever closed", "before"),
            ("```a line``` of\nwords", "line of words"),
            ("a [link text](https://example.com/some/path \"title\") here", "link text here"),
            ("![picture shown](/media/x.png)", "picture shown"),
            ("[link][name] more\n\n[name]: https://example.com/x 'Title'", "link name more"),
            ("see https://example.com/a-b?c=d, www.example.org/x and <https://example.net>", "see and"),
            ("<div class=\"note wide\">inside</div><br/>x<!-- hidden words -->end", "inside end"),
            ("one &amp; two&nbsp;three &copy right", "one two three copy right"),
            ("1 < 2 and a<b", "and"),
            ("https and www are words", "https and www are words"),
        ] {
            assert_eq!(read(markdown), expected, "{markdown}");
        }
    }

    #[test]
    fn what_is_no_word_is_left_out() {
        assert_eq!(read(""), "");
        assert_eq!(read("a b c 1 22 333 2026"), "");
        assert_eq!(read(&"deadbeef".repeat(6)), "");
    }

    #[test]
    fn broken_text_is_survived_in_good_time() {
        for run in ["<a", "](", "&a", "[", "```", "http://", "h", "<", "&", "\u{FC}<", "]\u{FC}(", "a]("] {
            words(&run.repeat(20_000 / run.len()));
        }
    }
}
