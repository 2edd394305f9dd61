//! What administrators see of events and do with deliveries.

use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait},
};
use serde_json::json;
use uuid::Uuid;

use super::{DeliveryState, EventRecorder, dto::EventState};
use crate::{
    audit,
    auth::Actor,
    clock::Timestamp,
    database::Database,
    entities::{deliveries, event_queue, events},
    error::{ApiError, ErrorCode, FieldError, Result},
    http::{Cursor, Page},
};

/// Deliveries that can be named at once.
const NAMED: usize = 1_000;

/// Events and deliveries for administrators. Cheap to clone.
#[derive(Clone)]
pub struct EventService {
    database: Database,
    events: EventRecorder,
}

/// Which events a list shows.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Of this type; a `*` at the end stands for anything.
    pub event_type: Option<String>,
    /// About this.
    pub entity_id: Option<String>,
    /// In this state.
    pub state: Option<EventState>,
}

/// Which deliveries a list shows.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// Of this listener.
    pub listener: Option<String>,
    /// In this state.
    pub state: Option<DeliveryState>,
    /// Of this event.
    pub event_id: Option<Uuid>,
}

/// Which deliveries something is done to.
#[derive(Clone, Debug)]
pub struct DeliverySelection {
    /// These alone.
    pub ids: Option<Vec<Uuid>>,
    /// Of this listener.
    pub listener: Option<String>,
    /// Of this type of event.
    pub event_type: Option<String>,
    /// In this state.
    pub state: DeliveryState,
}

/// What is done to deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steering {
    /// Tried anew, from the first attempt.
    Replay,
    /// Taken out.
    Discard,
}

/// An event with where it stands.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// Its row.
    pub row: events::Model,
    /// Where it stands.
    pub state: EventState,
}

impl EventService {
    /// For this database; changes are told to the worker through the recorder.
    pub fn new(database: Database, events: EventRecorder) -> Self {
        Self { database, events }
    }

    /// A page of events, newest first.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn events(
        &self,
        filter: &EventFilter,
        after: Option<Cursor>,
        limit: u64,
    ) -> Result<Page<StoredEvent>> {
        let mut query = events::Entity::find().order_by_desc(events::Column::Seq).limit(limit + 1);
        if let Some(event_type) = &filter.event_type {
            query = query.filter(of_type(event_type));
        }
        if let Some(entity_id) = &filter.entity_id {
            query = query.filter(events::Column::EntityId.eq(entity_id.as_str()));
        }
        if let Some(state) = filter.state {
            query = query.filter(in_state(state));
        }
        if let Some(after) = after {
            query = query.filter(events::Column::Seq.lt(after.key));
        }
        let rows = query.all(self.database.reader()).await?;
        let events = self.with_states(rows).await?;
        Ok(Page::cut(events, limit, |event| Cursor { key: event.row.seq, id: event.row.id }))
    }

    /// An event with its deliveries.
    ///
    /// # Errors
    /// `not_found` where it is not kept.
    pub async fn event(&self, id: Uuid) -> Result<(StoredEvent, Vec<deliveries::Model>)> {
        let reader = self.database.reader();
        let row = events::Entity::find().filter(events::Column::Id.eq(id)).one(reader).await?;
        let row = row.ok_or_else(|| ApiError::not_found("event"))?;
        let deliveries = deliveries::Entity::find()
            .filter(deliveries::Column::EventSeq.eq(row.seq))
            .order_by_asc(deliveries::Column::Id)
            .all(reader)
            .await?;
        let event = self.with_states(vec![row]).await?.pop().ok_or_else(|| ApiError::not_found("event"))?;
        Ok((event, deliveries))
    }

    /// A page of deliveries, newest first.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn deliveries(
        &self,
        filter: &DeliveryFilter,
        after: Option<Cursor>,
        limit: u64,
    ) -> Result<Page<deliveries::Model>> {
        let mut query = deliveries::Entity::find().order_by_desc(deliveries::Column::Id).limit(limit + 1);
        if let Some(listener) = &filter.listener {
            query = query.filter(deliveries::Column::Listener.eq(listener.as_str()));
        }
        if let Some(state) = filter.state {
            query = query.filter(deliveries::Column::State.eq(state.as_str()));
        }
        if let Some(event_id) = filter.event_id {
            let event = events::Entity::find()
                .select_only()
                .column(events::Column::Seq)
                .filter(events::Column::Id.eq(event_id))
                .into_query();
            query = query.filter(deliveries::Column::EventSeq.in_subquery(event));
        }
        if let Some(after) = after {
            query = query.filter(deliveries::Column::Id.lt(after.id));
        }
        let rows = query.all(self.database.reader()).await?;
        Ok(Page::cut(rows, limit, |row| Cursor { key: 0, id: row.id }))
    }

    /// A delivery.
    ///
    /// # Errors
    /// `not_found` where it is not kept.
    pub async fn delivery(&self, id: Uuid) -> Result<deliveries::Model> {
        let row = deliveries::Entity::find_by_id(id).one(self.database.reader()).await?;
        row.ok_or_else(|| ApiError::not_found("delivery"))
    }

    /// Replays or discards one delivery, whatever its state allows.
    ///
    /// # Errors
    /// `not_found`, or `not_possible` for one that was delivered and is to be discarded.
    pub async fn steer(&self, actor: &Actor, id: Uuid, steering: Steering) -> Result<deliveries::Model> {
        let row = self.delivery(id).await?;
        let state = DeliveryState::from_database(&row.state);
        if steering == Steering::Discard && state != DeliveryState::Pending && state != DeliveryState::Dead {
            let detail = format!("The delivery is {}; there is nothing left to discard.", state.as_str());
            return Err(ApiError::new(ErrorCode::NotPossible, detail));
        }
        let selection = DeliverySelection { ids: Some(vec![id]), listener: None, event_type: None, state };
        self.steer_all(actor, selection, steering).await?;
        self.delivery(id).await
    }

    /// Replays or discards all deliveries that fit. Answers how many there were.
    ///
    /// # Errors
    /// Where too many are named, or something that can be neither replayed nor discarded.
    pub async fn steer_all(
        &self,
        actor: &Actor,
        selection: DeliverySelection,
        steering: Steering,
    ) -> Result<u64> {
        check(&selection, steering)?;
        let changed = self
            .database
            .write((actor.clone(), selection, steering), |transaction, (actor, selection, steering)| {
                Box::pin(async move {
                    let changed = change(selection, *steering).exec(transaction).await?.rows_affected;
                    let action = match steering {
                        Steering::Replay => "deliveries.replayed",
                        Steering::Discard => "deliveries.discarded",
                    };
                    let subject = selection.listener.as_deref().unwrap_or("deliveries");
                    let detail = json!({ "deliveries": changed, "ids": selection.ids });
                    audit::record(transaction, actor, action, subject, &detail).await?;
                    Ok(changed)
                })
            })
            .await?;
        self.events.deliveries_changed();
        Ok(changed)
    }

    /// Says of each event where it stands.
    async fn with_states(&self, rows: Vec<events::Model>) -> Result<Vec<StoredEvent>> {
        let reader = self.database.reader();
        let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
        let waiting: Vec<i64> = event_queue::Entity::find()
            .filter(event_queue::Column::EventSeq.is_in(seqs.iter().copied()))
            .all(reader)
            .await?
            .into_iter()
            .map(|row| row.event_seq)
            .collect();
        let unsettled: Vec<(i64, String)> = deliveries::Entity::find()
            .select_only()
            .columns([deliveries::Column::EventSeq, deliveries::Column::State])
            .filter(deliveries::Column::EventSeq.is_in(seqs))
            .filter(deliveries::Column::State.is_in(UNSETTLED.map(DeliveryState::as_str)))
            .into_tuple()
            .all(reader)
            .await?;
        let has = |seq: i64, state: DeliveryState| {
            unsettled.iter().any(|(of, found)| *of == seq && found == state.as_str())
        };
        let state_of = |seq: i64| {
            if waiting.contains(&seq) {
                EventState::Waiting
            } else if has(seq, DeliveryState::Pending) {
                EventState::Retrying
            } else if has(seq, DeliveryState::Dead) {
                EventState::Dead
            } else {
                EventState::Delivered
            }
        };
        Ok(rows.into_iter().map(|row| StoredEvent { state: state_of(row.seq), row }).collect())
    }
}

const UNSETTLED: [DeliveryState; 2] = [DeliveryState::Pending, DeliveryState::Dead];

fn of_type(event_type: &str) -> Condition {
    let column = events::Column::EventType;
    match event_type.strip_suffix('*') {
        // Everything that begins so comes before what begins with the next letter of all.
        Some(start) => Condition::all().add(column.gte(start)).add(column.lt(format!("{start}\u{10ffff}"))),
        None => Condition::all().add(column.eq(event_type)),
    }
}

fn in_state(state: EventState) -> Condition {
    let waiting = || {
        let places = event_queue::Entity::find().select_only().column(event_queue::Column::EventSeq);
        Expr::col((events::Entity, events::Column::Seq)).in_subquery(places.into_query())
    };
    let has = |state: DeliveryState| {
        let found = deliveries::Entity::find()
            .select_only()
            .column(deliveries::Column::EventSeq)
            .filter(deliveries::Column::State.eq(state.as_str()));
        Expr::col((events::Entity, events::Column::Seq)).in_subquery(found.into_query())
    };
    let all = Condition::all();
    match state {
        EventState::Waiting => all.add(waiting()),
        EventState::Retrying => all.add(waiting().not()).add(has(DeliveryState::Pending)),
        EventState::Dead => {
            all.add(waiting().not()).add(has(DeliveryState::Pending).not()).add(has(DeliveryState::Dead))
        }
        EventState::Delivered => all
            .add(waiting().not())
            .add(has(DeliveryState::Pending).not())
            .add(has(DeliveryState::Dead).not()),
    }
}

fn check(selection: &DeliverySelection, steering: Steering) -> Result<()> {
    let mut faults = Vec::new();
    if selection.ids.as_ref().is_some_and(|ids| ids.is_empty() || ids.len() > NAMED) {
        faults.push(FieldError::new("ids", format!("Must be 1 to {NAMED} deliveries.")));
    }
    let settled = matches!(selection.state, DeliveryState::Delivered | DeliveryState::Discarded);
    if steering == Steering::Discard && settled {
        faults.push(FieldError::new("state", "Must be `dead` or `pending`: the rest is settled."));
    }
    if faults.is_empty() { Ok(()) } else { Err(ApiError::validation(faults)) }
}

fn change(selection: &DeliverySelection, steering: Steering) -> sea_orm::UpdateMany<deliveries::Entity> {
    use deliveries::Column;
    let now = Timestamp::now().millis();
    let mut query = deliveries::Entity::update_many()
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::State.eq(selection.state.as_str()));
    query = match steering {
        Steering::Replay => query
            .col_expr(Column::State, Expr::value(DeliveryState::Pending.as_str()))
            .col_expr(Column::Attempts, Expr::value(0))
            .col_expr(Column::CreatedAt, Expr::value(now))
            .col_expr(Column::NextAt, Expr::value(now)),
        Steering::Discard => query
            .col_expr(Column::State, Expr::value(DeliveryState::Discarded.as_str()))
            .col_expr(Column::NextAt, Expr::value(None::<i64>)),
    };
    if let Some(ids) = &selection.ids {
        query = query.filter(Column::Id.is_in(ids.iter().copied()));
    }
    if let Some(listener) = &selection.listener {
        query = query.filter(Column::Listener.eq(listener.as_str()));
    }
    if let Some(event_type) = &selection.event_type {
        query = query.filter(Column::EventType.eq(event_type.as_str()));
    }
    query
}
