//! Smooth lines through bend points.

use std::fmt::Write as _;

/// Path data through the points: level at each of them, so that lines leave and enter nodes at a right angle. An edge
/// from a node to itself (four points that go up, over and down) becomes an arch.
pub fn path(points: &[[f64; 2]]) -> String {
    let mut data = String::new();
    let Some([x, y]) = points.first() else { return data };
    let write = |data: &mut String, text: std::fmt::Arguments<'_>| data.write_fmt(text).expect("strings take all");
    write(&mut data, format_args!("M{} {}", n(*x), n(*y)));
    for [a, b, c, d] in pieces(points) {
        if a[1] == b[1] && c[1] == d[1] && a[1] == d[1] {
            write(&mut data, format_args!("H{}", n(d[0])));
        } else {
            let [bx, by, cx, cy, dx, dy] = [b[0], b[1], c[0], c[1], d[0], d[1]].map(n);
            write(&mut data, format_args!("C{bx} {by} {cx} {cy} {dx} {dy}"));
        }
    }
    data
}

/// A point of that line, `along` 0 at its start and 1 at its end, by length.
pub fn point_at(points: &[[f64; 2]], along: f64) -> [f64; 2] {
    let pieces: Vec<[[f64; 2]; 4]> = pieces(points).collect();
    let length = |[a, _, _, d]: &[[f64; 2]; 4]| (a[0] - d[0]).hypot(a[1] - d[1]).max(1e-6);
    let total: f64 = pieces.iter().map(length).sum();
    let mut left = along.clamp(0.0, 1.0) * total;
    for (place, piece) in pieces.iter().enumerate() {
        let own = length(piece);
        if left <= own || place + 1 == pieces.len() {
            return bezier(piece, (left / own).min(1.0));
        }
        left -= own;
    }
    points.first().copied().unwrap_or_default()
}

fn bezier([a, b, c, d]: &[[f64; 2]; 4], t: f64) -> [f64; 2] {
    let s = 1.0 - t;
    [0, 1].map(|i| s * s * s * a[i] + 3.0 * s * s * t * b[i] + 3.0 * s * t * t * c[i] + t * t * t * d[i])
}

/// Cubic pieces: start, two handles, end.
fn pieces(points: &[[f64; 2]]) -> impl Iterator<Item = [[f64; 2]; 4]> {
    let arch = match points {
        [a, b, c, d] if a[0] == b[0] && c[0] == d[0] && a[1] == d[1] && b[1] == c[1] && a[1] != b[1] => {
            Some([*a, *b, *c, *d])
        }
        _ => None,
    };
    let pairs = if arch.is_some() { &[][..] } else { points };
    arch.into_iter().chain(pairs.windows(2).map(|pair| {
        let (a, d) = (pair[0], pair[1]);
        let mid = f64::midpoint(a[0], d[0]);
        [a, [mid, a[1]], [mid, d[1]], d]
    }))
}

/// One decimal is finer than any screen.
fn n(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
