//! Writing XML.

/// Appends text, escaped for character data and for attributes in double quotes. Characters that XML cannot hold at all,
/// not even escaped, are dropped.
pub(super) fn text(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Unescaped, a parser would make a line feed of it.
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(character),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => out.push(character),
        }
    }
}

/// Appends `<name attribute="value">text</name>` and a line feed.
pub(super) fn element(out: &mut String, name: &str, attributes: &[(&str, &str)], content: &str) {
    open(out, name, attributes);
    out.push('>');
    text(out, content);
    out.push_str("</");
    out.push_str(name);
    out.push_str(">\n");
}

/// Appends `<name attribute="value"/>` and a line feed.
pub(super) fn empty(out: &mut String, name: &str, attributes: &[(&str, &str)]) {
    open(out, name, attributes);
    out.push_str("/>\n");
}

fn open(out: &mut String, name: &str, attributes: &[(&str, &str)]) {
    out.push('<');
    out.push_str(name);
    for (name, value) in attributes {
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        text(out, value);
        out.push('"');
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_xml_cannot_hold_is_dropped() {
        let mut out = String::new();
        super::element(&mut out, "a", &[("b", "\"<")], "x\0\u{8}\u{b}\u{fffe} & <y>\t\r\n");
        assert_eq!(out, "<a b=\"&quot;&lt;\">x &amp; &lt;y&gt;\t&#13;\n</a>\n");
    }
}
