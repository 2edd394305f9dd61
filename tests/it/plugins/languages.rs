//! Plugins in every language: what `plugin new` writes is built, loaded, and changes a site.
//!
//! Where a language's tools are missing its tests say so and pass; with `FLEURON_TEST_LANGUAGES=required` they fail.

mod everything;

use std::env;
use std::fs;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};

use fleuron::plugins::scaffold::{self, Language};
use fleuron_tests::{TestApp, eventually, id, manifest, post, text};
use reqwest::Method;
use serde_json::json;

use super::{assert_no_faults, log_of, module};

const ID: &str = "com.example.my-plugin";

/// Writes a project, lets it be changed, and builds it. Answers its folder; nothing where tools are missing.
async fn built(
    parent: &Path,
    name: &'static str,
    language: Language,
    change: impl FnOnce(&Path),
) -> Option<PathBuf> {
    let folder = parent.join(name);
    scaffold::create(parent, name, language).unwrap();
    change(&folder);
    let missing = language.missing_tools(&folder);
    if !missing.is_empty() {
        let hints: Vec<_> = missing.iter().map(ToString::to_string).collect();
        let skipped = format!("SKIPPED: a plugin in {language} is not tested. {}", hints.join("; "));
        assert_ne!(env::var("FLEURON_TEST_LANGUAGES").as_deref(), Ok("required"), "{skipped}");
        // Past the capture of the test's output, which is shown only where tests fail.
        writeln!(stderr(), "{skipped}").unwrap();
        return None;
    }
    let project = folder.clone();
    let module = tokio::task::spawn_blocking(move || scaffold::build(&project)).await.unwrap();
    assert_eq!(module.unwrap_or_else(|error| panic!("{language}: {error}")), folder.join("plugin.wasm"));
    Some(folder)
}

/// What a new project's plugin makes of a post with the title "Café au lait". The bundled plugin, which comes later, would
/// keep the accent.
struct Promises {
    slug: &'static str,
    /// The file it writes, where `{slug}` and `{id}` stand for the post's.
    file: &'static str,
    /// What is in there.
    content: &'static str,
}

const COMPILED: Promises =
    Promises { slug: "caf-au-lait", file: "created/{slug}.txt", content: "Café au lait" };
const INTERPRETED: Promises =
    Promises { slug: "cafe-au-lait", file: "posts/{id}.json", content: "cafe-au-lait" };

/// A new project's plugin, unchanged, does on a site what its comments say.
async fn keeps_its_promises(language: Language, promises: Promises) {
    let parent = tempfile::tempdir().unwrap();
    let Some(folder) = built(parent.path(), "my-plugin", language, |_| {}).await else { return };
    let problems = fleuron_plugin_host::check_plugin(&folder);
    assert!(problems.is_empty(), "{language}: {problems:?}");
    let manifest = fs::read_to_string(folder.join("manifest.toml")).unwrap();
    let code = folder.join("plugin.wasm");
    let app = TestApp::builder().plugin("my-plugin", &manifest, code.to_str().unwrap()).spawn().await;
    assert_no_faults(&app);
    let author = app.author().await;
    let created = post("Café au lait").published().create(&author).await;
    assert_eq!(text(&created, "slug"), promises.slug, "{language}");
    let chosen = post("Café au lait").slug("mine").create(&author).await;
    assert_eq!(text(&chosen, "slug"), "mine", "{language}: a chosen slug stays");
    let page = app.guest().get(&format!("/{}", promises.slug)).await.expect(200).text();
    assert!(page.contains("<p><em>Thank you for reading.</em></p>"), "{language}: {page}");
    takes_its_setting(&app, language).await;
    let line = format!("created: {}", promises.slug);
    eventually(&line, async || log_of(&app, ID).contains(&line).then_some(())).await;
    let file = promises.file.replace("{slug}", promises.slug).replace("{id}", id(&created));
    let file = app.data().join("plugin-files").join(ID).join(file);
    let content = eventually("the action writes its file", async || fs::read_to_string(&file).ok()).await;
    assert!(content.contains(promises.content), "{language}: {content}");
    // Instances serve many calls: what one leaves behind must not reach the next.
    for number in 0..50 {
        let long = "word ".repeat(number * 400);
        let made = post(&format!("Post {number}")).content(&long).create(&author).await;
        assert_eq!(text(&made, "slug"), format!("post-{number}"), "{language}");
    }
    let faulty: Vec<_> = log_of(&app, ID).into_iter().filter(|line| !line.starts_with("created: ")).collect();
    assert!(faulty.is_empty(), "{language}: {faulty:?}");
}

async fn takes_its_setting(app: &TestApp, language: Language) {
    let values = json!({ "values": { "note": "Salt & <pepper>" } });
    let administrator = app.administrator().await;
    let request =
        administrator.request(Method::PUT, &format!("/api/v1/admin/plugins/{ID}/settings")).json(&values);
    administrator.send(request).await.expect(200);
    let second = post("Second post").published().create(&administrator).await;
    let page = app.guest().get(&format!("/{}", text(&second, "slug"))).await.expect(200).text();
    assert!(page.contains("<p><em>Salt &amp; &lt;pepper&gt;</em></p>"), "{language}: {page}");
}

#[tokio::test]
async fn in_rust() {
    keeps_its_promises(Language::Rust, COMPILED).await;
}

#[tokio::test]
async fn in_c() {
    keeps_its_promises(Language::C, COMPILED).await;
}

#[tokio::test]
async fn in_zig() {
    keeps_its_promises(Language::Zig, COMPILED).await;
}

#[tokio::test]
async fn in_go() {
    keeps_its_promises(Language::Go, COMPILED).await;
}

#[tokio::test]
async fn in_javascript() {
    keeps_its_promises(Language::JavaScript, INTERPRETED).await;
}

#[tokio::test]
async fn in_python() {
    keeps_its_promises(Language::Python, INTERPRETED).await;
}

#[tokio::test]
async fn a_job_in_javascript_gets_its_tick() {
    const SOURCE: &str = "import { definePlugin, log } from \"./sdk/fleuron.js\";\n\
        export default definePlugin({ onCronTick(payload) { log.info(`ticked: ${payload}`); } });\n";
    let parent = tempfile::tempdir().unwrap();
    let rewritten = |folder: &Path| fs::write(folder.join("plugin.js"), SOURCE).unwrap();
    let Some(folder) = built(parent.path(), "my-plugin", Language::JavaScript, rewritten).await else {
        return;
    };
    let manifest = format!(
        "{}\n[[cron]]\nlabel = \"A job\"\njob_type = \"job\"\ncron_expr = \"0 */6 * * *\"\n",
        manifest(ID, &[])
    );
    let code = folder.join("plugin.wasm");
    let app = TestApp::builder().plugin("my-plugin", &manifest, code.to_str().unwrap()).spawn().await;
    assert_no_faults(&app);
    let administrator = app.administrator().await;
    let path = format!("/api/v1/admin/cron/jobs/{ID}/job/run");
    let started = administrator.post(&path, &json!({})).await.expect(202).json();
    let path = format!("/api/v1/admin/cron/runs/{}", id(&started));
    let run = eventually("the run ends", async || {
        let run = administrator.get(&path).await.expect(200).json();
        run["ended_at"].is_string().then_some(run)
    })
    .await;
    assert_eq!(text(&run, "outcome"), "succeeded", "{run:#}");
    let line = text(&run["output"][0], "text");
    assert!(line.starts_with("ticked: {") && line.contains("\"job_type\":\"job\""), "{line}");
}

#[tokio::test]
async fn a_faulty_plugin_replaces_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let Some(folder) = built(parent.path(), "my-plugin", Language::C, |_| {}).await else { return };
    let code = module(folder.join("plugin.wasm").to_str().unwrap());
    for (source, reason) in [
        ("int missing_brace(void) {", "(compiling) failed"),
        ("#include \"fleuron.h\"\nvoid filter_html(int wrong) {}", "(compiling) failed"),
        ("#include \"fleuron.h\"\nbool filter_hmtl(fleuron_string_t *html) { return html; }", "no function"),
        (
            "#include \"fleuron.h\"\nvoid unknown(void);\nvoid on_login(fleuron_string_t id) { (void) id; unknown(); }",
            "(linking) failed",
        ),
    ] {
        fs::write(folder.join("src/plugin.c"), source).unwrap();
        let error = scaffold::build(&folder).unwrap_err().to_string();
        assert!(error.contains(reason), "{source}: {error}");
        assert_eq!(module(folder.join("plugin.wasm").to_str().unwrap()), code, "{source}");
    }
}
