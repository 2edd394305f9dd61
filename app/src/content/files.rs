//! Types that are described in files: those of the folder `content-types`, and those that come with the server. A file of
//! the folder replaces one of the same name that comes along.
//!
//! Files are read again when they change. What they say is applied where nothing can be lost and no entry becomes invalid;
//! any other change waits until somebody applies it.

mod watch;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::task::AbortHandle;

use super::{
    ContentType, Field, Kind, TypeDefinition, TypeService, bundled,
    change::FileOutcome,
    definition::{FieldName, Target, TypeName, source},
    model::Owner,
    storage,
};
use crate::{
    auth::Actor,
    error::{ApiError, ErrorCode, FieldError, Result},
};

/// The largest file, in bytes.
const LONGEST: u64 = 256 * 1024;
/// How often, and with what pause, a file is applied that another process is applying, too.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// What is applied.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// Types that were never made: quick, so that the site need not wait long.
    NewTypes,
    /// Changes of types, too.
    All,
}

/// What a file says.
#[derive(Clone, Debug, PartialEq)]
pub struct FileState {
    /// Where it is; none of one that comes with the server.
    pub path: Option<PathBuf>,
    /// Whether the type is to be made without being asked for.
    pub enabled: bool,
    /// What it describes; none where it has faults.
    pub definition: Option<TypeDefinition>,
    /// What is wrong with it.
    pub faults: Vec<FieldError>,
}

/// All files by the names of their types.
pub(super) struct FileTypes {
    folder: PathBuf,
    states: ArcSwap<BTreeMap<String, FileState>>,
    /// Ends the watching.
    watching: OnceLock<AbortHandle>,
}

impl FileTypes {
    /// Reads all.
    pub(super) fn read(folder: PathBuf) -> Self {
        let states = ArcSwap::from_pointee(read_all(&folder));
        Self { folder, states, watching: OnceLock::new() }
    }

    /// What the file of this type says; none if there is no such file.
    pub(super) fn state(&self, name: &str) -> Option<FileState> {
        self.states.load().get(name).cloned()
    }

    /// All, by name.
    pub(super) fn states(&self) -> Arc<BTreeMap<String, FileState>> {
        self.states.load_full()
    }

    /// Notes what was found when a file was applied.
    fn fault(&self, name: &str, fault: &FieldError) {
        self.states.rcu(|states| {
            let mut states = BTreeMap::clone(states);
            if let Some(state) = states.get_mut(name) {
                state.faults.push(fault.clone());
            }
            states
        });
    }
}

impl TypeService {
    /// Makes the types that files describe and that were never made, then follows the files: changes are applied beside
    /// the running site, now and whenever a file changes.
    pub async fn follow_files(&self) -> Result<()> {
        self.apply_files(&BTreeMap::new(), Extent::NewTypes).await?;
        let task = watch::start(self, &self.files.folder);
        // Whoever asks twice is followed once.
        if let Err(task) = self.files.watching.set(task) {
            task.abort();
        }
        Ok(())
    }

    /// Ends what [`Self::follow_files`] began.
    pub fn stop_following(&self) {
        if let Some(task) = self.files.watching.get() {
            task.abort();
        }
    }

    /// Applies what the files say now.
    pub(super) async fn apply_now(&self) -> Result<()> {
        self.apply_files(&BTreeMap::new(), Extent::All).await
    }

    /// Whether the files say something else than when they were read.
    pub(super) fn are_files_stale(&self) -> bool {
        read_all(&self.files.folder) != **self.files.states.load()
    }

    /// Reads the files again and applies them.
    pub(super) async fn reload_files(&self) -> Result<()> {
        let before = self.files.states();
        self.files.states.store(Arc::new(read_all(&self.files.folder)));
        self.apply_files(&before, Extent::All).await
    }

    /// Types that relate to others come after those. What is wrong with a file is its own affair.
    async fn apply_files(&self, before: &BTreeMap<String, FileState>, extent: Extent) -> Result<()> {
        let states = self.files.states();
        for (name, state) in states.iter() {
            for fault in &state.faults {
                log_fault(name, state.path.as_deref(), fault);
            }
        }
        let mut waiting: Vec<(&str, &FileState)> =
            states.iter().map(|(name, state)| (name.as_str(), state)).collect();
        loop {
            let count = waiting.len();
            let mut later = Vec::new();
            for (name, state) in waiting {
                match self.apply_one(name, state, before.get(name), extent).await {
                    Ok(()) => {}
                    Err(error) if error.code() == ErrorCode::ValidationFailed => {
                        later.push((name, state, error))
                    }
                    Err(error) if error.code().status().is_server_error() => return Err(error),
                    Err(error) => self.report(name, &FieldError::new("", error.detail())),
                }
            }
            if later.is_empty() {
                return Ok(());
            }
            if later.len() == count && !self.make_in_part(&later).await? {
                for (name, _, error) in &later {
                    for fault in error.fields() {
                        self.report(name, fault);
                    }
                }
                return Ok(());
            }
            waiting = later.into_iter().map(|(name, state, _)| (name, state)).collect();
        }
    }

    /// Makes the first of the types that wait for each other without the relations that lead to the others, which are
    /// added once those are made. Answers whether there was one.
    async fn make_in_part(&self, waiting: &[(&str, &FileState, ApiError)]) -> Result<bool> {
        let is_waiting = |name: &str| waiting.iter().any(|(other, ..)| *other == name);
        let leads_to_others = |field: &Field| match &field.kind {
            Kind::Relation { to: Target::Type(to), .. } => is_waiting(to.as_str()),
            _ => false,
        };
        for (name, state, _) in waiting {
            let Some(definition) = &state.definition else { continue };
            if storage::types::find(self.database.reader(), name).await?.is_some() {
                continue;
            }
            let mut part = definition.clone();
            part.fields.retain(|field| !leads_to_others(field));
            let remains = |name: &FieldName| part.fields.iter().any(|field| field.name == *name);
            part.indexes.retain(|index| remains(&index.filter));
            if part.fields.len() == definition.fields.len() || part.fields.is_empty() {
                continue;
            }
            if self.make(&Actor::System, part, Owner::File).await.is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn apply_one(
        &self,
        name: &str,
        state: &FileState,
        before: Option<&FileState>,
        extent: Extent,
    ) -> Result<()> {
        let Some(definition) = &state.definition else { return Ok(()) };
        let mut found = storage::types::find(self.database.reader(), name).await?;
        if found.is_none() && state.enabled {
            match self.make(&Actor::System, definition.clone(), Owner::File).await {
                Ok(_made) => {
                    tracing::info!(content_type = name, "content type made from its file");
                    return Ok(());
                }
                // Another process has the same file.
                Err(error) if error.code() == ErrorCode::ContentTypeTaken => {
                    found = storage::types::find(self.database.reader(), name).await?;
                }
                Err(error) => return Err(error),
            }
        }
        match found {
            None => Ok(()),
            Some(found) if found.owner == Owner::Api && state.path.is_none() => Ok(()),
            Some(found) if found.owner == Owner::Api => {
                let words = "A content type of this name was made through the API; the file is not used.";
                self.report(name, &FieldError::new("name", words));
                Ok(())
            }
            Some(found) if extent == Extent::All => self.apply_to(&found, state, before).await,
            Some(_) => Ok(()),
        }
    }

    async fn apply_to(
        &self,
        found: &ContentType,
        state: &FileState,
        before: Option<&FileState>,
    ) -> Result<()> {
        let (name, Some(definition)) = (found.name(), &state.definition) else { return Ok(()) };
        // What an administrator switched stays, until the file itself is switched. One that was broken, or another
        // file, said nothing of it.
        let known = before.filter(|before| before.definition.is_some() && before.path == state.path);
        if known.is_some_and(|known| known.enabled != state.enabled) && found.enabled != state.enabled {
            self.set_enabled(&Actor::System, name, state.enabled).await?;
        }
        // What comes along is an example to begin with; a later one is applied when somebody asks for it.
        if state.path.is_none() {
            return Ok(());
        }
        match self.apply_patiently(definition).await? {
            FileOutcome::Unchanged => {}
            FileOutcome::Applied(plan) => {
                let steps: Vec<&str> = plan.steps.iter().map(|step| step.detail.as_str()).collect();
                let steps = steps.join("; ");
                tracing::info!(content_type = name, steps, "content type changed as its file says");
            }
            FileOutcome::Pending(_) => tracing::warn!(
                content_type = name,
                "the file of the content type has changes that wait: `fleuron content-type diff {name}` says why, \
                 `fleuron content-type apply {name}` applies them"
            ),
        }
        Ok(())
    }

    /// Another process with the same file may be applying it.
    async fn apply_patiently(&self, definition: &TypeDefinition) -> Result<FileOutcome> {
        let mut tries = 1;
        loop {
            match self.apply_file(definition.clone()).await {
                Err(error) if error.code() == ErrorCode::EditConflict && tries < TRIES => tries += 1,
                outcome => return outcome,
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn report(&self, name: &str, fault: &FieldError) {
        let path = self.files.state(name).and_then(|state| state.path);
        log_fault(name, path.as_deref(), fault);
        self.files.fault(name, fault);
    }
}

fn log_fault(name: &str, path: Option<&Path>, fault: &FieldError) {
    let file = path.map_or_else(|| "comes with the server".to_owned(), |path| path.display().to_string());
    tracing::error!(
        content_type = name,
        file,
        key = fault.field,
        reason = fault.message,
        "content type not used"
    );
}

fn read_all(folder: &Path) -> BTreeMap<String, FileState> {
    let mut states = BTreeMap::new();
    for (stem, text) in bundled::files() {
        states.insert(stem.to_owned(), state_of(stem, None, text));
    }
    for path in files_in(folder) {
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        let state = match read(&path) {
            Ok(text) => state_of(stem, Some(path.clone()), &text),
            Err(fault) => broken(Some(path.clone()), vec![fault]),
        };
        states.insert(stem.to_owned(), state);
    }
    states
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(found) = fs::read_dir(folder) else { return Vec::new() };
    let is_type = |path: &PathBuf| {
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        path.extension().is_some_and(|extension| extension == "toml") && !is_hidden
    };
    let mut files: Vec<PathBuf> =
        found.filter_map(|entry| Some(entry.ok()?.path())).filter(is_type).collect();
    files.sort_unstable();
    files
}

fn read(path: &Path) -> Result<String, FieldError> {
    let fault = |words: String| FieldError::new("", words);
    let length = fs::metadata(path).map_err(|error| fault(error.to_string()))?.len();
    if length > LONGEST {
        return Err(fault(format!("Has {length} bytes; a content type has at most {LONGEST}.")));
    }
    fs::read_to_string(path).map_err(|error| fault(error.to_string()))
}

fn state_of(stem: &str, path: Option<PathBuf>, text: &str) -> FileState {
    if let Err(message) = TypeName::parse(stem) {
        return broken(
            path,
            vec![FieldError::new("name", format!("The file's name names the type. {message}"))],
        );
    }
    match source::from_toml(stem, text) {
        Ok(file) => {
            let definition = Some(file.definition);
            FileState { path, enabled: file.enabled, definition, faults: Vec::new() }
        }
        Err(faults) => broken(path, faults),
    }
}

fn broken(path: Option<PathBuf>, faults: Vec<FieldError>) -> FileState {
    FileState { path, enabled: false, definition: None, faults }
}
