//! What goes wrong a thousand times leaves nothing behind.

use std::fs;
use std::time::Duration;

use fleuron_tests::{
    Actor, PASSWORD, Program, TestApp, caller, eventually, guests, manifest, post, text, write_plugin,
};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{log_of, module, status_of};
use crate::PROGRAM;

/// What the system says of a process.
#[derive(Debug)]
struct Footprint {
    /// KiB.
    resident: u64,
    threads: u64,
    descriptors: usize,
}

fn footprint(pid: u32) -> Footprint {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let field = |name: &str| -> u64 {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    Footprint { resident: field("VmRSS:"), threads: field("Threads:"), descriptors }
}

/// Creates so many posts, each with a script that traps, some of them with a transaction open.
async fn traps(author: &Actor, count: usize) {
    let trap = |number: usize| {
        let calls = if number.is_multiple_of(3) {
            json!([["db-begin"], ["set-data", "a", "b"], ["trap"]])
        } else {
            json!([["log", "info", "soon"], ["trap"]])
        };
        post(&format!("Trap {number}")).content(&json!({ "calls": calls }).to_string())
    };
    stream::iter(0..count)
        .for_each_concurrent(4, |number| async move {
            trap(number).send(author).await.expect(201);
        })
        .await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_thousand_traps_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let permissions = "\n[permissions]\ndatabase = [\"own\"]\n";
    let manifest = manifest("com.example.caller", &["on-post-creating"]) + permissions;
    write_plugin(&folder.path().join("extensions"), "caller", &manifest, &module(guests::CALLER));
    let program = Program::new(PROGRAM, folder.path())
        .with("PLUGIN_BREAKER_FAILURES", "1000")
        .with("PLUGIN_BREAKER_WINDOW_S", "1");
    let words =
        ["user", "create", "--email", "ada@example.com", "--username", "ada", "--role", "administrator"];
    program.run(&words, PASSWORD).await.succeeded();
    let mut serving = program.serve().await;
    let author = serving.sign_in("ada", PASSWORD).await;
    traps(&author, 200).await;
    let before = footprint(serving.running.pid());
    traps(&author, 1000).await;
    let after = footprint(serving.running.pid());
    assert!(after.resident < before.resident + 24 * 1024, "{before:?}, {after:?}");
    assert!(after.threads <= before.threads + 4, "{before:?}, {after:?}");
    assert!(after.descriptors <= before.descriptors + 8, "{before:?}, {after:?}");
    let listed = author.get("/api/v1/admin/plugins/com.example.caller").await.expect(200).json();
    assert_eq!(listed["hooks"][0]["errors"], 1200, "{listed:#}");
    // And it still works.
    let script = json!({ "calls": [["get-data", "a"]] }).to_string();
    let created = post("Good").content(&script).create(&author).await;
    assert_eq!(text(&created, "content"), "[null]", "what was set before the traps was rolled back");
    serving.running.kill();
}

#[tokio::test]
async fn clients_that_leave_mid_call_take_no_instance_with_them() {
    let app = TestApp::builder().neighbour().pool_size(2).spawn().await;
    let caller = caller("com.example.caller").install(&app).await;
    // Long enough to be left in the middle of, in host calls and outside of them.
    let script = json!({ "calls": [["repeat", 300, ["get-data", "a"]]] });
    let body = json!({ "title": "Left", "content": script.to_string() }).to_string();
    let request = format!(
        "POST /api/v1/posts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        caller.author.account().access_token,
        body.len()
    );
    let address = app.address();
    stream::iter(0..1000_u64)
        .for_each_concurrent(8, |number| {
            let request = &request;
            async move {
                let mut connection = TcpStream::connect(address).await.unwrap();
                connection.write_all(request.as_bytes()).await.unwrap();
                tokio::time::sleep(Duration::from_micros(number * 37 % 6000)).await;
            }
        })
        .await;
    // Calls end whether or not somebody waits: as many as reached the plugin are counted, and none is under way.
    let calls = || status_of(&app, &caller.id).unwrap().hooks[0].counts.calls;
    eventually("all of them have ended", async || {
        let before = calls();
        tokio::time::sleep(Duration::from_millis(300)).await;
        (calls() == before && status_of(&app, &caller.id).unwrap().instances <= 2).then_some(())
    })
    .await;
    assert!(calls() > 300, "only {} calls reached the plugin", calls());
    // Both seats are free again, at once: each of two calls that overlap gets an answer.
    let calls = [json!(["repeat", 200, ["get-data", "a"]])];
    let (one, other) = tokio::join!(caller.run(&calls), caller.run(&calls));
    assert_eq!((one.len(), other.len()), (1, 1));
    let status = status_of(&app, &caller.id).unwrap();
    assert_eq!(status.hooks[0].counts.errors, 0, "{:#?}", caller.log());
    app.assert_unharmed().await;
}

#[tokio::test]
async fn what_is_taken_of_wasi_is_bounded() {
    const ID: &str = "com.example.hoarder";
    let app = TestApp::builder()
        .neighbour()
        .plugin("hoarder", &manifest(ID, &["filter-html"]), guests::HOARDER)
        .spawn()
        .await;
    let author = app.author().await;
    for number in 0..3 {
        post(&format!("Hoard {number}")).content("please-hoard").published().create(&author).await;
        let page = app.guest().get(&format!("/hoard-{number}")).await.expect(200).text();
        assert!(page.contains("please-hoard") && !page.contains("modest"));
    }
    assert_eq!(status_of(&app, ID).unwrap().hooks[0].counts.errors, 3, "{:#?}", log_of(&app, ID));
    post("Modest").content("Words.").published().create(&author).await;
    assert!(app.guest().get("/modest").await.expect(200).text().contains("<p>modest</p>"));
    app.assert_unharmed().await;
}

#[tokio::test]
async fn memory_that_was_anothers_is_empty() {
    let hider = manifest("com.example.hider", &["on-post-creating: priority = 1"]);
    let seeker = manifest("com.example.seeker", &["on-post-creating: priority = 2"]);
    let app = TestApp::builder()
        .neighbour()
        .pool_size(1)
        .limits(|limits| limits.host.breaker_failures = 1000)
        .plugin("hider", &hider, guests::SCAVENGER)
        .plugin("seeker", &seeker, guests::SCAVENGER)
        .spawn()
        .await;
    let author = app.author().await;
    for number in 0..8 {
        // Both fill 16 MiB with a secret and give their instances up.
        post(&format!("hide {number}")).create(&author).await;
        let found: Value = post(&format!("seek {number}")).create(&author).await;
        assert!(text(&found, "content").contains("found 0 of 16777216"), "{found:#}");
    }
}
