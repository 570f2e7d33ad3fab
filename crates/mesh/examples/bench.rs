//! Figures of the pure topology engine: `cargo run --release -p mesh --example bench`. Medians over repeated runs on
//! made-up but realistic rows.

use std::{collections::HashSet, hint::black_box, sync::Arc, time::Instant};

use mesh::{
    Labels,
    topology::{
        BoxBy, Find, Graph, GraphType, LayoutMemory, Part, Rows, Sample, View, build, csv, dot, drawing, layout, svg,
    },
};

/// A small generator that gives the same numbers everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }
}

/// Equal texts share their memory, as in a parsed answer.
#[derive(Default)]
struct Interned(HashSet<Arc<str>>);

impl Interned {
    fn of(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        self.0.insert(new.clone());
        new
    }
}

/// Calls between services of a mesh, both reporters, several codes, as rows of the requests query.
fn rows(namespaces: usize, services: usize, count: usize) -> Rows {
    let (mut dice, mut interned) = (Dice(7), Interned::default());
    let mut samples: Vec<Sample> = Vec::with_capacity(count);
    while samples.len() < count {
        let from = (dice.below(namespaces), dice.below(services));
        // Most calls stay at home.
        let to = (if dice.below(4) == 0 { dice.below(namespaces) } else { from.0 }, dice.below(services));
        let (source_namespace, target_namespace) = (format!("team-{}", from.0), format!("team-{}", to.0));
        let (source, target) = (format!("service-{}", from.1), format!("service-{}", to.1));
        let host = format!("{target}.{target_namespace}.svc.cluster.local");
        let principal = |namespace: &str, name: &str| format!("spiffe://cluster.local/ns/{namespace}/sa/{name}");
        let (caller, callee) = (principal(&source_namespace, &source), principal(&target_namespace, &target));
        for reporter in ["source", "destination"] {
            for (code, rate) in [("200", 20.0), ("503", 0.4)] {
                let pairs = [
                    ("reporter", reporter),
                    ("source_cluster", "east"),
                    ("source_workload_namespace", source_namespace.as_str()),
                    ("source_workload", source.as_str()),
                    ("source_canonical_service", source.as_str()),
                    ("source_canonical_revision", "v1"),
                    ("source_principal", caller.as_str()),
                    ("destination_cluster", "east"),
                    ("destination_workload_namespace", target_namespace.as_str()),
                    ("destination_workload", target.as_str()),
                    ("destination_canonical_service", target.as_str()),
                    ("destination_canonical_revision", "v1"),
                    ("destination_principal", callee.as_str()),
                    ("destination_service", host.as_str()),
                    ("destination_service_name", target.as_str()),
                    ("destination_service_namespace", target_namespace.as_str()),
                    ("connection_security_policy", if reporter == "source" { "unknown" } else { "mutual_tls" }),
                    ("request_protocol", "http"),
                    ("response_code", code),
                    ("response_flags", "-"),
                ];
                let pairs = pairs.map(|(name, value)| (interned.of(name), interned.of(value)));
                samples.push((Labels::new(pairs), rate));
            }
        }
    }
    let mut rows = Rows::default();
    rows.add(Part::Requests, samples);
    rows
}

/// A graph of so many nodes and edges, with or without namespaces around them.
fn graph(nodes: usize, edges: usize, boxed: bool) -> Graph {
    let namespaces = if boxed { 8 } else { 1 };
    let view = View { graph: GraphType::Workload, boxes: vec![BoxBy::Namespace], ..View::default() };
    let mut graph = build(&rows(namespaces, nodes / namespaces, edges * 6), &view, &|_, _| true);
    graph.edges.truncate(edges);
    graph
}

/// Milliseconds this process has had a core, where the system tells; other work on the machine does not count.
fn cpu_ms() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse::<f64>().ok().map(|nanoseconds| nanoseconds / 1e6)
}

fn measure(what: &str, runs: usize, mut work: impl FnMut()) {
    let mut times: Vec<(f64, f64)> = (0..runs)
        .map(|_| {
            let (cpu, start) = (cpu_ms(), Instant::now());
            work();
            let wall = start.elapsed().as_secs_f64() * 1e3;
            (wall, cpu_ms().zip(cpu).map_or(wall, |(after, before)| after - before))
        })
        .collect();
    let mut middle = |of: fn(&(f64, f64)) -> f64| {
        times.sort_by(|a, b| of(a).total_cmp(&of(b)));
        of(&times[runs / 2])
    };
    println!("{what:<58} wall {:>8.2} ms   cpu {:>8.2} ms", middle(|time| time.0), middle(|time| time.1));
}

fn main() {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    println!("cargo run --release -p mesh --example bench   ({cores} cores)\n");

    let many = rows(200, 25, 20_000);
    for (name, graph) in
        [("app", GraphType::App), ("versioned app", GraphType::VersionedApp), ("service", GraphType::Service)]
    {
        let view = View { graph, ..View::default() };
        let built = build(&many, &view, &|_, _| true);
        let size = format!("{} nodes, {} edges", built.nodes.len(), built.edges.len());
        measure(&format!("build 20000 rows, {name} ({size})"), 21, || {
            black_box(build(&many, &view, &|_, _| true));
        });
    }
    for (nodes, edges) in [(50, 90), (100, 200), (200, 400), (400, 1000)] {
        for boxed in [false, true] {
            let graph = graph(nodes, edges, boxed);
            let size = format!("{} nodes, {} edges", graph.nodes.len(), graph.edges.len());
            measure(&format!("layout {size}{}", if boxed { ", boxed" } else { "" }), 21, || {
                black_box(layout(&graph, &mut LayoutMemory::default()));
            });
        }
    }
    let huge = build(&many, &View { boxes: vec![BoxBy::Namespace], ..View::default() }, &|_, _| true);
    let size = format!("{} nodes, {} edges, boxed", huge.nodes.len(), huge.edges.len());
    measure(&format!("layout {size}"), 3, || {
        black_box(layout(&huge, &mut LayoutMemory::default()));
    });
    let mut one = graph(200, 400, true);
    let mut memory = LayoutMemory::default();
    one.layout = Some(layout(&one, &mut memory));
    measure("layout again, remembered", 21, || {
        black_box(layout(&one, &mut memory));
    });
    measure("drawing", 21, || {
        let places = one.layout.as_ref().expect("laid out above");
        black_box(drawing::Drawing::new(&one, places, &drawing::edge_text));
    });
    measure("svg", 21, || {
        black_box(svg(&one, mesh::topology::Theme::Auto));
    });
    measure("dot", 21, || {
        black_box(dot(&one));
    });
    measure("csv", 21, || {
        black_box(csv(&one));
    });
    measure("find", 21, || {
        let find = Find::parse("ns:team-1 err>1% or rt>500ms").expect("a good expression");
        black_box(find.search(&one));
    });
}
