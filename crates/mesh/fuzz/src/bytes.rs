//! Bytes as a row of choices: every byte is one, and when they are used up the first of everything is taken. So a small
//! change of the input is a small change of what is made of it, which is what a fuzzer needs.

/// What is left of an input.
pub struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    /// All of an input.
    pub fn new(all: &'b [u8]) -> Self {
        Self(all)
    }

    /// The next byte; zero after the last one.
    pub fn one(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::from(self.one()) % limit.max(1)
    }

    /// True for one byte in `many`, and never when the bytes are used up.
    pub fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == many - 1
    }

    /// One of some things.
    pub fn pick<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.below(things.len())]
    }

    /// A word of the pool or, now and then, one put together from pieces that patterns treat in a special way.
    pub fn word(&mut self, pool: &[&str]) -> String {
        const PIECES: [&str; 16] =
            ["*", "/", "a", "b", "{*}", "{**}", ".", "..", "-", "%2F", "A", ":80", "//", "**", "x", "ns"];
        if !self.one_in(4) {
            return self.pick(pool).to_owned();
        }
        let pieces = self.below(5) + 1;
        (0..pieces).map(|_| self.pick(&PIECES)).collect()
    }
}
