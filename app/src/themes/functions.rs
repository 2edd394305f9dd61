//! What templates can call beside minijinja's own filters and functions, and how values are written into HTML.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, Value, escape_formatter};

use super::Asset;
use crate::{clock::Timestamp, site::encode};

/// Registers filters, functions and the formatter.
pub(super) fn register(
    environment: &mut Environment<'static>,
    assets: Arc<HashMap<String, Asset>>,
    base: Arc<OnceLock<String>>,
) {
    environment.set_formatter(format);
    environment.add_filter("date", |text: &str| written(text, "%-d %B %Y"));
    environment.add_filter("isodate", |text: &str| written(text, "%Y-%m-%d"));
    environment.add_filter("time", |text: &str| written(text, "%H:%M"));
    environment
        .add_filter("absolute", move |address: &str| absolute(address, base.get().map(String::as_str)));
    environment.add_function("asset", move |path: &str| {
        let path = path.trim_start_matches('/');
        let asset = assets.get(path).ok_or_else(|| {
            Error::new(ErrorKind::InvalidOperation, format!("there is no file `static/{path}` in this theme"))
        })?;
        Ok::<_, Error>(format!("/theme/{}?v={}", encode(path), asset.hash))
    });
}

/// Escapes like the default does, but leaves slashes alone: in double quotes or text they end nothing. What is none
/// leaves no trace.
fn format(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_none() {
        return Ok(());
    }
    match (state.auto_escape(), value.as_str()) {
        (AutoEscape::Html, Some(text)) if !value.is_safe() => Ok(escaped(out, text)?),
        _ => escape_formatter(out, state, value),
    }
}

fn escaped(out: &mut Output<'_>, text: &str) -> std::fmt::Result {
    let mut written = 0;
    for (index, byte) in text.bytes().enumerate() {
        let entity = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => continue,
        };
        out.write_str(&text[written..index])?;
        out.write_str(entity)?;
        written = index + 1;
    }
    out.write_str(&text[written..])
}

fn written(text: &str, form: &str) -> Result<String, Error> {
    let moment = Timestamp::parse(text).map_err(|reason| Error::new(ErrorKind::InvalidOperation, reason))?;
    Ok(moment.to_datetime().format(form).to_string())
}

fn absolute(address: &str, base: Option<&str>) -> String {
    match base {
        Some(base) if address.starts_with('/') && !address.starts_with("//") => {
            format!("{base}{}", encode(address))
        }
        _ => encode(address).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, OnceLock};

    use minijinja::{Environment, context};

    fn render(template: &str, value: &str) -> String {
        let mut environment = Environment::new();
        let base = Arc::new(OnceLock::from("https://example.com".to_owned()));
        super::register(&mut environment, Arc::default(), base);
        environment.render_named_str("t.html", template, context! { value }).unwrap()
    }

    #[test]
    fn html_is_escaped_and_slashes_are_not() {
        assert_eq!(render("{{ value }}", "</a> & \"b\" 'c'"), "&lt;/a&gt; &amp; &quot;b&quot; &#39;c&#39;");
        assert_eq!(render("{{ value|safe }}{{ none }}", "<b>"), "<b>");
        assert_eq!(render("{{ [value] }}", "<b>").matches('<').count(), 0);
    }

    #[test]
    fn dates_are_written_out() {
        assert_eq!(render("{{ value|date }}", "2026-11-02T23:59:00.000Z"), "2 November 2026");
        assert_eq!(render("{{ value|isodate }}", "2026-11-02T23:59:00.000Z"), "2026-11-02");
        assert_eq!(render("{{ value|time }}", "2026-11-02T23:59:00.000Z"), "23:59");
    }

    #[test]
    fn addresses_become_absolute_once() {
        assert_eq!(render("{{ value|absolute }}", "/ü.png"), "https://example.com/%C3%BC.png");
        assert_eq!(render("{{ value|absolute }}", "https://cdn.example/x"), "https://cdn.example/x");
    }
}
