//! Decides about every combination of choices and compares neighbours: a field matters when changing it alone changes the
//! verdict somewhere.

use super::{MAX_COMBINATIONS, change::Change, choices::Choice};
use crate::policy::{
    effort::Effort,
    evaluate::{Example, Fields, Verdict},
    plan::Plan,
    request::{Peer, Request},
};

/// What all combinations come to.
pub struct Found {
    pub verdicts: Vec<Verdict>,
    pub decided_by: Vec<String>,
    pub depends_on: Fields,
    pub examples: Vec<Example>,
}

/// The verdicts of all combinations, or nothing when there are too many or one of them is still uncertain.
pub fn decide_all(plan: &Plan<'_>, request: &Request, choices: &[Choice], effort: &Effort) -> Option<Found> {
    let sizes: Vec<usize> = choices.iter().map(|choice| choice.changes.len()).collect();
    let total =
        sizes.iter().try_fold(1_usize, |total, size| total.checked_mul(*size).filter(|n| *n <= MAX_COMBINATIONS))?;
    if total == 0 || !effort.spend(total.saturating_mul(plan.weight())) {
        return None;
    }
    let mut verdicts = Vec::with_capacity(total);
    let mut decided_by: Vec<String> = Vec::new();
    for number in 0..total {
        let mut request = request.clone();
        for (choice, place) in choices.iter().zip(places(number, &sizes)) {
            choice.changes[place].apply(&mut request);
        }
        let outcome = plan.decide(&request);
        if outcome.verdict == Verdict::Depends {
            return None;
        }
        verdicts.push(outcome.verdict);
        if !decided_by.contains(&outcome.decided_by) && decided_by.len() < 8 {
            decided_by.push(outcome.decided_by);
        }
    }
    let mut depends_on = Fields::new();
    let mut stride = 1;
    for (choice, size) in choices.iter().zip(&sizes) {
        for number in 0..total {
            let place = number / stride % size;
            // The first value against each of the others is enough: two others differ from each other only if one of
            // them differs from the first.
            if place > 0 && verdicts[number] != verdicts[number - place * stride] {
                depends_on.insert(choice.label.clone());
                break;
            }
        }
        stride *= size;
    }
    if depends_on.remove("source") {
        depends_on.extend(peer_fields(request, choices, &sizes, &verdicts));
    }
    let all = [Verdict::Allow, Verdict::Deny, Verdict::Depends];
    let seen: Vec<Verdict> = all.into_iter().filter(|verdict| verdicts.contains(verdict)).collect();
    let examples =
        seen.iter().filter_map(|verdict| example(*verdict, &verdicts, choices, &sizes, &depends_on)).collect();
    Some(Found { verdicts: seen, decided_by, depends_on, examples })
}

fn places(number: usize, sizes: &[usize]) -> impl Iterator<Item = usize> {
    let mut rest = number;
    sizes.iter().map(move |size| {
        let place = rest % size;
        rest /= size;
        place
    })
}

/// Whether it is the kind of connection or the identity that matters.
fn peer_fields(request: &Request, choices: &[Choice], sizes: &[usize], verdicts: &[Verdict]) -> Fields {
    let mut fields = Fields::new();
    if !request.peer.is_unknown() {
        fields.insert("source.principal".to_owned());
        return fields;
    }
    let mut stride = 1;
    for (choice, size) in choices.iter().zip(sizes) {
        if choice.label == "source" {
            for number in (0..verdicts.len()).filter(|number| number / stride % size == 0) {
                let along: Vec<Verdict> = (0..*size).map(|place| verdicts[number + place * stride]).collect();
                let plaintext =
                    choice.changes.iter().position(|change| matches!(change, Change::Peer(Peer::Plaintext)));
                let own = plaintext.map(|place| along[place]);
                let others: Vec<Verdict> = along
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| Some(*i) != plaintext)
                    .map(|(_, verdict)| *verdict)
                    .collect();
                if others.windows(2).any(|pair| pair[0] != pair[1]) {
                    fields.insert("source.principal".to_owned());
                }
                if own.is_some_and(|own| others.iter().any(|other| *other != own)) {
                    fields.insert("source.tls".to_owned());
                }
            }
        }
        stride *= size;
    }
    fields
}

/// One combination that gives the verdict, told by the fields that matter.
fn example(
    verdict: Verdict,
    verdicts: &[Verdict],
    choices: &[Choice],
    sizes: &[usize],
    depends_on: &Fields,
) -> Option<Example> {
    let number = verdicts.iter().position(|own| *own == verdict)?;
    let mut with = Vec::new();
    for (choice, place) in choices.iter().zip(places(number, sizes)) {
        let matters = depends_on.contains(&choice.label)
            || choice.label == "source" && depends_on.iter().any(|field| field.starts_with("source."));
        if matters {
            with.push((choice.label.clone(), choice.changes[place].show()));
        }
    }
    Some(Example { verdict, with })
}
