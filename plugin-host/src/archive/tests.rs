//! What a package may be made of, and what is wrong with one that is not.

mod hostile;
mod raw;

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;

use self::raw::RawFile;
use super::*;
use crate::config::HostConfig;
use crate::engine;

const MANIFEST: &str = "[plugin]\nid = \"com.example.a\"\nname = \"A\"\nversion = \"1.0.0\"\n";
/// The smallest component.
const CODE: &[u8] = b"\0asm\x0d\0\x01\0";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n....";

/// An archive as a tool would write it.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        match name.strip_suffix('/') {
            Some(folder) => writer.add_directory(folder, SimpleFileOptions::default()).expect("a folder"),
            None => {
                writer.start_file(*name, SimpleFileOptions::default()).expect("a file");
                writer.write_all(content).expect("written");
            }
        }
    }
    writer.finish().expect("an archive").into_inner()
}

/// The manifest, the code and these files.
fn with(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut all: Vec<(&str, &[u8])> = vec![("manifest.toml", MANIFEST.as_bytes()), ("plugin.wasm", CODE)];
    all.extend(files);
    zip(&all)
}

fn read(bytes: &[u8]) -> Result<UploadedPackage, Vec<String>> {
    read_package(bytes, &PackageLimits::default())
}

#[track_caller]
fn good(bytes: &[u8]) -> UploadedPackage {
    read(bytes).expect("a good package")
}

/// The package is refused for reasons that begin like these, and for no others.
#[track_caller]
fn refused(bytes: &[u8], starts: &[&str]) {
    refused_within(bytes, &PackageLimits::default(), starts);
}

#[track_caller]
fn refused_within(bytes: &[u8], limits: &PackageLimits, starts: &[&str]) {
    let reasons = read_package(bytes, limits).expect_err("a refusal");
    let fits = reasons.len() == starts.len()
        && reasons.iter().zip(starts).all(|(reason, start)| reason.starts_with(start));
    assert!(fits, "{reasons:#?} are not {starts:#?}");
}

/// Code with custom sections.
fn code(sections: &[(&str, &str)]) -> Vec<u8> {
    let mut text = String::from("(component");
    for (name, data) in sections {
        let data = data.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        write!(text, " (@custom \"{name}\" \"{data}\")").expect("written");
    }
    wat::parse_str(text + ")").expect("a component")
}

/// What the sums of these files are, as a file.
fn sums_of(files: &[(&str, &[u8])]) -> String {
    files
        .iter()
        .fold(String::new(), |text, (name, content)| text + &format!("{}  {name}\n", sums::of(content)))
}

#[test]
fn a_whole_package_is_read() {
    let files: [(&str, &[u8]); 9] = [
        ("plugin.wasm", CODE),
        ("migrations/0010_b.sql", b"SELECT 10"),
        ("migrations/0002_a.sql", b"SELECT 2"),
        ("README.md", "# Über".as_bytes()),
        ("icon.png", PNG),
        ("LICENSE", b"MIT"),
        ("LICENSE-APACHE.txt", b"Apache"),
        ("migrations/", b""),
        ("manifest.toml", MANIFEST.as_bytes()),
    ];
    let sums = sums_of(&files.iter().filter(|(name, _)| !name.ends_with('/')).copied().collect::<Vec<_>>());
    let bytes = zip(&[&files[..], &[("SHA256SUMS", sums.as_bytes())]].concat());
    let read = good(&bytes);
    assert_eq!(read.package.manifest.id().as_str(), "com.example.a");
    assert_eq!(read.package.wasm, CODE);
    assert_eq!(read.package.origin, Origin::Uploaded);
    let migrations: Vec<(&str, &str)> =
        read.package.migrations.iter().map(|file| (file.name.as_str(), file.sql.as_str())).collect();
    assert_eq!(migrations, [("0002_a.sql", "SELECT 2"), ("0010_b.sql", "SELECT 10")]);
    assert_eq!(read.readme.as_deref(), Some("# Über"));
    assert_eq!(read.icon, Some(Icon { content_type: "image/png", bytes: PNG.to_vec() }));
    assert_eq!(read.size, bytes.len() as u64);
    assert_eq!(read.sha256, sums::of(&bytes));
}

#[test]
fn a_package_needs_no_more_than_manifest_and_code() {
    let read = good(&with(&[]));
    assert!(read.package.migrations.is_empty() && read.readme.is_none() && read.icon.is_none());
    let manifest = format!("{MANIFEST}entry = \"build/deep/it.wasm\"\n");
    let files = [("build/", &b""[..]), ("build/deep/it.wasm", CODE), ("manifest.toml", manifest.as_bytes())];
    assert_eq!(good(&zip(&files)).package.wasm, CODE);
    let json = br#"{"plugin": {"id": "a.b", "name": "B", "version": "1.0.0"}}"#;
    assert_eq!(
        good(&zip(&[("manifest.toml", json), ("plugin.wasm", CODE)])).package.manifest.id().as_str(),
        "a.b"
    );
}

#[test]
fn code_alone_is_a_package() {
    let bytes = code(&[("manifest", MANIFEST)]);
    let read = good(&bytes);
    assert_eq!((read.package.wasm, read.package.origin), (bytes, Origin::Uploaded));

    refused(CODE, &["the code has no custom section `manifest`"]);
    refused(
        &code(&[("manifest", MANIFEST), ("manifest", MANIFEST)]),
        &["the code is refused: it has 2 sections"],
    );
    refused(
        &code(&[("manifest", "[plugin]\nid = \"a\"\nname = \"A\"\n")]),
        &["the code, section `manifest`: `plugin.id`", "the code, section `manifest`: `plugin.version`"],
    );
    let long = format!("{MANIFEST}# {}", " ".repeat(64 << 10));
    refused(&code(&[("manifest", &long)]), &["the code, section `manifest`: is 6"]);
    refused(b"\0asm\x01\0\0\0", &["the code is refused: it is a core module without"]);
    refused(b"\0asm\x01\0\0\0\x01", &["the code is refused: it is not valid WebAssembly"]);
}

#[test]
fn what_a_package_is_shows_in_its_bytes() {
    for other in [&b""[..], b"hello", b"\x1f\x8b\x08\0", b"\x7fELF", b"PK", b"{\"plugin\": {}}"] {
        refused(other, &["the package is neither a zip archive nor WebAssembly"]);
    }
    refused(&precompiled(), &["the code is refused: it is compiled machine code"]);
    let limits = PackageLimits { packed: 8, ..PackageLimits::default() };
    refused_within(&with(&[]), &limits, &["the package is "]);
}

fn precompiled() -> Vec<u8> {
    let engine = engine::on_demand(&HostConfig::default()).expect("an engine");
    engine.precompile_component(CODE).expect("machine code")
}

#[test]
fn the_code_is_where_the_manifest_says_and_is_code() {
    let manifest = MANIFEST.as_bytes();
    refused(&zip(&[("manifest.toml", manifest)]), &["plugin.wasm: is missing"]);
    refused(
        &zip(&[("manifest.toml", manifest), ("other.wasm", CODE)]),
        &[
            "plugin.wasm: is missing",
            "other.wasm: does not belong",
            "a package may hold manifest.toml, plugin.wasm",
        ],
    );
    let machine_code = precompiled();
    for (bytes, reason) in [
        (&b""[..], "plugin.wasm: the file is empty"),
        (b"hello", "plugin.wasm: it is not valid WebAssembly"),
        (b"\0asm\x01\0\0\0", "plugin.wasm: it is a core module without"),
        (&machine_code, "plugin.wasm: it is compiled machine code"),
    ] {
        refused(&zip(&[("manifest.toml", manifest), ("plugin.wasm", bytes)]), &[reason]);
    }
    let readme = format!("{MANIFEST}entry = \"README.md\"\n");
    refused(
        &zip(&[("manifest.toml", readme.as_bytes()), ("README.md", CODE), ("plugin.wasm", CODE)]),
        &["manifest.toml: `plugin.entry` is \"README.md\""],
    );
}

#[test]
fn there_is_one_manifest() {
    refused(&zip(&[("plugin.wasm", CODE)]), &["manifest.toml: is missing"]);
    refused(
        &with(&[("manifest.json", b"{}"), ("old/manifest.toml", b""), ("Manifest.TOML", b"")]),
        &[
            "manifest.toml and Manifest.TOML: differ in capitals alone",
            "manifest.json: is a second manifest",
            "old/manifest.toml: is a second manifest",
            "Manifest.TOML: is a second manifest",
            "a package may hold",
        ],
    );
    refused(
        &zip(&[("manifest.json", b"{}"), ("plugin.wasm", CODE)]),
        &[
            "manifest.toml: is missing",
            "manifest.json: is not read; call it manifest.toml",
            "a package may hold",
        ],
    );
    refused(
        &zip(&[("manifest.toml", b"[plugin]\nid = \"a.b\"\n[hooks.nope]\n"), ("any.wasm", CODE)]),
        &["manifest.toml: `plugin.name`", "manifest.toml: `plugin.version`", "manifest.toml: `hooks.nope`"],
    );
    refused(
        &zip(&[("manifest.toml", b"[plugin]\nname = \"\xff\""), ("plugin.wasm", CODE)]),
        &["manifest.toml: is not UTF-8 from byte 17 on"],
    );
}

#[test]
fn a_manifest_inside_the_code_means_the_same() {
    let package = |inside: &[(&str, &str)]| {
        zip(&[("manifest.toml", MANIFEST.as_bytes()), ("plugin.wasm", &code(inside))])
    };
    let json = r#"{"plugin": {"version": "1.0.0", "name": "A", "id": "com.example.a", "enabled": true}}"#;
    for same in [MANIFEST, json] {
        good(&package(&[("manifest", same)]));
    }
    let other = format!(
        "{}isolation = \"call\"\n[permissions]\nhttp = [\"example.com\"]\n[hooks.filter-html]\n\
         [[cron]]\nlabel = \"L\"\njob_type = \"j\"\ncron_expr = \"@daily\"\n[settings.a]\ntype = \"string\"\n",
        MANIFEST
    );
    let reasons = read(&package(&[("manifest", &other)])).expect_err("a refusal");
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    let sections = "in [plugin], [permissions], [hooks] or [events], [[cron]], [settings];";
    assert!(
        reasons[0].starts_with("plugin.wasm: its section") && reasons[0].contains(sections),
        "{reasons:?}"
    );
    let newer = MANIFEST.replace("1.0.0", "1.0.1");
    let reasons = read(&package(&[("manifest", &newer)])).expect_err("a refusal");
    assert!(reasons[0].contains("in [plugin];"), "{reasons:?}");
    refused(&package(&[("manifest", "[plugin")]), &["plugin.wasm, section `manifest`: is not valid TOML"]);
    refused(
        &package(&[("manifest", MANIFEST), ("manifest", MANIFEST)]),
        &["plugin.wasm: it has 2 sections `manifest`"],
    );
}

#[test]
fn whatever_does_not_belong_is_named() {
    refused(
        &with(&[
            ("src/lib.rs", b""),
            (".DS_Store", b""),
            ("inner.zip", &with(&[])),
            ("readme.MD", b""),
            ("license", b""),
            ("docs/LICENSE", b""),
            ("docs/", b""),
            ("second.wasm", CODE),
        ]),
        &[
            "src/lib.rs: does not belong",
            ".DS_Store: does not belong",
            "inner.zip: does not belong",
            "readme.MD: is to be called README.md",
            "license: is to be called LICENSE",
            "docs/LICENSE: does not belong",
            "docs/: does not belong",
            "second.wasm: does not belong",
            "a package may hold manifest.toml, plugin.wasm (the code), migrations/*.sql, README.md, icon.png or \
             icon.svg or icon.webp, LICENSE* and SHA256SUMS, and nothing else",
        ],
    );
    refused(
        &with(&[("icon.svg", b"<svg/>"), ("icon.png", PNG)]),
        &["icon.svg: is a second icon beside icon.png"],
    );
}

#[test]
fn a_folder_around_it_all_is_not_taken_away() {
    let manifest = MANIFEST.as_bytes();
    refused(
        &zip(&[("a/", b""), ("a/manifest.toml", manifest), ("a/plugin.wasm", CODE), ("a/b/c", b"")]),
        &["a/: holds all there is; pack what is in this folder"],
    );
    refused(
        &zip(&[("a/manifest.toml", manifest), ("b/plugin.wasm", CODE)]),
        &["manifest.toml: is missing", "a/manifest.toml: does not belong", "a package may hold"],
    );
}

#[test]
fn migrations_are_what_they_are_in_a_folder() {
    let large = vec![b' '; (1 << 20) + 1];
    let manifest = MANIFEST.as_bytes();
    let bytes = zip(&[
        ("manifest.toml", manifest),
        ("plugin.wasm", CODE),
        ("migrations/0001.sql", b"SELECT 1"),
        ("migrations/0002.SQL", b""),
        ("migrations/a b.sql", b""),
        ("migrations/latin.sql", b"-- caf\xe9"),
        ("migrations/notes.txt", b""),
        ("migrations/sub/1.sql", b""),
        ("migrations/.1.sql", b""),
    ]);
    refused(
        &bytes,
        &[
            "migrations/0002.SQL: is no migration; their names are made of",
            "migrations/a b.sql: is no migration",
            "migrations/latin.sql: is not UTF-8 from byte 6 on",
            "migrations/notes.txt: is no migration",
            "migrations/sub/1.sql: is no migration",
            "migrations/.1.sql: is no migration",
        ],
    );
    let wide = PackageLimits { migration: u64::MAX, ratio: u64::MAX, ..PackageLimits::default() };
    refused_within(
        &with(&[("migrations/1.sql", &large)]),
        &wide,
        &["migrations/1.sql: is 1048577 bytes large"],
    );
    refused(&with(&[("migrations/1.sql", &large)]), &["migrations/1.sql: is 1048577 bytes large"]);
    let many: Vec<String> = (0..=1000).map(|number| format!("migrations/{number:04}.sql")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let wide = PackageLimits { files: 2000, ..PackageLimits::default() };
    refused_within(&with(&many), &wide, &["migrations/: holds 1001 files; at most 1000"]);
}

#[test]
fn sums_are_right_and_complete() {
    let files = [("manifest.toml", MANIFEST.as_bytes()), ("plugin.wasm", CODE), ("README.md", b"Read me")];
    let packed = |sums: &str| zip(&[&files[..], &[("SHA256SUMS", sums.as_bytes())]].concat());
    good(&packed(&sums_of(&files)));
    refused(&packed(&sums_of(&files[..2])), &["SHA256SUMS: leaves out README.md"]);
    refused(
        &packed(&(sums_of(&files) + &sums_of(&[("gone", b"")]))),
        &["SHA256SUMS: line 4 names gone, which"],
    );
    let wrong = [files[0], ("plugin.wasm", b"other"), files[2]];
    refused(&packed(&sums_of(&wrong)), &["plugin.wasm: has the sum"]);
    refused(
        &packed("nonsense"),
        &[
            "SHA256SUMS: line 1 is not",
            "SHA256SUMS: leaves out README.md",
            "SHA256SUMS: leaves out manifest.toml",
            "SHA256SUMS: leaves out plugin.wasm",
        ],
    );
    // A file that is refused anyway is there, whatever its sum.
    let odd = [&files[..], &[("odd.txt", b"odd")]].concat();
    let bytes = zip(&[&odd[..], &[("SHA256SUMS", sums_of(&odd).as_bytes())]].concat());
    refused(&bytes, &["odd.txt: does not belong", "a package may hold"]);
}

#[test]
fn every_part_has_its_limit_and_its_form() {
    let text = |size: usize| vec![b' '; size];
    refused(
        &with(&[
            ("README.md", &text((256 << 10) + 1)),
            ("icon.svg", &text((256 << 10) + 1)),
            ("LICENSE", &text((256 << 10) + 1)),
            ("LICENSE.latin", b"\xa9"),
            ("SHA256SUMS", &text((256 << 10) + 1)),
        ]),
        &[
            "README.md: is 262145 bytes large; at most 262144",
            "icon.svg: is 262145 bytes large; at most 262144",
            "LICENSE: is 262145 bytes large; at most 262144",
            "LICENSE.latin: is not UTF-8",
            "SHA256SUMS: is 262145 bytes large; at most 262144",
        ],
    );
    good(&with(&[("README.md", &text(256 << 10)), ("icon.svg", &text(256 << 10))]));
    let manifest = format!("{MANIFEST}#{}", " ".repeat(64 << 10));
    refused(&zip(&[("manifest.toml", manifest.as_bytes()), ("plugin.wasm", CODE)]), &["manifest.toml: is 6"]);
    refused(
        &with(&[("README.md", b"caf\xe9"), ("icon.webp", PNG)]),
        &["README.md: is not UTF-8 from byte 3 on", "icon.webp: is no WebP picture"],
    );
}

#[test]
fn all_reasons_come_at_once_but_not_without_end() {
    let mut files = vec![
        RawFile::new("manifest.toml", "[plugin]\nid = \"x\"\n"),
        RawFile::new("plugin.wasm", "hello"),
        RawFile::new("../up", ""),
        RawFile::new("README.md", b"\xff"),
        RawFile::new("migrations/x", ""),
        RawFile::new("other", ""),
    ];
    refused(
        &raw::archive(&files),
        &[
            "../up: the path has the segment `..`",
            "manifest.toml: `plugin.id`",
            "manifest.toml: `plugin.name`",
            "manifest.toml: `plugin.version`",
            "other: does not belong",
            "a package may hold",
            "README.md: is not UTF-8",
            "migrations/x: is no migration",
        ],
    );
    files.extend((0..200).map(|number| RawFile::new(format!("file{number}"), "")));
    let reasons = read(&raw::archive(&files)).expect_err("a refusal");
    assert_eq!(reasons.len(), MAX_REASONS + 1);
    assert_eq!(reasons[MAX_REASONS], "108 more reasons are left out");
}
