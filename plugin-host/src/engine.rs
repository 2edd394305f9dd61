//! The one wasmtime engine: its configuration, its linker, and the thread that makes time pass for guests.

mod code_cache;
mod ticker;

use wasmtime::component::Linker;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::config::HostConfig;
use crate::error::HostError;
use crate::guest_state::GuestState;
use crate::host_api;
pub(crate) use code_cache::{CodeCache, Slot, fingerprint, hex, write_code};
#[cfg(any(test, feature = "testing"))]
pub(crate) use ticker::Running;
pub(crate) use ticker::{Pulse, Ticker};

/// Stack kept for host functions beside what guests may use, in bytes.
const HOST_STACK: usize = 1 << 20;
/// Component instances that may live at once in the pooling allocator.
const INSTANCES: u32 = 400;
/// Core instances, memories and tables per component instance: a guest in Rust takes three core instances.
const CORE_INSTANCES_EACH: u32 = 6;

/// An engine with room for big guests. Where the address space does not allow for the pooling allocator, memory is
/// allocated on demand.
pub(crate) fn build(config: &HostConfig) -> Result<Engine, HostError> {
    let pooled =
        Engine::new(base_config(config).allocation_strategy(InstanceAllocationStrategy::Pooling(pooling())));
    match pooled {
        Ok(engine) => Ok(engine),
        Err(error) => {
            tracing::warn!(error = %error, "no room for pooled plugin instances; allocating them on demand");
            on_demand(config)
        }
    }
}

/// An engine that reserves nothing ahead, for looking at plugins without running them.
pub(crate) fn on_demand(config: &HostConfig) -> Result<Engine, HostError> {
    let mut settings = base_config(config);
    settings.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    Engine::new(&settings).map_err(|error| HostError::Engine(format!("{error:#}")))
}

fn base_config(config: &HostConfig) -> Config {
    let mut settings = Config::new();
    settings
        .wasm_component_model(true)
        .concurrency_support(false)
        .epoch_interruption(true)
        .max_wasm_stack(config.max_stack)
        .async_stack_size(config.max_stack + HOST_STACK)
        // One core compiles while the others serve: a reload must not be felt.
        .parallel_compilation(false);
    settings
}

fn pooling() -> PoolingAllocationConfig {
    let mut pooling = PoolingAllocationConfig::default();
    pooling
        .total_component_instances(INSTANCES)
        .total_core_instances(INSTANCES * CORE_INSTANCES_EACH)
        .total_memories(INSTANCES)
        .total_tables(INSTANCES * 3)
        .total_stacks(INSTANCES)
        .max_component_instance_size(16 << 20)
        .max_core_instance_size(16 << 20)
        .max_tables_per_module(4)
        .table_elements(120_000);
    pooling
}

/// A linker with everything that a plugin may import: the host API and an empty WASI.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<GuestState>, HostError> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)
        .and_then(|()| host_api::add_to_linker(&mut linker))
        .map_err(|error| HostError::Engine(format!("{error:#}")))?;
    Ok(linker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_of_one_engine_suits_the_other() {
        let config = HostConfig::default();
        let (pooled, plain) = (build(&config).expect("an engine"), on_demand(&config).expect("an engine"));
        assert_eq!(fingerprint(&pooled), fingerprint(&plain));
    }
}
