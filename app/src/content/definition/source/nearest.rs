//! What somebody probably meant who wrote a name that there is not.

/// How many letters may be wrong.
const REACH: usize = 2;
/// So much of a wrong name is repeated.
const SHOWN: usize = 60;

/// What to say of a name that is not one of these.
pub(in crate::content) fn unknown(name: &str, known: &[&str]) -> String {
    let shown: String = name.chars().take(SHOWN).collect();
    match (nearest(name, known), known) {
        (Some(meant), _) => format!("`{shown}` is unknown here; did you mean `{meant}`?"),
        (None, []) => format!("`{shown}` is unknown here; there is nothing to name."),
        (None, known) => format!("`{shown}` is unknown here; known are {}.", known.join(", ")),
    }
}

/// The name that is like this one, if one is.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let longest = known.iter().map(|known| known.len()).max().unwrap_or_default();
    if name.len() > longest + REACH {
        return None;
    }
    let distances = known.iter().map(|known| (distance(name, known), *known));
    let (distance, meant) = distances.min_by_key(|(distance, _)| *distance)?;
    // Of a short name, nothing would be left.
    (distance <= REACH && distance < meant.len().min(name.chars().count())).then_some(meant)
}

/// How many letters must be put in, taken out, replaced or swapped with their neighbour to make one of the other.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for row in 1..=one.len() {
        let mut line = vec![row];
        for column in 1..=other.len() {
            let is_same = one[row - 1] == other[column - 1];
            let replaced = rows[row - 1][column - 1] + usize::from(!is_same);
            let mut best = replaced.min(rows[row - 1][column] + 1).min(line[column - 1] + 1);
            let is_swapped = row > 1
                && column > 1
                && one[row - 1] == other[column - 2]
                && one[row - 2] == other[column - 1];
            if is_swapped {
                best = best.min(rows[row - 2][column - 2] + 1);
            }
            line.push(best);
        }
        rows.push(line);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::{nearest, unknown};

    #[test]
    fn a_slip_is_understood() {
        let known = ["title", "required", "min", "max"];
        for (name, meant) in [
            ("titel", Some("title")),
            ("Title", Some("title")),
            ("requierd", Some("required")),
            ("maximum", None),
            ("mn", Some("min")),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, &known), meant, "{name:?}");
        }
        assert_eq!(unknown("prize", &["price"]), "`prize` is unknown here; did you mean `price`?");
        assert_eq!(unknown("colour", &["a", "b"]), "`colour` is unknown here; known are a, b.");
        assert!(unknown(&"x".repeat(100_000), &known).len() < 200);
    }
}
