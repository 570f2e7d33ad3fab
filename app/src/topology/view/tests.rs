//! Views survive the URL, and ask for what they show.

use super::*;

fn parse(query: &str) -> View {
    let pairs: Vec<(String, String)> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.replace("%3E", ">").replace("%25", "%").replace("%20", " ")))
        .collect();
    View::parse(&|name| pairs.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone()))
}

#[test]
fn a_bare_url_is_the_default_and_prints_as_nothing() {
    assert_eq!(parse(""), View::default());
    assert_eq!(View::default().search(), "");
}

#[test]
fn every_choice_survives_the_url() {
    let view = View {
        graph: GraphType::Workload,
        boxes: Boxes(vec![]),
        edges: EdgeText::Mtls,
        find: "ns:shop err>1%".into(),
        hide: "idle".into(),
        errors: true,
        focus: "app:shop/payments".parse().ok(),
        sel: Some("app:shop/checkout".into()),
        shape: Shape::Table,
        sort: "-err".into(),
        range: "now-6h..2026-01-01T00:00:00Z".parse().unwrap(),
        live: false,
        at: "2026-01-01T00:00:00Z".parse().ok(),
        namespaces: Names(vec!["shop".into(), "ai".into()]),
        clusters: Names(vec!["east".into()]),
        duration: Some(300),
        idle: true,
    };
    let href = view.search();
    assert_eq!(parse(href.trim_start_matches('?')), view);
    assert!(href.contains("find=ns:shop%20err%3E1%25"), "{href}");
}

#[test]
fn nonsense_counts_as_left_out() {
    assert_eq!(parse("graph=pods&box=rack&edges=x&focus=nobody&from=never&duration=9y&view=3d"), View::default());
}

#[test]
fn the_window_is_short_at_the_present_and_the_range_in_the_past() {
    let now = Timestamp::from_secs(1_800_000_000);
    assert_eq!(View::default().query(now).duration, DurationSecs(60));
    assert_eq!(View::default().query(now).at, None);
    let past = parse("from=now-6h&to=now-5h");
    assert_eq!(past.query(now).duration, DurationSecs(3600));
    assert_eq!(past.query(now).at, Some(now.minus_secs(5 * 3600)));
    assert_eq!(parse("duration=10m").query(now).duration, DurationSecs(600));
    assert!(!past.follows());
    assert!(!parse("live=0").follows());
    let replay = parse("at=2027-01-15T07:00:00Z");
    assert!(!replay.follows());
    assert_eq!(replay.query(now).duration, DurationSecs(300));
    assert_eq!(replay.query(now).at.map(|at| at.to_string()).as_deref(), Some("2027-01-15T07:00:00Z"));
    assert!(View::default().follows());
}

#[test]
fn the_export_names_what_the_api_would_guess_otherwise() {
    let now = Timestamp::from_secs(1_800_000_000);
    assert_eq!(View::default().export_query(now), "graph=app&duration=1m&box=namespace");
    assert_eq!(
        parse("box=none&focus=app:shop/payments").export_query(now),
        "graph=app&duration=1m&box=&focus=app:shop/payments"
    );
}
