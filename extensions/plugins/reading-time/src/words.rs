//! How much there is to read on a page.

/// Chinese and Japanese part no words. So many characters take as long to read as so many words elsewhere.
const CHARACTERS_PER_WORD: (usize, usize) = (500, 220);

/// Elements whose text nobody reads at the pace of prose, or at all.
const SKIPPED: [&str; 7] = ["pre", "script", "style", "template", "math", "svg", "head"];

/// The number of words in the visible text of an HTML fragment. Blocks of code do not count, code within a sentence
/// does. Text in scripts that part no words counts as the number of words that take as long to read.
pub(crate) fn count(html: &str) -> usize {
    let counted = counted(html);
    let (characters, words) = CHARACTERS_PER_WORD;
    counted.words + counted.characters * words / characters
}

fn counted(html: &str) -> Counter {
    let mut counter = Counter::default();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        counter.text(&rest[..start]);
        let tag = Tag::parse(&rest[start..]);
        if tag.parts_words() {
            counter.end_word();
        }
        rest = &rest[start + tag.length..];
        if tag.opens_skipped() {
            rest = after_closing(rest, tag.name);
        }
    }
    counter.text(rest);
    counter.end_word();
    counter
}

#[derive(Default)]
struct Counter {
    words: usize,
    characters: usize,
    within_word: bool,
}

impl Counter {
    fn text(&mut self, text: &str) {
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            if character == '&' {
                let reference = characters.as_str();
                match reference.bytes().take(12).position(|byte| byte == b';') {
                    Some(end) if is_space_reference(&reference[..end]) => {
                        self.end_word();
                        characters = reference[end + 1..].chars();
                    }
                    Some(end) if reference[..end].chars().all(|c| c == '#' || c.is_ascii_alphanumeric()) => {
                        characters = reference[end + 1..].chars();
                    }
                    _ => {}
                }
            } else if is_unspaced(character) {
                self.end_word();
                self.characters += 1;
            } else if character.is_alphanumeric() {
                self.within_word = true;
            } else if character.is_whitespace() || matches!(character, '\u{2014}' | '\u{2013}' | '/') {
                self.end_word();
            }
        }
    }

    fn end_word(&mut self) {
        self.words += usize::from(self.within_word);
        self.within_word = false;
    }
}

/// A tag, a comment or a stray `<` at the start of some text.
struct Tag<'a> {
    name: &'a str,
    closing: bool,
    length: usize,
}

impl<'a> Tag<'a> {
    fn parse(text: &'a str) -> Self {
        if let Some(comment) = text.strip_prefix("<!--") {
            let length = comment.find("-->").map_or(text.len(), |end| "<!--".len() + end + "-->".len());
            return Self { name: "", closing: false, length };
        }
        let closing = text.starts_with("</");
        let inside = &text[1 + usize::from(closing)..];
        let name_length =
            inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(inside.len());
        let name = &inside[..name_length];
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Self { name: "", closing: false, length: 1 };
        }
        Self { name, closing, length: end_of_tag(text) }
    }

    /// Whether the text before and after it belongs to different words; emphasis and links do not part a word.
    fn parts_words(&self) -> bool {
        const INLINE: [&str; 14] =
            ["a", "abbr", "b", "code", "del", "em", "i", "ins", "mark", "s", "small", "span", "strong", "u"];
        !self.name.is_empty() && !INLINE.iter().any(|inline| inline.eq_ignore_ascii_case(self.name))
    }

    fn opens_skipped(&self) -> bool {
        !self.closing && SKIPPED.iter().any(|skipped| skipped.eq_ignore_ascii_case(self.name))
    }
}

/// Where a tag ends, minding that an attribute's value may contain `>`.
fn end_of_tag(text: &str) -> usize {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if byte == open => quote = None,
            _ => {}
        }
    }
    text.len()
}

/// What follows the closing tag of an element that is already open.
fn after_closing<'a>(text: &'a str, name: &str) -> &'a str {
    let mut rest = text;
    while let Some(start) = rest.find("</") {
        let tag = Tag::parse(&rest[start..]);
        rest = &rest[start + tag.length..];
        if tag.name.eq_ignore_ascii_case(name) {
            return rest;
        }
    }
    ""
}

fn is_space_reference(reference: &str) -> bool {
    matches!(reference, "nbsp" | "ensp" | "emsp" | "thinsp" | "mdash" | "ndash" | "#160" | "#32")
}

/// Han characters and kana. Hangul is written with spaces between the words, and so counted in words.
fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{3041}'..='\u{30FF}'
        | '\u{31F0}'..='\u{31FF}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{323AF}')
}

#[cfg(test)]
mod tests {
    use super::{count, counted};

    fn words(html: &str) -> usize {
        counted(html).words
    }

    #[test]
    fn only_visible_text_counts() {
        assert_eq!(words("<p>one two</p><p>three</p>"), 3);
        assert_eq!(words("<p>one<br>two</p><!-- not this --><ul><li>three</li><li>four</li></ul>"), 4);
        assert_eq!(words("<p title=\"a > b\" class=x>one</p><style>p { color: red }</style>"), 1);
        assert_eq!(words("<img alt=\"a picture\">one"), 1);
    }

    #[test]
    fn blocks_of_code_do_not_count_and_inline_code_does() {
        assert_eq!(
            words("<p>call <code>main</code> now</p><PRE><code>let x = 1 < 2;</code></PRE><p>end</p>"),
            4
        );
        assert_eq!(words("<pre>never closed"), 0);
    }

    #[test]
    fn emphasis_links_and_apostrophes_do_not_part_a_word() {
        assert_eq!(words("un<em>believ</em>able, it isn't <a href=\"/x\">well-known</a>"), 4);
        assert_eq!(words("Tom &amp; Jerry&#39;s caf&eacute;&nbsp;bar"), 4);
        assert_eq!(words("before \u{2014} after, this\u{2014}that and/or"), 6);
    }

    #[test]
    fn scripts_without_spaces_are_counted_by_character() {
        let length = counted("<p>\u{5929}\u{5730}\u{7384}\u{9EC3} and \u{304B}\u{306A}</p>");
        assert_eq!((length.words, length.characters), (1, 6));
        assert_eq!(count(&"\u{5929}".repeat(1_000)), 440);
        assert_eq!(words("\u{D55C}\u{AD6D}\u{C5B4} \u{BB38}\u{C7A5}"), 2);
    }

    #[test]
    fn broken_html_is_survived() {
        assert_eq!(words("1 < 2 and <"), 3);
        assert_eq!(words("one <p two"), 1);
        assert_eq!(words("one <!-- two"), 1);
        assert_eq!(words("&&; &notaveryshortreference; x"), 2);
        assert_eq!(words("&\u{5929}\u{5730}\u{7384}\u{9EC3}; x"), 1);
    }
}
