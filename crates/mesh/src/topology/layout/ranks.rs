//! Columns: which member of a box stands left of which.

use std::collections::{BTreeMap, BTreeSet};

use super::structure::Structure;

/// The column of every item within its container.
pub(super) fn all(structure: &Structure) -> Vec<usize> {
    // Container → links between its members, with how many edges lead each way.
    let mut links: BTreeMap<Option<usize>, BTreeMap<(usize, usize), usize>> = BTreeMap::new();
    for bundle in &structure.bundles {
        let (container, a, b) = structure.meeting(bundle.a, bundle.b);
        let links = links.entry(container).or_default();
        for (_, forward) in &bundle.edges {
            *links.entry(if *forward { (a, b) } else { (b, a) }).or_default() += 1;
        }
    }
    let mut columns = vec![0; structure.items.len()];
    for (container, links) in links {
        for (item, column) in of_level(structure.members(container), &links, &|item| structure.nodes_in(item)) {
            columns[item] = column;
        }
    }
    columns
}

fn of_level(
    members: &[usize],
    links: &BTreeMap<(usize, usize), usize>,
    size: &dyn Fn(usize) -> usize,
) -> BTreeMap<usize, usize> {
    let sequence = sequence(members, links, size);
    let position: BTreeMap<usize, usize> = sequence.iter().enumerate().map(|(at, item)| (*item, at)).collect();
    let mut next: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut entered: BTreeSet<usize> = BTreeSet::new();
    for &(from, to) in links.keys() {
        let (left, right) = if position[&from] < position[&to] { (from, to) } else { (to, from) };
        next.entry(left).or_default().insert(right);
        entered.insert(right);
    }
    let mut columns: BTreeMap<usize, usize> = sequence.iter().map(|item| (*item, 0)).collect();
    for item in &sequence {
        let column = columns[item];
        for after in next.get(item).into_iter().flatten() {
            let least = columns.entry(*after).or_default();
            *least = (*least).max(column + 1);
        }
    }
    // Who is called by nobody moves up to those it calls.
    for item in sequence.iter().filter(|item| !entered.contains(item)) {
        let nearest = next.get(item).into_iter().flatten().map(|after| columns[after]).min();
        if let Some(nearest) = nearest {
            columns.insert(*item, nearest - 1);
        }
    }
    columns
}

/// An order in which few links lead backwards (the greedy method of Eades, Lin and Smyth). Of two boxes that call each
/// other as often, the one with more nodes comes first: it is where the calls come from.
fn sequence(members: &[usize], links: &BTreeMap<(usize, usize), usize>, size: &dyn Fn(usize) -> usize) -> Vec<usize> {
    let mut out: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    let mut into: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    let mut degree: BTreeMap<usize, (usize, usize)> = members.iter().map(|item| (*item, (0, 0))).collect();
    for (&(from, to), &count) in links {
        out.entry(from).or_default().push((to, count));
        into.entry(to).or_default().push((from, count));
        degree.entry(from).or_default().0 += count;
        degree.entry(to).or_default().1 += count;
    }
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    while !degree.is_empty() {
        let sink = degree.iter().find(|(_, (out, _))| *out == 0).map(|(item, _)| *item);
        let source = || degree.iter().find(|(_, (_, into))| *into == 0).map(|(item, _)| *item);
        let (item, at_end) = match sink {
            Some(item) => (item, true),
            None => {
                // The first of the best, so that earlier items win ties.
                let best = || {
                    let surplus =
                        |(item, (out, into)): &(&usize, &(usize, usize))| (*out as i64 - *into as i64, size(**item));
                    degree.iter().rev().max_by_key(surplus).map(|(item, _)| *item)
                };
                (source().or_else(best).expect("some item is left"), false)
            }
        };
        degree.remove(&item);
        for (to, count) in out.get(&item).into_iter().flatten() {
            if let Some((_, into)) = degree.get_mut(to) {
                *into -= count;
            }
        }
        for (from, count) in into.get(&item).into_iter().flatten() {
            if let Some((out, _)) = degree.get_mut(from) {
                *out -= count;
            }
        }
        if at_end { tail.push(item) } else { head.push(item) }
    }
    head.extend(tail.into_iter().rev());
    head
}
