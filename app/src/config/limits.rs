//! The limits that an operator may set, as one table: what is not among the flags of every command is set through the
//! environment or `fleuron.toml`. Defaults are those of the configuration that the table is applied to.

use std::{ops::RangeInclusive, time::Duration};

use super::{Config, sources::Sources};

/// One limit.
struct Limit {
    /// Its name in the environment, with its unit.
    name: &'static str,
    /// What it may be, in the name's unit.
    bounds: RangeInclusive<u64>,
    /// Where it goes.
    slot: fn(&mut Config) -> Slot<'_>,
}

/// A field, and the unit in which it is set.
enum Slot<'a> {
    Count(&'a mut usize),
    Count32(&'a mut u32),
    Count64(&'a mut u64),
    Kibibytes(&'a mut usize),
    Mebibytes(&'a mut usize),
    Kibibytes64(&'a mut u64),
    Mebibytes64(&'a mut u64),
    Milliseconds(&'a mut Duration),
    Seconds(&'a mut Duration),
}

impl Slot<'_> {
    /// The field's value, in bytes, milliseconds or simply how many.
    fn amount(&self) -> u64 {
        match self {
            Slot::Count(field) | Slot::Kibibytes(field) | Slot::Mebibytes(field) => **field as u64,
            Slot::Count32(field) => u64::from(**field),
            Slot::Count64(field) | Slot::Kibibytes64(field) | Slot::Mebibytes64(field) => **field,
            Slot::Milliseconds(field) | Slot::Seconds(field) => {
                u64::try_from(field.as_millis()).unwrap_or(u64::MAX)
            }
        }
    }

    /// The unit in which it is set, as an amount and in words.
    fn unit(&self) -> (u64, &'static str) {
        match self {
            Slot::Count(_) | Slot::Count32(_) | Slot::Count64(_) => (1, ""),
            Slot::Kibibytes(_) | Slot::Kibibytes64(_) => (1 << 10, " KiB"),
            Slot::Mebibytes(_) | Slot::Mebibytes64(_) => (1 << 20, " MiB"),
            Slot::Milliseconds(_) => (1, " ms"),
            Slot::Seconds(_) => (1_000, " s"),
        }
    }

    /// Sets the field to a value within the limit's bounds, which leave room for its unit.
    fn set(self, value: u64) {
        let size = usize::try_from(value).unwrap_or(usize::MAX);
        match self {
            Slot::Count(field) => *field = size,
            Slot::Count32(field) => *field = u32::try_from(value).unwrap_or(u32::MAX),
            Slot::Count64(field) => *field = value,
            Slot::Kibibytes(field) => *field = size.saturating_mul(1 << 10),
            Slot::Mebibytes(field) => *field = size.saturating_mul(1 << 20),
            Slot::Kibibytes64(field) => *field = value.saturating_mul(1 << 10),
            Slot::Mebibytes64(field) => *field = value.saturating_mul(1 << 20),
            Slot::Milliseconds(field) => *field = Duration::from_millis(value),
            Slot::Seconds(field) => *field = Duration::from_secs(value),
        }
    }
}

const fn limit(name: &'static str, bounds: RangeInclusive<u64>, slot: fn(&mut Config) -> Slot<'_>) -> Limit {
    Limit { name, bounds, slot }
}

/// All of them. Zero, where it is allowed, means never.
static LIMITS: [Limit; 55] = [
    limit("PLUGIN_WASM_POOL_SIZE", 1..=256, |config| Slot::Count(&mut config.plugins.host.pool_size)),
    limit("PLUGIN_ONE_OFF_CAP", 1..=256, |config| Slot::Count(&mut config.plugins.host.one_off_cap)),
    limit("PLUGIN_THREADS", 1..=64, |config| Slot::Count(&mut config.plugins.host.guest_threads)),
    limit("PLUGIN_TIMEOUT_MS", 1..=60_000, |config| {
        Slot::Milliseconds(&mut config.plugins.host.call_timeout)
    }),
    limit("PLUGIN_START_TIMEOUT_MS", 1..=60_000, |config| {
        Slot::Milliseconds(&mut config.plugins.host.start_timeout)
    }),
    limit("PLUGIN_COMPILE_TIMEOUT_S", 1..=3_600, |config| {
        Slot::Seconds(&mut config.plugins.host.compile_timeout)
    }),
    limit("PLUGIN_COMPILE_MEMORY_MB", 64..=65_536, |config| {
        Slot::Mebibytes64(&mut config.plugins.host.compile_memory)
    }),
    limit("PLUGIN_LOAD_PATIENCE_MS", 0..=600_000, |config| {
        Slot::Milliseconds(&mut config.plugins.host.load_patience)
    }),
    limit("PLUGIN_MAX_MEMORY_MB", 1..=1_024, |config| Slot::Mebibytes(&mut config.plugins.host.max_memory)),
    limit("PLUGIN_MAX_MEMORY_CEILING_MB", 1..=1_024, |config| {
        Slot::Mebibytes(&mut config.plugins.host.max_memory_ceiling)
    }),
    limit("PLUGIN_TOTAL_MEMORY_MB", 16..=1_048_576, |config| {
        Slot::Mebibytes(&mut config.plugins.host.total_memory)
    }),
    limit("PLUGIN_TIMEOUT_CEILING_MS", 1..=60_000, |config| {
        Slot::Milliseconds(&mut config.plugins.host.call_timeout_ceiling)
    }),
    limit("PLUGIN_JOB_TIMEOUT_CEILING_MS", 1..=600_000, |config| {
        Slot::Milliseconds(&mut config.plugins.host.job_timeout_ceiling)
    }),
    limit("PLUGIN_MAX_STACK_KB", 64..=16_384, |config| Slot::Kibibytes(&mut config.plugins.host.max_stack)),
    limit("PLUGIN_HOST_CALLS", 1..=10_000_000, |config| {
        Slot::Count32(&mut config.plugins.host.host_call_budget)
    }),
    limit("PLUGIN_HOST_CALL_KB", 64..=65_536, |config| {
        Slot::Kibibytes(&mut config.plugins.host.hostcall_fuel)
    }),
    limit("PLUGIN_SQL_STATEMENTS", 0..=1_000_000, |config| {
        Slot::Count32(&mut config.plugins.host.sql_budget)
    }),
    limit("PLUGIN_SQL_BYTES", 1_000..=200_000, |config| Slot::Count(&mut config.plugins.databases.sql_bytes)),
    limit("PLUGIN_SQL_ROWS", 1..=1_000_000, |config| Slot::Count(&mut config.plugins.databases.answer_rows)),
    limit("PLUGIN_SQL_ANSWER_KB", 1..=65_536, |config| {
        Slot::Kibibytes(&mut config.plugins.databases.answer_bytes)
    }),
    limit("PLUGIN_TRANSACTION_MS", 1..=60_000, |config| {
        Slot::Milliseconds(&mut config.plugins.host.transaction_time)
    }),
    limit("PLUGIN_DATABASE_MB", 1..=1_048_576, |config| {
        Slot::Mebibytes64(&mut config.plugins.databases.file_bytes)
    }),
    limit("PLUGIN_VALUE_KB", 1..=4_096, |config| Slot::Kibibytes(&mut config.plugins.databases.value_bytes)),
    limit("PLUGIN_FILES_MB", 0..=1_048_576, |config| Slot::Mebibytes64(&mut config.plugins.files.bytes)),
    limit("PLUGIN_FILES", 0..=100_000, |config| Slot::Count64(&mut config.plugins.files.files)),
    limit("PLUGIN_FILE_KB", 1..=65_536, |config| Slot::Kibibytes64(&mut config.plugins.files.file_bytes)),
    limit("PLUGIN_HTTP_REQUESTS", 0..=1_000, |config| Slot::Count32(&mut config.plugins.host.http_budget)),
    limit("PLUGIN_EVENTS", 0..=1_000, |config| Slot::Count32(&mut config.plugins.host.event_budget)),
    limit("PLUGIN_EVENT_KB", 1..=1_024, |config| Slot::Kibibytes(&mut config.plugins.host.event_bytes)),
    limit("PLUGIN_EVENT_DEPTH", 1..=16, |config| Slot::Count(&mut config.plugins.host.chain_depth)),
    limit("PLUGIN_LOG_LINES", 0..=100_000, |config| {
        Slot::Count32(&mut config.plugins.host.log_lines_per_call)
    }),
    limit("PLUGIN_LOG_LINE_BYTES", 80..=65_536, |config| {
        Slot::Count(&mut config.plugins.host.log_line_bytes)
    }),
    limit("PLUGIN_LOG_KEPT_LINES", 10..=100_000, |config| Slot::Count(&mut config.plugins.log.lines)),
    limit("PLUGIN_LOG_KEPT_KB", 1..=65_536, |config| Slot::Kibibytes(&mut config.plugins.log.bytes)),
    limit("PLUGIN_BREAKER_FAILURES", 1..=1_000, |config| {
        Slot::Count32(&mut config.plugins.host.breaker_failures)
    }),
    limit("PLUGIN_BREAKER_WINDOW_S", 1..=86_400, |config| {
        Slot::Seconds(&mut config.plugins.host.breaker_window)
    }),
    limit("PLUGIN_BREAKER_REST_S", 1..=86_400, |config| Slot::Seconds(&mut config.plugins.host.breaker_rest)),
    limit("PLUGIN_START_FAILURES", 1..=1_000, |config| {
        Slot::Count32(&mut config.plugins.host.start_failures)
    }),
    limit("PLUGIN_RETIRE_CALLS", 1..=1_000_000_000, |config| {
        Slot::Count64(&mut config.plugins.host.retire_after_calls)
    }),
    limit("PLUGIN_RETIRE_GROWTH_MB", 0..=1_024, |config| {
        Slot::Mebibytes(&mut config.plugins.host.retire_after_growth)
    }),
    limit("PLUGIN_RETIRE_IDLE_S", 1..=86_400, |config| {
        Slot::Seconds(&mut config.plugins.host.retire_after_idle)
    }),
    limit("FLEURON_EGRESS_CONNECT_MS", 10..=60_000, |config| {
        Slot::Milliseconds(&mut config.egress.connect_timeout)
    }),
    limit("FLEURON_EGRESS_TIMEOUT_MS", 100..=60_000, |config| Slot::Milliseconds(&mut config.egress.timeout)),
    limit("FLEURON_EGRESS_BODY_KB", 1..=65_536, |config| Slot::Kibibytes(&mut config.egress.max_body)),
    limit("FLEURON_EGRESS_REDIRECTS", 0..=10, |config| Slot::Count(&mut config.egress.max_redirects)),
    limit("FLEURON_EGRESS_CONCURRENT", 1..=1_024, |config| Slot::Count(&mut config.egress.concurrent)),
    limit("FLEURON_EGRESS_PER_CALLER", 1..=1_024, |config| Slot::Count(&mut config.egress.per_caller)),
    limit("FLEURON_EVENTS_ATTEMPTS", 1..=20, |config| Slot::Count32(&mut config.events.attempts)),
    limit("FLEURON_EVENTS_RETRY_MS", 1..=3_600_000, |config| {
        Slot::Milliseconds(&mut config.events.first_pause)
    }),
    limit("FLEURON_EVENTS_WAIT_S", 1..=31_536_000, |config| {
        Slot::Seconds(&mut config.events.wait_for_plugins)
    }),
    limit("FLEURON_EVENTS_KEPT_S", 60..=31_536_000, |config| Slot::Seconds(&mut config.events.kept)),
    limit("FLEURON_EVENTS_STUCK_S", 1..=86_400, |config| Slot::Seconds(&mut config.events.stuck_after)),
    limit("FLEURON_WEBHOOK_ATTEMPTS", 1..=20, |config| Slot::Count32(&mut config.events.webhook_attempts)),
    limit("FLEURON_WEBHOOK_RETRY_MS", 1..=3_600_000, |config| {
        Slot::Milliseconds(&mut config.events.webhook_first_pause)
    }),
    limit("FLEURON_WEBHOOK_PAUSE_S", 1..=31_536_000, |config| {
        Slot::Seconds(&mut config.events.webhook_pause_after)
    }),
];

/// A limit that means nothing where it is above another: what it would allow, the other forbids.
struct Order {
    low: &'static str,
    high: &'static str,
    /// Whether the higher one may be zero all the same, which switches off what both are about.
    or_none: bool,
}

static ORDERS: [Order; 4] = [
    Order { low: "PLUGIN_VALUE_KB", high: "PLUGIN_HOST_CALL_KB", or_none: false },
    Order { low: "PLUGIN_FILE_KB", high: "PLUGIN_HOST_CALL_KB", or_none: false },
    Order { low: "PLUGIN_FILE_KB", high: "PLUGIN_FILES_MB", or_none: true },
    Order { low: "FLEURON_EGRESS_PER_CALLER", high: "FLEURON_EGRESS_CONCURRENT", or_none: false },
];

/// Sets every limit that is given somewhere, and finds those that contradict each other.
pub(super) fn apply(config: &mut Config, sources: &mut Sources<'_>) {
    let mut faulty = Vec::new();
    for limit in &LIMITS {
        let faults_before = sources.faults.len();
        if let Some(value) = sources.number(limit.name, limit.bounds.clone()) {
            (limit.slot)(config).set(value);
        } else if sources.faults.len() > faults_before {
            faulty.push(limit.name);
        }
    }
    // Of a limit that is wrong by itself nobody knows what it was meant to be.
    let is_known = |order: &&Order| !faulty.contains(&order.low) && !faulty.contains(&order.high);
    let contradictions = ORDERS.iter().filter(is_known).filter_map(|order| contradiction(config, order));
    sources.faults.extend(contradictions);
}

/// What is wrong, with both values.
fn contradiction(config: &mut Config, order: &Order) -> Option<String> {
    let (low, low_text) = value(config, order.low)?;
    let (high, high_text) = value(config, order.high)?;
    if low <= high || (order.or_none && high == 0) {
        return None;
    }
    let Order { low, high, .. } = order;
    Some(format!(
        "{low} is {low_text}, which is more than {high} ({high_text}); lower the one or raise the other"
    ))
}

/// What a limit is set to: as a number that compares with others of its kind, and in its own unit.
fn value(config: &mut Config, name: &str) -> Option<(u64, String)> {
    let limit = LIMITS.iter().find(|limit| limit.name == name)?;
    let slot = (limit.slot)(config);
    let (size, unit) = slot.unit();
    Some((slot.amount(), format!("{}{unit}", slot.amount().div_ceil(size))))
}

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeMap, BTreeSet},
        path::Path,
    };

    use super::*;

    impl Slot<'_> {
        /// In the limit's unit, rounded up.
        fn get(&self) -> u64 {
            self.amount().div_ceil(self.unit().0)
        }
    }

    const README: &str = include_str!("../../../README.md");

    /// What the README says of every limit: name, default and bounds.
    fn documented() -> BTreeMap<String, (String, Option<String>)> {
        let mut limits = BTreeMap::new();
        let mut head: Vec<&str> = Vec::new();
        for line in README.lines().filter(|line| line.starts_with("| ")) {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            if cells[0] == "environment" {
                head = cells;
                continue;
            }
            let cell = |name: &str| head.iter().position(|found| *found == name).and_then(|at| cells.get(at));
            let each = |name: &str, position: usize| {
                let texts: Vec<&str> = cell(name)?.split(", ").collect();
                Some(texts.get(position).copied().unwrap_or_default().replace(' ', ""))
            };
            for (position, name) in cells[0].split(", ").enumerate() {
                let default = each("default", position).unwrap_or_default();
                limits.insert(name.trim_matches('`').to_owned(), (default, each("from .. to", position)));
            }
        }
        limits
    }

    #[test]
    fn the_readme_names_every_limit_as_it_is() {
        let (documented, mut config) = (documented(), Config::in_folder(Path::new("data")));
        for limit in &LIMITS {
            let (default, bounds) =
                documented.get(limit.name).unwrap_or_else(|| panic!("{} is not in README.md", limit.name));
            assert_eq!(*default, (limit.slot)(&mut config).get().to_string(), "{}: default", limit.name);
            // Those with a flag stand in the table of flags, which has no bounds.
            let expected = format!("{}..{}", limit.bounds.start(), limit.bounds.end());
            assert_eq!(bounds.as_deref().unwrap_or(&expected), expected, "{}: bounds", limit.name);
        }
    }

    #[test]
    fn orders_name_limits() {
        let mut config = Config::in_folder(Path::new("data"));
        for order in &ORDERS {
            for name in [order.low, order.high] {
                assert!(value(&mut config, name).is_some(), "{name} is no limit");
            }
            assert_eq!(contradiction(&mut config, order), None, "defaults contradict each other");
        }
    }

    #[test]
    fn every_default_is_within_its_bounds() {
        let mut config = Config::in_folder(Path::new("data"));
        for limit in &LIMITS {
            let value = (limit.slot)(&mut config).get();
            assert!(limit.bounds.contains(&value), "{}: {value}", limit.name);
        }
    }

    #[test]
    fn every_limit_has_a_field_of_its_own() {
        let mut config = Config::in_folder(Path::new("data"));
        for limit in &LIMITS {
            (limit.slot)(&mut config).set(*limit.bounds.start());
        }
        for limit in &LIMITS {
            let (least, most) = (*limit.bounds.start(), *limit.bounds.end());
            assert_eq!((limit.slot)(&mut config).get(), least, "{} is set by another", limit.name);
            (limit.slot)(&mut config).set(most);
            assert_eq!((limit.slot)(&mut config).get(), most, "{} does not hold its bound", limit.name);
        }
        let names: BTreeSet<&str> = LIMITS.iter().map(|limit| limit.name).collect();
        assert_eq!(names.len(), LIMITS.len());
    }
}
