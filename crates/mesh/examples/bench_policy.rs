//! Figures of the policy engine against their budgets: `cargo run --release -p mesh --example bench_policy`. Long rows count
//! the time that this process had a core, so other work on the machine matters little; short ones are measured so often
//! that the median does not see it. A figure up to a quarter over its budget is called noise; beyond that the example ends
//! with exit code 1.

#[path = "bench_policy/world.rs"]
mod world;

use std::{
    collections::{BTreeMap, HashMap},
    hint::black_box,
    process::ExitCode,
    time::Instant,
};

use mesh::policy::{
    analyze::{self, Judgement, Statement},
    effort::Effort,
    evaluate, lint,
    object::PolicySet,
    plan::Plan,
    request::{Protocol, Request},
    unknown,
};

use world::{Dice, Flow, flow, flows, gathered, point, spread};

/// How far over its budget a figure may be before the example fails.
const NOISE: f64 = 1.25;

/// Decides about all flows, with one plan for every workload and protocol. With `exact`, what is left open is looked into.
fn judge(set: &PolicySet, flows: &[Flow], exact: bool) -> [usize; 3] {
    let mut by_plan: HashMap<((usize, usize), Protocol), Vec<&Request>> = HashMap::new();
    for flow in flows {
        by_plan.entry((flow.to, flow.request.protocol)).or_default().push(&flow.request);
    }
    let mut verdicts = [0; 3];
    for (((namespace, workload), protocol), requests) in by_plan {
        let point = point(namespace, workload);
        let plan = Plan::new(set, &point, protocol);
        for request in requests {
            let mut outcome = plan.decide(request);
            if exact {
                outcome = unknown::refine(&plan, request, outcome, &Effort::unlimited());
            }
            verdicts[outcome.verdict as usize] += 1;
        }
    }
    verdicts
}

/// Milliseconds this process has had a core, where the system tells; other work on the machine does not count.
fn cpu_ms() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse::<f64>().ok().map(|nanoseconds| nanoseconds / 1e6)
}

/// Runs the work so often and gives the milliseconds of each, in order.
fn times(runs: usize, mut work: impl FnMut()) -> Vec<f64> {
    let mut all: Vec<f64> = (0..runs)
        .map(|_| {
            let (cpu, start) = (cpu_ms(), Instant::now());
            work();
            let wall = start.elapsed().as_secs_f64() * 1e3;
            cpu_ms().zip(cpu).map_or(wall, |(after, before)| after - before)
        })
        .collect();
    all.sort_by(f64::total_cmp);
    all
}

/// The same for work too short for that clock, which ticks in milliseconds.
fn short_times(runs: usize, mut work: impl FnMut(usize)) -> Vec<f64> {
    let mut all: Vec<f64> = (0..runs)
        .map(|run| {
            let start = Instant::now();
            work(run);
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    all.sort_by(f64::total_cmp);
    all
}

/// The rows, and whether a budget was missed.
#[derive(Default)]
struct Report {
    missed: bool,
}

impl Report {
    /// The median counts; `budget_ms` is nothing for rows that are only told.
    fn row(&mut self, what: &str, budget_ms: Option<f64>, times: Vec<f64>) {
        let show = |ms: f64| if ms < 1.0 { format!("{:.1} µs", ms * 1e3) } else { format!("{ms:.1} ms") };
        let (median, p95) = (times[times.len() / 2], times[times.len() * 95 / 100]);
        let verdict = match budget_ms {
            None => String::new(),
            Some(budget) if median <= budget => format!("budget {}: met", show(budget)),
            Some(budget) if median <= budget * NOISE => format!("budget {}: over, within noise", show(budget)),
            Some(budget) => {
                self.missed = true;
                format!("budget {}: MISSED", show(budget))
            }
        };
        println!("{what:<86} median {:>9}   p95 {:>9}   {verdict}", show(median), show(p95));
    }
}

/// How often each judgement was made, in words.
fn counted(statements: &[Statement]) -> String {
    let mut counts: BTreeMap<Judgement, usize> = BTreeMap::new();
    for statement in statements {
        *counts.entry(statement.judgement).or_default() += 1;
    }
    let words: Vec<String> = counts.iter().map(|(judgement, count)| format!("{count} {judgement:?}")).collect();
    words.join(", ").to_lowercase()
}

fn main() -> ExitCode {
    println!("cargo run --release -p mesh --example bench_policy\n");
    let mut report = Report::default();
    requests(&mut report);
    crowded(&mut report);
    many_flows(&mut report);
    let large = spread(1000);
    let found = lint::lint(&large.set, &large.others).len();
    report.row(
        &format!("lint of 1,000 policies ({found} findings)"),
        Some(300.0),
        times(11, || {
            black_box(lint::lint(&large.set, &large.others));
        }),
    );
    for wide in [false, true] {
        let (set, here) = (gathered(50, 4, wide), point(0, 0));
        let told = counted(&analyze::analyze(&set, &here, Protocol::Http, &Effort::unlimited()));
        let what =
            if wide { "    namespaces and ends of paths among them" } else { "analysis of 200 rules of a workload" };
        report.row(
            &format!("{what} ({told})"),
            Some(2000.0),
            times(3, || {
                black_box(analyze::analyze(&set, &here, Protocol::Http, &Effort::unlimited()));
            }),
        );
    }
    if report.missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn requests(report: &mut Report) {
    let (set, here) = (spread(500).set, point(0, 0));
    let plan = Plan::new(&set, &here, Protocol::Http);
    let rules: usize = plan.policies.iter().map(|policy| policy.rules.len()).sum();
    let known = |flow: Flow| Some(flow.request).filter(|request| !request.path.is_unknown());
    let requests: Vec<Request> = flows(1000).into_iter().filter_map(known).collect();
    let request = |run: usize| &requests[run % requests.len()];
    let what = format!("one request with trace: 500 policies, {} attach with {rules} rules", plan.policies.len());
    report.row(
        &what,
        Some(0.050),
        short_times(5000, |run| {
            black_box(evaluate::evaluate(&set, &here, request(run)));
        }),
    );
    report.row(
        "    with a plan made before",
        None,
        short_times(5000, |run| {
            black_box(plan.explain(request(run)));
        }),
    );
}

fn crowded(report: &mut Report) {
    let (set, here, request) = (gathered(500, 2, true), point(0, 0), flow(&mut Dice::new(5), 0).request);
    let plan = Plan::new(&set, &here, Protocol::Http);
    report.row(
        "one request with trace: all of 500 policies attach",
        None,
        short_times(300, |_| {
            black_box(evaluate::evaluate(&set, &here, &request));
        }),
    );
    report.row(
        "    with a plan made before",
        None,
        short_times(300, |_| {
            black_box(plan.explain(&request));
        }),
    );
    report.row(
        "    without trace",
        None,
        short_times(5000, |_| {
            black_box(plan.decide(&request));
        }),
    );
}

fn many_flows(report: &mut Report) {
    let (set, flows) = (spread(500).set, flows(100_000));
    let [allowed, denied, open] = judge(&set, &flows, false);
    let what = format!("100,000 flows, 500 policies ({allowed} allowed, {denied} denied, {open} open)");
    report.row(
        &what,
        Some(1000.0),
        times(5, || {
            black_box(judge(&set, &flows, false));
        }),
    );
    let some = &flows[..1000];
    let [allowed, denied, open] = judge(&set, some, true);
    let what = format!("    1,000 of them, open ones looked into ({allowed}, {denied}, {open} left)");
    report.row(
        &what,
        None,
        times(3, || {
            black_box(judge(&set, some, true));
        }),
    );
}
