//! What other programs read: JUnit XML, workflow commands of GitHub, JSON lines.

use std::io::{self, Write};

use mesh::policy::{
    finding::{Finding, Severity},
    place::Place,
};

/// One test of a JUnit report.
pub struct Test<'t> {
    /// Its name.
    pub name: &'t str,
    /// Where it stands.
    pub place: String,
    /// Why it failed.
    pub failure: Option<String>,
}

/// A JUnit report with one suite.
pub fn junit(suite: &str, tests: &[Test<'_>], out: &mut dyn Write) -> io::Result<()> {
    let failures = tests.iter().filter(|test| test.failure.is_some()).count();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let count = tests.len();
    writeln!(out, "<testsuites tests=\"{count}\" failures=\"{failures}\">")?;
    writeln!(out, "  <testsuite name=\"{}\" tests=\"{count}\" failures=\"{failures}\">", xml(suite))?;
    for test in tests {
        write!(out, "    <testcase name=\"{}\" classname=\"{}\"", xml(test.name), xml(&test.place))?;
        match &test.failure {
            None => writeln!(out, "/>")?,
            Some(failure) => {
                writeln!(out, ">\n      <failure message=\"{}\"/>\n    </testcase>", xml(failure))?;
            }
        }
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' | '\r' => escaped.push(' '),
            c if c.is_control() => escaped.push('?'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A GitHub annotation.
pub fn github(severity: Severity, place: &Place, title: &str, message: &str, out: &mut dyn Write) -> io::Result<()> {
    let command = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let property = |text: &str| escape(text).replace(':', "%3A").replace(',', "%2C");
    writeln!(
        out,
        "::{command} file={},line={},col={},title={}::{}",
        property(&place.file),
        place.line,
        place.column,
        property(title),
        escape(message)
    )
}

fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Findings as annotations.
pub fn github_findings(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    for finding in findings {
        let message = format!("{} {}", finding.message, finding.remedy);
        github(finding.severity, &finding.place, finding.code, &message, out)?;
    }
    Ok(())
}

/// One value per line.
pub fn json_line(value: &impl serde::Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out)
}
