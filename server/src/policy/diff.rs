//! `obstack policy diff`: what changes between two sets of policies, with a request for every difference.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use mesh::policy::{
    compare::{self, Comparison, Difference, Relation},
    evaluate::Verdict,
    finding::Severity,
    lint::Around,
    object::PolicySet,
    request::Protocol,
    settings::Mesh,
    yaml::Node,
};
use serde::Serialize;

use super::{Ended, formats, input, paint::Paint};

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
    /// Root namespace of the mesh.
    #[arg(long, value_name = "NAMESPACE", default_value = "istio-system")]
    root_namespace: String,
    /// Trust domain of the mesh.
    #[arg(long, value_name = "DOMAIN", default_value = "cluster.local")]
    trust_domain: String,
    /// Alias of the trust domain; may be repeated.
    #[arg(long, value_name = "DOMAIN")]
    trust_domain_alias: Vec<String>,
    /// Print one JSON object per proxy and protocol.
    #[arg(long)]
    json: bool,
}

/// One line of `--json`.
#[derive(Serialize)]
struct Line<'l> {
    proxy: &'l str,
    protocol: Protocol,
    #[serde(flatten)]
    comparison: &'l Comparison,
}

pub fn run(args: &DiffArgs, paint: Paint, out: &mut dyn Write) -> io::Result<Ended> {
    let mut bad = false;
    let mut load = |path: &PathBuf| -> io::Result<(PolicySet, Vec<Node>)> {
        let texts = input::read(std::slice::from_ref(path));
        bad |= texts.report_failures();
        let (set, others, mut findings) = texts.manifests(&args.namespace);
        findings.retain(|finding| finding.severity == Severity::Error);
        bad |= !findings.is_empty();
        input::show(&findings, &texts, paint, &mut io::stderr().lock())?;
        Ok((set, others))
    };
    let (before, mut others) = load(&args.before)?;
    let (after, more) = load(&args.after)?;
    if bad {
        return Ok(Ended::BadInput);
    }
    others.extend(more);
    let mesh = Mesh {
        root_namespace: args.root_namespace.clone(),
        trust_domain: args.trust_domain.clone(),
        trust_domain_aliases: args.trust_domain_alias.clone(),
        ..Mesh::default()
    };
    let places = compare::points(&[&before, &after], &Around::new(&others), &mesh, args.ambient);
    let mut changed = 0;
    for place in &places {
        for protocol in [Protocol::Http, Protocol::Tcp] {
            let found = compare::compare(&before, &after, &place.point, protocol);
            changed += usize::from(found.relation != Relation::Equivalent);
            if args.json {
                formats::json_line(&Line { proxy: &place.name, protocol, comparison: &found }, out)?;
            } else if found.relation != Relation::Equivalent {
                show(&place.name, protocol, &found, paint, out)?;
            }
        }
    }
    if !args.json {
        let summary = format!("{} proxies compared, {changed} changes", places.len());
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
