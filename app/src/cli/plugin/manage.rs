//! `fleuron plugin install|upgrade|consent|enable|disable|rollback|uninstall|settings|logs|show`.

use std::{
    io::{BufRead, IsTerminal, Write},
    path::Path,
    time::Duration,
};

use fleuron_plugin_host::PluginId;
use hyper::Method;
use serde_json::{Value, json};

use super::{Failure, api::Body, package, site::Site};
use crate::plugins::packages::Removal;

/// How often a log is looked at that is followed.
const LOOK: Duration = Duration::from_millis(300);

/// Uploads a package and, once somebody agreed to what it asks for, puts it in force.
pub(super) async fn install(site: &Site, path: &Path, agrees: bool, upgrade: bool) -> Result<(), Failure> {
    let bytes = package::read(path)?;
    let sent = package::look(&bytes)?.sha256;
    if upgrade {
        must_be_installed(site, &bytes).await?;
    }
    eprintln!("Looking through {} ({}) and compiling it ...", path.display(), package::size(bytes.len()));
    let plugin = site.upload(bytes).await?;
    let id: PluginId = text(&plugin["id"]).parse()?;
    if plugin["consent"].is_null() {
        told(&plugin);
        return Ok(());
    }
    must_be(&plugin, &sent)?;
    agree(site, &id, &plugin["consent"], text(&plugin["name"]), agrees).await
}

/// Makes sure that what waits for consent is what was sent: somebody else may have uploaded something since.
pub(super) fn must_be(plugin: &Value, sent: &str) -> Result<(), Failure> {
    match text(&plugin["packages"]["pending"]["sha256"]) == sent {
        true => Ok(()),
        false => {
            Err("somebody else has just uploaded another version of this plugin; look at it first".into())
        }
    }
}

/// Agrees to what the version of an installed plugin asks for that waits.
pub(super) async fn consent(site: &Site, id: &PluginId, agrees: bool) -> Result<(), Failure> {
    let plugin = site.details(id).await?;
    if plugin["consent"].is_null() {
        return Err(format!("no version of {id} waits for consent").into());
    }
    agree(site, id, &plugin["consent"], text(&plugin["name"]), agrees).await
}

async fn agree(site: &Site, id: &PluginId, consent: &Value, name: &str, agrees: bool) -> Result<(), Failure> {
    println!("{name} {} ({id})", text(&consent["version"]));
    package::tell_consent(consent);
    if !agrees && !asks_person("Agree and put it in force?")? {
        return Err(format!(
            "not agreed to: version {} waits; `fleuron plugin consent {id}` asks again",
            text(&consent["version"])
        )
        .into());
    }
    let plugin = site.consent(id, text(&consent["hash"]), None).await?;
    told(&plugin);
    Ok(())
}

async fn must_be_installed(site: &Site, bytes: &[u8]) -> Result<(), Failure> {
    let id = package::look(bytes)?.package.manifest.id().clone();
    let is_installed = site.details(&id).await.is_ok_and(|plugin| !plugin["packages"].is_null());
    if is_installed {
        Ok(())
    } else {
        Err(format!("{id} is not installed: use `fleuron plugin install`").into())
    }
}

pub(super) async fn switch(site: &Site, id: &PluginId, enabled: bool) -> Result<(), Failure> {
    told(&site.switch(id, enabled).await?);
    Ok(())
}

pub(super) async fn roll_back(site: &Site, id: &PluginId) -> Result<(), Failure> {
    told(&site.roll_back(id).await?);
    Ok(())
}

pub(super) async fn uninstall(site: &Site, id: &PluginId, delete: bool, agrees: bool) -> Result<(), Failure> {
    let question = format!("Remove {id} and delete everything that it kept?");
    if delete && !agrees && !asks_person(&question)? {
        return Err("nothing was removed".into());
    }
    let removal = if delete { Removal::DeleteData } else { Removal::KeepData };
    site.uninstall(id, removal).await?;
    match removal {
        Removal::DeleteData => println!("Removed {id} and what it kept."),
        Removal::KeepData => println!("Removed {id}. What it kept stays for the next time it is installed."),
    }
    Ok(())
}

/// Sets settings, each `KEY=VALUE`, `KEY=` for the default and `KEY=-` for a line of standard input, and tells all.
pub(super) async fn settings(site: &Site, id: &PluginId, assignments: &[String]) -> Result<(), Failure> {
    let mut values = serde_json::Map::new();
    let declared = site.details(id).await?;
    for assignment in assignments {
        let (key, value) = assignment.split_once('=').ok_or_else(|| {
            format!(
                "\"{assignment}\" is no setting: write KEY=VALUE, KEY= for the default, KEY=- to read a line"
            )
        })?;
        let kind =
            declared["settings"].as_array().into_iter().flatten().find(|setting| setting["key"] == key);
        let value = match value {
            "" => Value::Null,
            "-" => Value::String(crate::cli::user::ask_password(&format!("{key}: "))?),
            value => typed(kind.map_or("", |kind| text(&kind["type"])), value),
        };
        values.insert(key.to_owned(), value);
    }
    let settings = match values.is_empty() {
        true => declared["settings"].as_array().cloned().unwrap_or_default(),
        false => site.set(id, Value::Object(values)).await?,
    };
    for setting in &settings {
        let value = match (&setting["value"], setting["is_set"].as_bool()) {
            (Value::Null, Some(true)) => "(set, not shown)".to_owned(),
            (Value::Null, _) => "(not set)".to_owned(),
            (Value::String(value), _) => value.clone(),
            (value, _) => value.to_string(),
        };
        println!("{:<24} {:<8} {value}", text(&setting["key"]), text(&setting["type"]));
    }
    Ok(())
}

/// Numbers and booleans are written like texts on a command line; the setting's type tells what is meant.
fn typed(kind: &str, value: &str) -> Value {
    match kind {
        "number" | "boolean" => serde_json::from_str(value).unwrap_or_else(|_| json!(value)),
        _ => json!(value),
    }
}

/// Prints the last lines of a plugin's log, and with `follow` those that come.
pub(super) async fn logs(
    site: &Site,
    id: &PluginId,
    limit: usize,
    level: Option<&str>,
    follow: bool,
) -> Result<(), Failure> {
    let Some(api) = site.api() else {
        return Err("the log of a plugin is with the server that runs it: name it with --server".into());
    };
    let level = level.map(|level| format!("&level={level}")).unwrap_or_default();
    let mut path = format!("/admin/plugins/{id}/logs?limit={limit}{level}");
    loop {
        let page = api.send(Method::GET, &path, Body::None).await?;
        let lines = page["items"].as_array().cloned().unwrap_or_default();
        lines.iter().for_each(print_line);
        if !follow {
            return Ok(());
        }
        if let Some(last) = lines.last().and_then(|line| line["number"].as_u64()) {
            path = format!("/admin/plugins/{id}/logs?limit=500{level}&after={last}");
        }
        tokio::time::sleep(LOOK).await;
    }
}

pub(super) fn print_line(line: &Value) {
    println!("{} {:<5} {}", text(&line["at"]), text(&line["level"]), text(&line["text"]));
}

/// Prints everything about a plugin that a person may want to know.
pub(super) fn show(plugin: &Value) {
    told(plugin);
    if let Some(description) = plugin["description"].as_str() {
        println!("{description}");
    }
    package::tell_asks(&plugin["asks"], &plugin["warnings"]);
    for (name, label) in [("active", "in force"), ("pending", "waits"), ("previous", "before")] {
        let package = &plugin["packages"][name];
        if !package.is_null() {
            println!("{label:<10} {} sha256 {}", text(&package["version"]), text(&package["sha256"]));
        }
    }
    if !plugin["consent"].is_null() {
        println!("\nVersion {} waits for consent:", text(&plugin["consent"]["version"]));
        package::tell_consent(&plugin["consent"]);
    }
}

/// Says in a line, and a line for each problem, how a plugin is doing.
pub(super) fn told(plugin: &Value) {
    let (name, version, id) = (text(&plugin["name"]), text(&plugin["version"]), text(&plugin["id"]));
    println!("{name} {version} ({id}) is {}.", text(&plugin["state"]).replace('_', " "));
    for problem in plugin["problems"].as_array().into_iter().flatten() {
        println!("  - {}", text(problem));
    }
}

/// Asks a question on the terminal. Where there is none, nobody agrees.
fn asks_person(question: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        eprintln!("{question} There is no terminal to ask at; --yes says yes.");
        return Ok(false);
    }
    eprint!("{question} [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
