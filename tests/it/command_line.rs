//! The command line: help that teaches, and the commands beside `serve` and `import`.

use std::fs;

use fleuron_tests::{Program, guests, manifest, write_plugin};

use crate::PROGRAM;

#[tokio::test]
async fn help_names_everything() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(PROGRAM, folder.path());
    let help = program.run(&["--help"], "").await.succeeded().stdout;
    for word in ["serve", "migrate", "user", "import", "plugin", "FLEURON_LISTEN", "DATABASE_URL", "Examples"]
    {
        assert!(help.contains(word), "{word} in {help}");
    }
    for command in
        [&["user", "create"][..], &["import", "markdown"], &["plugin", "new"], &["plugin", "build"]]
    {
        let words: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
        assert!(program.run(&words, "").await.succeeded().stdout.contains("Usage"), "{command:?}");
    }
    assert!(program.run(&["--version"], "").await.succeeded().stdout.starts_with("fleuron "));
    let unknown = program.run(&["surf"], "").await;
    assert_eq!(unknown.status.code(), Some(2), "{}", unknown.stderr);
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none(), "help writes nothing");
}

#[tokio::test]
async fn migrate_can_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(PROGRAM, folder.path());
    assert!(program.run(&["migrate"], "").await.succeeded().stdout.contains("applied"));
    assert!(program.run(&["migrate"], "").await.succeeded().stdout.contains("up to date"));
    let broken = program.with("DATABASE_URL", "sqlite:///proc/nowhere/site.sqlite");
    assert!(broken.run(&["migrate"], "").await.failed().stderr.contains("/proc/nowhere"));
}

#[tokio::test]
async fn faulty_users_are_refused_with_every_fault() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(PROGRAM, folder.path());
    let create = async |email: &str, username: &str, role: &str, password: &str| {
        let words = ["user", "create", "--email", email, "--username", username, "--role", role];
        program.run(&words, password).await
    };
    let faults = create("nonsense", "a b", "author", "short\n").await.failed().stderr;
    for field in ["email", "username", "password"] {
        assert!(faults.contains(field), "{field} in {faults}");
    }
    let role = create("ada@example.com", "ada", "emperor", "a quite long password\n").await;
    assert!(!role.status.success() && role.stderr.contains("contributor"), "{}", role.stderr);
    create("ada@example.com", "ada", "author", "a quite long password\r\n").await.succeeded();
    let twice = create("grace@example.com", "Ada", "author", "a quite long password\n").await.failed().stderr;
    assert!(twice.contains("ada"), "{twice}");
}

#[tokio::test]
async fn a_new_plugin_builds_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(PROGRAM, folder.path());
    program.run(&["plugin", "new", "hello-there"], "").await.succeeded();
    let project = folder.path().join("hello-there");
    let unbuilt = program.run(&["plugin", "check", "hello-there"], "").await.failed();
    assert!(unbuilt.stdout.contains("plugin.wasm"), "{}", unbuilt.stdout);
    program.run(&["plugin", "build", "hello-there"], "").await.succeeded();
    assert!(fs::read(project.join("plugin.wasm")).unwrap().starts_with(b"\0asm"));
    let fine = program.run(&["plugin", "check", "hello-there"], "").await.succeeded().stdout;
    assert!(fine.contains("fine"), "{fine}");
    assert!(program.run(&["plugin", "new", "hello-there"], "").await.failed().stderr.contains("exists"));
    assert!(program.run(&["plugin", "new", "Not A Name"], "").await.failed().stderr.contains("my-plugin"));
    let module = fs::read(project.join("plugin.wasm")).unwrap();
    let text = fs::read_to_string(project.join("manifest.toml")).unwrap();
    write_plugin(&folder.path().join("extensions"), "hello-there", &text, &module);
    let serving = program.serve().await;
    let welcome = serving.guest().get("/welcome-to-fleuron").await.expect(200).text();
    assert!(welcome.contains("Thank you for reading."), "{welcome}");
}

#[tokio::test]
async fn check_says_everything_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(PROGRAM, folder.path());
    let module = fs::read(guests::RENDER_ONLY).unwrap();
    let extensions = folder.path().join("extensions");
    let faulty = "[plugin]\nid = \"nonsense\"\nname = \"x\"\nversion = \"one\"\nsurprise = 1\n[hooks.on-post-exploding]\n";
    write_plugin(&extensions, "faulty", faulty, b"\0asm nonsense");
    let said = program.run(&["plugin", "check", "extensions/plugins/faulty"], "").await.failed().stdout;
    for word in ["id", "version", "surprise", "on-post-exploding", "plugin.wasm"] {
        assert!(said.contains(word), "{word} in {said}");
    }
    write_plugin(&extensions, "vain", &manifest("com.example.vain", &["filter-html"]), &module);
    let said = program.run(&["plugin", "check", "extensions/plugins/vain"], "").await.failed().stdout;
    assert!(said.contains("filter-html"), "{said}");
    write_plugin(&extensions, "fine", &manifest("com.example.fine", &["render-markdown"]), &module);
    program.run(&["plugin", "check", "extensions/plugins/fine"], "").await.succeeded();
    let list = program.run(&["plugin", "list"], "").await.failed().stdout;
    for word in ["org.fleuron.reading-time", "org.fleuron.slug-and-excerpt", "com.example.fine", "surprise"] {
        assert!(list.contains(word), "{word} in {list}");
    }
}
