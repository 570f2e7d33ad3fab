use super::*;
use crate::policy::pattern::TextMatch;

fn all(matchers: &[TextMatch]) -> Vec<Sample> {
    let atoms: Vec<Atom> = matchers.iter().map(TextMatch::globs).collect();
    let found = samples(&atoms, &Anything, &|_| true, &Effort::unlimited()).expect("within the budget");
    for sample in &found {
        let signs: Vec<bool> = matchers.iter().map(|matcher| matcher.matches(&sample.text)).collect();
        assert_eq!(signs, sample.signs, "{:?}", sample.text);
    }
    found
}

#[test]
fn every_combination_is_found_with_an_example() {
    let found = all(&[TextMatch::text("/a*"), TextMatch::text("*b"), TextMatch::text("/ab")]);
    // 000, 100, 010, 110, 111; never 001, 011, 101.
    assert_eq!(found.len(), 5);
}

#[test]
fn complements_leave_nothing_else() {
    let found = all(&[TextMatch::text("*"), TextMatch::Exact(String::new())]);
    assert_eq!(
        found.iter().map(|sample| sample.signs.clone()).collect::<Vec<_>>(),
        [vec![false, true], vec![true, false]]
    );
}

#[test]
fn examples_are_short() {
    let found = all(&[TextMatch::namespace("foo")]);
    assert_eq!(found.iter().map(|sample| sample.text.as_str()).collect::<Vec<_>>(), ["", "/ns/foo/"]);
}

#[test]
fn many_patterns_stay_within_the_budget() {
    let mut matchers = Vec::new();
    for i in 0..100 {
        matchers.push(TextMatch::text(&format!("/api/v{i}/resource*")));
        matchers.push(TextMatch::text(&format!("/exact/path/number/{i}")));
    }
    matchers.push(TextMatch::text("*.json"));
    assert!(all(&matchers).len() > 200);
}

#[test]
fn a_hostile_set_is_given_up() {
    let atoms: Vec<Atom> = (0..40).map(|i| TextMatch::namespace(&format!("*{i}*x*y{i}*")).globs()).collect();
    assert_eq!(samples(&atoms, &Anything, &|_| true, &Effort::unlimited()), None);
}
