//! Any text as policies and as a case file: no panic, and what was read without an error is the same after printing and
//! reading it again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mesh::policy::{
    cases, decode,
    effort::Effort,
    finding::{Finding, Severity},
    lint, print,
};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let decoded = decode::manifests("any.yaml", &text, "default");
    let _ = lint::lint(&decoded.set, &decoded.others);
    if !bad(&decoded.findings) {
        let once = print::print(&decoded.set);
        let again = decode::manifests("once.yaml", &once, "default");
        assert!(!bad(&again.findings), "what was printed cannot be read: {:?}\n{once}", again.findings);
        assert_eq!(once, print::print(&again.set), "printing is not stable");
    }
    let file = cases::read("any.yaml", &text);
    if !bad(&file.findings) {
        // A few are enough: the evaluator has a target of its own.
        for case in file.cases.iter().take(2) {
            let _ = cases::run_case(case, &Effort::new(100_000));
        }
        for case in &file.validation {
            let _ = cases::run_validation(case);
        }
        for case in &file.paths {
            let _ = cases::run_path(case);
        }
    }
});

fn bad(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}
