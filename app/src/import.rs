//! Bringing a blog in from a folder of Markdown files.
//!
//! Everything is read, compared with what was imported before and checked first ([`plan`]); only then is anything
//! written ([`run`]), each post by its service and through the same filters as any other. An import may be killed at
//! any moment and run again: what stands is left alone, what is half done is completed.

mod dates;
mod document;
mod front_matter;
mod html;
mod library;
mod links;
mod matching;
mod metadata;
mod paths;
mod plan;
mod progress;
mod references;
mod repo;
mod run;
mod source;
mod summary;

use std::{path::PathBuf, time::Instant};

pub use summary::{Note, Summary};

use crate::{error::ApiError, services::Services};

/// What to import, and how.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The folder.
    pub dir: PathBuf,
    /// Read and check everything, write nothing.
    pub dry_run: bool,
    /// Show a bar on standard error; otherwise a line is logged now and then.
    pub progress: bool,
}

/// Why an import ended early. What was written by then stays; another import goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The folder is not one, or cannot be read.
    #[error("{dir} cannot be imported: {cause}", dir = .dir.display())]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The files could not be read to the end.
    #[error("reading the files failed: {0}")]
    Reading(#[from] tokio::task::JoinError),
    /// The site failed in a way that every other file would meet, too.
    #[error("stopped at {source_name}: {error}; run the import again to go on from there")]
    Stopped {
        /// The file.
        source_name: String,
        /// What went wrong.
        error: ApiError,
    },
    /// The site failed.
    #[error("the site failed: {0}")]
    Site(#[from] ApiError),
}

/// Imports a folder of Markdown files with front matter. Files that cannot become posts are named in the summary with
/// the reason; they do not stop the others.
pub async fn markdown(services: &Services, options: ImportOptions) -> Result<Summary, ImportError> {
    let started = Instant::now();
    let ImportOptions { dir, dry_run, progress } = options;
    let known = repo::known(services.database.reader()).await.map_err(ApiError::from)?;
    let folder = dir.clone();
    let plan = tokio::task::spawn_blocking(move || plan::make(&folder, &known))
        .await?
        .map_err(|cause| ImportError::Folder { dir, cause })?;
    let media = plan.media();
    let plan::Plan { work, unchanged, skipped, warnings } = plan;
    let mut summary = Summary { dry_run, unchanged, skipped, warnings, ..Summary::default() };
    if dry_run {
        summary.updated = work.iter().filter(|work| matches!(work.action, plan::Action::Update(_))).count();
        summary.imported = work.len() - summary.updated;
        summary.media = media;
    } else {
        let progress = progress::Progress::start(work.len(), progress);
        let outcome = Box::pin(run::carry_out(services, work, &progress, &mut summary)).await;
        progress.finish();
        outcome?;
    }
    summary.elapsed = started.elapsed();
    Ok(summary)
}
