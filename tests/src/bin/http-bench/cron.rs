//! Ten thousand jobs: what they cost while none is due, and how late they start when all are.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use chrono::{Datelike as _, TimeDelta, Timelike as _, Utc};
use fleuron::entities::cron_runs;
use fleuron_tests::{guests, manifest};
use sea_orm::{ColumnTrait, Database, EntityTrait, QueryFilter};

use crate::plugins::distinct;
use crate::report::{Report, amount};
use crate::site::Site;
use crate::{Bench, Result};

const PLUGINS: usize = 20;
const JOBS: usize = 500;
/// How long a server sits still before it counts as idle, and how long it is watched then.
const SETTLE: Duration = Duration::from_secs(3);
const WATCH: Duration = Duration::from_secs(30);
const IDLE_BAR: f64 = 0.01;
const START_BAR: Duration = Duration::from_secs(1);
/// How long the runs may take altogether.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) async fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let empty = Site::create(bench)?;
    let without = idle(&empty).await?;
    let full = Site::create(bench)?;
    write_jobs(&full.path(), "0 0 1 1 *")?;
    let with = idle(&full).await?;
    let cost = with - without;
    report.bar(
        &format!("{} jobs of which none is due", PLUGINS * JOBS),
        format!("{:.2} % of a core (the server without them {:.2} %)", cost * 100.0, without * 100.0),
        format!("<= {:.0} %", IDLE_BAR * 100.0),
        cost <= IDLE_BAR,
    );
    all_at_once(&full, report).await
}

/// The share of a core that a server takes while nothing happens.
async fn idle(site: &Site) -> Result<f64> {
    // The first start compiles the plugins.
    let mut first = site.start()?;
    first.ready("/").await?;
    first.stop().await?;
    let mut server = site.start()?;
    server.ready("/").await?;
    tokio::time::sleep(SETTLE).await;
    let before = server.cpu()?;
    tokio::time::sleep(WATCH).await;
    let used = server.cpu()?.saturating_sub(before);
    server.stop().await?;
    Ok(used.as_secs_f64() / WATCH.as_secs_f64())
}

async fn all_at_once(site: &Site, report: &mut Report) -> Result<()> {
    let due = Utc::now() + TimeDelta::seconds(15);
    let expression =
        format!("{} {} {} {} {} *", due.second(), due.minute(), due.hour(), due.day(), due.month());
    write_jobs(&site.path(), &expression)?;
    let mut server = site.start()?;
    server.ready("/").await?;
    let database =
        Database::connect(format!("sqlite://{}/data/fleuron.sqlite", site.path().display())).await?;
    let started = std::time::Instant::now();
    let runs = loop {
        let ended = cron_runs::Entity::find()
            .filter(cron_runs::Column::Owner.ne("site"))
            .filter(cron_runs::Column::Outcome.ne("running"))
            .all(&database)
            .await?;
        if ended.len() >= PLUGINS * JOBS {
            break ended;
        }
        if started.elapsed() > PATIENCE {
            return Err(format!("{} of {} jobs ran in {PATIENCE:?}", ended.len(), PLUGINS * JOBS).into());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    };
    database.close().await?;
    server.stop().await?;
    let failed = runs.iter().filter(|run| run.outcome != "succeeded").count();
    let late = runs.iter().map(|run| run.started_at - run.due_at).max().unwrap_or_default();
    let late = Duration::from_millis(late.max(0).unsigned_abs());
    report.bar(
        &format!("{} jobs due in the same second", runs.len()),
        format!("the last one starts after {}, {failed} fail", amount(late)),
        format!("<= {}, none", amount(START_BAR)),
        late <= START_BAR && failed == 0,
    );
    Ok(())
}

fn write_jobs(site: &Path, expression: &str) -> Result<()> {
    let module = std::fs::read(guests::COUNTER)?;
    for plugin in 0..PLUGINS {
        let name = format!("clock-{plugin}");
        let folder = site.join("extensions/plugins").join(&name);
        std::fs::create_dir_all(&folder)?;
        let mut text = manifest(&format!("com.example.{name}"), &[]);
        for job in 0..JOBS {
            write!(
                text,
                "\n[[cron]]\nlabel = \"{job}\"\njob_type = \"job-{job}\"\ncron_expr = \"{expression}\"\n"
            )?;
        }
        std::fs::write(folder.join("manifest.toml"), text)?;
        std::fs::write(folder.join("plugin.wasm"), distinct(&module, &name))?;
    }
    Ok(())
}
