//! Who writes, and what they note of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::{Error, Method};
use serde_json::json;
use uuid::Uuid;

use super::random;
use crate::actor::Actor;
use crate::answer::Answer;
use crate::builders::post;
use crate::wait::id;

/// Posts that are changed again and again; older ones are left alone.
const AT_HAND: usize = 48;

/// A change that the server acknowledged.
#[derive(Clone, Debug)]
pub(super) struct Acknowledged {
    pub(super) hook: &'static str,
    pub(super) post: String,
    /// The version that came of it; none where the post is gone.
    pub(super) version: Option<i64>,
}

/// What the writers share.
#[derive(Default)]
pub(super) struct Notes {
    acknowledged: Mutex<Vec<Acknowledged>>,
    at_hand: Mutex<Vec<String>>,
    surprises: Mutex<Vec<String>>,
}

impl Notes {
    /// How many changes were acknowledged.
    pub(super) fn count(&self) -> usize {
        held(&self.acknowledged).len()
    }

    /// All of them.
    pub(super) fn acknowledged(&self) -> Vec<Acknowledged> {
        held(&self.acknowledged).clone()
    }

    /// Answers that no writer should get.
    pub(super) fn surprises(&self) -> Vec<String> {
        held(&self.surprises).clone()
    }

    fn acknowledge(&self, hook: &'static str, post: &str, version: Option<i64>) {
        held(&self.acknowledged).push(Acknowledged { hook, post: post.to_owned(), version });
    }

    /// A post to change, if there is one.
    fn pick(&self) -> Option<String> {
        let at_hand = held(&self.at_hand);
        at_hand.get(random(at_hand.len())).cloned()
    }

    fn put_at_hand(&self, post: &str) {
        let mut at_hand = held(&self.at_hand);
        if at_hand.len() >= AT_HAND {
            let oldest = random(at_hand.len());
            at_hand.swap_remove(oldest);
        }
        at_hand.push(post.to_owned());
    }

    fn drop_post(&self, post: &str) {
        held(&self.at_hand).retain(|other| other != post);
    }

    /// Somebody else may have changed or removed the post meanwhile; anything else is noted.
    fn note_unless_lost(&self, answer: &Answer) {
        if !matches!(answer.status, 404 | 409) {
            held(&self.surprises).push(format!("{}: {} {}", answer.request, answer.status, answer.text()));
        }
    }
}

fn held<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Creates, changes and removes posts until the server is gone.
pub(super) async fn write(author: Actor, notes: Arc<Notes>) {
    loop {
        let wrote = match (random(10), notes.pick()) {
            (0..=2, _) | (_, None) => create(&author, &notes).await,
            (3, Some(post)) => remove(&author, &notes, &post).await,
            (_, Some(post)) => change(&author, &notes, &post).await,
        };
        if wrote.is_err() {
            return;
        }
    }
}

fn title() -> String {
    format!("Storm {}", Uuid::new_v4().simple())
}

async fn create(author: &Actor, notes: &Notes) -> Result<(), Error> {
    let request = author.request(Method::POST, "/api/v1/posts").json(&post(&title()).body());
    let answer = author.try_send(request).await?;
    if answer.status == 201 {
        let created = answer.json();
        notes.acknowledge("on-post-created", id(&created), created["version"].as_i64());
        notes.put_at_hand(id(&created));
    } else {
        notes.note_unless_lost(&answer);
    }
    Ok(())
}

async fn change(author: &Actor, notes: &Notes, post: &str) -> Result<(), Error> {
    let request = author.request(Method::PATCH, &format!("/api/v1/posts/{post}"));
    let answer = author.try_send(request.json(&json!({ "title": title() }))).await?;
    if answer.status == 200 {
        notes.acknowledge("on-post-updated", post, answer.json()["version"].as_i64());
    } else {
        notes.note_unless_lost(&answer);
    }
    Ok(())
}

async fn remove(author: &Actor, notes: &Notes, post: &str) -> Result<(), Error> {
    notes.drop_post(post);
    let request = author.request(Method::DELETE, &format!("/api/v1/posts/{post}?permanent=true"));
    let answer = author.try_send(request).await?;
    if answer.status == 204 {
        notes.acknowledge("on-post-deleted", post, None);
    } else {
        notes.note_unless_lost(&answer);
    }
    Ok(())
}
