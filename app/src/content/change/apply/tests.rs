use serde_json::json;

use super::*;
use crate::{
    content::change::tests::{Site, definition},
    error::ErrorCode,
    ids::EntryId,
};

fn price(kind: &str) -> Value {
    json!([{ "name": "title", "kind": "text" }, { "name": "price", "kind": kind }])
}

/// An attempt to make numbers of prices, with the keys that it needs.
async fn begun(site: &Site) -> (Arc<Attempt>, ChangePlan) {
    let old = site.current().await;
    let number = definition(&price("number"));
    let wanted = (&number, old.owner);
    let begun = site.types.examine(&old, wanted, &Map::new(), &|_progress| {}).await.unwrap();
    site.types.reserve_keys(&begun.0).await.unwrap();
    begun
}

/// Writes another price, as it is written under today's definition.
async fn write_price(site: &Site, id: EntryId, price: &str) {
    let content_type = site.current().await;
    let found = entries::find(site.database.reader(), &content_type, id).await.unwrap();
    let mut entry = found.unwrap();
    entry.stored.insert("f2".into(), price.into());
    entry.version += 1;
    let seen = entry.version - 1;
    let written = site.database.write((content_type, entry), move |transaction, (content_type, entry)| {
        Box::pin(async move {
            let derived = entries::Derived::of(content_type, entry)?;
            Ok(entries::update(transaction, content_type, entry, &derived, seen).await?)
        })
    });
    assert!(written.await.unwrap());
}

async fn finished(site: &Site, attempt: &Arc<Attempt>) -> Result<bool> {
    let last = Last { attempt: Arc::clone(attempt), actor: Actor::System, detail: json!({}) };
    site.database.write(last, |transaction, last| Box::pin(finish(transaction, last))).await
}

#[tokio::test]
async fn what_is_written_meanwhile_is_made_ready_again() {
    let site = Site::with(&price("text")).await;
    let written = site.add(EntryStatus::Published, &json!({ "price": "1" })).await;
    site.add(EntryStatus::Published, &json!({ "price": "2" })).await;
    let (attempt, _) = begun(&site).await;
    site.types.make_ready(&attempt, &|_done| {}).await.unwrap();
    assert_eq!(site.fields().await, [json!({ "price": "1" }), json!({ "price": "2" })], "nobody sees it yet");
    write_price(&site, written, "3").await;
    site.add(EntryStatus::Draft, &json!({ "price": "4" })).await;
    assert!(finished(&site, &attempt).await.unwrap());
    let now = [json!({ "price": 3 }), json!({ "price": 2 }), json!({ "price": 4 })];
    assert_eq!(site.fields().await, now);
    site.close().await;
}

#[tokio::test]
async fn what_is_given_is_not_seen_before_its_time() {
    let site = Site::with(&price("text")).await;
    site.add(EntryStatus::Published, &json!({ "title": "A" })).await;
    let old = site.current().await;
    let mut required = old.definition.clone();
    required.fields[1].required = true;
    let (wanted, fill) = ((&required, old.owner), json!({ "price": "7" }));
    let fill = fill.as_object().unwrap();
    let (attempt, _) = site.types.examine(&old, wanted, fill, &|_progress| {}).await.unwrap();
    site.types.reserve_keys(&attempt).await.unwrap();
    site.types.make_ready(&attempt, &|_done| {}).await.unwrap();
    assert_eq!(site.fields().await, [json!({ "title": "A" })]);
    assert!(finished(&site, &attempt).await.unwrap());
    assert_eq!(site.fields().await, [json!({ "title": "A", "price": "7" })]);
    site.close().await;
}

#[tokio::test]
async fn that_a_change_is_under_way_is_noted_and_keeps_nobody_from_it() {
    let site = Site::with(&price("text")).await;
    site.add(EntryStatus::Published, &json!({ "price": "1" })).await;
    let (attempt, _) = begun(&site).await;
    let before = site.current().await;
    let now = Timestamp::from_millis(9);
    let number = before.number;
    let noted = site.database.write(number, move |transaction, number| {
        Box::pin(async move { Ok(storage::types::touch(transaction, *number, now).await?) })
    });
    noted.await.unwrap();
    assert_eq!(site.current().await, ContentType { updated_at: now, ..before });
    assert!(finished(&site, &attempt).await.unwrap());
    assert!(site.current().await.updated_at > now);
    site.close().await;
}

#[tokio::test]
async fn what_becomes_wrong_meanwhile_stops_the_change() {
    let site = Site::with(&price("text")).await;
    let id = site.add(EntryStatus::Published, &json!({ "price": "1" })).await;
    let (attempt, plan) = begun(&site).await;
    site.types.make_ready(&attempt, &|_done| {}).await.unwrap();
    write_price(&site, id, "cheap").await;
    let refused = finished(&site, &attempt).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.fields()[0].field.as_str()),
        (ErrorCode::ValidationFailed, "fill.price")
    );
    assert_eq!(site.fields().await, [json!({ "price": "cheap" })]);
    // Its keys were given, though nothing came of it: another attempt takes others.
    let (again, _) = begun(&site).await;
    assert_eq!(attempt.transition.new.layout.key("price"), Some("f3"));
    assert_eq!(again.transition.new.layout.key("price"), Some("f4"));
    // The one that is behind cannot be finished any more.
    let late = site.types.bring_into_force(&Actor::System, &attempt, &plan, &|_progress| {}).await;
    assert_eq!(late.unwrap_err().code(), ErrorCode::EditConflict);
    site.close().await;
}
