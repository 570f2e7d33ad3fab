//! Set algebra on texts: which combinations of matchers a text can satisfy, each with a shortest example. The matchers are
//! regular, so a search over their joint automaton finds all of them; a budget bounds it.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use super::{
    effort::Effort,
    pattern::{Class, Glob, Item},
};

/// The most states of a joint automaton before the search gives up.
pub const MAX_STATES: usize = 20_000;

/// The most words of state sets that a search touches before it gives up; some tens of milliseconds.
const MAX_WORK: usize = 20_000_000;

/// So many of those words are a step of [`Effort`].
const WORDS_PER_STEP: usize = 64;

/// One matcher: any of its globs.
pub type Atom = Vec<Glob>;

/// A text and which atoms it satisfies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The example.
    pub text: String,
    /// One per atom, in order.
    pub signs: Vec<bool>,
}

/// Which texts there are to choose from.
pub trait Domain {
    /// The state after a byte, or nothing when no text goes on like that.
    fn step(&self, state: u8, byte: u8) -> Option<u8>;
    /// Whether a text may end here.
    fn ends(&self, state: u8) -> bool;
    /// All states are below this number.
    fn states(&self) -> u8;
}

/// All texts made of printable ASCII.
pub struct Anything;

impl Domain for Anything {
    fn step(&self, _state: u8, _byte: u8) -> Option<u8> {
        Some(0)
    }

    fn ends(&self, _state: u8) -> bool {
        true
    }

    fn states(&self) -> u8 {
        1
    }
}

/// One element of a linear pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Element {
    Byte(u8),
    One(Class),
    Loop(Class),
    End { atom: usize },
}

/// Every combination of atoms that a text of the domain satisfies, with a shortest example each; nothing when the budget
/// is exceeded.
pub fn samples(
    atoms: &[Atom],
    domain: &dyn Domain,
    allowed: &dyn Fn(u8) -> bool,
    effort: &Effort,
) -> Option<Vec<Sample>> {
    let machine = Machine::new(atoms);
    let alphabet = machine.alphabet(allowed, domain);
    // State sets with the state of the domain behind them, and signs as bits: one kind of set is enough for the browser.
    let mut seen: HashSet<Vec<u64>> = HashSet::new();
    // Every state with the one it was reached from, and by which byte.
    let mut states: Vec<(Vec<u64>, u8, usize, u8)> = Vec::new();
    let mut found: Vec<Sample> = Vec::new();
    let mut known: HashSet<Vec<u64>> = HashSet::new();
    let start = machine.closed(machine.starts());
    seen.insert(keyed(&start, 0));
    states.push((start, 0, usize::MAX, 0));
    let mut next = 0;
    let mut work = 0;
    while next < states.len() {
        let (set, place, ..) = states[next].clone();
        let cost = (set.len() + 1) * (alphabet.len() + 8);
        work += cost;
        if work > MAX_WORK || !effort.spend(cost / WORDS_PER_STEP) {
            return None;
        }
        if domain.ends(place) {
            let signs = machine.signs(&set, atoms.len());
            let mut bits = vec![0; signs.len().div_ceil(64)];
            for (at, _) in signs.iter().enumerate().filter(|(_, sign)| **sign) {
                insert(&mut bits, at);
            }
            if known.insert(bits) {
                found.push(Sample { text: spell(&states, next), signs });
            }
        }
        for byte in &alphabet {
            let Some(place) = domain.step(place, *byte) else { continue };
            let after = machine.closed(machine.step(&set, *byte));
            if seen.insert(keyed(&after, place)) {
                if states.len() >= MAX_STATES {
                    return None;
                }
                states.push((after, place, next, *byte));
            }
        }
        next += 1;
    }
    Some(found)
}

fn keyed(set: &[u64], place: u8) -> Vec<u64> {
    let mut key = set.to_vec();
    key.push(u64::from(place));
    key
}

fn spell(states: &[(Vec<u64>, u8, usize, u8)], mut at: usize) -> String {
    let mut bytes = Vec::new();
    while states[at].2 != usize::MAX {
        bytes.push(char::from(states[at].3));
        at = states[at].2;
    }
    bytes.iter().rev().collect()
}

struct Machine {
    elements: Vec<Element>,
    starts: Vec<usize>,
    /// Where loops are.
    loops: Vec<u64>,
    /// Where patterns end, and which atom they belong to.
    ends: Vec<(usize, usize)>,
}

impl Machine {
    fn new(atoms: &[Atom]) -> Self {
        let (mut elements, mut starts) = (Vec::new(), Vec::new());
        for (atom, globs) in atoms.iter().enumerate() {
            for glob in globs {
                starts.push(elements.len());
                for item in glob.items() {
                    match item {
                        Item::Literal(text) => elements.extend(text.bytes().map(Element::Byte)),
                        Item::Run { class, at_least_one } => {
                            elements.extend(at_least_one.then_some(Element::One(*class)));
                            elements.push(Element::Loop(*class));
                        }
                    }
                }
                elements.push(Element::End { atom });
            }
        }
        let mut loops = vec![0; elements.len().div_ceil(64)];
        let mut ends = Vec::new();
        for (at, element) in elements.iter().enumerate() {
            match element {
                Element::Loop(_) => insert(&mut loops, at),
                Element::End { atom } => ends.push((at, *atom)),
                Element::Byte(_) | Element::One(_) => {}
            }
        }
        Self { elements, starts, loops, ends }
    }

    fn starts(&self) -> Vec<u64> {
        let mut set = vec![0; self.elements.len().div_ceil(64)];
        for start in &self.starts {
            insert(&mut set, *start);
        }
        set
    }

    /// Loops may be left at any time.
    fn closed(&self, mut set: Vec<u64>) -> Vec<u64> {
        loop {
            let (mut carry, mut changed) = (0, false);
            for (word, loops) in set.iter_mut().zip(&self.loops) {
                let inside = *word & loops;
                let after = *word | inside << 1 | carry;
                carry = inside >> 63;
                changed |= after != *word;
                *word = after;
            }
            // Loops in a row need another round; every round goes one further.
            if !changed {
                return set;
            }
        }
    }

    fn step(&self, set: &[u64], byte: u8) -> Vec<u64> {
        let mut after = vec![0; set.len()];
        for (word, bits) in set.iter().enumerate() {
            let mut bits = *bits;
            while bits != 0 {
                let at = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                match self.elements[at] {
                    Element::Byte(own) if own == byte => insert(&mut after, at + 1),
                    Element::One(class) if class.has(byte) => insert(&mut after, at + 1),
                    Element::Loop(class) if class.has(byte) => insert(&mut after, at),
                    Element::Byte(_) | Element::One(_) | Element::Loop(_) | Element::End { .. } => {}
                }
            }
        }
        after
    }

    fn signs(&self, set: &[u64], atoms: usize) -> Vec<bool> {
        let mut signs = vec![false; atoms];
        for (at, atom) in &self.ends {
            signs[*atom] |= contains(set, *at);
        }
        signs
    }

    /// One byte for every way that bytes can differ, pleasant ones first.
    fn alphabet(&self, allowed: &dyn Fn(u8) -> bool, domain: &dyn Domain) -> Vec<u8> {
        let literal = |byte: u8| self.elements.contains(&Element::Byte(byte));
        let mut classes: Vec<Class> = Vec::new();
        for element in &self.elements {
            if let Element::One(class) | Element::Loop(class) = element
                && !classes.contains(class)
            {
                classes.push(*class);
            }
        }
        let nice = b"xyzwvutsrqponmlkjihgfedcba0123456789/-._".iter().copied();
        let all = nice.chain(0x20..0x7f);
        let mut taken: Vec<Vec<u8>> = Vec::new();
        let mut alphabet = Vec::new();
        for byte in all.filter(|byte| allowed(*byte)) {
            if alphabet.contains(&byte) {
                continue;
            }
            let mut sort: Vec<u8> = classes.iter().map(|class| u8::from(class.has(byte))).collect();
            sort.extend((0..domain.states()).map(|state| domain.step(state, byte).map_or(255, |next| next)));
            if literal(byte) {
                alphabet.push(byte);
            } else if !taken.contains(&sort) {
                taken.push(sort);
                alphabet.push(byte);
            }
        }
        alphabet
    }
}

fn insert(set: &mut [u64], at: usize) {
    set[at / 64] |= 1 << (at % 64);
}

fn contains(set: &[u64], at: usize) -> bool {
    set[at / 64] >> (at % 64) & 1 == 1
}
