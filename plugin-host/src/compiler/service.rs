//! From a plugin's bytes to linked code: out of the cache, or else from the compiler.
//!
//! What is cached waits for nobody. What is not waits for its turn, and is compiled in a process of its own where there is
//! one to start, else in this one.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinError, JoinHandle};
use wasmtime::Engine;
use wasmtime::component::Linker;

use super::job::Job;
use super::turns::{Turns, half_of_the_cores};
use super::{Compiler, process};
use crate::compiled::Compiled;
use crate::config::HostConfig;
use crate::engine::{CodeCache, Slot, fingerprint};
use crate::error::{HostError, LoadError};
use crate::guest_state::GuestState;

/// Makes linked code. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CompileService {
    inner: Arc<Inner>,
    guests: Handle,
}

struct Inner {
    engine: Engine,
    linker: Linker<GuestState>,
    cache: Option<CodeCache>,
    config: Arc<HostConfig>,
    turns: Turns,
    /// Bounds how many plugins are compiled in this process at once.
    in_process: Semaphore,
    closing: watch::Sender<bool>,
}

/// Code on its way.
struct Code {
    wasm: Vec<u8>,
    slot: Option<Slot>,
}

impl CompileService {
    pub(crate) fn new(
        engine: Engine,
        linker: Linker<GuestState>,
        cache: Option<CodeCache>,
        config: &Arc<HostConfig>,
        guests: Handle,
    ) -> CompileService {
        let inner = Inner {
            engine,
            linker,
            cache,
            config: Arc::clone(config),
            turns: Turns::new(),
            in_process: Semaphore::new(half_of_the_cores()),
            closing: watch::Sender::new(false),
        };
        CompileService { inner: Arc::new(inner), guests }
    }

    /// The code cache as it is configured. Where only a compiler is, its output lies in a folder of its own meanwhile.
    pub(crate) fn cache(config: &HostConfig) -> Result<Option<CodeCache>, HostError> {
        match (&config.code_cache, &config.compiler) {
            (Some(folder), _) => CodeCache::open(folder).map(Some),
            (None, Some(_)) => CodeCache::temporary().map(Some),
            (None, None) => Ok(None),
        }
    }

    /// Linked code. Where the future is dropped, a process that compiles is ended.
    ///
    /// # Errors
    /// Where the code is refused, or takes more to compile than it may.
    pub(crate) async fn compile(&self, wasm: Vec<u8>) -> Result<Compiled, LoadError> {
        let inner = Arc::clone(&self.inner);
        let (code, cached) = self
            .blocking(move || {
                let slot = inner.cache.as_ref().map(|cache| cache.slot(&inner.engine, &wasm));
                let code = Code { wasm, slot };
                let cached = inner.cached(&code);
                (code, cached)
            })
            .await?;
        match (cached, &self.inner.config.compiler) {
            (Some(compiled), _) => compiled,
            (None, Some(compiler)) => self.compile_apart(compiler.clone(), code).await,
            (None, None) => self.compile_here(code).await,
        }
    }

    /// Ends what is being compiled, and compiles nothing any more.
    pub(crate) fn close(&self) {
        self.inner.turns.close();
        self.inner.in_process.close();
        self.inner.closing.send_replace(true);
    }

    async fn compile_here(&self, code: Code) -> Result<Compiled, LoadError> {
        let Ok(_turn) = self.inner.in_process.acquire().await else { return Err(LoadError::ShuttingDown) };
        let inner = Arc::clone(&self.inner);
        self.blocking(move || {
            // Somebody may have compiled the same while this waited.
            if let Some(compiled) = inner.cached(&code) {
                return compiled;
            }
            let component = Compiled::component(&inner.engine, &code.wasm)?;
            if let (Some(cache), Some(slot)) = (&inner.cache, &code.slot) {
                cache.store(slot, &component);
            }
            Compiled::link(&inner.engine, &inner.linker, &component)
        })
        .await?
    }

    async fn compile_apart(&self, compiler: Compiler, code: Code) -> Result<Compiled, LoadError> {
        let turn = self.inner.turns.take(code.wasm.len()).await;
        let Ok(turn) = turn else { return Err(LoadError::ShuttingDown) };
        let (inner, code) = (Arc::clone(&self.inner), Arc::new(code));
        let asked = Arc::clone(&code);
        if let Some(compiled) = self.blocking(move || inner.cached(&asked)).await? {
            return compiled;
        }
        // A process is its thread's child: the guests' threads live as long as the host.
        let (inner, asked) = (Arc::clone(&self.inner), Arc::clone(&code));
        let work = async move {
            let mut closing = inner.closing.subscribe();
            tokio::select! {
                compiled = inner.run(&compiler, &asked) => compiled.map_err(LoadError::Code),
                _ = closing.wait_for(|closing| *closing) => Err(LoadError::ShuttingDown),
            }
        };
        let task = Task(self.guests.spawn(turn.with(work)));
        task.end().await.unwrap_or_else(|error| Err(failed(&error)))?;
        let inner = Arc::clone(&self.inner);
        let compiled = self.blocking(move || inner.cached(&code)).await?;
        compiled.unwrap_or_else(|| {
            Err(LoadError::Code("its compiled form cannot be loaded; the log says more".to_owned()))
        })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, LoadError> {
        self.guests.spawn_blocking(work).await.map_err(|error| failed(&error))
    }
}

impl Inner {
    /// Compiled code that is in the cache, linked.
    fn cached(&self, code: &Code) -> Option<Result<Compiled, LoadError>> {
        let component = self.cache.as_ref()?.load(&self.engine, code.slot.as_ref()?)?;
        Some(Compiled::link(&self.engine, &self.linker, &component))
    }

    /// Has code compiled into its slot.
    async fn run(&self, compiler: &Compiler, code: &Code) -> Result<(), String> {
        let (Some(cache), Some(slot)) = (&self.cache, &code.slot) else {
            return Err("there is no folder for its compiled form".to_owned());
        };
        let limit = self.config.compile_timeout;
        let job = Job {
            code_bytes: code.wasm.len(),
            fingerprint: fingerprint(&self.engine),
            max_stack: self.config.max_stack,
            memory: self.config.compile_memory,
            // In whole seconds, and never before the other limit: that one has the better words.
            cpu_seconds: limit.as_secs().saturating_add(2),
            host: std::process::id(),
        };
        let output = cache.unfinished(slot);
        process::compile(compiler, &job, &code.wasm, output.path(), limit).await?;
        cache.keep(output, slot).map_err(|error| format!("its compiled form cannot be kept: {error}"))
    }
}

/// A task that ends with whoever waits for it.
struct Task<T>(JoinHandle<T>);

impl<T> Task<T> {
    async fn end(mut self) -> Result<T, JoinError> {
        (&mut self.0).await
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn failed(error: &JoinError) -> LoadError {
    if error.is_panic() {
        LoadError::Code("the compiler fails on it".to_owned())
    } else {
        LoadError::ShuttingDown
    }
}
