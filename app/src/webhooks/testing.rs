//! What the unit tests of webhooks share.

use std::net::SocketAddr;

use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{EventPattern, Secret, Webhook, WebhookId, repo};
use crate::{
    clock::Timestamp, config::DatabaseConfig, database::Database, events::EventEnvelope, ids::EventId,
};

/// A webhook that hears everything.
pub(super) fn webhook(url: &str) -> Webhook {
    Webhook {
        id: WebhookId::generate(),
        name: "Everything".to_owned(),
        url: url.to_owned(),
        events: vec![EventPattern::parse("*").unwrap()],
        secret: Secret::generate().unwrap(),
        previous: None,
        enabled: true,
        paused_reason: None,
        failing_since: None,
        created_by: None,
        created_at: Timestamp::from_millis(1_000),
        updated_at: Timestamp::from_millis(1_000),
    }
}

/// Some event.
pub(super) fn event() -> EventEnvelope {
    EventEnvelope {
        id: EventId::generate(),
        event_type: "post.created".to_owned(),
        at: Timestamp::from_millis(0),
        data: json!({ "n": 1 }),
    }
}

/// A database of its own, which goes with the folder.
pub(super) async fn database() -> (Database, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let config = DatabaseConfig::sqlite(folder.path().join("site.sqlite"));
    let database = Database::connect(&config).await.unwrap();
    database.migrate().await.unwrap();
    (database, folder)
}

/// Adds a webhook to it.
pub(super) async fn insert(database: &Database, webhook: &Webhook) {
    database
        .write(webhook.clone(), |transaction, webhook| {
            Box::pin(async move { Ok(repo::insert(transaction, webhook).await?) })
        })
        .await
        .unwrap();
}

/// A server that answers every request alike, with this head (without its last line) and body.
pub(super) async fn answering(head: String, body: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 8192]).await;
            let answer = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.write_all(body).await;
            // What came late is read too: closing before that would take the answer back.
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    });
    address
}
