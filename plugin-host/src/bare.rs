//! The yardstick for dispatch: one reused instance and wasmtime's own typed call, on an engine of the same
//! configuration, with nothing around it.

use std::path::Path;
use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::{Component, TypedFunc};

use crate::binary::{self, Bounds};
use crate::config::HostConfig;
use crate::engine::{self, Running, Ticker};
use crate::guest_state::{Environment, GuestState};
use crate::hook::PostInput;
use crate::limits::TotalMemory;
use crate::manifest::Manifest;
use crate::testing::MemoryPorts;

/// A guest without a host around it.
pub struct BareGuest {
    store: Store<GuestState>,
    function: TypedFunc<(Arc<PostInput>,), (Option<PostInput>,)>,
    _running: Running,
    _ticker: Ticker,
}

impl BareGuest {
    /// Instantiates code that exports `on-post-creating`.
    ///
    /// # Errors
    /// Says why that is not possible.
    pub async fn new(wasm: &[u8], config: HostConfig) -> Result<BareGuest, String> {
        let engine = engine::build(&config).map_err(|error| error.to_string())?;
        let linker = engine::linker(&engine).map_err(|error| error.to_string())?;
        let ticker = Ticker::start(&engine, config.epoch_tick).map_err(|error| error.to_string())?;
        let bytes = binary::to_component(wasm, Bounds::Counted)?;
        let component = Component::from_binary(&engine, &bytes).map_err(|error| format!("{error:#}"))?;
        let manifest = "[plugin]\nid = \"bench.bare\"\nname = \"Bare\"\nversion = \"1.0.0\"\n";
        let manifest = Manifest::parse(manifest, Path::new("bare")).map_err(|faults| faults.to_string())?;
        let environment = Environment::new(
            &manifest,
            &MemoryPorts::default().ports(),
            &Arc::new(config),
            &Arc::new(TotalMemory::new(usize::MAX)),
        );
        let environment = Arc::new(environment);
        let mut store = Store::new(&engine, GuestState::new(environment, std::time::Instant::now()));
        // Ticks pass as for any guest; none of them ends the call.
        store.set_epoch_deadline(u64::MAX / 2);
        let instance =
            linker.instantiate_async(&mut store, &component).await.map_err(|error| format!("{error:#}"))?;
        let export = component
            .get_export_index(None, "raisfast:plugin-wit/plugin-hooks")
            .and_then(|interface| component.get_export_index(Some(&interface), "on-post-creating"))
            .ok_or("the code does not export on-post-creating")?;
        let function = instance.get_typed_func(&mut store, export).map_err(|error| format!("{error:#}"))?;
        Ok(BareGuest { store, function, _running: ticker.pulse().run(), _ticker: ticker })
    }

    /// One call.
    ///
    /// # Errors
    /// Where the guest traps.
    pub async fn call(&mut self, post: Arc<PostInput>) -> Result<Option<PostInput>, String> {
        let results = self.function.call_async(&mut self.store, (post,)).await;
        results.map(|(answer,)| answer).map_err(|error| format!("{error:#}"))
    }
}
