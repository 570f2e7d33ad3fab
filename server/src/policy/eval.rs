//! `obstack policy eval` and `explain`: what a set of policies does to requests, described by flags or by case files.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use mesh::policy::{
    cases::{self, Case, CaseReport},
    effort::Effort,
    evaluate::{Outcome, Verdict},
    finding::Severity,
};

use super::{
    Ended, explain, formats,
    input::{self, Texts},
    paint::Paint,
    request::RequestArgs,
};

/// Arguments of `policy eval` and `policy explain`.
#[derive(clap::Args)]
pub struct EvalArgs {
    /// Case files whose requests are evaluated; without them the flags describe the request.
    #[arg(value_name = "CASES", conflicts_with = "policies")]
    cases: Vec<PathBuf>,
    /// Manifests, directories of them, or `-` for standard input.
    #[arg(long, short = 'f', value_name = "FILE")]
    policies: Vec<PathBuf>,
    /// Only the case of this name.
    #[arg(long, value_name = "ID")]
    case: Option<String>,
    /// End with 1 unless every verdict is this one.
    #[arg(long, value_name = "VERDICT", ignore_case = true, value_parser = ["ALLOW", "DENY", "DEPENDS"])]
    expect: Option<String>,
    /// Print one JSON object per request, with its trace.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    request: RequestArgs,
}

pub fn run(args: &EvalArgs, full: bool, paint: Paint, out: &mut dyn Write) -> io::Result<Ended> {
    if args.cases.is_empty() && args.policies.is_empty() {
        eprintln!("obstack: name case files, or manifests with --policies");
        return Ok(Ended::BadInput);
    }
    let paths = if args.cases.is_empty() { &args.policies } else { &args.cases };
    let texts = input::read(paths);
    let mut bad = texts.report_failures();
    let mut findings = Vec::new();
    let mut all: Vec<Case> = Vec::new();
    if args.cases.is_empty() {
        let decoded = texts.manifests(&args.request.namespace);
        findings.extend(decoded.findings.into_iter().filter(|finding| finding.severity == Severity::Error));
        match args.request.case(decoded.set) {
            Ok(case) => all.push(case),
            Err(found) => {
                bad = true;
                findings.extend(found);
            }
        }
    } else {
        for (name, text) in &texts.files {
            let file = cases::read(name, text);
            findings.extend(file.findings);
            all.extend(file.cases);
        }
        all.retain(|case| args.case.as_ref().is_none_or(|id| *id == case.id));
        if let Some(id) = args.case.as_ref().filter(|_| all.is_empty()) {
            eprintln!("obstack: no case is called {id}");
            bad = true;
        }
    }
    input::show(&findings, &texts, paint, &mut io::stderr().lock())?;
    bad |= findings.iter().any(|finding| finding.severity == Severity::Error);
    let mut as_wished = true;
    for case in &all {
        let report = cases::run_case(case, &Effort::unlimited());
        as_wished &= report.passed;
        as_wished &=
            args.expect.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(report.outcome.verdict.name()));
        if args.json {
            formats::json_line(&report, out)?;
        } else {
            show(&report, full, &texts, paint, out)?;
        }
    }
    Ok(match (bad, as_wished) {
        (true, _) => Ended::BadInput,
        (false, true) => Ended::Fine,
        (false, false) => Ended::Findings,
    })
}

fn show(report: &CaseReport, full: bool, texts: &Texts, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let outcome = &report.outcome;
    let by = if outcome.decided_by.is_empty() { String::new() } else { format!(" by {}", outcome.decided_by) };
    let word = match outcome.verdict {
        Verdict::Allow => paint.good("ALLOW"),
        Verdict::Deny => paint.bad("DENY"),
        Verdict::Depends => paint.unsure("DEPENDS"),
    };
    writeln!(out, "{}: {word}{by}", paint.strong(&report.id))?;
    details(outcome, paint, out)?;
    if !report.passed {
        writeln!(out, "  {}", paint.bad(&format!("expected {}", report.expected)))?;
    }
    if full {
        explain::trace(outcome, texts, paint, out)?;
    }
    explain::nearest(outcome, texts, full, paint, out)
}

fn details(outcome: &Outcome, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    if !outcome.depends_on.is_empty() {
        let fields: Vec<&str> = outcome.depends_on.iter().map(String::as_str).collect();
        let about = if outcome.approximate { " (at most; the search was ended by its budget)" } else { "" };
        writeln!(out, "  depends on {}{about}", fields.join(", "))?;
    }
    for example in &outcome.examples {
        let with: Vec<String> = example.with.iter().map(|(field, value)| format!("{field} = {value}")).collect();
        writeln!(out, "  {} for example with {}", example.verdict.name(), with.join(", "))?;
    }
    if let Some(dry_run) = &outcome.dry_run {
        for (action, result) in [("ALLOW", &dry_run.allow), ("DENY", &dry_run.deny)] {
            if let Some(result) = result {
                writeln!(out, "  dry-run {action}: {result}")?;
            }
        }
    }
    for rule in &outcome.audited {
        writeln!(out, "  audited by {rule}")?;
    }
    for warning in &outcome.warnings {
        writeln!(out, "  {} {warning}", paint.unsure("warning"))?;
    }
    Ok(())
}
