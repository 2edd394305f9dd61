//! The server to compare with: actix-web alone, a few routes that return bytes from memory.

use std::collections::HashMap;
use std::path::Path;
use std::process::ExitCode;

use actix_web::web::{self, Bytes};
use actix_web::{App, HttpResponse, HttpServer};

use crate::process::{BARE, Process};
use crate::{Bench, Result};

/// Starts a bare server that returns `body` as this content type at `/`: to GET with 200, to POST with 201.
pub(crate) async fn start(bench: &Bench, folder: &Path, content_type: &str, body: &[u8]) -> Result<Process> {
    let file = folder.join("bare.body");
    std::fs::write(&file, body)?;
    let mut server = Process::start(BARE, folder, |address| {
        [address.to_string(), bench.workers.to_string(), content_type.to_owned(), file.display().to_string()]
            .to_vec()
    })?;
    server.ready("/").await?;
    Ok(server)
}

/// Serves until it is stopped: what the process is in this role.
pub(crate) fn serve() -> Result<ExitCode> {
    let names = ["address", "workers", "content type", "file"];
    let words: HashMap<&str, String> = names.into_iter().zip(std::env::args().skip(1)).collect();
    let word = |name: &str| words.get(name).ok_or_else(|| format!("the bare server needs its {name}"));
    let (address, workers) = (word("address")?.clone(), word("workers")?.parse::<usize>()?);
    let content_type = word("content type")?.clone();
    let body = Bytes::from(std::fs::read(word("file")?)?);
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(move || {
            let (read, created) = (body.clone(), body.clone());
            let (read_type, created_type) = (content_type.clone(), content_type.clone());
            let get = move || {
                std::future::ready(HttpResponse::Ok().content_type(read_type.as_str()).body(read.clone()))
            };
            let post = move |_sent: Bytes| {
                std::future::ready(
                    HttpResponse::Created().content_type(created_type.as_str()).body(created.clone()),
                )
            };
            App::new().route("/", web::get().to(get)).route("/", web::post().to(post))
        });
        server.workers(workers).bind(address)?.run().await
    })?;
    Ok(ExitCode::SUCCESS)
}
