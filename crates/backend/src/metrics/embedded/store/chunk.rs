//! Samples of one series as bytes: usually one or two per sample. Appended to in memory, read from the front.
//!
//! Each sample starts with a control byte. Bit 0: the distance to the sample before changed, its difference follows.
//! Bits 1 and 2 say how the value is written:
//! 0 the same as before · 1 both are whole numbers: bits 3 to 7 hold a small increase, 31 means that the difference
//! follows · 2 the bits that differ from the value before, as a number · 3 eight bytes. Numbers are of variable length,
//! seven bits per byte.

/// Samples a chunk holds at most, so that reading a part of an hour does not decode all of it.
pub(super) const MAX_SAMPLES: usize = 240;

/// Whole numbers up to here are exact in a float.
const EXACT: f64 = 9_007_199_254_740_992.0;
const INLINE: i64 = 31;

/// An open chunk. Samples must be appended by time.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    bytes: Vec<u8>,
    count: u32,
    first: i64,
    state: State,
}

#[derive(Clone, Copy, Debug)]
struct State {
    at: i64,
    step: i64,
    value: f64,
}

impl Chunk {
    /// A chunk with one sample.
    pub(super) fn new(at: i64, value: f64) -> Self {
        let mut bytes = Vec::with_capacity(16);
        bytes.extend_from_slice(&value.to_bits().to_le_bytes());
        Self { bytes, count: 1, first: at, state: State { at, step: 0, value } }
    }

    /// A chunk of these samples, which are sorted by time and not none.
    pub(super) fn of(samples: &[(i64, f64)]) -> Option<Self> {
        let ((at, value), rest) = samples.split_first()?;
        let mut chunk = Self::new(*at, *value);
        rest.iter().for_each(|(at, value)| chunk.push(*at, *value));
        Some(chunk)
    }

    /// Time of the last sample.
    pub(super) fn last(&self) -> i64 {
        self.state.at
    }

    /// True when it takes no more.
    pub(super) fn is_full(&self) -> bool {
        self.count as usize >= MAX_SAMPLES
    }

    /// Bytes in memory.
    pub(super) fn size(&self) -> usize {
        self.bytes.capacity() + size_of::<Self>()
    }

    /// Appends a sample later than the last one.
    pub(super) fn push(&mut self, at: i64, value: f64) {
        let step = at - self.state.at;
        let bend = step - self.state.step;
        let mut control = u8::from(bend != 0);
        let before = self.state.value;
        let same = before.to_bits() == value.to_bits();
        let whole =
            |value: f64| value.fract() == 0.0 && value.abs() < EXACT && !(value == 0.0 && value.is_sign_negative());
        let increase = (whole(before) && whole(value)).then(|| value as i64 - before as i64);
        let differing = (before.to_bits() ^ value.to_bits()).swap_bytes();
        control |= match increase {
            _ if same => 0,
            Some(increase) if (0..INLINE).contains(&increase) => 1 << 1 | u8::try_from(increase << 3).unwrap_or(0),
            Some(_) => 1 << 1 | 31 << 3,
            None if differing.leading_zeros() >= 8 => 2 << 1,
            None => 3 << 1,
        };
        self.bytes.push(control);
        if bend != 0 {
            put(&mut self.bytes, zigzag(bend));
        }
        match (control >> 1 & 3, increase) {
            (1, Some(increase)) if control >> 3 == 31 => put(&mut self.bytes, zigzag(increase)),
            (2, _) => put(&mut self.bytes, differing),
            (3, _) => self.bytes.extend_from_slice(&value.to_bits().to_le_bytes()),
            _ => {}
        }
        self.state = State { at, step, value };
        self.count += 1;
    }

    /// Writes it so that [`read`] finds it.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        put(out, u64::from(self.count));
        put(out, zigzag(self.first));
        put(out, self.bytes.len() as u64);
        out.extend_from_slice(&self.bytes);
    }

    /// Its samples within `[from, to)`.
    pub(super) fn samples(&self, from: i64, to: i64, out: &mut Vec<(i64, f64)>) {
        // Its own bytes are well formed.
        let whole = decode(&self.bytes, self.count, self.first, from, to, out);
        debug_assert!(whole.is_some());
    }
}

/// The samples within `[from, to)` of all chunks written one after another; none when the bytes are damaged.
pub(super) fn read(mut bytes: &[u8], from: i64, to: i64, out: &mut Vec<(i64, f64)>) -> Option<()> {
    while !bytes.is_empty() {
        let count = u32::try_from(take(&mut bytes)?).ok()?;
        let first = unzigzag(take(&mut bytes)?);
        let length = usize::try_from(take(&mut bytes)?).ok()?;
        let (chunk, rest) = bytes.split_at_checked(length)?;
        decode(chunk, count, first, from, to, out)?;
        bytes = rest;
    }
    Some(())
}

fn decode(mut bytes: &[u8], count: u32, first: i64, from: i64, to: i64, out: &mut Vec<(i64, f64)>) -> Option<()> {
    if first >= to {
        return Some(());
    }
    let mut state = State { at: first, step: 0, value: float(&mut bytes)? };
    for place in 0..count {
        if place > 0 {
            let (&control, rest) = bytes.split_first()?;
            bytes = rest;
            if control & 1 != 0 {
                state.step = state.step.checked_add(unzigzag(take(&mut bytes)?))?;
            }
            state.at = state.at.checked_add(state.step)?;
            state.value = match control >> 1 & 3 {
                0 => state.value,
                1 if control >> 3 == 31 => (state.value as i64).checked_add(unzigzag(take(&mut bytes)?))? as f64,
                1 => (state.value as i64).checked_add(i64::from(control >> 3))? as f64,
                2 => f64::from_bits(state.value.to_bits() ^ take(&mut bytes)?.swap_bytes()),
                _ => float(&mut bytes)?,
            };
        }
        if state.at >= to {
            return Some(());
        }
        if state.at >= from {
            out.push((state.at, state.value));
        }
    }
    Some(())
}

fn float(bytes: &mut &[u8]) -> Option<f64> {
    let (head, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some(f64::from_bits(u64::from_le_bytes(*head)))
}

/// Small numbers of either sign as small numbers without.
pub(super) fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

/// The inverse of [`zigzag`].
pub(super) fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// Appends a number of variable length.
pub(super) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes a number of variable length from the front.
pub(super) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(samples: &[(i64, f64)]) -> usize {
        let mut chunk = Chunk::new(samples[0].0, samples[0].1);
        samples[1..].iter().for_each(|&(at, value)| chunk.push(at, value));
        let mut written = Vec::new();
        chunk.write(&mut written);
        let (mut open, mut stored) = (Vec::new(), Vec::new());
        chunk.samples(i64::MIN, i64::MAX, &mut open);
        read(&written, i64::MIN, i64::MAX, &mut stored).expect("it is well formed");
        let bits =
            |samples: &[(i64, f64)]| samples.iter().map(|(at, value)| (*at, value.to_bits())).collect::<Vec<_>>();
        assert_eq!(bits(&open), bits(samples));
        assert_eq!(bits(&stored), bits(samples));
        written.len()
    }

    #[test]
    fn every_value_survives() {
        let stale = f64::from_bits(0x7ff0_0000_0000_0002);
        let values = [
            0.0,
            -0.0,
            1.0,
            30.0,
            31.0,
            32.0,
            61.0,
            62.0,
            -5.0,
            1e15,
            9_007_199_254_740_991.0,
            9_007_199_254_740_992.0,
            1e300,
            f64::MIN_POSITIVE,
            0.1,
            0.2,
            0.30000000000000004,
            f64::NAN,
            stale,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            f64::MIN,
            -0.0,
            0.0,
        ];
        for (skip, _) in values.iter().enumerate() {
            let samples: Vec<_> = values[skip..]
                .iter()
                .enumerate()
                .map(|(at, value)| (at as i64 * 5000 + (at * at) as i64, *value))
                .collect();
            round_trip(&samples);
        }
    }

    #[test]
    fn random_samples_survive() {
        let mut seed = 42_u64;
        let mut random = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            seed >> 16
        };
        for _ in 0..500 {
            let mut at = random() as i64 % 1_000_000_000_000 - 500_000_000_000;
            let samples: Vec<_> = (0..1 + random() % 240)
                .map(|_| {
                    at += 1 + (random() % if random() % 4 == 0 { 1_000_000 } else { 1 }) as i64;
                    let value = match random() % 4 {
                        0 => f64::from_bits(random() << 16 | random() & 0xffff),
                        1 => (random() % 1000) as f64 / 8.0,
                        2 => (random() % 100_000) as f64 - 50_000.0,
                        _ => 7.0,
                    };
                    (at, value)
                })
                .collect();
            round_trip(&samples);
        }
    }

    #[test]
    fn regular_counters_take_little() {
        let counter: Vec<_> = (0..240).map(|place| (1_700_000_000_000 + place * 5000, (place * 7) as f64)).collect();
        assert!(round_trip(&counter) <= 240 + 24, "one byte per sample");
        let constant: Vec<_> = (0..240).map(|place| (1_700_000_000_000 + place * 5000, 0.25)).collect();
        assert!(round_trip(&constant) <= 240 + 24);
    }

    #[test]
    fn a_part_can_be_read_and_damage_is_noticed() {
        let mut chunk = Chunk::new(0, 1.0);
        (1..100).for_each(|place| chunk.push(place * 10, place as f64 / 3.0));
        let mut written = Vec::new();
        chunk.write(&mut written);
        let mut part = Vec::new();
        read(&written, 200, 230, &mut part).expect("it is well formed");
        assert_eq!(part.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [200, 210, 220]);
        for cut in 1..written.len() {
            assert_eq!(read(&written[..cut], i64::MIN, i64::MAX, &mut Vec::new()), None, "cut at {cut}");
        }
    }
}
