//! What was measured, as two tables: loads beside the bare library, and figures beside their bars.

use std::time::Duration;

use crate::load::Measured;

/// Everything measured so far.
#[derive(Default)]
pub(crate) struct Report {
    loads: Vec<Vec<String>>,
    bars: Vec<Vec<String>>,
    failures: Vec<String>,
}

impl Report {
    /// A load, and its ratio to what it is compared with.
    pub(crate) fn load(&mut self, name: &str, measured: &Measured, compared: Option<&Measured>) {
        let outcome = &measured.outcome;
        let ratio = compared.map(|compared| format!("{:.3}", outcome.rate() / compared.outcome.rate()));
        self.loads.push(vec![
            name.to_owned(),
            format!("{:.0}", outcome.rate()),
            amount(measured.cpu),
            amount(outcome.percentile(50)),
            amount(outcome.percentile(99)),
            ratio.unwrap_or_default(),
        ]);
        if let Some(failure) = &outcome.first_failure {
            self.failure(name, outcome.failures, failure);
        }
    }

    /// A load that is not a server's.
    pub(crate) fn line(&mut self, name: &str, rate: f64, p50: Duration, p99: Duration) {
        let cells =
            [name.to_owned(), format!("{rate:.0}"), String::new(), amount(p50), amount(p99), String::new()];
        self.loads.push(cells.to_vec());
    }

    /// A figure beside its bar.
    pub(crate) fn bar(&mut self, name: &str, measured: impl Into<String>, bar: impl Into<String>, met: bool) {
        let met = if met { "yes" } else { "NO" };
        self.bars.push(vec![name.to_owned(), measured.into(), bar.into(), met.to_owned()]);
    }

    /// Requests that failed.
    pub(crate) fn failure(&mut self, name: &str, count: u64, first: &str) {
        self.failures.push(format!("{name}: {count} requests failed, for example: {first}"));
    }

    /// Whether any request failed. A bar that is missed is shown, but no failure: machines differ.
    pub(crate) fn failed(&self) -> bool {
        !self.failures.is_empty()
    }

    pub(crate) fn print(&self, markdown: bool) {
        let header = ["what", "requests/s", "CPU/request", "p50", "p99", "of the bare route"];
        print_table(&header, &self.loads, markdown);
        print_table(&["what", "measured", "bar", "met"], &self.bars, markdown);
        for failure in &self.failures {
            println!("\nFAILED {failure}");
        }
    }
}

fn print_table(header: &[&str], rows: &[Vec<String>], markdown: bool) {
    if rows.is_empty() {
        return;
    }
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default().max(header[column].len()).max(3)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &[&str]| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        if markdown { format!("| {} |", padded.join(" | ")) } else { padded.join("  ").trim_end().to_owned() }
    };
    println!("\n{}", line(header));
    let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    println!("{}", line(&rules.iter().map(String::as_str).collect::<Vec<_>>()));
    for row in rows {
        println!("{}", line(&row.iter().map(String::as_str).collect::<Vec<_>>()));
    }
}

/// A time in the unit that suits it.
pub(crate) fn amount(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        micros if micros < 100.0 => format!("{micros:.1} us"),
        micros if micros < 1000.0 => format!("{micros:.0} us"),
        micros if micros < 100_000.0 => format!("{:.2} ms", micros / 1e3),
        micros => format!("{:.0} ms", micros / 1e3),
    }
}

/// A size in KB.
pub(crate) fn kilobytes(bytes: usize) -> String {
    format!("{:.1} KB", bytes as f64 / 1024.0)
}

/// A size in MiB.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / (1024.0 * 1024.0))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::amount;

    #[test]
    fn times_are_shown_in_the_unit_that_suits_them() {
        assert_eq!(amount(Duration::from_nanos(12_340)), "12.3 us");
        assert_eq!(amount(Duration::from_micros(412)), "412 us");
        assert_eq!(amount(Duration::from_micros(1240)), "1.24 ms");
        assert_eq!(amount(Duration::from_millis(250)), "250 ms");
    }
}
