//! `fleuron plugin test`: runs every hook that a plugin listens to, on a real site in a scratch folder, and tells what came
//! of it and how long it took.

use std::{path::Path, sync::Arc, time::Duration};

use fleuron_plugin_host::{CallContext, HookPoint, HookStatus, PluginId, PluginStatus, hook};
use hyper::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Failure,
    api::Body,
    manage::{print_line, text},
    scratch::{self, Scratch},
};
use crate::plugins::http::plugins::LogLineResponse;

/// How often each hook is called, at least, where it can be.
const ROUNDS: usize = 20;
/// How long actions are waited for.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);

const CONTENT: &str = "A paragraph with *emphasis*, a [link](https://example.com/) and `code`.\n\n## A heading\n\n\
                       - one\n- two\n\n> A quotation.\n\n```rust\nfn main() {}\n```\n";

/// Tries the plugin in a folder. Fails where it does not load or a call of it fails.
pub(super) async fn run(project: &Path) -> Result<(), Failure> {
    let id = scratch::id_of(project)?;
    let folder = std::env::temp_dir().join(format!("fleuron-trial-{}", Uuid::now_v7()));
    let outcome = async {
        let site = Scratch::start(&folder, project, None).await?;
        let outcome = try_out(&site, &id).await;
        site.stop().await?;
        outcome
    }
    .await;
    std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    outcome
}

async fn try_out(site: &Scratch, id: &PluginId) -> Result<(), Failure> {
    alone(site, id).await?;
    site.enable(id).await?;
    let started = status(site, id)?;
    println!("{} {} starts; it listens to {} hooks.", started.name, started.version, started.hooks.len());
    let first = write(site, 0).await?;
    settled(site, id).await;
    let after_first = status(site, id)?;
    for round in 1..ROUNDS {
        write(site, round).await?;
    }
    tick(site, &started).await;
    settled(site, id).await;
    let last = status(site, id)?;
    tell_changes(&first);
    println!("\n{:<22} {:>6} {:>7} {:>12} {:>12}", "hook", "calls", "failed", "first", "later");
    let mut failures = 0;
    for hook in &last.hooks {
        failures += hook.counts.errors;
        tell(hook, after_first.hooks.iter().find(|other| other.point == hook.point));
    }
    let log = site.services.plugin_logs.of(id);
    println!("\nThe last lines of its log ({} in all):", site.services.plugin_logs.written(id));
    for line in log.iter().rev().take(20).rev() {
        print_line(&serde_json::to_value(LogLineResponse::from(line))?);
    }
    match failures {
        0 => Ok(()),
        1 => Err("1 call failed".into()),
        _ => Err(format!("{failures} calls failed").into()),
    }
}

/// Switches every other plugin off, so that whatever changes is this one's doing.
async fn alone(site: &Scratch, id: &PluginId) -> Result<(), Failure> {
    let plugins = site.api.send(Method::GET, "/admin/plugins", Body::None).await?;
    let ids = plugins["items"].as_array().into_iter().flatten().filter_map(|plugin| plugin["id"].as_str());
    for other in ids.filter(|other| *other != id.as_str()) {
        site.api.send(Method::POST, &format!("/admin/plugins/{other}/disable"), Body::None).await?;
    }
    Ok(())
}

/// Creates and changes a post, reads its page, comments on it and, the last time, deletes it. Answers it as it was sent and as it was stored and shown.
async fn write(site: &Scratch, round: usize) -> Result<Vec<(Value, Value)>, Failure> {
    let api = &site.api;
    let sent = json!({ "title": format!("A first try {round}"), "content": CONTENT, "status": "published" });
    let stored = api.send(Method::POST, "/posts", Body::Json(sent.clone())).await?;
    let slug = text(&stored["slug"]).to_owned();
    let change = json!({ "title": format!("A second try {round}") });
    let changed = api.send(Method::PATCH, &format!("/posts/{slug}"), Body::Json(change.clone())).await?;
    let slug = text(&changed["slug"]);
    api.page(&format!("/{slug}")).await?;
    let comment = json!({ "content": "A comment with a [link](https://example.com/)." });
    let comments = format!("/posts/{}/comments", text(&changed["id"]));
    let answer = match api.send(Method::POST, &comments, Body::Json(comment.clone())).await {
        Ok(answer) => answer,
        // A plugin may refuse a comment, and rightly.
        Err(refusal) => json!({ "refused": refusal.to_string() }),
    };
    if round + 1 == ROUNDS {
        api.send(Method::DELETE, &format!("/posts/{slug}?permanent=true"), Body::None).await?;
    }
    Ok(vec![(sent, stored), (change, changed), (comment, answer)])
}

/// Has each of the plugin's jobs run once.
async fn tick(site: &Scratch, plugin: &PluginStatus) {
    for job in &plugin.cron {
        let due =
            json!({ "label": job.label, "job_type": job.job_type, "due": chrono::Utc::now().to_rfc3339() });
        let payload = Arc::new(Some(job.payload.clone().unwrap_or_else(|| due.to_string())));
        let context = Arc::new(CallContext { time_limit: job.time_limit, ..CallContext::default() });
        let hooks = &site.services.hooks;
        if let Err(error) = hooks.notify_one::<hook::OnCronTick>(&plugin.id, &payload, &context).await {
            println!("The job {} failed: {error}", job.job_type);
        }
    }
}

fn status(site: &Scratch, id: &PluginId) -> Result<PluginStatus, Failure> {
    let running = site.services.hooks.plugins().into_iter().find(|plugin| plugin.id == *id);
    running.ok_or_else(|| {
        let faults = site.services.hooks.faults();
        let reasons: Vec<String> = faults.into_iter().flat_map(|fault| fault.problems).collect();
        format!("the plugin does not run:\n  - {}", reasons.join("\n  - ")).into()
    })
}

/// Waits until actions are delivered: until nothing is called any more for a moment.
async fn settled(site: &Scratch, id: &PluginId) {
    let calls = || {
        status(site, id).map_or(0, |plugin| plugin.hooks.iter().map(|hook| hook.counts.calls).sum::<u64>())
    };
    let begun = std::time::Instant::now();
    let (mut seen, mut still) = (calls(), 0);
    while still < 25 && begun.elapsed() < PATIENCE {
        tokio::time::sleep(LOOK).await;
        let now = calls();
        still = if now == seen { still + 1 } else { 0 };
        seen = now;
    }
}

/// What the plugin made of what was sent.
fn tell_changes(pairs: &[(Value, Value)]) {
    for ((sent, stored), what) in pairs.iter().zip(["creating a post", "changing it", "commenting"]) {
        if let Some(refusal) = stored["refused"].as_str() {
            println!("{what}: refused: {refusal}");
        }
        let fields = ["title", "slug", "content", "excerpt", "status", "category_id", "cover_image"];
        for field in fields.into_iter().filter(|field| !stored[*field].is_null()) {
            let is_own = sent[field].is_null() && field == "status";
            if sent[field] != stored[field]
                && !is_own
                && (!sent[field].is_null() || field == "slug" || field == "excerpt")
            {
                println!("{what}: {field} is {}", short(&stored[field]));
            }
        }
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

fn tell(hook: &HookStatus, first: Option<&HookStatus>) {
    let point: HookPoint = hook.point;
    let all = &hook.counts;
    let early = first.map(|first| &first.counts).filter(|counts| counts.calls > 0);
    let mean =
        |seconds: f64, calls: u64| if calls == 0 { "-".to_owned() } else { time(seconds / calls as f64) };
    let (first, later) = match early {
        Some(early) => {
            (mean(early.seconds, early.calls), mean(all.seconds - early.seconds, all.calls - early.calls))
        }
        None => (mean(all.seconds, all.calls), "-".to_owned()),
    };
    println!("{:<22} {:>6} {:>7} {first:>12} {later:>12}", point.name(), all.calls, all.errors);
    if all.calls == 0 {
        println!("{:<22} nothing here calls it", "");
    }
    if let Some(error) = &hook.last_error {
        println!("{:<22} {error}", "");
    }
}

fn time(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 0.001 => format!("{:.1} us", seconds * 1e6),
        seconds => format!("{:.1} ms", seconds * 1e3),
    }
}
