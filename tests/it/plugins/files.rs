//! The virtual file system: a plugin's files are its own, and its names mean nothing but themselves.

use std::fs;
use std::path::Path;

use fleuron_tests::{Caller, TestApp, caller};
use serde_json::{Value, json};

/// Every call on one path; to be written, it has content.
fn all(path: &str) -> [Value; 6] {
    [
        json!(["vfs-read", path]),
        json!(["vfs-write", path, "stolen"]),
        json!(["vfs-exists", path]),
        json!(["vfs-list", path]),
        json!(["vfs-stat", path]),
        json!(["vfs-delete", path]),
    ]
}

/// What each of them answers when it is refused.
fn refused() -> [Value; 6] {
    [Value::Null, json!(false), json!(false), Value::Null, Value::Null, json!(false)]
}

/// All files below a folder with their contents, sorted.
fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_dir() => folders.push(path),
                _ => found.push((path.display().to_string(), fs::read(&path).unwrap_or_default())),
            }
        }
    }
    found.sort();
    found
}

async fn write(plugin: &Caller<'_>, path: &str, content: &str) {
    assert_eq!(plugin.call(json!(["vfs-write", path, content])).await, json!(true), "{path}");
}

async fn read(plugin: &Caller<'_>, path: &str) -> Value {
    plugin.call(json!(["vfs-read", path])).await
}

#[tokio::test]
async fn paths_that_climb_or_mislead_are_refused() {
    let app = TestApp::builder().neighbour().spawn().await;
    let other = caller("com.example.other").install(&app).await;
    write(&other, "secret.txt", "the other's").await;
    let plugin = caller("com.example.files").install(&app).await;
    write(&plugin, "a/b.txt", "mine").await;
    fs::write(app.scratch().join("outside.txt"), "outside").unwrap();
    let outside = app.scratch().join("outside.txt").display().to_string();
    let before = (tree(&app.data().join("plugin-files")), tree(&app.scratch()));
    let (long, deep) = ("x".repeat(513), "x/".repeat(300));
    let paths = [
        "..",
        "../com.example.other/secret.txt",
        "a/../../com.example.other/secret.txt",
        "a/../b.txt",
        "a/..",
        "./a/b.txt",
        "a/./b.txt",
        "a/.",
        "a//b.txt",
        "//a",
        "/a/b.txt",
        "/etc/passwd",
        &outside,
        "..\\com.example.other\\secret.txt",
        "a\\b.txt",
        "C:\\windows\\win.ini",
        "\\\\server\\share",
        "a\0b",
        "secret.txt\0.png",
        "\0",
        "a\nb",
        "a\u{7f}b",
        "file:///etc/passwd",
        &long,
        &deep,
    ];
    for path in paths {
        assert_eq!(plugin.run(&all(path)).await, refused(), "{path:?}");
    }
    assert!(plugin.log().iter().any(|line| line.starts_with("vfs-read: ")), "{:#?}", plugin.log());
    assert_eq!((tree(&app.data().join("plugin-files")), tree(&app.scratch())), before);
    assert_eq!(read(&plugin, "a/b.txt").await, json!("mine"));
    app.assert_unharmed().await;
}

#[cfg(unix)]
#[tokio::test]
async fn links_lead_nowhere() {
    use std::os::unix::fs::symlink;

    let app = TestApp::builder().neighbour().spawn().await;
    let other = caller("com.example.other").install(&app).await;
    write(&other, "secret.txt", "the other's").await;
    let plugin = caller("com.example.files").install(&app).await;
    write(&plugin, "folder/mine.txt", "mine").await;
    fs::write(app.scratch().join("outside.txt"), "outside").unwrap();
    let root = plugin.files();
    symlink(app.scratch().join("outside.txt"), root.join("link.txt")).unwrap();
    symlink(app.scratch(), root.join("link")).unwrap();
    symlink("..", root.join("folder/up")).unwrap();
    symlink("../com.example.other", root.join("neighbour")).unwrap();
    symlink(app.scratch().join("not-yet.txt"), root.join("dangling")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    let before = (tree(&app.scratch()), tree(&other.files()));
    for path in [
        "link.txt",
        "link/outside.txt",
        "link/new.txt",
        "link",
        "folder/up/folder/mine.txt",
        "folder/up/link.txt",
        "neighbour/secret.txt",
        "neighbour",
        "dangling",
        "loop",
        "loop/x",
    ] {
        let answers = plugin.run(&all(path)[..5]).await;
        assert_eq!(answers, refused()[..5], "{path}");
        plugin.call(json!(["vfs-delete", path])).await;
    }
    assert_eq!(
        (tree(&app.scratch()), tree(&other.files())),
        before,
        "nothing was written or deleted through a link"
    );
    assert_eq!(read(&plugin, "folder/mine.txt").await, json!("mine"));
    app.assert_unharmed().await;
}

#[tokio::test]
async fn names_mean_themselves() {
    let app = TestApp::builder().neighbour().spawn().await;
    let plugin = caller("com.example.files").install(&app).await;
    let names = [
        "x%2fy",
        "x%2Fy",
        "x/y",
        "%2e%2e",
        "%",
        "%25",
        "N",
        "n",
        "caf\u{e9}",
        "cafe\u{301}",
        "dot.",
        "dot",
        " blank",
        "blank ",
        "blank",
        "~tilde",
        "#hash",
        "what?",
        "star*",
        "colon:x",
        "pipe|x",
        "<x>",
        "\"quoted\"",
        "...",
        ".hidden",
        "con",
        "日本",
        "🌍",
        "a+b",
        "a b",
        "a&b=c",
        "[x]",
        "{x}",
        "x^y",
        "x`y",
    ];
    for name in names {
        write(&plugin, name, &format!("this is {name}")).await;
    }
    for name in names {
        assert_eq!(read(&plugin, name).await, json!(format!("this is {name}")), "{name}");
        let stat = plugin.call(json!(["vfs-stat", name])).await;
        assert_eq!(stat["size"], json!(format!("this is {name}").len()), "{name}");
    }
    let mut expected: Vec<&str> = names.iter().map(|name| if *name == "x/y" { "x/" } else { name }).collect();
    expected.sort_unstable();
    assert_eq!(plugin.call(json!(["vfs-list", ""])).await, json!(expected));
    for name in names {
        assert_eq!(plugin.call(json!(["vfs-delete", name])).await, json!(true), "{name}");
        assert_eq!(read(&plugin, name).await, Value::Null, "{name}");
    }
    app.assert_unharmed().await;
}

#[tokio::test]
async fn plugins_of_similar_names_keep_apart() {
    let app = TestApp::builder().neighbour().spawn().await;
    let ids = ["com.example.files", "com.example.files-more", "com.example.files.more", "com.example"];
    let mut plugins = Vec::new();
    for id in ids {
        let plugin = caller(id).install(&app).await;
        write(&plugin, "same.txt", id).await;
        plugins.push(plugin);
    }
    for plugin in &plugins {
        assert_eq!(read(plugin, "same.txt").await, json!(plugin.id));
        assert_eq!(plugin.call(json!(["vfs-list", ""])).await, json!(["same.txt"]), "{}", plugin.id);
        for path in [".files/same.txt", "files/same.txt", "more/same.txt", "-more/same.txt"] {
            assert_eq!(read(plugin, path).await, Value::Null, "{} {path}", plugin.id);
        }
    }
    plugins[0].call(json!(["vfs-delete", "same.txt"])).await;
    assert_eq!(read(&plugins[1], "same.txt").await, json!(ids[1]));
    app.assert_unharmed().await;
}

#[tokio::test]
async fn folders_and_files_are_told_apart() {
    let app = TestApp::builder().neighbour().spawn().await;
    let plugin = caller("com.example.files").install(&app).await;
    write(&plugin, "folder/inner/file.txt", "hällo").await;
    let answers = plugin.run(&[
        json!(["vfs-list", ""]),
        json!(["vfs-list", "folder"]),
        json!(["vfs-list", "folder/"]),
        json!(["vfs-list", "nothing"]),
        json!(["vfs-exists", "folder/inner"]),
        json!(["vfs-exists", "folder/inner/file.txt"]),
        json!(["vfs-exists", "fold"]),
        json!(["vfs-read", "folder"]),
        json!(["vfs-write", "folder", "now a file"]),
        json!(["vfs-write", "folder/inner/file.txt/below", "x"]),
        json!(["vfs-delete", "folder"]),
        json!(["vfs-delete", "nothing"]),
        json!(["vfs-stat", "nothing"]),
    ]);
    let expected = [
        json!(["folder/"]),
        json!(["inner/"]),
        json!(["inner/"]),
        Value::Null,
        json!(true),
        json!(true),
        json!(false),
        Value::Null,
        json!(false),
        json!(false),
        json!(false),
        json!(false),
        Value::Null,
    ];
    assert_eq!(answers.await, expected);
    let stats =
        plugin.run(&[json!(["vfs-stat", "folder/inner/file.txt"]), json!(["vfs-stat", "folder"])]).await;
    assert_eq!(
        (&stats[0]["size"], &stats[0]["is_dir"], &stats[1]["is_dir"]),
        (&json!(6), &json!(false), &json!(true))
    );
    assert!(stats[0]["modified"].as_i64().is_some_and(|time| time > 1_700_000_000), "{stats:?}");
    fs::write(plugin.files().join("bytes"), b"\xff\xfe").unwrap();
    assert_eq!(read(&plugin, "bytes").await, Value::Null);
    assert!(plugin.log().iter().any(|line| line.contains("UTF-8")), "{:#?}", plugin.log());
    app.assert_unharmed().await;
}

fn filled(path: &str, bytes: usize) -> Value {
    json!(["vfs-write", path, { "parts": [["x", bytes]] }])
}

#[tokio::test]
async fn quotas_hold() {
    let builder = TestApp::builder().neighbour().limits(|plugins| {
        (plugins.files.bytes, plugins.files.files, plugins.files.file_bytes) = (10_000, 6, 5_000);
    });
    let app = builder.spawn().await;
    let new = caller("com.example.files");
    let plugin = new.install(&app).await;
    let (yes, no) = (json!(true), json!(false));
    for (path, bytes, expected) in [
        ("a", 5_000, &yes),
        ("b", 5_001, &no),
        ("b", 5_000, &yes),
        ("c", 1, &no),
        // What is written over counts no more; what is refused leaves the old content.
        ("a", 5_001, &no),
        ("a", 100, &yes),
        ("c", 4_901, &no),
        ("c", 4_900, &yes),
        ("d", 1, &no),
        ("d", 0, &yes),
        ("e", 0, &yes),
        ("f", 0, &yes),
        ("g", 0, &no),
    ] {
        assert_eq!(plugin.call(filled(path, bytes)).await, *expected, "{path}, {bytes} bytes");
    }
    assert_eq!(read(&plugin, "a").await, json!("x".repeat(100)));
    assert_eq!(read(&plugin, "g").await, Value::Null);
    let log = plugin.log();
    assert!(log.iter().any(|line| line.contains("vfs-write") && line.contains("5001")), "{log:#?}");
    let other = caller("com.example.other").install(&app).await;
    assert_eq!(other.call(filled("a", 5_000)).await, yes, "each has its own");
    app.assert_unharmed().await;
    let app = app.restart().await;
    let plugin = new.install(&app).await;
    assert_eq!(plugin.call(filled("g", 0)).await, no, "still counted after a restart");
    let answers =
        plugin.run(&[json!(["vfs-delete", "c"]), filled("g", 0), filled("h", 0), filled("b", 4_000)]).await;
    assert_eq!(answers, [yes.clone(), yes.clone(), no, yes], "what is deleted makes room");
    app.assert_unharmed().await;
}
