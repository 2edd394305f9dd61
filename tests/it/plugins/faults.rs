//! Plugins that cannot be loaded: everything that is wrong is told, and the site runs on.

use std::fs;

use fleuron_tests::{TestApp, eventually, guests, manifest, post, text};

use super::{assert_no_faults, module, status_of};

const FAULTY: &str = r#"
[plugin]
id = "NotReverseDns"
name = "Full of mistakes"
version = "one"
runtime = "python"
entry = "../outside.wasm"
surprise = true

[permissions]
http = ["https://example.com/path"]
timeout_ms = 0

[hooks.on-post-exploding]

[hooks.filter-html]
priority = "high"

[[cron]]
label = "Never"
job_type = "never"
cron_expr = "every full moon"
"#;

/// What is wrong with a folder, in the words of the host.
fn problems(app: &TestApp, folder: &str) -> Vec<String> {
    let faults = app.services().hooks.faults();
    faults
        .into_iter()
        .find(|fault| fault.folder.ends_with(folder))
        .map(|fault| fault.problems)
        .unwrap_or_default()
}

#[tokio::test]
async fn a_manifest_full_of_mistakes() {
    let app = TestApp::spawn().await;
    app.install("faulty", FAULTY, &module(guests::RENDER_ONLY)).await;
    let found = problems(&app, "faulty");
    for key in [
        "`plugin.id`",
        "`plugin.version`",
        "`plugin.runtime`",
        "`plugin.entry`",
        "`plugin.surprise`",
        "`permissions.http",
        "`permissions.timeout_ms`",
        "`hooks.on-post-exploding`",
        "`hooks.filter-html.priority`",
        "every full moon",
    ] {
        let named = found.iter().filter(|problem| problem.contains(key)).count();
        assert_eq!(named, 1, "{key} in {found:#?}");
    }
    assert!(found.iter().all(|problem| problem.contains("manifest.toml")), "{found:#?}");
    app.guest().get("/").await.expect(200);
    let good = manifest("com.example.mended", &["render-markdown"]);
    app.install("faulty", &good, &module(guests::RENDER_ONLY)).await;
    assert_no_faults(&app);
    assert!(status_of(&app, "com.example.mended").is_some());
}

#[tokio::test]
async fn code_that_is_none() {
    let app = TestApp::spawn().await;
    let good = module(guests::RENDER_ONLY);
    let half = good[..good.len() / 2].to_vec();
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle..middle + 64].iter_mut().for_each(|byte| *byte ^= 0xff);
    let codes: [(&str, &[u8]); 6] = [
        ("empty", b""),
        ("text", b"this is not WebAssembly"),
        ("garbage", b"\0asm\x01\0\0\0\xff\xff\xff\xff"),
        ("bare", b"\0asm\x01\0\0\0"),
        ("half", &half),
        ("flipped", &flipped),
    ];
    for (name, code) in codes {
        app.install(name, &manifest(&format!("com.example.{name}"), &["render-markdown"]), code).await;
        if name != "flipped" {
            assert_eq!(problems(&app, name).len(), 1, "{name}: {:?}", app.services().hooks.faults());
            assert!(status_of(&app, &format!("com.example.{name}")).is_none(), "{name}");
        }
        app.guest().get("/welcome-to-fleuron").await.expect(200);
    }
    fs::create_dir_all(app.extensions().join("plugins/no-code")).unwrap();
    fs::write(app.extensions().join("plugins/no-code/manifest.toml"), manifest("com.example.no-code", &[]))
        .unwrap();
    app.services().plugins.rescan().await;
    assert!(problems(&app, "no-code")[0].contains("plugin.wasm"));
}

#[tokio::test]
async fn code_that_would_take_minutes_to_compile() {
    let app = TestApp::spawn().await;
    // 300 loops within each other, and 1000 locals that the innermost changes.
    let (depth, locals) = (300, 1000_u16);
    let number = |value: u16| [0x80 | (value & 0x7f) as u8, (value >> 7) as u8];
    let mut body = vec![1];
    body.extend(number(locals));
    body.push(0x7f);
    body.extend([0x03, 0x40].repeat(depth));
    for local in (0..locals).map(number) {
        body.extend([0x20, local[0], local[1], 0x41, 1, 0x6a, 0x21, local[0], local[1]]);
    }
    body.extend([0x20, 0, 0x0d, 0, 0x0b].repeat(depth));
    body.push(0x0b);
    let mut code = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a".to_vec();
    let length = u16::try_from(body.len()).unwrap();
    code.extend(number(length + 3));
    code.push(1);
    code.extend(number(length));
    code.extend(body);
    let started = std::time::Instant::now();
    app.install("bomb", &manifest("com.example.bomb", &["render-markdown"]), &code).await;
    assert!(started.elapsed().as_secs() < 20);
    let found = problems(&app, "bomb");
    assert!(found[0].contains("it would take too long to compile"), "{found:?}");
    app.guest().get("/welcome-to-fleuron").await.expect(200);
}

#[tokio::test]
async fn a_broken_update_leaves_the_running_version() {
    let app = TestApp::spawn().await;
    let author = app.author().await;
    let (stamper, text_of) =
        (module(guests::STAMPER), manifest("com.example.stamper", &["on-post-creating"]));
    app.install("stamper", &text_of, &guests::stamped(&stamper, 3)).await;
    app.install("stamper", &text_of, b"\0asm nonsense").await;
    assert_eq!(problems(&app, "stamper").len(), 1);
    let created = post("Still stamped").create(&author).await;
    assert!(text(&created, "content").contains("stamp:v003"));
    app.install("stamper", FAULTY, &guests::stamped(&stamper, 4)).await;
    assert!(problems(&app, "stamper").len() > 5);
    let created = post("Stamped by the old one").create(&author).await;
    assert!(text(&created, "content").contains("stamp:v003"));
    app.install("stamper", &text_of, &guests::stamped(&stamper, 4)).await;
    assert_no_faults(&app);
    let created = post("Stamped by the new one").create(&author).await;
    assert!(text(&created, "content").contains("stamp:v004"));
}

#[tokio::test]
async fn of_two_with_one_id_the_first_has_it() {
    let app = TestApp::spawn().await;
    let text_of = manifest("com.example.twin", &["render-markdown"]);
    app.install("first", &text_of, &module(guests::RENDER_ONLY)).await;
    app.install("second", &text_of, &module(guests::RENDER_ONLY)).await;
    assert!(problems(&app, "second")[0].contains("com.example.twin"));
    assert!(problems(&app, "first").is_empty());
    fs::remove_dir_all(app.extensions().join("plugins/first")).unwrap();
    eventually("the second takes its place", async || {
        app.services().plugins.rescan().await;
        app.services().hooks.faults().is_empty().then_some(())
    })
    .await;
    assert!(status_of(&app, "com.example.twin").is_some());
}

#[tokio::test]
async fn a_folder_of_a_bundled_plugins_source_is_no_fault() {
    let app = TestApp::spawn().await;
    let folder = app.extensions().join("plugins/reading-time");
    fs::create_dir_all(&folder).unwrap();
    let bundled =
        fleuron::plugins::bundled::all().iter().find(|plugin| plugin.name == "reading-time").unwrap();
    fs::write(folder.join("manifest.toml"), bundled.manifest).unwrap();
    app.services().plugins.rescan().await;
    assert_no_faults(&app);
    assert!(status_of(&app, "org.fleuron.reading-time").is_some());
}
