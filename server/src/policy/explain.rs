//! The trace of an evaluation for people: layers, policies, rules, fields, with the lines they stand in.

use std::io::{self, Write};

use mesh::policy::evaluate::{CheckResult, CheckTrace, LayerResult, Outcome, PolicyTrace, RuleResult, RuleTrace};

use super::{input::Texts, paint::Paint};

/// Everything that was looked at.
pub fn trace(outcome: &Outcome, texts: &Texts, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    for layer in &outcome.trace {
        let result = match layer.result {
            LayerResult::Pass => paint.good("pass"),
            LayerResult::Reject => paint.bad("reject"),
            LayerResult::Unknown => paint.unsure("unknown"),
        };
        let name = format!("{:?}", layer.layer).to_uppercase();
        writeln!(out, "  {} {result} {}", paint.strong(&name), paint.faint(&layer.why))?;
        for policy in &layer.policies {
            show_policy(policy, texts, paint, out)?;
        }
    }
    Ok(())
}

fn show_policy(policy: &PolicyTrace, texts: &Texts, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let dry = if policy.dry_run { ", dry run" } else { "" };
    writeln!(out, "    {} ({}{dry}) {}", policy.policy, policy.attached, paint.faint(&policy.place.to_string()))?;
    for rule in &policy.rules {
        show_rule(rule, texts, paint, out)?;
    }
    Ok(())
}

fn word(result: RuleResult, paint: Paint) -> String {
    match result {
        RuleResult::Matched => paint.good("matched"),
        RuleResult::Failed => paint.bad("failed"),
        RuleResult::Unknown => paint.unsure("unknown"),
        RuleResult::Dropped => paint.unsure("dropped"),
    }
}

fn show_rule(rule: &RuleTrace, texts: &Texts, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let widened = if rule.widened { ", widened: parts of it are not enforced here" } else { "" };
    let note = if rule.note.is_empty() { String::new() } else { format!(": {}", rule.note) };
    writeln!(out, "      rule[{}] {}{widened}{note}", rule.rule, word(rule.result, paint))?;
    for entry in &rule.entries {
        writeln!(out, "        {} {}", entry.entry, word(entry.result, paint))?;
        for check in &entry.checks {
            show_check(check, texts, paint, out)?;
        }
    }
    Ok(())
}

fn show_check(check: &CheckTrace, texts: &Texts, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let mark = match check.result {
        CheckResult::Matched => paint.good("+"),
        CheckResult::Failed => paint.bad("-"),
        CheckResult::Unknown => paint.unsure("?"),
        CheckResult::Dropped => paint.unsure("~"),
    };
    let wanted = wanted(&check.wanted, check.negated);
    let text = match (check.result, &check.note) {
        (CheckResult::Dropped, note) => format!("not enforced: {}", note.unwrap_or("no usable value")),
        (CheckResult::Unknown, _) => format!("unknown, wanted {wanted}"),
        (CheckResult::Matched | CheckResult::Failed, _) => {
            format!("is {}, wanted {wanted}", check.actual.as_deref().unwrap_or("unknown"))
        }
    };
    writeln!(out, "          {mark} {} {text}", check.field)?;
    if check.result == CheckResult::Failed {
        texts.excerpt(&check.place, paint, out)?;
    }
    Ok(())
}

fn wanted(values: &[String], negated: bool) -> String {
    let shown = values.iter().take(6).cloned().collect::<Vec<_>>().join(" | ");
    let more = if values.len() > 6 { format!(" | … {} more", values.len() - 6) } else { String::new() };
    format!("{}{shown}{more}", if negated { "none of " } else { "" })
}

/// For a request that no ALLOW rule matched: what came closest.
pub fn nearest(outcome: &Outcome, texts: &Texts, full: bool, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let Some(nearest) = &outcome.nearest else { return Ok(()) };
    let place = paint.faint(&nearest.place.to_string());
    writeln!(out, "  nearest: {} {place}", paint.strong(&nearest.rule))?;
    for miss in &nearest.missing {
        let actual = miss.actual.as_deref().unwrap_or("unknown");
        writeln!(out, "    {} is {actual}, wanted {}", miss.field, wanted(&miss.wanted, miss.negated))?;
    }
    if !full {
        texts.excerpt(&nearest.place, paint, out)?;
    }
    Ok(())
}
