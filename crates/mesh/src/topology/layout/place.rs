//! Heights: every vertex as near to its neighbours as order and distances allow. Each column is solved exactly
//! (isotonic regression by pooling adjacent violators), columns are swept to and fro.

use super::order::{Kind, Net};

const SWEEPS: usize = 14;
/// Least distances of neighbours in a column.
const BETWEEN_MEMBERS: f64 = 24.0;
const BETWEEN_LANES: f64 = 12.0;
const LANE_TO_MEMBER: f64 = 18.0;

/// Gives every vertex its top, from 0 down, without overlap in any column.
pub(super) fn settle(net: &mut Net) {
    for column in 0..net.columns.len() {
        let mut y = 0.0;
        for place in 0..net.columns[column].len() {
            let vertex = net.columns[column][place];
            if place > 0 {
                y += distance(net, net.columns[column][place - 1], vertex);
            }
            net.vertices[vertex].top = y;
            y += net.vertices[vertex].height;
        }
        // Columns begin centred on each other.
        for place in 0..net.columns[column].len() {
            let vertex = net.columns[column][place];
            net.vertices[vertex].top -= y / 2.0;
        }
    }
    for sweep in 0..SWEEPS {
        let sides: &[usize] = if sweep + 4 >= SWEEPS { &[0, 1] } else { &[[0], [1]][sweep % 2] };
        let count = net.columns.len();
        for step in 0..count {
            let column = if sweep % 2 == 0 { step } else { count - 1 - step };
            fit(net, column, sides);
        }
    }
    let least = net.vertices.iter().map(|vertex| vertex.top).fold(f64::INFINITY, f64::min);
    for vertex in &mut net.vertices {
        vertex.top = ((vertex.top - least) * 2.0).round() / 2.0;
    }
    // Rounding may have taken half a unit from a distance; give it back downwards.
    for column in 0..net.columns.len() {
        for place in 1..net.columns[column].len() {
            let (above, below) = (net.columns[column][place - 1], net.columns[column][place]);
            let least = net.vertices[above].top + net.vertices[above].height + distance(net, above, below);
            net.vertices[below].top = net.vertices[below].top.max(least);
        }
    }
}

fn distance(net: &Net, above: usize, below: usize) -> f64 {
    match (net.vertices[above].kind, net.vertices[below].kind) {
        (Kind::Member, Kind::Member) => BETWEEN_MEMBERS,
        (Kind::Lane, Kind::Lane) => BETWEEN_LANES,
        (Kind::Member, Kind::Lane) | (Kind::Lane, Kind::Member) => LANE_TO_MEMBER,
    }
}

/// A run of vertices that touch and move as one.
struct Pool {
    /// Sum of weights, and of weight times wished place.
    weight: f64,
    moment: f64,
    count: usize,
}

fn fit(net: &mut Net, column: usize, sides: &[usize]) {
    let vertices = &net.columns[column];
    let mut pools: Vec<Pool> = Vec::new();
    let mut stacked = Vec::with_capacity(vertices.len());
    let mut below = 0.0;
    for (place, vertex) in vertices.iter().enumerate() {
        if place > 0 {
            below += distance(net, vertices[place - 1], *vertex);
        }
        stacked.push(below);
        let (wish, weight) = wish(net, *vertex, sides);
        pools.push(Pool { weight, moment: weight * (wish - below), count: 1 });
        below += net.vertices[*vertex].height;
        while let [.., upper, lower] = pools.as_slice() {
            if upper.moment / upper.weight <= lower.moment / lower.weight {
                break;
            }
            let lower = pools.pop().expect("two pools were matched");
            let upper = pools.last_mut().expect("two pools were matched");
            upper.weight += lower.weight;
            upper.moment += lower.moment;
            upper.count += lower.count;
        }
    }
    let mut tops = Vec::with_capacity(vertices.len());
    for pool in &pools {
        tops.extend(std::iter::repeat_n(pool.moment / pool.weight, pool.count));
    }
    for (place, (base, offset)) in tops.into_iter().zip(stacked).enumerate() {
        let vertex = net.columns[column][place];
        net.vertices[vertex].top = base + offset;
    }
}

/// Where a vertex wants its top, and how much. Lanes pull hard, so that long lines are straight.
fn wish(net: &Net, vertex: usize, sides: &[usize]) -> (f64, f64) {
    let own = &net.vertices[vertex];
    let (mut weights, mut sum) = (0.0, 0.0);
    for side in sides {
        for link in &own.links[*side] {
            let link = &net.links[*link];
            let (other, wished) = if *side == 0 {
                (link.left, net.top(link.left) + link.left_offset - link.right_offset)
            } else {
                (link.right, net.top(link.right) + link.right_offset - link.left_offset)
            };
            let weight = match (own.kind, net.vertices[other].kind) {
                (Kind::Lane, Kind::Lane) => 8.0,
                (Kind::Lane, Kind::Member) | (Kind::Member, Kind::Lane) => 2.0,
                (Kind::Member, Kind::Member) => 1.0,
            };
            weights += weight;
            sum += weight * wished;
        }
    }
    // Without neighbours it stays, but yields to everybody.
    if weights > 0.0 { (sum / weights, weights) } else { (own.top, 0.01) }
}
