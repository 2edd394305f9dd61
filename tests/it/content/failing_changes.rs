//! Changes of types that fail, and what fails beside them: all of a change is there, or nothing of it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use fleuron_tests::{Actor, Answer, TestApp, both, id, text};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use super::{at, create, define, define_as, listed, send, values};

const TYPES: &str = "/api/v1/admin/content-types";
/// As many entries are there before a change.
const ENTRIES: usize = 200;
/// As many write beside it, and each so often at most.
const WRITERS: usize = 4;
const WRITES: usize = 30;

/// A change that entries may contradict.
struct Contested {
    before: Value,
    after: Value,
    /// The value of an entry that goes well with it, before and after.
    right: fn(usize) -> (Value, Value),
    /// What does not, once or the second time.
    wrong: Value,
}

impl Contested {
    /// What may repeat must not any longer.
    fn uniqueness() -> Self {
        let field = |unique: bool| {
            let mut field =
                json!({ "name": "value", "kind": "text", "filterable": true, "searchable": true });
            field["unique"] = unique.into();
            field
        };
        let right = |number: usize| (json!(format!("code{number:03}")), json!(format!("code{number:03}")));
        Self { before: field(false), after: field(true), right, wrong: json!("same") }
    }

    /// Text becomes a number.
    fn conversion() -> Self {
        let before = json!({ "name": "value", "kind": "text", "filterable": true, "searchable": true });
        let after = json!({ "name": "value", "kind": "number", "filterable": true, "sortable": true });
        let right = |number: usize| (json!(format!("{number:03}")), json!(number));
        Self { before, after, right, wrong: json!("free") }
    }

    fn definition(name: &str, field: &Value) -> Value {
        let title = json!({ "name": "title", "kind": "text", "sortable": true, "searchable": true });
        json!({ "name": name, "singular": name, "plural": name, "drafts": false, "fields": [title, field] })
    }

    async fn apply(&self, administrator: &Actor, name: &str) -> Answer {
        let body = json!({ "definition": Self::definition(name, &self.after) });
        administrator.post(&format!("{TYPES}/{name}/apply"), &body).await
    }

    /// Makes the type with its entries.
    async fn begin(&self, administrator: &Actor, name: &str) {
        administrator.post(TYPES, &Self::definition(name, &self.before)).await.expect(201);
        let item = |number| json!({ "fields": { "title": format!("Thing {number}"), "value": (self.right)(number).0 } });
        let items: Vec<Value> = (0..ENTRIES).map(item).collect();
        administrator.post(&format!("{}/bulk", at(name)), &json!({ "items": items })).await.expect(201);
    }

    /// Applies the change, while others write what contradicts it from some time after on.
    async fn contest(&self, administrator: &Actor, name: &str, delay: Duration) -> Answer {
        let is_done = Cell::new(false);
        let applied = async {
            let answer = self.apply(administrator, name).await;
            is_done.set(true);
            answer
        };
        let writers = join_all((0..WRITERS).map(|writer| {
            let is_done = &is_done;
            async move {
                tokio::time::sleep(delay).await;
                for number in writer * WRITES..(writer + 1) * WRITES {
                    if is_done.get() {
                        return;
                    }
                    self.contradict(administrator, name, ENTRIES + number).await;
                }
            }
        }));
        join(applied, writers).await.0
    }

    /// Writes two entries, or one in two steps; the last step contradicts the change.
    async fn contradict(&self, administrator: &Actor, name: &str, number: usize) {
        let made = send(administrator, name, json!({ "value": (self.right)(number).0 })).await;
        assert!(matches!(made.status, 201 | 409 | 422), "{made:?}");
        let wrong = json!({ "fields": { "value": self.wrong } });
        let answer = if made.status == 201 && number.is_multiple_of(2) {
            administrator.patch(&format!("{}/{}", at(name), id(&made.json())), &wrong).await
        } else {
            administrator.post(&at(name), &wrong).await
        };
        assert!(matches!(answer.status, 200 | 201 | 409 | 422), "{answer:?}");
    }

    /// Whether all of it is in force, for what was there and for what comes.
    async fn assert_is_whole(&self, administrator: &Actor, name: &str, before: &Seen) {
        assert_eq!(version(administrator, name).await, 2);
        let entries = all(administrator, &at(name)).await;
        for (entry, fields) in &before.entries {
            let number = number_of(fields);
            assert_eq!(entries[entry]["value"], (self.right)(number).1, "{fields:#}");
        }
        let (seventh, _) = before.entries.iter().find(|(_, fields)| number_of(fields) == 7).unwrap();
        let value = match (self.right)(7).1 {
            Value::String(text) => text,
            value => value.to_string(),
        };
        let found = all(administrator, &format!("{}?filter[value]={value}", at(name))).await;
        assert_eq!(found.keys().collect::<Vec<_>>(), [seventh]);
        // The first one may be right where only its like is wrong.
        send(administrator, name, json!({ "value": self.wrong })).await;
        let refused = send(administrator, name, json!({ "value": self.wrong })).await;
        assert_eq!(refused.faulty_fields(), ["fields.value"]);
    }

    /// Whether nothing of it is in force.
    async fn assert_is_not_there(&self, administrator: &Actor, name: &str, before: &Seen) {
        assert_eq!(version(administrator, name).await, 1);
        let mut now = Seen::of(administrator, name, &(self.right)(7).0).await;
        now.entries.retain(|entry, _| before.entries.contains_key(entry));
        assert_eq!(&now, before);
        for _ in 0..2 {
            create(administrator, name, json!({ "value": self.wrong })).await;
        }
    }
}

/// What readers get.
#[derive(Debug, PartialEq)]
struct Seen {
    entries: BTreeMap<String, Value>,
    filtered: BTreeMap<String, Value>,
    searched: BTreeMap<String, Value>,
}

impl Seen {
    /// All entries, and those that a filter and a search for this value find.
    async fn of(actor: &Actor, name: &str, value: &Value) -> Self {
        let value = value.as_str().unwrap();
        Self {
            entries: all(actor, &at(name)).await,
            filtered: all(actor, &format!("{}?filter[value]={value}", at(name))).await,
            searched: all(actor, &format!("{}?q={value}", at(name))).await,
        }
    }
}

/// The fields of all entries of a list, page by page.
async fn all(actor: &Actor, path: &str) -> BTreeMap<String, Value> {
    let joint = if path.contains('?') { '&' } else { '?' };
    let (mut found, first) = (BTreeMap::new(), format!("{path}{joint}limit=100"));
    let mut next = first.clone();
    loop {
        let page = actor.get(&next).await.expect(200);
        found.extend(page.items().iter().map(|item| (id(item).to_owned(), item["fields"].clone())));
        match page.json()["next_cursor"].as_str() {
            Some(cursor) => next = format!("{first}&cursor={cursor}"),
            None => return found,
        }
    }
}

/// The number in the title of an entry.
fn number_of(fields: &Value) -> usize {
    text(fields, "title").strip_prefix("Thing ").unwrap().parse().unwrap()
}

async fn version(administrator: &Actor, name: &str) -> i64 {
    let described = administrator.get(&format!("{TYPES}/{name}")).await.expect(200).json();
    described["version"].as_i64().unwrap()
}

/// Whatever a change answers while others write against it, it is whole or not there; and it can be made again.
async fn is_whole_or_not_there(app: &TestApp, change: &Contested) {
    let administrator = app.administrator().await;
    for delay in [0, 3, 10, 30, 90] {
        let name = format!("thing_{delay}");
        change.begin(&administrator, &name).await;
        let before = Seen::of(&administrator, &name, &(change.right)(7).0).await;
        assert_eq!((before.entries.len(), before.filtered.len(), before.searched.len()), (ENTRIES, 1, 1));
        let applied = change.contest(&administrator, &name, Duration::from_millis(delay)).await;
        if applied.status != 200 {
            assert!(matches!(applied.status, 409 | 422), "{applied:?}");
            applied.any_problem();
            change.assert_is_not_there(&administrator, &name, &before).await;
            let entries = all(&administrator, &at(&name)).await;
            for (wrong, _) in entries.iter().filter(|(_, fields)| fields["value"] == change.wrong) {
                administrator.delete(&format!("{}/{wrong}", at(&name))).await.expect(204);
            }
            change.apply(&administrator, &name).await.expect(200);
        }
        change.assert_is_whole(&administrator, &name, &before).await;
    }
}

/// Changes a type that was made with [`define`].
async fn apply(administrator: &Actor, name: &str, fields: Value, fill: Value) -> Answer {
    apply_as(administrator, name, json!({ "drafts": false }), fields, fill).await
}

async fn apply_as(administrator: &Actor, name: &str, more: Value, fields: Value, fill: Value) -> Answer {
    let mut definition = json!({ "name": name, "singular": name, "plural": name, "fields": fields });
    definition.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let body = json!({ "definition": definition, "fill": fill });
    administrator.post(&format!("{TYPES}/{name}/apply"), &body).await
}

fn title() -> Value {
    json!({ "name": "title", "kind": "text", "sortable": true })
}

fn amount(kind: &str) -> Value {
    json!([title(), { "name": "amount", "kind": kind }])
}

/// The amounts, in the order of the titles.
async fn amounts(administrator: &Actor) -> Vec<Value> {
    listed(administrator, &format!("{}?sort=title", at("thing")), "amount").await
}

both! {
    async fn values_repeat_while_they_become_unique(app: TestApp) {
        is_whole_or_not_there(&app, &Contested::uniqueness()).await;
    }

    async fn words_are_written_while_they_become_numbers(app: TestApp) {
        is_whole_or_not_there(&app, &Contested::conversion()).await;
    }

    async fn incomplete_drafts_keep_drafts_on(app: TestApp) {
        let fields = json!([
            title(),
            { "name": "venue", "kind": "text", "required": true },
            { "name": "slots", "kind": "group", "fields": [
                { "name": "hour", "kind": "integer", "required": true },
                { "name": "room", "kind": "text" },
            ] },
        ]);
        let administrator = define_as(&app, "thing", json!({}), fields.clone()).await;
        let draft = create(&administrator, "thing", json!({ "title": "T", "slots": [{ "room": "A" }] })).await;
        let path = format!("{}/{}", at("thing"), id(&draft));
        let off = json!({ "drafts": false });
        let refused = apply_as(&administrator, "thing", off.clone(), fields.clone(), json!({})).await;
        assert_eq!(refused.faulty_fields(), ["fill.slots", "fill.venue"]);
        let stands = administrator.get(&path).await.expect(200).json();
        assert_eq!((text(&stands, "status"), &stands["version"]), ("draft", &json!(1)), "{stands:#}");
        app.guest().get(&path).await.problem(404, "not_found");
        let fill = json!({ "venue": "Hall", "slots": null });
        apply_as(&administrator, "thing", off, fields, fill).await.expect(200);
        let stands = app.guest().get(&path).await.expect(200).json();
        assert_eq!(text(&stands, "status"), "published");
        assert_eq!(values(&stands), json!({ "title": "T", "venue": "Hall" }));
    }

    async fn a_removed_relation_holds_nothing(app: TestApp) {
        let administrator = define(&app, "part", json!([title()])).await;
        let without = json!([title()]);
        let with = json!([
            title(),
            { "name": "host", "kind": "relation", "to": "part", "on_delete": "restrict" },
            { "name": "others", "kind": "relation", "to": "part", "many": true, "filterable": true },
        ]);
        define(&app, "thing", with.clone()).await;
        let gone = id(&create(&administrator, "part", json!({})).await).to_owned();
        let stays = id(&create(&administrator, "part", json!({})).await).to_owned();
        let of_part = |part: &str| format!("{}/{part}", at("part"));
        let first = json!({ "title": "1", "host": gone, "others": [gone, stays] });
        let first = create(&administrator, "thing", first).await;
        create(&administrator, "thing", json!({ "title": "2", "host": stays })).await;
        administrator.delete(&of_part(&gone)).await.problem(409, "still_referenced");
        apply(&administrator, "thing", without, json!({})).await.expect(200);
        administrator.delete(&of_part(&gone)).await.expect(204);
        let stands = administrator.get(&format!("{}/{}", at("thing"), id(&first))).await.expect(200).json();
        assert_eq!((values(&stands), &stands["version"]), (json!({ "title": "1" }), &json!(1)));
        // What comes back leads to what is there, and holds it again.
        apply(&administrator, "thing", with, json!({})).await.expect(200);
        let path = format!("{}?sort=title", at("thing"));
        assert_eq!(listed(&administrator, &path, "host").await, [Value::Null, json!(stays)]);
        assert_eq!(listed(&administrator, &path, "others").await, [json!([stays]), Value::Null]);
        let path = format!("{}?filter[others][contains]={stays}", at("thing"));
        assert_eq!(listed(&administrator, &path, "title").await, ["1"]);
        administrator.delete(&of_part(&stays)).await.problem(409, "still_referenced");
    }

    async fn a_field_of_another_kind_comes_back_with_its_first_values(app: TestApp) {
        let administrator = define(&app, "thing", amount("text")).await;
        for (title, amount) in [("1", "100"), ("2", "1 000")] {
            create(&administrator, "thing", json!({ "title": title, "amount": amount })).await;
        }
        apply(&administrator, "thing", amount("number"), json!({ "amount": 7 })).await.expect(200);
        assert_eq!(amounts(&administrator).await, [json!(100), json!(7)]);
        apply(&administrator, "thing", json!([title()]), json!({})).await.expect(200);
        apply(&administrator, "thing", amount("text"), json!({})).await.expect(200);
        assert_eq!(amounts(&administrator).await, [json!("100"), json!("1 000")]);
    }

    async fn a_change_of_kind_that_is_taken_back_keeps_how_values_were_written(app: TestApp) {
        let administrator = define(&app, "thing", amount("text")).await;
        let mut ids = Vec::new();
        for (title, amount) in [("1", "2.50"), ("2", "007"), ("3", "free")] {
            ids.push(id(&create(&administrator, "thing", json!({ "title": title, "amount": amount })).await).to_owned());
        }
        apply(&administrator, "thing", amount("number"), json!({ "amount": 9 })).await.expect(200);
        let change = json!({ "fields": { "amount": 8 } });
        administrator.patch(&format!("{}/{}", at("thing"), ids[1]), &change).await.expect(200);
        apply(&administrator, "thing", amount("text"), json!({})).await.expect(200);
        assert_eq!(amounts(&administrator).await, [json!("2.50"), json!("8"), json!("9")]);
    }
}
