use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::{
    clock::Timestamp,
    config::DatabaseConfig,
    content::{
        Entry, EntryStatus,
        definition::{Sort, SortKey, source},
        model::EntryList,
        storage::{self, entries},
    },
    database::Database,
    ids::EntryId,
};

/// A database with one content type, `event`.
pub(super) struct Site {
    pub(super) types: TypeService,
    pub(super) database: Database,
    folder: TempDir,
}

impl Site {
    /// A site whose events have these fields.
    pub(super) async fn with(fields: &Value) -> Self {
        Self::owned(fields, Owner::Api).await
    }

    async fn owned(fields: &Value, owner: Owner) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = DatabaseConfig::sqlite(folder.path().join("site.sqlite"));
        let database = Database::connect(&config).await.unwrap();
        database.migrate().await.unwrap();
        let types = TypeService::new(database.clone(), folder.path().join("extensions"));
        types.make(&Actor::System, definition(fields), owner).await.unwrap();
        Self { types, database, folder }
    }

    pub(super) async fn close(self) {
        self.database.close().await;
        self.folder.close().unwrap();
    }

    pub(super) async fn current(&self) -> ContentType {
        self.types.current("event").await.unwrap()
    }

    /// Adds an entry with these fields.
    pub(super) async fn add(&self, status: EntryStatus, fields: &Value) -> EntryId {
        let content_type = self.current().await;
        let now = Timestamp::now();
        let mut entry = Entry {
            id: EntryId::generate(),
            status,
            fields: fields.as_object().unwrap().clone(),
            stored: Map::new(),
            created_by: None,
            updated_by: None,
            created_at: now,
            updated_at: now,
            published_at: None,
            version: 1,
        };
        for (name, value) in &entry.fields {
            entry.stored.insert(content_type.layout.key(name).unwrap().to_owned(), value.clone());
        }
        let id = entry.id;
        let written = self.database.write((content_type, entry), |transaction, (content_type, entry)| {
            Box::pin(async move {
                let derived = entries::Derived::of(content_type, entry)?;
                Ok(entries::insert(transaction, content_type, entry, &derived).await?)
            })
        });
        assert!(written.await.unwrap());
        id
    }

    async fn publish(&self, fields: &[Value]) -> Vec<EntryId> {
        let mut ids = Vec::new();
        for fields in fields {
            ids.push(self.add(EntryStatus::Published, fields).await);
        }
        ids
    }

    /// The fields of all entries, in the order in which they were made.
    pub(super) async fn fields(&self) -> Vec<Value> {
        let rows = entries::batch(self.database.reader(), &self.current().await, 0, 100).await.unwrap();
        rows.into_iter().map(|row| Value::Object(row.entry.fields)).collect()
    }

    async fn stored(&self) -> Vec<Value> {
        let rows = entries::batch(self.database.reader(), &self.current().await, 0, 100).await.unwrap();
        rows.into_iter().map(|row| Value::Object(row.entry.stored)).collect()
    }

    async fn diff(&self, fields: &Value, fill: &Value) -> ChangePlan {
        self.types.diff(&Actor::System, "event", request(fields, fill)).await.unwrap()
    }

    async fn apply(&self, fields: &Value, fill: &Value) -> Result<ChangePlan> {
        self.types.apply(&Actor::System, "event", request(fields, fill), &|_progress| {}).await
    }

    async fn found(&self, words: &str) -> usize {
        let list = EntryList {
            status: EntryStatus::Published,
            created_by: None,
            conditions: Vec::new(),
            search: Some(words.to_owned()),
            sort: Sort { key: SortKey::CreatedAt, descending: true },
            after: None,
            limit: 10,
        };
        entries::list(self.database.reader(), &self.current().await, &list).await.unwrap().len()
    }
}

pub(super) fn definition(fields: &Value) -> TypeDefinition {
    let definition = json!({ "name": "event", "singular": "Event", "plural": "Events", "fields": fields });
    source::from_json(&definition).unwrap()
}

fn request(fields: &Value, fill: &Value) -> ChangeRequest {
    ChangeRequest { definition: Some(definition(fields)), fill: fill.as_object().unwrap().clone() }
}

fn title() -> Value {
    json!({ "name": "title", "kind": "text" })
}

#[tokio::test]
async fn a_conversion_waits_for_a_word_on_what_cannot_be_converted() {
    let price = |kind: &str| json!([title(), { "name": "price", "kind": kind, "sortable": true }]);
    let site = Site::with(&price("text")).await;
    let (dear, cheap) = (json!({ "title": "A", "price": "12.5" }), json!({ "title": "B", "price": "cheap" }));
    let ids = site.publish(&[dear.clone(), cheap.clone(), json!({ "title": "C" })]).await;
    let plan = site.diff(&price("number"), &json!({})).await;
    assert!(!plan.is_applicable && !plan.is_safe && plan.entries == 3);
    assert_eq!(plan.invalid[0].count, 1);
    let example = &plan.invalid[0].examples[0];
    assert_eq!((example.id, example.title.as_str()), (ids[1], "B"));
    assert_eq!(example.value.as_deref(), Some("\"cheap\""));
    let kept = FieldCount { field: "price".to_owned(), entries: 2 };
    assert_eq!(plan.kept, [kept]);
    assert!(plan.indexes_to_build > 0);

    let refused = site.apply(&price("number"), &json!({})).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ValidationFailed);
    assert_eq!(refused.fields()[0].field, "fill.price");
    assert_eq!(site.fields().await, [dear, cheap, json!({ "title": "C" })]);
    assert_eq!(site.current().await.version, 1);

    let done = site.apply(&price("number"), &json!({ "price": null })).await.unwrap();
    assert!(done.is_applicable && !done.is_safe);
    let now = [json!({ "title": "A", "price": 12.5 }), json!({ "title": "B" }), json!({ "title": "C" })];
    assert_eq!(site.fields().await, now);
    assert_eq!(site.current().await.version, 2);
    assert_eq!(site.stored().await[1], json!({ "f1": "B", "f2": "cheap" }), "nothing is lost");

    let purged = site.types.purge(&Actor::System, "event", Some(vec!["price".into()]), &|_progress| {}).await;
    assert_eq!(purged.unwrap(), 2);
    assert_eq!(site.stored().await[1], json!({ "f1": "B" }));
    assert_eq!(site.fields().await, now);
    assert!(site.current().await.layout.retired.is_empty());
    site.close().await;
}

#[tokio::test]
async fn a_removed_field_comes_back_and_a_renamed_one_keeps_its_values() {
    let site = Site::with(&json!([title(), { "name": "place", "kind": "text" }])).await;
    site.publish(&[json!({ "title": "A", "place": "Rome" })]).await;
    let removed = site.apply(&json!([title()]), &json!({})).await.unwrap();
    assert!(removed.is_safe && removed.kept[0].entries == 1);
    assert_eq!(site.fields().await, [json!({ "title": "A" })]);
    site.publish(&[json!({ "title": "B" })]).await;
    let returned = json!([title(), { "name": "place", "kind": "text" }]);
    assert!(site.apply(&returned, &json!({})).await.unwrap().is_safe);
    assert_eq!(site.fields().await, [json!({ "title": "A", "place": "Rome" }), json!({ "title": "B" })]);
    let renamed = json!([title(), { "name": "city", "was": "place", "kind": "text" }]);
    site.apply(&renamed, &json!({})).await.unwrap();
    assert_eq!(site.fields().await[0], json!({ "title": "A", "city": "Rome" }));
    let again = site.apply(&renamed, &json!({})).await.unwrap();
    assert!(again.steps.is_empty() && site.current().await.version == 4);
    site.close().await;
}

#[tokio::test]
async fn replaced_values_are_kept_where_a_rule_allows_less() {
    let site = Site::with(&json!([title()])).await;
    site.publish(&[json!({ "title": "short" }), json!({ "title": "much longer" })]).await;
    let short = json!([{ "name": "title", "kind": "text", "max": 5 }]);
    let done = site.apply(&short, &json!({ "title": "cut" })).await.unwrap();
    assert_eq!(done.filled, [FieldCount { field: "title".to_owned(), entries: 1 }]);
    assert_eq!(site.fields().await, [json!({ "title": "short" }), json!({ "title": "cut" })]);
    assert_eq!(site.stored().await[1], json!({ "f1": "much longer", "f2": "cut" }));
    site.close().await;
}

#[tokio::test]
async fn repeated_values_cannot_become_unique() {
    let site = Site::with(&json!([title()])).await;
    site.publish(&[json!({ "title": "A" }), json!({ "title": "A" }), json!({ "title": "B" })]).await;
    let unique = json!([{ "name": "title", "kind": "text", "unique": true }]);
    let plan = site.diff(&unique, &json!({})).await;
    assert_eq!((plan.is_applicable, plan.invalid[0].count), (false, 1));
    // A slug is made of each, which is unique by itself.
    let slugs = json!([title(), { "name": "slug", "kind": "slug", "from": "title" }]);
    site.apply(&slugs, &json!({})).await.unwrap();
    let slugs: Vec<Value> = site.fields().await.into_iter().map(|fields| fields["slug"].clone()).collect();
    assert_eq!(slugs, ["a", "a-2", "b"]);
    site.close().await;
}

#[tokio::test]
async fn drafts_are_published_only_by_somebody_who_knows() {
    let site = Site::with(&json!([title()])).await;
    site.add(EntryStatus::Draft, &json!({ "title": "A" })).await;
    let mut without = definition(&json!([title()]));
    without.drafts = false;
    let request = ChangeRequest { definition: Some(without), fill: Map::new() };
    let plan = site.types.diff(&Actor::System, "event", request.clone()).await.unwrap();
    assert!(plan.is_applicable && !plan.is_safe && plan.warnings.len() == 1);
    site.types.apply(&Actor::System, "event", request, &|_progress| {}).await.unwrap();
    let rows = entries::batch(site.database.reader(), &site.current().await, 0, 9).await.unwrap();
    assert!(rows[0].entry.is_public() && rows[0].entry.published_at.is_some());
    site.close().await;
}

#[tokio::test]
async fn drafts_must_be_complete_to_be_published() {
    let item =
        json!([{ "name": "text", "kind": "text", "required": true }, { "name": "note", "kind": "text" }]);
    let fields = json!([
        title(),
        { "name": "venue", "kind": "text", "required": true },
        { "name": "slug", "kind": "slug", "from": "title" },
        { "name": "steps", "kind": "group", "fields": item },
    ]);
    let site = Site::with(&fields).await;
    site.add(EntryStatus::Draft, &json!({ "title": "A" })).await;
    let odd = json!({ "title": "B", "venue": "Here", "slug": "b", "steps": [{ "note": "x" }] });
    site.add(EntryStatus::Draft, &odd).await;
    let right = json!({ "title": "A", "venue": "There", "slug": "a" });
    site.publish(std::slice::from_ref(&right)).await;
    let mut without = definition(&fields);
    without.drafts = false;
    let mut request = ChangeRequest { definition: Some(without), fill: Map::new() };
    let plan = site.types.diff(&Actor::System, "event", request.clone()).await.unwrap();
    let invalid: Vec<_> = plan.invalid.iter().map(|field| (field.field.as_str(), field.count)).collect();
    assert_eq!(invalid, [("steps", 1), ("venue", 1)]);
    request.fill = json!({ "venue": "?", "steps": null }).as_object().unwrap().clone();
    site.types.apply(&Actor::System, "event", request, &|_progress| {}).await.unwrap();
    let filled = json!({ "title": "A", "venue": "?", "slug": "a-2" });
    assert_eq!(site.fields().await, [filled, json!({ "title": "B", "venue": "Here", "slug": "b" }), right]);
    site.close().await;
}

#[tokio::test]
async fn a_field_finds_its_values_again_as_what_it_was() {
    let amount = |kind: &str| json!([title(), { "name": "amount", "kind": kind }]);
    let of = |title: &str, amount: Value| json!({ "title": title, "amount": amount });
    let site = Site::with(&amount("text")).await;
    let texts = [of("A", json!("100.0")), of("B", json!("1 000"))];
    site.publish(&texts).await;
    site.apply(&amount("number"), &json!({ "amount": 7 })).await.unwrap();
    assert_eq!(site.fields().await, [of("A", json!(100)), of("B", json!(7))]);
    site.publish(&[of("C", json!(5))]).await;
    // At once: what it is now counts, written as it was where that means the same.
    site.apply(&amount("text"), &json!({})).await.unwrap();
    let now = [of("A", json!("100.0")), of("B", json!("7")), of("C", json!("5"))];
    assert_eq!(site.fields().await, now);
    site.close().await;
}

#[tokio::test]
async fn a_field_that_was_gone_is_what_it_was_before_it_was_anything_else() {
    let amount = |kind: &str| json!([title(), { "name": "amount", "kind": kind }]);
    let of = |title: &str, amount: Value| json!({ "title": title, "amount": amount });
    let site = Site::with(&amount("text")).await;
    site.publish(&[of("A", json!("100")), of("B", json!("1 000"))]).await;
    site.apply(&amount("number"), &json!({ "amount": 7 })).await.unwrap();
    site.publish(&[of("C", json!(5))]).await;
    site.apply(&json!([title()]), &json!({})).await.unwrap();
    site.publish(&[json!({ "title": "D" })]).await;
    site.apply(&amount("text"), &json!({})).await.unwrap();
    let now = [of("A", json!("100")), of("B", json!("1 000")), of("C", json!("5")), json!({ "title": "D" })];
    assert_eq!(site.fields().await, now);
    assert_eq!(site.current().await.layout.key("amount"), Some("f2"));
    site.close().await;
}

#[tokio::test]
async fn slugs_that_come_back_stay_and_others_are_made_beside_them() {
    let slug = json!([title(), { "name": "slug", "kind": "slug", "from": "title" }]);
    let site = Site::with(&slug).await;
    site.publish(&[json!({ "title": "A", "slug": "b" })]).await;
    site.apply(&json!([title()]), &json!({})).await.unwrap();
    site.publish(&[json!({ "title": "B" }), json!({ "title": "Admin" })]).await;
    site.apply(&slug, &json!({})).await.unwrap();
    let slugs: Vec<Value> = site.fields().await.into_iter().map(|fields| fields["slug"].clone()).collect();
    assert_eq!(slugs, ["b", "b-2", "admin"]);
    site.close().await;
}

#[tokio::test]
async fn relations_that_are_gone_hold_nothing_and_come_back_without_what_is_gone() {
    let relations = json!([
        title(),
        { "name": "one", "kind": "relation", "to": "event", "on_delete": "restrict" },
        { "name": "many", "kind": "relation", "to": "event", "many": true },
    ]);
    let site = Site::with(&relations).await;
    let gone = site.add(EntryStatus::Published, &json!({ "title": "A" })).await;
    let stays = site.add(EntryStatus::Published, &json!({ "title": "B" })).await;
    let fields = json!({ "title": "C", "one": gone, "many": [gone, stays] });
    site.publish(&[fields, json!({ "title": "D", "one": stays, "many": [gone] })]).await;
    site.apply(&json!([title()]), &json!({})).await.unwrap();
    let referrers = |id: EntryId| storage::links::referrers(site.database.reader(), id.0, 9);
    assert!(referrers(gone).await.unwrap().is_empty() && referrers(stays).await.unwrap().is_empty());
    let removed = site.database.write((site.current().await, gone), |transaction, (content_type, id)| {
        Box::pin(async move { Ok(entries::delete(transaction, content_type, *id, 1).await?) })
    });
    assert!(removed.await.unwrap());
    assert!(site.apply(&relations, &json!({})).await.unwrap().is_applicable);
    let expected = [
        json!({ "title": "B" }),
        json!({ "title": "C", "many": [stays] }),
        json!({ "title": "D", "one": stays }),
    ];
    assert_eq!(site.fields().await, expected);
    assert_eq!(referrers(stays).await.unwrap().len(), 2);
    site.close().await;
}

#[tokio::test]
async fn what_becomes_searchable_is_found() {
    let site = Site::with(&json!([title(), { "name": "body", "kind": "markdown" }])).await;
    site.publish(&[json!({ "title": "A", "body": "red wine" }), json!({ "title": "wine" })]).await;
    let title = json!({ "name": "title", "kind": "text", "searchable": true });
    let body = |searchable: bool| json!({ "name": "body", "kind": "markdown", "searchable": searchable });
    site.apply(&json!([title, body(true)]), &json!({})).await.unwrap();
    assert_eq!((site.found("wine").await, site.found("red").await), (2, 1));
    site.apply(&json!([title, body(false)]), &json!({})).await.unwrap();
    assert_eq!((site.found("wine").await, site.found("red").await), (1, 0));
    site.close().await;
}

#[tokio::test]
async fn relations_must_lead_somewhere_and_are_kept_whole() {
    let relation = json!([title(), { "name": "after", "kind": "relation", "to": "event" }]);
    let text = json!([title(), { "name": "after", "kind": "text" }]);
    let site = Site::with(&text).await;
    let first = site.add(EntryStatus::Published, &json!({ "title": "A" })).await;
    site.add(EntryStatus::Published, &json!({ "title": "B", "after": first })).await;
    site.add(EntryStatus::Published, &json!({ "title": "C", "after": EntryId::generate() })).await;
    let plan = site.diff(&relation, &json!({})).await;
    assert_eq!((plan.is_applicable, plan.invalid[0].count), (false, 1));
    let nowhere = site.diff(&relation, &json!({ "after": EntryId::generate() })).await;
    assert!(!nowhere.is_applicable);
    site.apply(&relation, &json!({ "after": null })).await.unwrap();
    assert_eq!(site.fields().await[1], json!({ "title": "B", "after": first }));
    let referrers = storage::links::referrers(site.database.reader(), first.0, 9).await.unwrap();
    assert_eq!(referrers.len(), 1);
    assert_eq!(Some(referrers[0].key.as_str()), site.current().await.layout.key("after"));
    site.close().await;
}

#[tokio::test]
async fn files_are_applied_where_that_is_safe() {
    let site = Site::owned(&json!([title()]), Owner::File).await;
    site.publish(&[json!({ "title": "A" })]).await;
    let file = |fields: &Value| site.types.apply_file(definition(fields));
    assert_eq!(file(&json!([title()])).await.unwrap(), FileOutcome::Unchanged);
    let city = json!([title(), { "name": "city", "kind": "text" }]);
    assert!(matches!(file(&city).await.unwrap(), FileOutcome::Applied(plan) if plan.steps.len() == 1));
    let required = json!([title(), { "name": "city", "kind": "text", "required": true }]);
    assert!(matches!(file(&required).await.unwrap(), FileOutcome::Pending(plan) if plan.invalid.len() == 1));
    assert_eq!(site.current().await.version, 2);
    let sent = site.apply(&required, &json!({})).await.unwrap_err();
    assert_eq!(sent.code(), ErrorCode::NotPossible);
    assert!(sent.detail().contains("--file"), "{}", sent.detail());
    site.close().await;
}

#[tokio::test]
async fn a_type_whose_file_is_gone_is_taken_over() {
    let site = Site::with(&json!([title()])).await;
    let thing = json!({ "name": "thing", "singular": "Thing", "plural": "Things", "fields": [title()] });
    let thing = source::from_json(&thing).unwrap();
    site.types.make(&Actor::System, thing.clone(), Owner::File).await.unwrap();
    let nothing = site.types.diff(&Actor::System, "thing", ChangeRequest::default()).await.unwrap_err();
    assert_eq!(nothing.fields()[0].field, "definition");
    let request = ChangeRequest { definition: Some(thing), ..ChangeRequest::default() };
    let done = site.types.apply(&Actor::System, "thing", request.clone(), &|_progress| {}).await.unwrap();
    assert!(done.steps[0].detail.starts_with("its file is gone"));
    let taken = site.types.current("thing").await.unwrap();
    assert_eq!((taken.owner, taken.version), (Owner::Api, 2));
    let again = site.types.apply(&Actor::System, "thing", request, &|_progress| {}).await.unwrap();
    assert!(again.steps.is_empty());
    site.close().await;
}

#[tokio::test]
async fn a_change_must_say_what_it_wants() {
    let site = Site::with(&json!([title()])).await;
    let nothing = site.types.diff(&Actor::System, "event", ChangeRequest::default()).await.unwrap_err();
    assert_eq!(nothing.fields()[0].field, "definition");
    let renamed = json!({ "name": "party", "singular": "Party", "plural": "Parties", "fields": [title()] });
    let definition = Some(source::from_json(&renamed).unwrap());
    let request = ChangeRequest { definition, ..ChangeRequest::default() };
    let renamed = site.types.diff(&Actor::System, "event", request).await.unwrap_err();
    assert_eq!(renamed.fields()[0].field, "definition.name");
    let anybody = site.types.diff(&Actor::Anonymous, "event", ChangeRequest::default()).await.unwrap_err();
    assert_eq!(anybody.code(), ErrorCode::Unauthenticated);
    let unknown = site.types.purge(&Actor::System, "event", Some(vec!["x".into()]), &|_progress| {}).await;
    assert_eq!(unknown.unwrap_err().fields()[0].field, "fields[0]");
    site.close().await;
}
