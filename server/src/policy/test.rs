//! `obstack policy test`: runs case files. One line per failing case, then a summary.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use mesh::policy::{
    cases::{self, CaseFile, CaseReport},
    effort::Effort,
    finding::{Finding, Severity},
    place::Place,
};

use super::{
    Ended, formats,
    input::{self, Texts},
    paint::Paint,
};

/// Arguments of `policy test`.
#[derive(clap::Args)]
pub struct TestArgs {
    /// Case files, directories of them, or `-` for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print one JSON object per case, with its trace.
    #[arg(long, conflicts_with_all = ["junit", "github"])]
    json: bool,
    /// Print a JUnit report.
    #[arg(long, conflicts_with = "github")]
    junit: bool,
    /// Print annotations for GitHub.
    #[arg(long)]
    github: bool,
}

/// One line of the answer, whatever kind of case it came from.
struct Line {
    id: String,
    place: Place,
    passed: bool,
    text: String,
}

pub fn run(args: &TestArgs, paint: Paint, out: &mut dyn Write) -> io::Result<Ended> {
    let texts = input::read(&args.files);
    let mut bad = texts.report_failures();
    let mut lines = Vec::new();
    for (name, text) in &texts.files {
        let file = cases::read(name, text);
        bad |= complain(&file.findings, &texts, args, paint, out)?;
        lines.extend(run_file(&file, args.json, out)?);
    }
    let failed = lines.iter().filter(|line| !line.passed).count();
    let summary = format!("{} passed, {failed} failed", lines.len() - failed);
    if args.junit {
        let tests: Vec<formats::Test<'_>> = lines
            .iter()
            .map(|line| formats::Test {
                name: &line.id,
                place: line.place.file.to_string(),
                failure: (!line.passed).then(|| line.text.clone()),
            })
            .collect();
        formats::junit("obstack policy test", &tests, out)?;
    } else if args.github {
        for line in lines.iter().filter(|line| !line.passed) {
            formats::github(Severity::Error, &line.place, &line.id, &line.text, out)?;
        }
        writeln!(out, "{summary}")?;
    } else if !args.json {
        for line in lines.iter().filter(|line| !line.passed) {
            writeln!(out, "{} {}", paint.bad(&line.id), line.text)?;
        }
        let summary = if failed == 0 && !bad { paint.good(&summary) } else { paint.bad(&summary) };
        writeln!(out, "{summary}")?;
    }
    Ok(match (bad, failed) {
        (true, _) => Ended::BadInput,
        (false, 0) => Ended::Fine,
        (false, _) => Ended::Findings,
    })
}

/// Shows what is wrong with a case file; answers whether its cases cannot be trusted.
fn complain(
    findings: &[Finding],
    texts: &Texts,
    args: &TestArgs,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<bool> {
    if args.github {
        formats::github_findings(findings, out)?;
    } else if args.json || args.junit {
        input::show(findings, texts, paint, &mut io::stderr().lock())?;
    } else {
        input::show(findings, texts, paint, out)?;
    }
    Ok(findings.iter().any(|finding| finding.severity == Severity::Error))
}

fn run_file(file: &CaseFile, json: bool, out: &mut dyn Write) -> io::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for case in &file.cases {
        let report: CaseReport = cases::run_case(case, &Effort::unlimited());
        if json {
            formats::json_line(&report, out)?;
        }
        let text = format!("expected {}, got {}", report.expected, report.got);
        lines.push(Line { id: report.id, place: case.place.clone(), passed: report.passed, text });
    }
    for case in &file.validation {
        let report = cases::run_validation(case);
        if json {
            formats::json_line(&report, out)?;
        }
        let text = format!("expected {}, got {}", report.expected, report.got);
        lines.push(Line { id: report.id, place: case.place.clone(), passed: report.passed, text });
    }
    for case in &file.paths {
        let report = cases::run_path(case);
        if json {
            formats::json_line(&report, out)?;
        }
        let text = format!("expected {}, got {}", report.expected, report.got);
        lines.push(Line { id: report.id, place: case.place.clone(), passed: report.passed, text });
    }
    Ok(lines)
}
