//! Properties that hold for all policies and requests, tried on random ones.

mod random;

use mesh::{
    Labels,
    policy::{
        analyze::{self, Judgement},
        ask,
        attach::Point,
        compare::{self, Relation},
        decode,
        effort::Effort,
        evaluate::{self, Verdict},
        normalize::{normalize, without_query},
        pattern::{self, TextMatch},
        print, replay,
        request::{Given, Headers, Peer, Protocol, Request},
        search,
        settings::{Enforcement, Normalization, ProxyVersion, Workload},
        yaml::MAX_BYTES,
    },
};
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

use random::{Known, point, policies, request, set};

fn verdict(text: &str, point: &Point, request: &Request) -> Verdict {
    evaluate::evaluate(&set(text), point, request).verdict
}

/// The request with the fields of the mask unknown.
fn forget(request: &Request, mask: u16) -> Request {
    let mut blank = request.clone();
    let gone = |bit: u16| mask & (1 << bit) != 0;
    let if_gone = |bit: u16, forget: &mut dyn FnMut()| {
        if gone(bit) {
            forget();
        }
    };
    if_gone(0, &mut || blank.peer = Given::Unknown);
    if_gone(1, &mut || blank.source_ip = Given::Unknown);
    if_gone(2, &mut || blank.remote_ip = Given::Unknown);
    if_gone(3, &mut || blank.destination_port = Given::Unknown);
    if_gone(4, &mut || blank.method = Given::Unknown);
    if_gone(5, &mut || blank.host = Given::Unknown);
    if_gone(6, &mut || blank.path = Given::Unknown);
    if_gone(7, &mut || blank.headers = Headers { open: true, ..Headers::default() });
    if_gone(8, &mut || blank.token = Given::Unknown);
    if_gone(9, &mut || blank.ext_authz.clear());
    // What follows from the kind of connection must be forgotten with it.
    if gone(0) {
        blank.sni = Given::Unknown;
    }
    blank
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn deny_always_wins(text in policies(), point in point(), request in request()) {
        let denied = format!("{text}---\n{}", random::policy("zz", "DENY", "[{}]"));
        prop_assert_eq!(verdict(&denied, &point, &request), Verdict::Deny);
        if verdict(&text, &point, &request) == Verdict::Deny {
            let by = evaluate::evaluate(&set(&text), &point, &request).decided_by;
            if by != evaluate::BY_NO_ALLOW {
                let more = format!("{text}---\n{}", random::policy("aa", "ALLOW", "[{}]"));
                prop_assert_eq!(verdict(&more, &point, &request), Verdict::Deny);
            }
        }
    }

    #[test]
    fn removing_a_constraint_from_an_allow_rule_never_denies_more(
        text in policies(), point in point(), request in request(), pick in any::<u32>(),
    ) {
        let before = set(&text);
        let mut after = before.clone();
        random::drop_one_allow_constraint(&mut after, pick);
        let was = evaluate::evaluate(&before, &point, &request).verdict;
        let is = evaluate::evaluate(&after, &point, &request).verdict;
        prop_assert!(was != Verdict::Allow || is == Verdict::Allow, "{}\n{}", print::print(&before), print::print(&after));
    }

    #[test]
    fn an_unknown_attribute_turns_a_verdict_only_into_depends(
        text in policies(), point in point(), request in request(), mask in any::<u16>(),
    ) {
        let set = set(&text);
        let known = evaluate::evaluate(&set, &point, &request).verdict;
        let blank = forget(&request, mask);
        let outcome = evaluate::evaluate(&set, &point, &blank);
        prop_assert!(outcome.verdict == known || outcome.verdict == Verdict::Depends, "{known:?} became {outcome:?}\n{text}");
        // Put the other way round: the values that were forgotten give one of the verdicts that were announced.
        prop_assert!(outcome.possible.contains(&known), "{known:?} was not announced: {outcome:?}\n{text}");
        if outcome.verdict == Verdict::Depends {
            prop_assert!(!outcome.depends_on.is_empty());
        }
    }

    #[test]
    fn a_depends_without_its_fields_is_none(text in policies(), point in point(), request in request(), mask in any::<u16>()) {
        // Every announced verdict has an example, unless a budget ended the search.
        let outcome = evaluate::evaluate(&set(&text), &point, &forget(&request, mask));
        if outcome.verdict == Verdict::Depends && !outcome.approximate {
            prop_assert_eq!(outcome.examples.len(), outcome.possible.len());
        }
    }

    #[test]
    fn the_trace_and_the_short_way_agree(text in policies(), point in point(), request in request(), mask in any::<u16>()) {
        let set = set(&text);
        let blank = forget(&request, mask);
        let plan = mesh::policy::plan::Plan::new(&set, &point, blank.protocol);
        let (short, full) = (plan.decide(&blank), plan.explain(&blank));
        prop_assert_eq!(short.verdict, full.verdict);
        prop_assert_eq!(short.decided_by, full.decided_by);
    }

    #[test]
    fn replayed_traffic_is_decided_as_its_requests_are(before in policies(), after in policies(), ambient in any::<bool>()) {
        let document = serde_json::json!({"before": before, "after": after, "namespace": "foo", "ambient": ambient});
        let asked = ask::read_diff(&document.to_string()).expect("readable");
        let (mut flows, mut judged) = (replay::Flows::default(), Vec::new());
        for id in ["", "cluster.local/ns/a/sa/x"] {
            for protocol in [Protocol::Http, Protocol::Tcp] {
                let (principal, tls) = (format!("spiffe://{id}"), if id.is_empty() { "none" } else { "mutual_tls" });
                let labels = Labels::from_pairs([
                    ("source_principal", if id.is_empty() { "unknown" } else { principal.as_str() }),
                    ("destination_workload", "a"),
                    ("destination_workload_namespace", "foo"),
                    ("destination_app", "a"),
                    ("connection_security_policy", tls),
                ]);
                flows.add(&labels, 1.0, protocol == Protocol::Tcp, &|_, _| true);
                let mut request = search::anything(protocol);
                request.peer = Given::Known(match id {
                    "" => Peer::Plaintext,
                    id => Peer::Mtls(Given::Known(id.to_owned())),
                });
                if id.is_empty() {
                    request.sni = Given::Known(String::new());
                }
                let enforcement = if ambient { Enforcement::Ztunnel } else { Enforcement::Sidecar };
                let labels = std::collections::BTreeMap::from([("app".to_owned(), "a".to_owned())]);
                let workload = Workload { namespace: "foo".to_owned(), labels, service: None };
                let point = Point { enforcement, mesh: asked.setting.mesh.clone(), workload };
                judged.push([&before, &after].map(|text| verdict(text, &point, &request)));
            }
        }
        let found = replay::replay(&asked, &flows, 600, &Effort::unlimited());
        let count = |wanted: fn(&[Verdict; 2]) -> bool| judged.iter().filter(|pair| wanted(pair)).count();
        use Verdict::{Allow, Deny, Depends};
        prop_assert_eq!(found.newly_denied.share.flows, count(|pair| *pair == [Allow, Deny]));
        prop_assert_eq!(found.newly_allowed.share.flows, count(|pair| *pair == [Deny, Allow]));
        prop_assert_eq!(found.newly_undecided.share.flows, count(|pair| pair[0] != Depends && pair[1] == Depends));
        // Of the same policies it is known that they decide alike, whatever that is.
        prop_assert!(found.unchanged.flows >= count(|pair| pair[0] == pair[1] && pair[0] != Depends));
        prop_assert_eq!(found.unchanged.flows + found.undecided.share.flows, count(|pair| pair[0] == pair[1] || pair[0] == Depends));
        prop_assert_eq!((found.all.flows, found.left_out.flows), (judged.len(), 0));
    }

    #[test]
    fn no_pattern_makes_normalization_or_templates_panic(path in "[-a-z/.%25FfEe{}*;?\\\\]{0,60}", raw in ".{0,40}") {
        for mode in [Normalization::None, Normalization::Base, Normalization::MergeSlashes, Normalization::DecodeAndMergeSlashes] {
            for text in [&path, &raw] {
                if let Ok(once) = normalize(text, mode, ProxyVersion::NEWEST) {
                    // What a proxy forwards is not changed by the next one, but for escapes of escapes.
                    prop_assert!(once.starts_with('/') || mode == Normalization::None);
                    prop_assert!(mode == Normalization::None || !without_query(&once).contains("/../"), "{text} {once}");
                }
                let _ = pattern::template(text, true).map(|glob| glob.matches(&path));
                let _ = TextMatch::namespace(text).matches(&raw);
            }
        }
    }

    #[test]
    fn parse_print_parse_is_stable(text in policies()) {
        let once = print::print(&set(&text));
        let again = print::print(&set(&once));
        prop_assert_eq!(&once, &again);
    }

    #[test]
    fn printing_changes_no_verdict(text in policies(), point in point(), request in request()) {
        prop_assert_eq!(verdict(&print::print(&set(&text)), &point, &request), verdict(&text, &point, &request));
    }

    #[test]
    fn no_input_makes_the_reader_panic(text in "(?s).{0,400}") {
        let decoded = decode::manifests("any", &text, "default");
        let _ = mesh::policy::lint::lint(&decoded.set, &decoded.others);
        let _ = mesh::policy::cases::read("any", &text);
        prop_assert!(text.len() < MAX_BYTES);
    }

    #[test]
    fn no_policy_text_makes_the_reader_panic(text in "[-a-z:{}\\[\\]\n \"'&*!|>?,#%]{0,300}") {
        let decoded = decode::manifests("any", &text, "default");
        let _ = mesh::policy::lint::lint(&decoded.set, &decoded.others);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn witnesses_of_differences_always_confirm(before in policies(), after in policies(), point in point(), tcp in any::<bool>()) {
        let protocol = if tcp { Protocol::Tcp } else { Protocol::Http };
        let (before, after) = (set(&before), set(&after));
        let found = compare::compare(&before, &after, &point, protocol, &Effort::new(5_000));
        for difference in &found.differences {
            let was = evaluate::evaluate(&before, &point, &difference.request).verdict;
            let is = evaluate::evaluate(&after, &point, &difference.request).verdict;
            prop_assert_eq!((was, is), (difference.before, difference.after));
            prop_assert!(was != is);
        }
    }

    #[test]
    fn equivalent_sets_decide_every_request_alike(before in policies(), after in policies(), point in point(), request in request()) {
        let (before, after) = (set(&before), set(&after));
        let found = compare::compare(&before, &after, &point, request.protocol, &Effort::new(5_000));
        let was = evaluate::evaluate(&before, &point, &request).verdict;
        let is = evaluate::evaluate(&after, &point, &request).verdict;
        match found.relation {
            Relation::Equivalent => prop_assert_eq!(was, is),
            Relation::Stricter => prop_assert!(was == is || is == Verdict::Deny),
            Relation::Looser => prop_assert!(was == is || is == Verdict::Allow),
            Relation::Incomparable | Relation::Undecided => {}
        }
    }

    #[test]
    fn a_set_is_equivalent_to_itself_without_its_redundant_rules(text in policies(), point in point(), request in request()) {
        let set = set(&text);
        for statement in analyze::analyze(&set, &point, request.protocol, &Effort::new(20_000)) {
            let idle = matches!(statement.judgement, Judgement::Vacuous | Judgement::Redundant | Judgement::Overridden);
            if idle {
                let mut without = set.clone();
                random::remove_rule(&mut without, &statement.rule);
                let was = evaluate::evaluate(&set, &point, &request).verdict;
                prop_assert_eq!(was, evaluate::evaluate(&without, &point, &request).verdict, "without {}", statement.rule);
            }
        }
    }
}

#[test]
fn the_random_policies_are_of_every_kind() {
    // A generator that only makes trivial things would prove nothing.
    let mut seen = Known::default();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..400 {
        let tree =
            |strategy: &dyn Fn(&mut proptest::test_runner::TestRunner) -> String, runner: &mut _| strategy(runner);
        let text = tree(&random::sample_policies, &mut runner);
        let (point, request) = random::sample_point_and_request(&mut runner);
        let outcome = evaluate::evaluate(&set(&text), &point, &request);
        seen.take(&outcome);
        if point.enforcement == Enforcement::Ztunnel {
            seen.ztunnel = true;
        }
    }
    assert!(seen.complete(), "{seen:?}");
}
