//! `obstack policy diff`: what changes between two sets of policies, with a request for every difference.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use mesh::policy::{
    ask,
    compare::{Comparison, Difference, Relation},
    decode::Decoded,
    effort::Effort,
    evaluate::Verdict,
    finding::{Finding, Severity},
    request::Protocol,
};

use super::{Ended, formats, input, mesh::MeshArgs, paint::Paint};

/// Arguments of `policy diff`.
#[derive(clap::Args)]
pub struct DiffArgs {
    /// Manifests before: a file, a directory, or `-`.
    before: PathBuf,
    /// Manifests after.
    after: PathBuf,
    /// Namespace of objects that name none.
    #[arg(long, short, default_value = "default")]
    namespace: String,
    /// Workloads are in ambient mode: ztunnels decide instead of sidecars.
    #[arg(long)]
    ambient: bool,
    /// Print one JSON object per proxy and protocol.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    mesh: MeshArgs,
}

pub fn run(args: &DiffArgs, paint: Paint, out: &mut dyn Write) -> io::Result<Ended> {
    let mut bad = false;
    let mut load = |path: &PathBuf| -> io::Result<Decoded> {
        let texts = input::read(std::slice::from_ref(path));
        bad |= texts.report_failures();
        let decoded = texts.manifests(&args.namespace);
        let errors = decoded.findings.iter().filter(|finding| finding.severity == Severity::Error);
        let errors: Vec<Finding> = errors.cloned().collect();
        bad |= !errors.is_empty();
        input::show(&errors, &texts, paint, &mut io::stderr().lock())?;
        Ok(decoded)
    };
    let (before, after) = (load(&args.before)?, load(&args.after)?);
    let setting = args.mesh.setting(&args.namespace, args.ambient);
    let Some(setting) = setting.filter(|_| !bad) else { return Ok(Ended::BadInput) };
    let compared = ask::diff_files(&before, &after, &setting, &Effort::unlimited());
    for one in &compared.proxies {
        if args.json {
            formats::json_line(one, out)?;
        } else if one.comparison.relation != Relation::Equivalent {
            show(&one.proxy, one.protocol, &one.comparison, paint, out)?;
        }
    }
    let changed = compared.changed;
    if !args.json {
        let summary = format!("{} proxies compared, {changed} changes", compared.proxies.len() / 2);
        writeln!(out, "{}", if changed == 0 { paint.good("equivalent: ") + &summary } else { summary })?;
    }
    Ok(if changed == 0 { Ended::Fine } else { Ended::Findings })
}

fn show(proxy: &str, protocol: Protocol, found: &Comparison, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let word = match found.relation {
        Relation::Equivalent => paint.good(found.relation.name()),
        Relation::Stricter | Relation::Looser | Relation::Incomparable => paint.strong(found.relation.name()),
        Relation::Undecided => paint.unsure("undecided, the budget ended the search"),
    };
    let protocol = if protocol == Protocol::Tcp { "tcp" } else { "http" };
    writeln!(out, "{proxy}, {protocol}: {word}")?;
    for difference in &found.differences {
        show_difference(difference, paint, out)?;
    }
    if !found.complete && found.relation != Relation::Undecided {
        writeln!(out, "  there may be more differences")?;
    }
    Ok(())
}

fn show_difference(difference: &Difference, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let word = |verdict: Verdict| match verdict {
        Verdict::Allow => paint.good(verdict.name()),
        Verdict::Deny => paint.bad(verdict.name()),
        Verdict::Depends => paint.unsure(verdict.name()),
    };
    let with: Vec<String> = difference.with.iter().map(|(field, value)| format!("{field} = {value}")).collect();
    let with = if with.is_empty() { "any request".to_owned() } else { with.join(", ") };
    writeln!(
        out,
        "  {} by {} -> {} by {}: {with}",
        word(difference.before),
        difference.before_by,
        word(difference.after),
        difference.after_by
    )
}
