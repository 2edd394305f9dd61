//! Markdown to safe HTML, with the bare Markdown parser in the same run as the baseline.
//!
//! `cargo bench --bench render` measures posts of about 2 KB and 20 KB, the short one with and without highlighted
//! code, and prints at the end how much longer each step takes than pulldown-cmark alone.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use fleuron::render::{depth, markdown, plain, sanitize};
use pulldown_cmark::{Options, Parser, html};

const PROSE: &str = "\
## What a fleuron is for

A *fleuron* is a printer's ornament: a **flower** or a leaf, cast as type and set among the letters. Printers put it
where a text wants a pause, at the end of a chapter or between [two thoughts](https://example.com/ornaments), and
it did the work that three asterisks do today[^1].

> The ornament is not decoration added to the page; it is part of how the page is read, and a page that has
> none is often one that nobody set with care.

- It marks an end without a word.
- It fills a line that would look torn.
- It costs `nothing` to leave out, and yet ~~never~~ rarely is.

| Ornament | Name   | Since |
|:---------|:------:|------:|
| ❦        | heart  |  1530 |
| ❧        | hedera |  1505 |

Later printers cut whole alphabets of them. What had been one leaf became borders, head-pieces and tail-pieces,
assembled from a few dozen sorts like a sentence from words, which is why a good specimen book still reads like
a grammar. See <https://example.com/specimens?page=2&size=large> for a few.

![A tail-piece made of leaves](/media/tail-piece.png \"From a specimen of 1764\")

[^1]: And did it in better taste, most would say.

";

const CODE: &str = "\
```rust
/// Sets a line and fills what is left of it with ornaments.
fn set(line: &str, width: usize) -> String {
    let missing = width.saturating_sub(line.chars().count());
    format!(\"{line}{}\", \"❦\".repeat(missing)) // as many as fit
}
```

";

fn post(bytes: usize, code: bool) -> String {
    let section = format!("{PROSE}{}", if code { CODE } else { "" });
    let mut post = section.repeat(bytes.div_ceil(section.len()));
    post.truncate(post.floor_char_boundary(bytes));
    post
}

fn bare(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH;
    let mut out = String::with_capacity(markdown.len() * 3 / 2);
    html::push_html(&mut out, Parser::new_ext(markdown, options));
    out
}

fn safe(markdown: &str) -> usize {
    sanitize::content(&markdown::to_html(markdown)).map_or(0, |html| html.as_str().len())
}

fn steps(criterion: &mut Criterion, name: &str, markdown: &str) {
    let html = markdown::to_html(markdown);
    let mut group = criterion.benchmark_group("render");
    group.throughput(Throughput::Bytes(markdown.len() as u64));
    group.bench_with_input(BenchmarkId::new("pulldown_cmark", name), markdown, |bencher, it| {
        bencher.iter(|| bare(it))
    });
    group.bench_with_input(BenchmarkId::new("to_html", name), markdown, |bencher, it| {
        bencher.iter(|| markdown::to_html(it));
    });
    group.bench_with_input(BenchmarkId::new("depth", name), &html, |bencher, it| {
        bencher.iter(|| depth::check(it))
    });
    group.bench_with_input(BenchmarkId::new("sanitize", name), &html, |bencher, it| {
        bencher.iter(|| sanitize::content(it));
    });
    group.bench_with_input(BenchmarkId::new("markdown_to_safe_html", name), markdown, |bencher, it| {
        bencher.iter(|| safe(it));
    });
    group.bench_with_input(BenchmarkId::new("excerpt", name), markdown, |bencher, it| {
        bencher.iter(|| plain::excerpt(it, 200));
    });
    group.finish();
}

/// The median time of one call, over a third of a second.
fn median<T>(mut call: impl FnMut() -> T) -> Duration {
    let mut times = Vec::new();
    let end = Instant::now() + Duration::from_millis(333);
    while Instant::now() < end || times.len() < 9 {
        let start = Instant::now();
        black_box(call());
        times.push(start.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}

fn compare(name: &str, markdown: &str) {
    let bare = median(|| bare(black_box(markdown)));
    let html = median(|| markdown::to_html(black_box(markdown)));
    let safe = median(|| safe(black_box(markdown)));
    let ratio = |time: Duration| time.as_secs_f64() / bare.as_secs_f64();
    println!(
        "{name:>12}: pulldown-cmark {bare:.1?}; to_html {html:.1?} ({:.2} x); to safe HTML {safe:.1?} ({:.2} x)",
        ratio(html),
        ratio(safe),
    );
}

fn main() {
    let posts = [("2KB", post(2_048, false)), ("2KB_code", post(2_048, true)), ("20KB", post(20_480, false))];
    let mut criterion = Criterion::default().configure_from_args();
    for (name, markdown) in &posts {
        steps(&mut criterion, name, markdown);
    }
    criterion.final_summary();
    for (name, markdown) in &posts {
        compare(name, markdown);
    }
}
