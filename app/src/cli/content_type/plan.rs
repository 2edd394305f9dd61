//! A change of a content type, told to a person.

use std::path::Path;

use super::ChangeArguments;
use crate::{
    cli::terminal::count,
    content::{
        Kind, TypeDefinition,
        change::{ChangePlan, StepKind},
    },
};

/// Prints what a change would do.
pub(super) fn print(name: &str, plan: &ChangePlan) {
    let ChangePlan { from_version, steps, entries, .. } = plan;
    if steps.is_empty() {
        println!("`{name}` is at version {from_version} already: nothing changes.");
        return;
    }
    println!(
        "`{name}`, version {from_version} to {}, {}:",
        from_version + 1,
        count(*entries, "entry", "entries")
    );
    for step in steps {
        println!("  {} {}", sign(step.kind), step.detail);
    }
    invalid(plan);
    if !plan.filled.is_empty() {
        println!("\nFilled in:");
        for filled in &plan.filled {
            println!("  `{}` of {}", filled.field, count(filled.entries, "entry", "entries"));
        }
    }
    if !plan.kept.is_empty() {
        println!("\nSet aside, and kept until `fleuron content-type purge {name}`:");
        for kept in &plan.kept {
            println!("  `{}` of {}", kept.field, count(kept.entries, "entry", "entries"));
        }
    }
    if !plan.warnings.is_empty() {
        println!();
    }
    for warning in &plan.warnings {
        println!("Note: {warning}");
    }
    if plan.indexes_to_build > 0 {
        let indexes = count(plan.indexes_to_build, "index is", "indexes are");
        println!("\n{indexes} built first; the site goes on meanwhile.");
    }
}

fn invalid(plan: &ChangePlan) {
    for invalid in &plan.invalid {
        let entries = count(invalid.count, "entry", "entries");
        println!("\n{entries} would have no valid value of `{}`:", invalid.field);
        for example in &invalid.examples {
            let value = example.value.as_deref().unwrap_or("(none)");
            println!("  {} {:?}: {value}: {}", example.id, example.title, example.reason);
        }
        let told = u64::try_from(invalid.examples.len()).unwrap_or(u64::MAX);
        if invalid.count > told {
            println!("  and {} more", invalid.count - told);
        }
    }
}

fn sign(kind: StepKind) -> char {
    match kind {
        StepKind::Added | StepKind::Returned => '+',
        StepKind::Removed => '-',
        StepKind::Renamed
        | StepKind::Converted
        | StepKind::Tightened
        | StepKind::Loosened
        | StepKind::Changed => '~',
    }
}

/// The command that goes on from here, with a place for each value that is missing.
pub(super) fn command(
    change: &ChangeArguments,
    plan: &ChangePlan,
    target: Option<&TypeDefinition>,
) -> String {
    let mut command = format!("fleuron content-type apply {}", change.name);
    if let Some(file) = &change.file {
        command.push_str(&format!(" --file {}", quoted(&path(file))));
    }
    let given =
        change.fill.iter().filter(|fill| !plan.invalid.iter().any(|invalid| fills(fill, &invalid.field)));
    let missing =
        plan.invalid.iter().map(|invalid| format!("{}={}", invalid.field, example(&invalid.field, target)));
    for fill in given.cloned().chain(missing) {
        command.push_str(&format!(" --fill {}", quoted(&fill)));
    }
    command
}

fn path(file: &Path) -> String {
    file.display().to_string()
}

fn fills(fill: &str, field: &str) -> bool {
    fill.split_once('=').is_some_and(|(name, _)| name == field)
}

/// Null where entries may go without; otherwise something of the right form.
fn example(field: &str, target: Option<&TypeDefinition>) -> &'static str {
    let field = target.and_then(|target| target.field(field)).filter(|field| field.required);
    match field.map(|field| &field.kind) {
        None => "null",
        Some(Kind::Number(_) | Kind::Integer(_)) => "0",
        Some(Kind::Boolean) => "false",
        Some(Kind::Date(_)) => "\"2026-01-31\"",
        Some(Kind::DateTime(_)) => "\"2026-01-31T12:00:00Z\"",
        Some(
            Kind::Select { many: Some(_), .. } | Kind::Relation { many: Some(_), .. } | Kind::Group { .. },
        ) => "[...]",
        Some(_) => "\"...\"",
    }
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./=:,+@".contains(&byte);
    if word.bytes().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::content::change::InvalidField;

    #[test]
    fn the_command_goes_on_from_here() {
        let invalid = InvalidField { field: "price".to_owned(), count: 1, examples: Vec::new() };
        let plan = ChangePlan {
            from_version: 1,
            steps: Vec::new(),
            entries: 1,
            invalid: vec![invalid],
            filled: Vec::new(),
            kept: Vec::new(),
            warnings: Vec::new(),
            indexes_to_build: 0,
            is_applicable: false,
            is_safe: false,
        };
        let change = ChangeArguments {
            name: "event".to_owned(),
            file: Some(PathBuf::from("my types/event.toml")),
            fill: vec!["price=nonsense".to_owned(), "venue=\"To be told\"".to_owned()],
        };
        assert_eq!(
            command(&change, &plan, None),
            "fleuron content-type apply event --file 'my types/event.toml' --fill 'venue=\"To be told\"' --fill price=null"
        );
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
