//! The Prometheus text format (and the parts of OpenMetrics that servers send unasked): lines to samples. A line that
//! cannot be read is skipped and counted; one bad line does not lose a scrape.

/// One sample line.
#[derive(Debug, PartialEq)]
pub(super) struct Line<'a> {
    /// Metric name and labels as written: the same series is written the same way in every scrape.
    pub(super) series: &'a str,
    /// The value.
    pub(super) value: f64,
    /// Milliseconds since 1970, when the line has a time.
    pub(super) at_ms: Option<i64>,
}

/// The sample lines of a page, and how many could not be read.
pub(super) fn lines<'a>(page: &'a str, mut each: impl FnMut(Line<'a>)) -> usize {
    let mut bad = 0;
    for line in page.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match read_line(line) {
            Some(line) => each(line),
            None => bad += 1,
        }
    }
    bad
}

fn read_line(line: &str) -> Option<Line<'_>> {
    let name_end = line.find(|c: char| c == '{' || c.is_ascii_whitespace())?;
    let series_end =
        if line[name_end..].starts_with('{') { name_end + closing_brace(&line[name_end..])? + 1 } else { name_end };
    let (series, rest) = line.split_at(series_end);
    // An exemplar follows a hash; the value never holds one.
    let rest = rest.split('#').next().unwrap_or_default();
    let mut parts = rest.split_ascii_whitespace();
    let value = parts.next()?.parse().ok()?;
    let at_ms = parts.next().map(str::parse).transpose().ok()?;
    parts.next().is_none().then_some(Line { series, value, at_ms })
}

/// Place of the brace that ends the labels, past quoted values.
fn closing_brace(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    text.bytes().position(|byte| {
        let ends = !quoted && byte == b'}';
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
        ends
    })
}

/// Name and labels of a series as written in a line; none when it cannot be read.
pub(super) fn series(text: &str) -> Option<(&str, Vec<(&str, String)>)> {
    let (name, rest) = match text.split_once('{') {
        None => return is_name(text).then(|| (text, Vec::new())),
        Some(parts) => parts,
    };
    let mut rest = rest.strip_suffix('}')?.trim();
    let mut labels = Vec::new();
    while !rest.is_empty() {
        let (label, tail) = rest.split_once('=')?;
        let (value, tail) = quoted(tail.trim_start())?;
        let label = label.trim();
        if !is_name(label) || label.contains(':') {
            return None;
        }
        labels.push((label, value));
        rest = tail.trim_start();
        match rest.strip_prefix(',') {
            Some(tail) => rest = tail.trim_start(),
            None if rest.is_empty() => {}
            None => return None,
        }
    }
    is_name(name.trim()).then_some((name.trim(), labels))
}

fn is_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(inner)
}

/// A quoted text with its escapes resolved, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                other @ ('"' | '\\') => value.push(other),
                other => {
                    value.push('\\');
                    value.push(other);
                }
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(page: &str) -> (Vec<Line<'_>>, usize) {
        let mut found = Vec::new();
        let bad = lines(page, |line| found.push(line));
        (found, bad)
    }

    #[test]
    fn a_page_is_read_line_by_line() {
        let page = "# HELP a help\n# TYPE a counter\na_total{code=\"200\",path=\"/x y}\"} 12 1700000000123\n\nup 1\nb{} +Inf\nc NaN\nd{le=\"0.5\"} 3 # {trace_id=\"x\"} 0.2\n# EOF\n";
        let (found, bad) = all(page);
        assert_eq!(bad, 0);
        let seen: Vec<_> = found.iter().map(|line| (line.series, line.value.to_string(), line.at_ms)).collect();
        assert_eq!(
            seen,
            [
                ("a_total{code=\"200\",path=\"/x y}\"}", "12".to_owned(), Some(1_700_000_000_123)),
                ("up", "1".to_owned(), None),
                ("b{}", "inf".to_owned(), None),
                ("c", "NaN".to_owned(), None),
                ("d{le=\"0.5\"}", "3".to_owned(), None),
            ]
        );
    }

    #[test]
    fn bad_lines_are_counted_and_the_others_kept() {
        let (found, bad) = all("up\nup x\nup 1 2 3\na{b=\"c 1\nup 1\n");
        assert_eq!((found.len(), bad), (1, 4));
    }

    #[test]
    fn labels_are_read_with_their_escapes() {
        assert_eq!(
            series(r#"a:b{x="1",y="a\"b\\c\nd", z = "é",}"#),
            Some(("a:b", vec![("x", "1".to_owned()), ("y", "a\"b\\c\nd".to_owned()), ("z", "é".to_owned())]))
        );
        assert_eq!(series("up"), Some(("up", vec![])));
        assert_eq!(series("up{}"), Some(("up", vec![])));
        for bad in
            ["1a", "a{b}", "a{b=c}", "a{b=\"c}", "a{1b=\"c\"}", "a{b=\"c\" d=\"e\"}", "{a=\"b\"}", "a{b:c=\"d\"}"]
        {
            assert_eq!(series(bad), None, "{bad}");
        }
    }
}
