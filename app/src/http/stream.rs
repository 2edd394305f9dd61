//! Server-sent events: an answer that goes on for as long as there is something to tell.

use std::future::Future;

use actix_web::{HttpResponse, http::header, web::Bytes};
use futures_util::{StreamExt, stream};

/// Answers with server-sent events: what `next` answers is sent, until it answers none. Something is sent at once, so that
/// whoever asks knows that the stream is open.
pub fn event_stream<S, N>(state: S, next: impl Fn(S) -> N + 'static) -> HttpResponse
where
    S: 'static,
    N: Future<Output = Option<(String, S)>> + 'static,
{
    let opened = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b":\n\n")) });
    let told = stream::unfold(state, move |state| {
        let told = next(state);
        async move { told.await.map(|(text, state)| (Ok(Bytes::from(text)), state)) }
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // A proxy that gathers the answer would show nothing.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(opened.chain(told))
}
