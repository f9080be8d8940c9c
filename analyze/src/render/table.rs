//! Aligned plain text.

/// Width of the text under a table.
const WIDTH: usize = 110;
/// What stands for a missing value.
const NONE: &str = "-";

/// Heading of a column.
#[derive(Clone, Debug)]
pub(crate) struct Heading {
    title: String,
    unit: String,
    left: bool,
}

impl Heading {
    /// A column of text, aligned left.
    pub(crate) fn text(title: &str) -> Self {
        Self { title: title.to_owned(), unit: String::new(), left: true }
    }

    /// A column of numbers, aligned right, with their unit.
    pub(crate) fn number(title: &str, unit: &str) -> Self {
        Self { title: title.to_owned(), unit: unit.to_owned(), left: false }
    }
}

/// Columns with two spaces between them; the units stand in a line of their own, if there are any.
pub(crate) fn grid(headings: &[Heading], rows: &[Vec<Option<String>>]) -> String {
    let cell =
        |row: &[Option<String>], index: usize| row.get(index).cloned().flatten().unwrap_or_else(|| NONE.to_owned());
    let mut lines: Vec<Vec<String>> = vec![headings.iter().map(|heading| heading.title.clone()).collect()];
    if headings.iter().any(|heading| !heading.unit.is_empty()) {
        lines.push(headings.iter().map(|heading| heading.unit.clone()).collect());
    }
    lines.extend(rows.iter().map(|row| (0..headings.len()).map(|index| cell(row, index)).collect()));
    let widths: Vec<_> = (0..headings.len()).map(|index| width_of_column(&lines, index)).collect();
    lines.iter().map(|line| aligned(headings, &widths, line)).collect()
}

fn width_of_column(lines: &[Vec<String>], index: usize) -> usize {
    lines.iter().filter_map(|line| line.get(index)).map(|text| text.chars().count()).max().unwrap_or(0)
}

fn aligned(headings: &[Heading], widths: &[usize], cells: &[String]) -> String {
    let columns = headings.iter().zip(widths).zip(cells);
    let padded = columns.map(
        |((heading, width), cell)| {
            if heading.left { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        },
    );
    let line = padded.collect::<Vec<_>>().join("  ");
    format!("{}\n", line.trim_end())
}

/// A number with commas between groups of three digits.
pub(crate) fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// A number of things, in the plural unless it is one.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", thousands(number as i64), if number == 1 { "" } else { "s" })
}

/// A number with commas and so many decimal places.
pub(crate) fn decimal(number: f64, places: usize) -> String {
    let text = format!("{number:.places$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), thousands);
    if fraction.is_empty() { whole } else { format!("{whole}.{fraction}") }
}

/// Decimal places that show four digits of the largest of these numbers, two at least.
pub(crate) fn places(numbers: impl IntoIterator<Item = f64>) -> usize {
    let largest = numbers.into_iter().map(f64::abs).fold(0.0, f64::max);
    let digits_before_point = if largest > 0.0 { largest.log10().floor() as i32 + 1 } else { 1 };
    (4 - digits_before_point).clamp(2, 12) as usize
}

/// Lines of `name: text` under a table, wrapped.
pub(crate) fn footer(notes: &[(&str, String)]) -> String {
    notes.iter().map(|(name, text)| wrapped(&format!("{name}: {text}"))).collect()
}

/// Wraps at spaces; further lines are indented.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let current = lines.last().map_or(0, |line| line.chars().count());
        if current > 0 && current + 1 + word.chars().count() > WIDTH {
            lines.push("  ".to_owned());
        }
        if let Some(line) = lines.last_mut() {
            if !line.trim().is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::{Heading, counted, decimal, footer, grid, places, thousands};

    #[test]
    fn numbers_have_commas() {
        assert_eq!([0, 999, 1_000, -1_234_567].map(thousands), ["0", "999", "1,000", "-1,234,567"]);
        assert_eq!(
            (decimal(1234.56, 1), decimal(0.25, 2), decimal(12_345.0, 0)),
            ("1,234.6".into(), "0.25".into(), "12,345".into())
        );
    }

    #[test]
    fn small_numbers_have_the_places_that_show_four_digits_of_the_largest() {
        let numbers =
            [vec![], vec![0.0], vec![1504.3, 0.1], vec![43.0], vec![3.008], vec![0.33], vec![0.000_123, -0.01]];
        assert_eq!(numbers.map(places), [3, 3, 2, 2, 3, 4, 5]);
    }

    #[test]
    fn one_thing_is_no_plural() {
        assert_eq!((counted(1, "run"), counted(1_000, "run")), ("1 run".into(), "1,000 runs".into()));
    }

    #[test]
    fn text_is_left_numbers_are_right_and_units_have_a_line() {
        let headings = [Heading::text("runtime"), Heading::number("mean", "functions")];
        let rows = [vec![Some("runc".to_owned()), Some("1,204.0".to_owned())], vec![None, None]];
        assert_eq!(
            grid(&headings, &rows),
            "runtime       mean\n         functions\nrunc       1,204.0\n-                -\n"
        );
    }

    #[test]
    fn long_text_is_wrapped_and_indented() {
        let text = format!("{} {}", "a".repeat(100), "b".repeat(20));
        assert_eq!(footer(&[("n", text)]), format!("n: {}\n  {}\n", "a".repeat(100), "b".repeat(20)));
    }
}
