//! `fleuron content`: entries of content types, out of a site and into one.

use std::{
    fs::File,
    io::{BufWriter, ErrorKind, Read, Write},
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
};

use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;

use super::{
    Failure, block_on,
    terminal::{Meter, count, line, words},
};
use crate::{
    auth::Actor,
    config::{Config, Options},
    content::{
        ContentType,
        storage::entries,
        transfer::{self, ImportProgress, ImportSummary},
    },
    error::{ApiError, ErrorCode},
    services::Services,
};

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;
/// As many pieces are read ahead.
const AHEAD: usize = 4;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Write all entries of a content type as JSON Lines, drafts and private fields included
    Export {
        /// The content type
        #[arg(value_name = "TYPE")]
        name: String,
        /// Where they go [default: standard output]
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Import entries from JSON Lines, one entry a line as `export` writes it
    ///
    /// Can be repeated: entries are known by their ids, those that are there and differ are updated. Lines without an
    /// id become new entries each time. Relations may lead to later lines. Lines that cannot be imported are named and
    /// do not stop the others; then the command ends with status 1.
    Import {
        /// The content type
        #[arg(value_name = "TYPE")]
        name: String,
        /// The file, or `-` for standard input
        file: PathBuf,
        /// Read and check every line by itself, write nothing
        #[arg(long)]
        dry_run: bool,
    },
}

pub(super) fn run(options: &Options, command: Command) -> Result<(), Failure> {
    let config = Config::load(options)?;
    block_on(async move {
        let services = Services::open(&config, super::import::base_url(&config)?).await?;
        let outcome = match &command {
            Command::Export { name, output } => Box::pin(export(&services, name, output.as_deref())).await,
            Command::Import { name, file, dry_run } => {
                Box::pin(import(&services, name, file, *dry_run)).await
            }
        };
        services.close().await;
        outcome
    })
}

/// The type of this name, served or not.
async fn content_type(services: &Services, name: &str) -> Result<Arc<ContentType>, Failure> {
    let types = services.content_types.types().await.map_err(words)?;
    if let Some(found) = types.by_name(name) {
        return Ok(Arc::clone(found));
    }
    let known: Vec<&str> = types.all().map(|content_type| content_type.name()).collect();
    let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
    let hint = "`fleuron content-type list` tells which can be enabled";
    Err(format!("there is no content type `{name}` on this site (there are: {known}); {hint}").into())
}

async fn export(services: &Services, name: &str, output: Option<&Path>) -> Result<(), Failure> {
    let content_type = content_type(services, name).await?;
    let Some(output) = output else {
        return write_all(services, content_type, &mut std::io::stdout().lock()).await.map(drop);
    };
    // What stands there is replaced once the new file is whole.
    let mut partial = output.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let unwritable = |error: std::io::Error| format!("{} cannot be written: {error}", output.display());
    let mut file = BufWriter::new(File::create(&partial).map_err(unwritable)?);
    let written = write_all(services, content_type, &mut file).await;
    let outcome = match written {
        Ok(written) => file
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all())
            .and_then(|()| std::fs::rename(&partial, output))
            .map_err(|error| Failure::from(unwritable(error)))
            .map(|()| written),
        Err(failure) => Err(failure),
    };
    match outcome {
        Ok(written) => {
            eprintln!("Wrote {} to {}.", count(written, "entry", "entries"), output.display());
            Ok(())
        }
        Err(failure) => {
            // It may never have been there.
            let _ = std::fs::remove_file(&partial);
            Err(failure)
        }
    }
}

/// Writes the lines and answers how many.
async fn write_all(
    services: &Services,
    content_type: Arc<ContentType>,
    output: &mut impl Write,
) -> Result<u64, Failure> {
    let total = entries::count(services.database.reader(), &content_type, None).await?;
    let meter = Meter::start();
    let mut lines = pin!(transfer::export(services.database.clone(), content_type));
    let mut written = 0;
    while let Some(piece) = lines.next().await {
        let piece = piece.map_err(words)?;
        match output.write_all(&piece) {
            // Whoever reads has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(written),
            outcome => outcome?,
        }
        written += piece.iter().filter(|byte| **byte == b'\n').map(|_| 1_u64).sum::<u64>();
        meter.at(written, total, || format!("{written} of {} exported", count(total, "entry", "entries")));
    }
    output.flush()?;
    meter.finish();
    Ok(written)
}

async fn import(services: &Services, name: &str, file: &Path, dry_run: bool) -> Result<(), Failure> {
    let content_type = content_type(services, name).await?;
    if !content_type.enabled && !dry_run {
        return Err(format!("`{name}` is disabled: `fleuron content-type enable {name}` goes first").into());
    }
    let (reader, size): (Box<dyn Read + Send>, u64) = if file.as_os_str() == "-" {
        (Box::new(std::io::stdin()), 0)
    } else {
        let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}", file.display());
        let opened = File::open(file).map_err(unreadable)?;
        let size = opened.metadata().map_err(unreadable)?.len();
        (Box::new(opened), size)
    };
    let lines = pieces(reader);
    let meter = Meter::start();
    let verb = if dry_run { "checked" } else { "imported" };
    let progress = |progress: ImportProgress| {
        let ImportProgress { bytes, done, failed, .. } = progress;
        meter.at(bytes, size, || {
            let failed = if failed == 0 { String::new() } else { format!(", {failed} of them failed") };
            format!("{} {verb}{failed}", count(done, "entry", "entries"))
        });
    };
    let summary = if dry_run {
        transfer::check(&content_type, lines, &progress).await
    } else {
        transfer::import(&services.entries, &Actor::System, &content_type, lines, &progress).await
    };
    meter.finish();
    let summary = summary.map_err(|error| {
        let hint = "what was imported stays; import again to go on from there";
        format!("{} ({hint})", words(error))
    })?;
    tell(&summary, dry_run)
}

/// Prints what came of an import. An error where lines failed.
fn tell(summary: &ImportSummary, dry_run: bool) -> Result<(), Failure> {
    let ImportSummary { read, created, updated, unchanged, failed, errors } = summary;
    let lines = count(*read, "line", "lines");
    if dry_run {
        println!("Read {lines}: {created} right, {failed} wrong. Nothing was written.");
    } else {
        println!(
            "Read {lines}: {created} created, {updated} updated, {unchanged} unchanged, {failed} failed."
        );
    }
    for error in errors {
        let id = error.id.map(|id| format!(" ({id})")).unwrap_or_default();
        for fault in &error.errors {
            println!("  - line {}{id}: {}", error.line, line(fault));
        }
    }
    let told = u64::try_from(errors.len()).unwrap_or(u64::MAX);
    if *failed > told {
        println!("  - and {} more", count(failed - told, "line", "lines"));
    }
    match failed {
        0 => Ok(()),
        1 => Err("1 line could not be imported".into()),
        failed => Err(format!("{failed} lines could not be imported").into()),
    }
}

/// What a reader gives, read in a thread of its own: standard input may keep whoever reads it waiting for ever.
fn pieces(mut reader: Box<dyn Read + Send>) -> impl Stream<Item = Result<Bytes, ApiError>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    std::thread::spawn(move || {
        loop {
            let mut piece = vec![0; PIECE];
            let read = match reader.read(&mut piece) {
                Ok(0) => return,
                Ok(count) => {
                    piece.truncate(count);
                    Ok(Bytes::from(piece))
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    let detail = format!("The entries cannot be read any further: {error}.");
                    Err(ApiError::new(ErrorCode::MalformedRequest, detail))
                }
            };
            let is_last = read.is_err();
            // Nobody waits for it any more.
            if sender.blocking_send(read).is_err() || is_last {
                return;
            }
        }
    });
    stream::unfold(receiver, |mut receiver| async move {
        let piece = receiver.recv().await?;
        Some((piece, receiver))
    })
}
