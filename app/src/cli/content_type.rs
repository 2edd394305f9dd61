//! `fleuron content-type`: which content types there are, and what becomes of their entries when one changes.

mod file;
mod plan;
mod show;

use std::path::PathBuf;

use serde_json::{Map, Value};

use self::file::read;
use super::{
    Failure, block_on,
    terminal::{self, Meter, asks_person, count, words},
};
use crate::{
    auth::Actor,
    config::{Config, Options},
    content::{
        TypeDefinition,
        change::{ChangePhase, ChangePlan, ChangeProgress, ChangeRequest},
        model::Owner,
        types::{TypeOverview, TypeState},
    },
    error::ErrorCode,
    services::Services,
};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// List the content types of a site, and those that files offer
    List,
    /// Tell everything about a content type
    Show {
        /// The content type
        name: String,
        /// Print its definition as JSON instead, as the API has it
        #[arg(long)]
        json: bool,
    },
    /// Say everything that is wrong with files of content types; needs no site
    Check {
        /// Files such as extensions/content-types/event.toml, or JSON as `show --json` prints it
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Tell what a change would do to a content type and its entries; changes nothing
    ///
    /// Ends with status 0 where the change can be applied as it was asked for, or there is nothing to change, and with
    /// status 1 where entries would have no valid value: then it says which, and what to do.
    Diff {
        #[command(flatten)]
        change: ChangeArguments,
    },
    /// Change a content type and its entries; asks first where values are filled in or something must be thought about
    ///
    /// With --file, a content type that is not there yet is made.
    Apply {
        #[command(flatten)]
        change: ChangeArguments,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Serve a content type; one that a file offers is made
    Enable {
        /// The content type
        name: String,
    },
    /// Serve a content type no longer; its entries are kept
    Disable {
        /// The content type
        name: String,
    },
    /// Delete the values of removed fields, which are kept until then
    Purge {
        /// The content type
        name: String,
        /// The removed fields [default: all of them]
        fields: Vec<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Remove a content type for good
    Remove {
        /// The content type
        name: String,
        /// Delete its entries, too; without this, one that has entries stays
        #[arg(long)]
        delete_entries: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// A change that is wanted.
#[derive(clap::Args)]
pub(super) struct ChangeArguments {
    /// The content type
    name: String,
    /// What it shall be, in TOML or in JSON as `show --json` prints it, for a type that was made through the API
    /// [default: what its own file says]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// What entries get that would have no valid value, as JSON; null leaves them without one. May be repeated
    #[arg(long, value_name = "FIELD=VALUE")]
    fill: Vec<String>,
}

pub(super) fn run(options: &Options, command: Command) -> Result<(), Failure> {
    if let Command::Check { files } = &command {
        return check(files);
    }
    let config = Config::load(options)?;
    block_on(async move {
        let services = Services::open(&config, super::import::base_url(&config)?).await?;
        let outcome = Box::pin(carry_out(&services, &command)).await;
        services.close().await;
        outcome
    })
}

async fn carry_out(services: &Services, command: &Command) -> Result<(), Failure> {
    match command {
        Command::List => show::list(&services.content_types.overview(&Actor::System).await.map_err(words)?),
        Command::Show { name, json } => {
            let overview = named(services, name).await?;
            if *json { show::json(&overview) } else { show::all(&overview) }
        }
        Command::Check { files } => check(files),
        Command::Diff { change } => diff(services, change).await,
        Command::Apply { change, yes } => apply(services, change, *yes).await,
        Command::Enable { name } => switch(services, name, true).await,
        Command::Disable { name } => switch(services, name, false).await,
        Command::Purge { name, fields, yes } => purge(services, name, fields, *yes).await,
        Command::Remove { name, delete_entries, yes } => remove(services, name, *delete_entries, *yes).await,
    }
}

fn check(files: &[PathBuf]) -> Result<(), Failure> {
    let mut errors = 0;
    for file in files {
        let faults = read(file, None).err().unwrap_or_default();
        if faults.is_empty() {
            println!("{} is fine.", file.display());
        }
        for fault in &faults {
            println!("{}: {}", file.display(), terminal::line(fault));
        }
        errors += faults.len();
    }
    match errors {
        0 => Ok(()),
        1 => Err("1 error".into()),
        errors => Err(format!("{errors} errors").into()),
    }
}

impl ChangeArguments {
    fn request(&self) -> Result<ChangeRequest, Failure> {
        let definition = match &self.file {
            Some(file) => Some(read(file, Some(&self.name)).map_err(|faults| {
                let lines: Vec<String> =
                    faults.iter().map(|fault| format!("\n  - {}", terminal::line(fault))).collect();
                format!("{} is not right:{}", file.display(), lines.concat())
            })?),
            None => None,
        };
        Ok(ChangeRequest { definition, fill: self.fills()? })
    }

    /// What is no JSON is taken for the text that it is.
    fn fills(&self) -> Result<Map<String, Value>, Failure> {
        let mut fills = Map::new();
        for fill in &self.fill {
            let (field, value) = fill.split_once('=').ok_or_else(|| {
                format!("\"{fill}\" fills nothing: write FIELD=VALUE, such as 'venue=\"To be told\"' or price=null")
            })?;
            let value = serde_json::from_str(value).unwrap_or_else(|_error| Value::from(value));
            fills.insert(field.to_owned(), value);
        }
        Ok(fills)
    }
}

async fn diff(services: &Services, change: &ChangeArguments) -> Result<(), Failure> {
    let request = change.request()?;
    let overview = overview(services, &change.name).await?;
    let Some(overview) = overview.filter(|overview| overview.content_type.is_some()) else {
        return Err(not_made(change));
    };
    let target = target(&overview, &request);
    let examined = Box::pin(services.content_types.diff(&Actor::System, &change.name, request)).await;
    let found = examined.map_err(words)?;
    plan::print(&change.name, &found);
    if found.steps.is_empty() {
        return Ok(());
    }
    let command = plan::command(change, &found, target.as_ref());
    if found.is_applicable {
        println!("\nTo apply it:\n  {command}");
        return Ok(());
    }
    println!("\nTo go on, say what these entries get:\n  {command}");
    Err(not_applicable(&found))
}

async fn apply(services: &Services, change: &ChangeArguments, agrees: bool) -> Result<(), Failure> {
    let (name, request) = (change.name.as_str(), change.request()?);
    let Some(overview) = overview(services, name).await?.filter(|overview| overview.content_type.is_some())
    else {
        return match request.definition {
            Some(definition) => make(services, definition).await,
            None => Err(not_made(change)),
        };
    };
    let target = target(&overview, &request);
    let types = &services.content_types;
    let found = Box::pin(types.diff(&Actor::System, name, request.clone())).await.map_err(words)?;
    plan::print(name, &found);
    if found.steps.is_empty() {
        return Ok(());
    }
    if !found.is_applicable {
        println!(
            "\nTo go on, say what these entries get:\n  {}",
            plan::command(change, &found, target.as_ref())
        );
        return Err(not_applicable(&found));
    }
    if !agrees && !found.is_safe && !asks_person("Apply it?")? {
        return Err("nothing was changed".into());
    }
    let meter = Meter::start();
    let progress = |progress: ChangeProgress| tell(&meter, progress);
    let applied = Box::pin(types.apply(&Actor::System, name, request, &progress)).await;
    meter.finish();
    let applied = applied.map_err(words)?;
    println!("\nApplied: `{name}` is at version {} now.", applied.from_version + 1);
    Ok(())
}

async fn make(services: &Services, definition: TypeDefinition) -> Result<(), Failure> {
    let made = services.content_types.create(&Actor::System, definition).await.map_err(words)?;
    println!("Made the content type `{}`.", made.name());
    Ok(())
}

/// The type, if there is anything of this name.
async fn overview(services: &Services, name: &str) -> Result<Option<TypeOverview>, Failure> {
    match services.content_types.overview_of(&Actor::System, name).await {
        Ok(overview) => Ok(Some(overview)),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(words(error)),
    }
}

/// The type, which must be there, or a file for it.
async fn named(services: &Services, name: &str) -> Result<TypeOverview, Failure> {
    if let Some(found) = overview(services, name).await? {
        return Ok(found);
    }
    let all = services.content_types.overview(&Actor::System).await.map_err(words)?;
    let known: Vec<&str> = all.iter().map(|overview| overview.name.as_str()).collect();
    Err(unknown(name, &known))
}

fn unknown(name: &str, known: &[&str]) -> Failure {
    let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
    format!("there is no such content type as `{name}` (there are: {known})").into()
}

fn not_made(change: &ChangeArguments) -> Failure {
    let name = &change.name;
    match &change.file {
        Some(file) => format!(
            "there is no content type `{name}` on this site yet: `fleuron content-type apply {name} --file {}` makes it",
            file.display()
        ),
        None => format!(
            "there is no content type `{name}` on this site yet: `fleuron content-type enable {name}` makes one that a \
             file offers, `fleuron content-type list` tells which there are"
        ),
    }
    .into()
}

/// What the type is to become.
fn target(overview: &TypeOverview, request: &ChangeRequest) -> Option<TypeDefinition> {
    let from_file = || overview.file.as_ref().and_then(|file| file.definition.clone());
    request.definition.clone().or_else(from_file)
}

fn not_applicable(plan: &ChangePlan) -> Failure {
    let entries: u64 = plan.invalid.iter().map(|invalid| invalid.count).sum();
    match entries {
        0 => "it cannot be applied as it stands".into(),
        entries => format!(
            "it cannot be applied as it stands: {} would not be valid",
            count(entries, "value", "values")
        )
        .into(),
    }
}

fn tell(meter: &Meter, progress: ChangeProgress) {
    let ChangeProgress { phase, done, total } = progress;
    meter.at(done, total, || {
        let doing = match phase {
            ChangePhase::Examining => "looking at entries",
            ChangePhase::Preparing => "making entries ready",
            ChangePhase::Indexing => "building indexes",
            ChangePhase::Finishing => "bringing it into force",
            ChangePhase::Purging => "deleting values",
        };
        format!("{doing}: {done} of {total}")
    });
}

async fn switch(services: &Services, name: &str, enabled: bool) -> Result<(), Failure> {
    named(services, name).await?;
    let found = services.content_types.set_enabled(&Actor::System, name, enabled).await.map_err(words)?;
    match found.enabled {
        true => println!("`{name}` is served: /api/v1/content/{name}"),
        false => println!("`{name}` is served no longer. Its entries are kept."),
    }
    Ok(())
}

async fn purge(services: &Services, name: &str, fields: &[String], agrees: bool) -> Result<(), Failure> {
    let overview = named(services, name).await?;
    let retired =
        overview.content_type.as_ref().map(|found| found.layout.retired.as_slice()).unwrap_or_default();
    if retired.is_empty() {
        println!("No values of removed fields are kept.");
        return Ok(());
    }
    let mut wanted: Vec<&str> = match fields {
        [] => retired.iter().map(|field| field.name.as_str()).collect(),
        fields => fields.iter().map(String::as_str).collect(),
    };
    wanted.sort_unstable();
    wanted.dedup();
    let question = format!("Delete what `{name}` keeps of {}, for good?", wanted.join(", "));
    if !agrees && !asks_person(&question)? {
        return Err("nothing was deleted".into());
    }
    let meter = Meter::start();
    let named = (!fields.is_empty()).then(|| fields.to_vec());
    let progress = |progress: ChangeProgress| tell(&meter, progress);
    let outcome = Box::pin(services.content_types.purge(&Actor::System, name, named, &progress)).await;
    meter.finish();
    let changed = outcome.map_err(words)?;
    println!("Deleted the kept values of {}.", count(changed, "entry", "entries"));
    Ok(())
}

async fn remove(services: &Services, name: &str, with_entries: bool, agrees: bool) -> Result<(), Failure> {
    let overview = named(services, name).await?;
    let entries = overview.entries.unwrap_or_default();
    if entries > 0 && !with_entries {
        return Err(format!(
            "`{name}` has {}: --delete-entries removes them, too; `fleuron content-type disable {name}` keeps them",
            count(entries, "entry", "entries")
        )
        .into());
    }
    let question = format!("Remove `{name}` with {}, for good?", count(entries, "entry", "entries"));
    if !agrees && !asks_person(&question)? {
        return Err("nothing was removed".into());
    }
    services.content_types.remove(&Actor::System, name, with_entries).await.map_err(words)?;
    println!("Removed `{name}` with {}.", count(entries, "entry", "entries"));
    Ok(())
}

/// Where a type stands, in a word.
fn state(overview: &TypeOverview) -> &'static str {
    match overview.state {
        TypeState::Served => "served",
        TypeState::Disabled => "disabled",
        TypeState::Available => "available",
        TypeState::Broken => "broken",
    }
}

/// Where a type comes from, in words.
fn origin(overview: &TypeOverview) -> String {
    match (overview.owner, overview.file.as_ref().map(|file| &file.path)) {
        (Owner::Api, _) => "made through the API".to_owned(),
        (Owner::File, Some(Some(path))) => path.display().to_string(),
        (Owner::File, Some(None)) => "comes with the server".to_owned(),
        (Owner::File, None) => "its file is gone".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_are_json_or_plain_text() {
        let change = |fill: &[&str]| ChangeArguments {
            name: "event".to_owned(),
            file: None,
            fill: fill.iter().map(|fill| (*fill).to_owned()).collect(),
        };
        let fills =
            change(&["price=null", "venue=\"TBA\"", "city=New York", "seats=5", "link=a=b"]).fills().unwrap();
        let expected = serde_json::json!({
            "price": null, "venue": "TBA", "city": "New York", "seats": 5, "link": "a=b",
        });
        assert_eq!(Value::Object(fills), expected);
        assert!(change(&["price"]).fills().unwrap_err().to_string().contains("FIELD=VALUE"));
    }

    #[test]
    fn whoever_slips_is_told_the_names() {
        let told = unknown("evnt", &["event", "recipe"]).to_string();
        assert_eq!(told, "there is no such content type as `evnt` (there are: event, recipe)");
        assert!(unknown("evnt", &[]).to_string().contains("none yet"));
    }
}
