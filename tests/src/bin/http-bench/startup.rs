//! From the start of the process to the first page, with ten plugins and warm compiled code.

use std::time::Duration;

use fleuron::plugins::bundled;

use crate::load::percentile;
use crate::plugins::{Plugin, distinct};
use crate::report::{Report, amount};
use crate::site::Site;
use crate::{Bench, Result};

const PLUGINS: usize = 10;
const STARTS: usize = 9;
const BAR: Duration = Duration::from_millis(200);

pub(crate) async fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let site = Site::create(bench)?;
    let reading_time = bundled::all().iter().find(|plugin| plugin.name == "reading-time");
    let reading_time = reading_time.ok_or("reading-time is not bundled")?;
    for number in 1..=PLUGINS {
        let name = format!("reading-time-{number}");
        let wasm = distinct(reading_time.wasm, &name);
        Plugin { name: &name, hook: "filter-html", wasm: &wasm }.install(&site.path())?;
    }
    let cold = start(&site).await?;
    let mut warm = Vec::new();
    for _ in 0..STARTS {
        warm.push(start(&site).await?);
    }
    warm.sort_unstable();
    let median = percentile(&warm, 50);
    report.bar(
        "start to first page, 10 plugins beside the bundled ones",
        format!("{} (compiling them first: {})", amount(median), amount(cold)),
        format!("<= {}", amount(BAR)),
        median <= BAR,
    );
    Ok(())
}

async fn start(site: &Site) -> Result<Duration> {
    let mut server = site.start()?;
    let time = server.ready("/").await?;
    server.stop().await?;
    Ok(time)
}
