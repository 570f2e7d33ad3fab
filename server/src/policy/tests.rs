use std::{fs, path::PathBuf};

use clap::Parser;
use tempfile::TempDir;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: PolicyArgs,
}

/// Runs a command line without colours.
fn run(line: &[&str]) -> (Ended, String) {
    let parsed = Line::try_parse_from(["policy"].into_iter().chain(line.iter().copied())).expect("a command line");
    let mut out = Vec::new();
    let ended = execute::<Line>(&parsed.args.command, Paint::OFF, &mut out).expect("output in memory");
    (ended, String::from_utf8(out).expect("text"))
}

fn file(dir: &TempDir, name: &str, text: &str) -> String {
    let path: PathBuf = dir.path().join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(&path, text).expect("a file");
    path.display().to_string()
}

fn policy(rules: &str) -> String {
    format!(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: p, namespace: shop}}\nspec:\n  rules: {rules}\n"
    )
}

const GET_ITEMS: &str = "[{to: [{operation: {methods: [GET], paths: ['/items*']}}]}]";

fn cases(expected: &str) -> String {
    let policy = policy(GET_ITEMS).replace('\n', "\n    ");
    format!(
        "format: 1\npolicy_sets:\n  s:\n  - {policy}\ncases:\n- id: one\n  enforcement: sidecar\n  policies: s\n  workload: {{namespace: shop}}\n  request: {{method: GET, host: h, path: /items}}\n  expect: {{{expected}}}\n"
    )
}

#[test]
fn test_says_what_failed_and_ends_with_one() {
    let dir = TempDir::new().expect("a directory");
    let good = file(&dir, "good.yaml", &cases("verdict: ALLOW, decidedBy: 'shop/p rule[0]'"));
    assert_eq!(run(&["test", &good]), (Ended::Fine, "1 passed, 0 failed\n".to_owned()));
    let bad = file(&dir, "bad.yaml", &cases("verdict: DENY"));
    let (ended, text) = run(&["test", &bad]);
    assert_eq!(ended, Ended::Findings);
    assert_eq!(text, "one expected DENY, got ALLOW by shop/p rule[0]\n0 passed, 1 failed\n");
    let (ended, text) = run(&["test", "--github", &bad]);
    assert_eq!(ended, Ended::Findings);
    assert!(text.starts_with("::error file="), "{text}");
    let (_, text) = run(&["test", "--junit", &bad, &good]);
    assert!(text.contains("<testsuites tests=\"2\" failures=\"1\">"), "{text}");
}

#[test]
fn test_prints_one_object_per_case() {
    let dir = TempDir::new().expect("a directory");
    let good = file(&dir, "good.yaml", &cases("verdict: ALLOW"));
    let (_, text) = run(&["test", "--json", &good]);
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["verdict"], "ALLOW");
    assert_eq!(lines[0]["decided_by"], "shop/p rule[0]");
    assert!(lines[0]["trace"].as_array().is_some_and(|trace| !trace.is_empty()));
}

#[test]
fn bad_input_ends_with_two() {
    let dir = TempDir::new().expect("a directory");
    let unknown = file(&dir, "unknown.yaml", &cases("verdict: ALLOW, because: x"));
    let (ended, text) = run(&["test", &unknown]);
    assert_eq!(ended, Ended::BadInput);
    assert!(text.contains("unknown field `because`"), "{text}");
    assert_eq!(run(&["test", "/no/such/file"]).0, Ended::BadInput);
    let broken = file(&dir, "broken.yaml", "a: [\n");
    assert_eq!(run(&["lint", &broken]).0, Ended::BadInput);
    assert_eq!(run(&["eval"]).0, Ended::BadInput);
}

#[test]
fn eval_takes_a_request_by_flags() {
    let dir = TempDir::new().expect("a directory");
    file(&dir, "k8s/p.yaml", &policy(GET_ITEMS));
    let k8s = dir.path().join("k8s").display().to_string();
    let base = ["eval", "-f", &k8s, "-n", "shop", "--host", "h"];
    let with = |more: &[&'static str]| -> (Ended, String) {
        let mut line: Vec<&str> = base.to_vec();
        line.extend(more);
        run(&line)
    };
    let (ended, text) = with(&["-X", "GET", "--path", "/items/1"]);
    assert_eq!((ended, text.as_str()), (Ended::Fine, "request: ALLOW by shop/p rule[0]\n"));
    let (_, text) = with(&["-X", "PUT", "--path", "/items"]);
    assert!(text.contains("nearest: shop/p rule[0]") && text.contains("is PUT, wanted GET"), "{text}");
    let (_, text) = with(&["-X", "GET"]);
    assert!(text.contains("depends on path"), "{text}");
    assert_eq!(with(&["-X", "GET", "--path", "/x", "--expect", "allow"]).0, Ended::Findings);
    assert_eq!(with(&["--claims", "{"]).0, Ended::BadInput);
}

#[test]
fn explain_shows_every_field_with_its_line() {
    let dir = TempDir::new().expect("a directory");
    let manifest = file(&dir, "p.yaml", &policy(GET_ITEMS));
    let (_, text) = run(&["explain", "-f", &manifest, "-n", "shop", "-X", "PUT", "--host", "h", "--path", "/items"]);
    assert!(text.contains("+ paths is /items, wanted /items*"), "{text}");
    assert!(text.contains("- methods is PUT, wanted GET"), "{text}");
    assert!(text.contains("5 |   rules: [{to"), "{text}");
}

#[test]
fn lint_offers_patches_and_formats() {
    let dir = TempDir::new().expect("a directory");
    let manifest = file(&dir, "p.yaml", &policy("[{to: [{operation: {methods: [get], ports: ['1']}}]}]"));
    let (ended, text) = run(&["lint", &manifest]);
    assert_eq!(ended, Ended::Findings);
    assert!(text.contains("OB0404") && text.contains("0 errors, 1 warnings"), "{text}");
    let (_, text) = run(&["lint", "--fix", &manifest]);
    assert!(text.contains("+  rules: [{to: [{operation: {methods: [GET], ports: ['1']}}]}]"), "{text}");
    let (_, text) = run(&["lint", "--json", &manifest]);
    let finding: serde_json::Value = serde_json::from_str(text.trim()).expect("JSON");
    assert_eq!((finding["code"].as_str(), finding["line"].as_u64()), (Some("OB0404"), Some(5)));
    assert_eq!(run(&["lint", "--least", "error", &manifest]).0, Ended::Fine);
    let twice =
        file(&dir, "q.yaml", &policy("[{to: [{operation: {paths: ['/a*']}}]}, {to: [{operation: {paths: [/ab]}}]}]"));
    assert_eq!(run(&["lint", &twice]).0, Ended::Fine);
    assert!(run(&["lint", "--analyze", &twice]).1.contains("OB0502"));
}

#[test]
fn diff_shows_a_request_for_every_difference() {
    let dir = TempDir::new().expect("a directory");
    let before = file(&dir, "a.yaml", &policy(GET_ITEMS));
    let after = file(&dir, "b.yaml", &policy("[{to: [{operation: {methods: [GET], paths: [/items]}}]}]"));
    assert_eq!(run(&["diff", &before, &before]).0, Ended::Fine);
    let (ended, text) = run(&["diff", &before, &after]);
    assert_eq!(ended, Ended::Findings);
    assert!(
        text.contains("stricter") && text.contains("ALLOW by shop/p rule[0] -> DENY by no ALLOW matched"),
        "{text}"
    );
    let (_, text) = run(&["diff", "--json", &before, &after]);
    let line: serde_json::Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    assert_eq!((line["relation"].as_str(), line["complete"].as_bool()), (Some("stricter"), Some(true)));
}

#[test]
fn completion_scripts_name_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let (ended, text) = run(&["completion", shell]);
        assert_eq!(ended, Ended::Fine);
        assert!(text.contains("explain"), "{shell}");
    }
}
