//! `obstack policy lint`: checks manifests; with `--fix` it prints a patch for what is certain.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::PathBuf,
};

use mesh::policy::{
    ask::{self, Linted},
    effort::Effort,
    finding::{Finding, Severity},
};

use super::{
    Ended, formats,
    input::{self, Texts},
    mesh::MeshArgs,
    paint::Paint,
};

/// Arguments of `policy lint`.
#[derive(clap::Args)]
pub struct LintArgs {
    /// Manifests, directories of them, or `-` for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Namespace of objects that name none.
    #[arg(long, short, default_value = "default")]
    namespace: String,
    /// The least severity that is shown and that makes the command end with 1.
    #[arg(long, value_enum, default_value_t = Least::Warning, value_name = "SEVERITY")]
    least: Least,
    /// Also look for rules that do nothing: vacuous, redundant, overridden by others.
    #[arg(long)]
    analyze: bool,
    /// Workloads are in ambient mode; for `--analyze`.
    #[arg(long, requires = "analyze")]
    ambient: bool,
    /// Print a patch with the corrections that are certain.
    #[arg(long, conflicts_with_all = ["json", "junit", "github"])]
    fix: bool,
    /// Print one JSON object per finding.
    #[arg(long, conflicts_with_all = ["junit", "github"])]
    json: bool,
    /// Print a JUnit report.
    #[arg(long, conflicts_with = "github")]
    junit: bool,
    /// Print annotations for GitHub.
    #[arg(long)]
    github: bool,
    #[command(flatten)]
    mesh: MeshArgs,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Least {
    Info,
    Warning,
    Error,
}

impl Least {
    fn severity(self) -> Severity {
        match self {
            Self::Info => Severity::Info,
            Self::Warning => Severity::Warning,
            Self::Error => Severity::Error,
        }
    }
}

pub fn run(args: &LintArgs, paint: Paint, out: &mut dyn Write) -> io::Result<Ended> {
    let texts = input::read(&args.files);
    let failed = texts.report_failures();
    let Some(setting) = args.mesh.setting(&args.namespace, args.ambient) else { return Ok(Ended::BadInput) };
    let decoded = texts.manifests(&args.namespace);
    let Linted { mut findings, policies, .. } = ask::lint_files(&decoded, args.analyze, &setting, &Effort::unlimited());
    // What could not even be read is bad input, not a finding about a policy.
    let unread = findings.iter().any(|finding| matches!(finding.code, "OB0101" | "OB0102" | "OB0103" | "OB0104"));
    findings.retain(|finding| finding.severity >= args.least.severity());
    if args.fix {
        patch(&findings, &texts, out)?;
    } else if args.json {
        for finding in &findings {
            formats::json_line(finding, out)?;
        }
    } else if args.junit {
        report(&findings, &texts, out)?;
    } else if args.github {
        formats::github_findings(&findings, out)?;
    } else {
        input::show(&findings, &texts, paint, out)?;
        writeln!(out, "{}", summary(&findings, policies, paint))?;
    }
    Ok(match (failed || unread, findings.is_empty()) {
        (true, _) => Ended::BadInput,
        (false, true) => Ended::Fine,
        (false, false) => Ended::Findings,
    })
}

fn summary(findings: &[Finding], objects: usize, paint: Paint) -> String {
    let count = |severity: Severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let text = format!("{objects} policies, {errors} errors, {warnings} warnings");
    match (errors, warnings) {
        (0, 0) => paint.good(&text),
        (0, _) => paint.unsure(&text),
        (_, _) => paint.bad(&text),
    }
}

/// Every file is a test; it fails with its findings.
fn report(findings: &[Finding], texts: &Texts, out: &mut dyn Write) -> io::Result<()> {
    let mut by_file: BTreeMap<&str, Vec<String>> = texts.files.keys().map(|name| (name.as_str(), Vec::new())).collect();
    for finding in findings {
        let line = format!("{}:{} {} {}", finding.place.line, finding.place.column, finding.code, finding.message);
        by_file.entry(&finding.place.file).or_default().push(line);
    }
    let tests: Vec<formats::Test<'_>> = by_file
        .into_iter()
        .map(|(name, lines)| formats::Test {
            name,
            place: "obstack policy lint".to_owned(),
            failure: (!lines.is_empty()).then(|| lines.join("; ")),
        })
        .collect();
    formats::junit("obstack policy lint", &tests, out)
}

/// A unified diff, one hunk per line; `patch -p1` and `git apply` take it.
fn patch(findings: &[Finding], texts: &Texts, out: &mut dyn Write) -> io::Result<()> {
    for (name, text) in &texts.files {
        let mut lines: BTreeMap<usize, String> = BTreeMap::new();
        for finding in findings.iter().filter(|finding| finding.place.file.as_ref() == name) {
            let Some(fix) = &finding.fix else { continue };
            let number = usize::try_from(finding.place.line).unwrap_or(0).saturating_sub(1);
            let Some(original) = text.lines().nth(number) else { continue };
            let line = lines.remove(&number).unwrap_or_else(|| original.to_owned());
            let column = usize::try_from(finding.place.column).unwrap_or(1).saturating_sub(1);
            let start = line.char_indices().nth(column).map_or(0, |(byte, _)| byte);
            let fixed = match line[start..].find(&fix.old) {
                Some(at) => {
                    let (before, after) = (&line[..start + at], &line[start + at + fix.old.len()..]);
                    format!("{before}{}{after}", fix.new)
                }
                None => line,
            };
            lines.insert(number, fixed);
        }
        let changed: Vec<(usize, &str, String)> = lines
            .into_iter()
            .filter_map(|(number, new)| Some((number, text.lines().nth(number)?, new)))
            .filter(|(_, old, new)| old != new)
            .collect();
        if changed.is_empty() {
            continue;
        }
        writeln!(out, "--- a/{name}\n+++ b/{name}")?;
        for (number, old, new) in changed {
            writeln!(out, "@@ -{0} +{0} @@\n-{old}\n+{new}", number + 1)?;
        }
    }
    Ok(())
}
