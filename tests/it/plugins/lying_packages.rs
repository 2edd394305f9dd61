//! Packages that lie are refused whole, with all reasons at once, and leave no trace.

use std::fs;
use std::io::{Cursor, Write as _};

use fleuron_tests::packages::{STAMPER_ID, stamper, stamper_manifest, stamper_module};
use fleuron_tests::{Actor, TestApp};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// A zip of these files.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Uploads it in vain, and answers every reason.
async fn reasons(administrator: &Actor, package: Vec<u8>, query: &str) -> String {
    let problem = administrator.upload(package, query).await.problem(422, "validation_failed");
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    assert!(!errors.is_empty(), "{problem:#}");
    errors.iter().map(|error| error["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join("\n")
}

fn with_section(module: &[u8], manifest: &str) -> Vec<u8> {
    fleuron_plugin_host::embed_manifest(module, manifest).unwrap()
}

#[tokio::test]
async fn each_lie_is_named_and_nothing_is_kept() {
    let app = TestApp::spawn().await;
    let administrator = app.administrator().await;
    let manifest = stamper_manifest(1, "database = [\"own\"]");
    let (manifest_bytes, module) = (manifest.as_bytes(), stamper_module(1));
    let migration = |sql: &str| {
        zip(&[
            ("manifest.toml", manifest_bytes),
            ("plugin.wasm", &module),
            ("migrations/0001.sql", sql.as_bytes()),
        ])
    };
    let mut link = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    for (name, bytes) in [("manifest.toml", manifest_bytes), ("plugin.wasm", &module)] {
        link.start_file(name, options).unwrap();
        link.write_all(bytes).unwrap();
    }
    link.add_symlink("README.md", "/etc/passwd", options).unwrap();
    let zeros = vec![0_u8; 230 << 20];
    let other = stamper_manifest(2, "");
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("neither", b"hello".to_vec(), &["neither"]),
        ("no manifest", zip(&[("plugin.wasm", &module)]), &["manifest"]),
        ("no entry", zip(&[("manifest.toml", manifest_bytes)]), &["plugin.wasm"]),
        ("a bomb", zip(&[("manifest.toml", manifest_bytes), ("plugin.wasm", &zeros)]), &["unpacks to"]),
        (
            "slips",
            zip(&[("manifest.toml", manifest_bytes), ("plugin.wasm", &module), ("../../evil", b"x")]),
            &["../../evil"],
        ),
        ("a link", link.finish().unwrap().into_inner(), &["README.md"]),
        (
            "two manifests",
            zip(&[("manifest.toml", manifest_bytes), ("manifest.json", b"{}"), ("plugin.wasm", &module)]),
            &["manifest.json"],
        ),
        (
            "sums",
            zip(&[
                ("manifest.toml", manifest_bytes),
                ("plugin.wasm", &module),
                ("SHA256SUMS", format!("{}  plugin.wasm\n", "0".repeat(64)).as_bytes()),
            ]),
            &["SHA256SUMS", "plugin.wasm"],
        ),
        (
            "another inside",
            zip(&[("manifest.toml", manifest_bytes), ("plugin.wasm", &with_section(&module, &other))]),
            &["does not say the same"],
        ),
        ("bad SQL", migration("CREATE TABLE ("), &["0001.sql"]),
        ("the host's tables", migration("DROP TABLE fleuron_key_values"), &["0001.sql"]),
        ("somebody else's file", migration("ATTACH 'x.sqlite' AS x"), &["0001.sql"]),
        (
            "machine code",
            zip(&[
                ("manifest.toml", manifest_bytes),
                ("plugin.wasm", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"),
            ]),
            &["plugin.wasm"],
        ),
    ];
    for (name, bytes, words) in cases {
        let said = reasons(&administrator, bytes, "").await;
        for word in words {
            assert!(said.contains(word), "{name}: {word} in {said}");
        }
    }
    // All at once.
    let faulty = zip(&[
        ("manifest.toml", b"[plugin]\nid = \"x\"\nsurprise = 1\n"),
        ("notes.txt", b"x"),
        ("../up", b"x"),
    ]);
    let said = reasons(&administrator, faulty, "").await;
    for word in ["plugin.id", "surprise", "version", "notes.txt", "../up"] {
        assert!(said.contains(word), "{word} in {said}");
    }
    let hash = reasons(&administrator, stamper(1, ""), &format!("?sha256={}", "1".repeat(64))).await;
    assert!(hash.contains("SHA-256"), "{hash}");
    let path = format!("/api/v1/admin/plugins/{STAMPER_ID}");
    administrator.get(&path).await.problem(404, "not_found");
    assert_eq!(fs::read_dir(app.data().join("packages")).unwrap().count(), 0);
    assert!(app.guest().get("/").await.status == 200);
    // Over the limit, said before all of it was sent.
    administrator.upload(vec![0; (64 << 20) + 1], "").await.problem(413, "too_large");
}
