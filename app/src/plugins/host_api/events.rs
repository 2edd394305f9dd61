//! `emit-event`: what plugins emit goes into the outbox, as the site's own facts do.

use fleuron_plugin_host::{
    PluginId,
    ports::{EmittedEvent, EventPort, PortError},
};

use crate::{
    database::Database,
    error::ApiError,
    events::{DomainEvent, RecorderHandle},
};

pub(super) struct PluginEvents {
    recorder: RecorderHandle,
    database: Database,
}

impl PluginEvents {
    pub(super) fn new(recorder: RecorderHandle, database: Database) -> Self {
        Self { recorder, database }
    }
}

#[async_trait::async_trait]
impl EventPort for PluginEvents {
    async fn publish(
        &self,
        plugin: &PluginId,
        events: Vec<EmittedEvent>,
        chain: Vec<PluginId>,
    ) -> Result<(), PortError> {
        let facts = events.into_iter().map(|event| fact(event, &chain)).collect::<Result<_, _>>()?;
        let Some(recorder) = self.recorder.get() else {
            return Err(PortError::new("events cannot be published while the server starts or stops"));
        };
        recorder.publish(&self.database, plugin, facts).await.map_err(|error| reason(plugin, &error))
    }
}

fn fact(event: EmittedEvent, chain: &[PluginId]) -> Result<DomainEvent, PortError> {
    let EmittedEvent { id, event_type, data } = event;
    let id = id.parse().map_err(|error| PortError::new(format!("the event's id `{id}`: {error}")))?;
    Ok(DomainEvent::PluginEmitted { id, event_type, data, chain: chain.to_vec() })
}

/// The plugin's log tells what its author can help; the rest is for the server's.
fn reason(plugin: &PluginId, error: &ApiError) -> PortError {
    if error.code().status().is_server_error() {
        tracing::error!(%plugin, %error, "events of a plugin could not be recorded");
    }
    PortError::new(error.detail())
}
