use serde_json::json;

use super::{View, cursor, list, read};
use crate::{
    auth::{Actor, Role},
    clock::Timestamp,
    content::{
        ContentType, EntryStatus,
        definition::{SortKey, source},
        layout::Layout,
        model::{Condition, EntryCursor, IndexValue, Operator, Owner},
    },
    error::ErrorCode,
    ids::{EntryId, UserId},
};

fn event() -> ContentType {
    let definition = source::from_json(&json!({
        "name": "event", "singular": "Event", "plural": "Events",
        "fields": [
            { "name": "title", "kind": "text", "sortable": true, "searchable": true },
            { "name": "price", "kind": "number", "filterable": true, "sortable": true },
            { "name": "tags", "kind": "select", "many": true, "options": ["a", "b"], "filterable": true },
            { "name": "venue", "kind": "text", "filterable": true },
            { "name": "contact", "kind": "email", "private": true, "filterable": true },
            { "name": "speakers", "kind": "relation", "to": "user", "many": true },
            { "name": "body", "kind": "markdown" },
        ],
    }));
    let now = Timestamp::now();
    ContentType {
        number: 1,
        version: 1,
        owner: Owner::Api,
        enabled: true,
        definition: definition.unwrap(),
        layout: Layout::default(),
        created_at: now,
        updated_at: now,
    }
}

fn user(role: Role) -> Actor {
    Actor::User { id: UserId::generate(), role }
}

fn field(name: &str) -> SortKey {
    event().definition.field(name).map(|field| SortKey::Field(field.name.clone())).unwrap()
}

#[test]
fn what_is_declared_can_be_asked_for() {
    let query = "filter[price][gte]=10&filter%5Btags%5D=a&filter[venue][in]=x,y&filter[created_at][lt]=2026-01-31\
                 &sort=-price&q=jazz+night&limit=5&fields=title,price&expand=speakers&include=html";
    let (asked, view) = list(&event(), &Actor::Anonymous, query).unwrap();
    let text = |text: &str| IndexValue::Text(text.into());
    let condition = |key, operator, values| Condition { key, operator, values };
    let moment = IndexValue::Number(Timestamp::parse("2026-01-31").unwrap().millis() as f64);
    assert_eq!(
        asked.conditions,
        [
            condition(field("price"), Operator::GreaterOrEqual, vec![IndexValue::Number(10.0)]),
            condition(field("tags"), Operator::Contains, vec![text("a")]),
            condition(field("venue"), Operator::In, vec![text("x"), text("y")]),
            condition(SortKey::CreatedAt, Operator::Less, vec![moment]),
        ]
    );
    assert_eq!((asked.sort.key, asked.sort.descending, asked.limit), (field("price"), true, 5));
    assert_eq!((asked.status, asked.created_by), (EntryStatus::Published, None));
    assert_eq!(asked.search.as_deref(), Some("jazz night"));
    assert_eq!(view, View { chosen: Some(vec![0, 1]), expand: vec![5], html: true });
    let (plain, view) = list(&event(), &Actor::Anonymous, "").unwrap();
    assert_eq!((plain.limit, plain.conditions.len(), view), (20, 0, View::default()));
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let query = "colour=1&filter[colour]=1&filter[price][contains]=1&filter[venue]=&filter[venue][null]=x\
                 &filter[price=1&filter[contact]=a@example.com&filter[created_at]=2026-01-31&sort=venue&fields=colour\
                 &expand=title&include=xml&limit=0&status=gone&q=a&q=b";
    let error = list(&event(), &Actor::Anonymous, query).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValidationFailed);
    let mut names: Vec<&str> = error.fields().iter().map(|fault| fault.field.as_str()).collect();
    names.sort_unstable();
    let mut expected = [
        "colour",
        "expand",
        "fields",
        "filter[colour]",
        "filter[contact]",
        "filter[created_at]",
        "filter[price",
        "filter[price][contains]",
        "filter[venue]",
        "filter[venue][null]",
        "include",
        "limit",
        "q",
        "sort",
        "status",
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
    let of = |name: &str| error.fields().iter().find(|fault| fault.field == name).unwrap().message.as_str();
    assert!(
        of("filter[colour]").contains("`price`, `tags`, `venue`, `created_at`"),
        "{}",
        of("filter[colour]")
    );
    assert!(!of("filter[colour]").contains("contact"));
    assert!(of("sort").contains("`title`, `price`"), "{}", of("sort"));
    assert!(read(&event(), &Actor::Anonymous, "limit=1&fields=title").is_err());
}

#[test]
fn private_fields_are_for_those_who_see_all() {
    for (role, is_right) in [(Role::Author, false), (Role::Editor, true)] {
        let asked = list(&event(), &user(role), "filter[contact]=a@example.com");
        assert_eq!(asked.is_ok(), is_right, "{role:?}");
    }
    assert!(read(&event(), &user(Role::Author), "fields=contact").is_ok());
    assert!(read(&event(), &user(Role::Contributor), "fields=contact").is_err());
}

#[test]
fn drafts_are_for_those_who_may_write() {
    let author = user(Role::Author);
    let (asked, _) = list(&event(), &author, "status=draft").unwrap();
    assert_eq!((asked.status, asked.created_by), (EntryStatus::Draft, author.user_id()));
    let (asked, _) = list(&event(), &user(Role::Editor), "status=draft").unwrap();
    assert_eq!(asked.created_by, None);
    let code = |actor: &Actor| list(&event(), actor, "status=draft").unwrap_err().code();
    assert_eq!(code(&Actor::Anonymous), ErrorCode::Unauthenticated);
    assert_eq!(code(&user(Role::Subscriber)), ErrorCode::Forbidden);
}

#[test]
fn what_is_unset_is_not_small() {
    let (asked, _) = list(&event(), &Actor::Anonymous, "filter[price][lt]=10").unwrap();
    assert_eq!(asked.conditions.len(), 2);
    assert_eq!(asked.conditions[1].operator, Operator::IsNull);
    let (asked, _) = list(&event(), &Actor::Anonymous, "filter[price][lt]=10&filter[price][gt]=1").unwrap();
    assert_eq!(asked.conditions.len(), 2);
}

#[test]
fn what_answers_do_not_tell_cannot_be_asked() {
    let mut silent = event();
    silent.definition.timestamps = false;
    let query = "sort=created_at&filter[updated_at][gt]=2026-01-31";
    let error = list(&silent, &Actor::Anonymous, query).unwrap_err();
    let faults = error.fields();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults.iter().all(|fault| !fault.message.contains("_at`")), "{faults:?}");
    let (asked, _) = list(&silent, &Actor::Anonymous, "").unwrap();
    assert_eq!(asked.sort.to_string(), "-created_at");
}

#[test]
fn cursors_are_for_one_order() {
    let content_type = event();
    let (by_price, _) = list(&content_type, &Actor::Anonymous, "sort=price").unwrap();
    let (by_title, _) = list(&content_type, &Actor::Anonymous, "sort=-title").unwrap();
    let unset = EntryCursor { value: IndexValue::Number(f64::NEG_INFINITY), id: EntryId::generate() };
    let titled = EntryCursor { value: IndexValue::Text("Café".into()), id: EntryId::generate() };
    let texts = (cursor::encode(&by_price.sort, &unset), cursor::encode(&by_title.sort, &titled));
    let after = |query: String| list(&content_type, &Actor::Anonymous, &query).map(|(asked, _)| asked.after);
    assert_eq!(after(format!("sort=price&cursor={}", texts.0)).unwrap(), Some(unset));
    assert_eq!(after(format!("sort=-title&cursor={}", texts.1)).unwrap(), Some(titled.clone()));
    // A text where the list is sorted by numbers would be an error of the database.
    let forged = cursor::encode(&by_price.sort, &titled);
    for wrong in [
        format!("sort=-price&cursor={}", texts.0),
        format!("cursor={}", texts.0),
        format!("sort=title&cursor={}", texts.1),
        format!("sort=price&cursor={forged}"),
        "cursor=".into(),
        "cursor=!".into(),
    ] {
        assert_eq!(after(wrong.clone()).unwrap_err().code(), ErrorCode::InvalidCursor, "{wrong}");
    }
}
