use std::{fs, path::Path, time::Duration};

use super::{ThemeEngine, ThemeError, context::ErrorContext};

fn write(folder: &Path, file: &str, content: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn theme(folder: &Path) {
    write(folder, "theme.toml", "[theme]\nname = \"Test\"\n");
    write(folder, "static/style.css", "body {}");
    for name in ["home", "post", "error"] {
        write(folder, &format!("templates/{name}.html"), "{{ page.title }} {{ asset('style.css') }}");
    }
}

fn faults(folder: &Path) -> Vec<String> {
    match ThemeEngine::open(folder.to_str().unwrap()) {
        Err(ThemeError::Broken { faults, .. }) => faults.iter().map(ToString::to_string).collect(),
        Err(other) => panic!("{other}"),
        Ok(_) => Vec::new(),
    }
}

#[derive(serde::Serialize)]
struct Page {
    page: serde_json::Value,
    error: ErrorContext,
}

fn page() -> Page {
    let error = ErrorContext { status: 404, title: "Gone".into(), detail: None, request_id: None };
    Page { page: serde_json::json!({ "title": "<Hello>" }), error }
}

#[test]
fn built_in_themes_render_every_page() {
    for name in ["default", "minimal"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../themes").join(name);
        assert_eq!(faults(&folder), Vec::<String>::new());
        let engine = ThemeEngine::open(name).unwrap();
        let asset = engine.asset("style.css").unwrap();
        assert_eq!(asset.content_type, "text/css; charset=utf-8");
        assert!(!asset.bytes.is_empty());
    }
}

#[test]
fn an_unknown_theme_is_named() {
    let error = ThemeEngine::open("no-such-theme").err().unwrap().to_string();
    assert!(error.contains("no-such-theme") && error.contains("default"), "{error}");
}

#[test]
fn every_fault_is_found_before_the_theme_is_used() {
    let folder = tempfile::tempdir().unwrap();
    theme(folder.path());
    assert!(faults(folder.path()).is_empty());
    write(folder.path(), "templates/home.html", "\n{% if %}");
    fs::remove_file(folder.path().join("templates/error.html")).unwrap();
    let found = faults(folder.path());
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("templates/home.html:2: syntax error"), "{found:?}");
    assert!(found[1].starts_with("templates/error.html: this template is required"), "{found:?}");

    theme(folder.path());
    for (content, word) in [
        ("{{ page.title | nonsense }}", "nonsense"),
        ("{{ page.titel }}", "undefined"),
        ("{% include 'gone.html' %}", "gone.html"),
        ("{{ asset('gone.css') }}", "gone.css"),
    ] {
        write(folder.path(), "templates/post.html", content);
        let found = faults(folder.path());
        assert!(found.len() == 1 && found[0].contains(word), "{found:?}");
        assert!(found[0].starts_with("templates/post.html:1"), "{found:?}");
    }
}

#[test]
fn pages_of_content_types_are_tried_where_there_is_a_template() {
    let folder = tempfile::tempdir().unwrap();
    theme(folder.path());
    let has = |name: &str| ThemeEngine::open(folder.path().to_str().unwrap()).unwrap().has(&[name]);
    assert!(has("home.html") && !has("content.html"));
    write(folder.path(), "templates/content.html", "{{ entry.titel }}");
    write(folder.path(), "templates/archive-content.html", "{{ entries[0].values.title }}{{ nothing }}");
    let found = faults(folder.path());
    assert!(found.iter().any(|fault| fault.starts_with("templates/content.html:1")), "{found:?}");
    assert!(found.iter().any(|fault| fault.starts_with("templates/archive-content.html:1")), "{found:?}");
    write(folder.path(), "templates/content.html", "{{ entry.title }}");
    fs::remove_file(folder.path().join("templates/archive-content.html")).unwrap();
    assert!(has("content.html") && !has("archive-content.html"));
}

#[test]
fn a_template_that_does_not_fit_leaves_the_page_to_a_more_general_one() {
    let folder = tempfile::tempdir().unwrap();
    theme(folder.path());
    write(folder.path(), "templates/special.html", "{{ page.nothing.like.this }}");
    let engine = ThemeEngine::open(folder.path().to_str().unwrap()).unwrap();
    let fitting = |names: &[&str]| engine.render_fitting(names, page());
    assert!(fitting(&["gone.html", "special.html", "home.html"]).unwrap().starts_with("&lt;Hello&gt;"));
    assert!(fitting(&["special.html"]).is_err() && fitting(&["gone.html"]).is_err());
    assert!(fitting(&["home.html", "special.html"]).is_ok());
}

#[tokio::test]
async fn changes_show_and_broken_ones_do_not() {
    let folder = tempfile::tempdir().unwrap();
    theme(folder.path());
    let engine = ThemeEngine::open(folder.path().to_str().unwrap()).unwrap();
    let shown = || engine.render(&["missing.html", "home.html"], page()).unwrap();
    assert!(shown().starts_with("&lt;Hello&gt; /theme/style.css?v="));
    let becomes = async |expected: &str| {
        for _ in 0..100 {
            if shown() == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("still {}", shown());
    };
    write(folder.path(), "templates/home.html", "second");
    becomes("second").await;
    write(folder.path(), "templates/home.html", "{% broken");
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(shown(), "second");
    write(folder.path(), "templates/home.html", "third");
    becomes("third").await;
}
