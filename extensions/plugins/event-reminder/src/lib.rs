//! Writes down every morning which events begin within the next days: a line in the log, and a digest in its files.
//!
//! It reads a content type of the site, which whoever owns the site may not have, may have switched off or may have
//! changed. None of these is a failure of the job.

mod day;
mod digest;
mod events;
mod settings;

use fleuron_plugin::prelude::*;

use digest::Digest;
use events::Outlook;
use settings::Settings;

struct EventReminder;

impl Guest for EventReminder {
    fn on_cron_tick(_payload: Option<String>) {
        let (settings, now) = (Settings::read(), clock::unix_millis());
        match events::within(now, &settings) {
            Ok(Outlook::Events(events)) => {
                Digest { now, settings: &settings, events: &events }.write();
                digest::tidy(now);
            }
            Ok(Outlook::NoType(reason)) => {
                host_api::log("warn", &format!("there are no events to look at: {reason}"));
            }
            // The run is noted as failed, with the reason.
            Err(error) => panic!("{error}"),
        }
    }
}

export_plugin_hooks!(EventReminder);

#[cfg(test)]
mod tests;
