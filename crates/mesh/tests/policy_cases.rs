//! The example cases, whole: verdicts checked on released Envoy binaries, validation texts, path pairs.

use mesh::policy::{cases, effort::Effort};

#[test]
fn the_example_file_passes_whole() {
    let file = cases::read("cases.yaml", include_str!("policy/cases.yaml"));
    assert_eq!(file.findings, [], "the file itself is fine");
    assert_eq!((file.cases.len(), file.validation.len(), file.paths.len()), (33, 12, 16));
    let mut wrong = Vec::new();
    for case in &file.cases {
        let report = cases::run_case(case, &Effort::unlimited());
        if !report.passed {
            wrong.push(format!("{} expected {}, got {}", report.id, report.expected, report.got));
        }
    }
    for report in file.validation.iter().map(cases::run_validation).filter(|report| !report.passed) {
        wrong.push(format!("{} expected {}, got {}", report.id, report.expected, report.got));
    }
    for report in file.paths.iter().map(cases::run_path).filter(|report| !report.passed) {
        wrong.push(format!("{} expected {}, got {}", report.id, report.expected, report.got));
    }
    assert_eq!(wrong, Vec::<String>::new());
}
