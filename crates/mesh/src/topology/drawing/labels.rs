//! Places for the texts on edges: near the middle, off nodes and off each other.

use std::collections::BTreeMap;

use super::point_at;
use crate::{
    order::in_order,
    topology::{Edge, Graph, Layout, NodeKind},
};

/// Height of a label and mean width of its letters, at the size labels are drawn in.
const HEIGHT: f64 = 13.0;
const LETTER: f64 = 5.9;
/// Where along the edge a label may stand, the best place first. Never at the ends, where edges meet.
const ALONG: [f64; 9] = [0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.2, 0.8];
/// How far it may be lifted off the edge.
const LIFT: [f64; 4] = [-6.0, 0.0, -13.0, 8.0];

/// A text on an edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// What it says.
    pub text: String,
    /// Middle of its base line.
    pub at: [f64; 2],
}

/// Places for the labels of a graph, by edge id. The busiest edges choose first; where everything is taken, the least
/// bad place is used.
pub fn labels(graph: &Graph, layout: &Layout, text: &dyn Fn(&Edge) -> String) -> BTreeMap<String, Label> {
    let mut taken = Taken::default();
    for node in graph.nodes.iter().filter(|node| node.kind != NodeKind::Box) {
        if let Some(rect) = layout.nodes.get(&node.id) {
            taken.add([rect.x, rect.y, rect.x + rect.w, rect.y + rect.h]);
        }
    }
    let edges = &graph.edges;
    let busiest_first = in_order(edges.len(), &|a, b| {
        let (a, b) = (&edges[a], &edges[b]);
        b.rate.total_cmp(&a.rate).then_with(|| a.id.cmp(&b.id))
    });
    let mut labels = BTreeMap::new();
    for place in busiest_first {
        let edge = &edges[place];
        let text = text(edge);
        let Some(points) = layout.edges.get(&edge.id).filter(|points| points.len() > 1 && !text.is_empty()) else {
            continue;
        };
        let half = text.chars().count() as f64 * LETTER / 2.0 + 2.0;
        let area = |[x, y]: [f64; 2]| [x - half, y - HEIGHT + 3.0, x + half, y + 3.0];
        let mut best: Option<(f64, [f64; 2])> = None;
        'search: for lift in LIFT {
            for along in ALONG {
                let [x, y] = point_at(points, along);
                let at = [x, y + lift];
                let overlap = taken.overlap(area(at));
                if best.is_none_or(|(least, _)| overlap < least) {
                    best = Some((overlap, at));
                }
                if overlap <= 0.0 {
                    break 'search;
                }
            }
        }
        if let Some((_, at)) = best {
            taken.add(area(at));
            let at = at.map(|value| (value * 10.0).round() / 10.0);
            labels.insert(edge.id.clone(), Label { text, at });
        }
    }
    labels
}

/// Taken rectangles (left, top, right, bottom), in a coarse raster so that looking is quick.
#[derive(Default)]
struct Taken {
    all: Vec<[f64; 4]>,
    raster: BTreeMap<(i32, i32), Vec<usize>>,
}

impl Taken {
    const CELL: f64 = 64.0;

    fn cells([left, top, right, bottom]: [f64; 4]) -> impl Iterator<Item = (i32, i32)> {
        let cell = |value: f64| (value / Self::CELL).floor() as i32;
        (cell(left)..=cell(right)).flat_map(move |x| (cell(top)..=cell(bottom)).map(move |y| (x, y)))
    }

    fn add(&mut self, area: [f64; 4]) {
        for cell in Self::cells(area) {
            self.raster.entry(cell).or_default().push(self.all.len());
        }
        self.all.push(area);
    }

    /// The largest area shared with anything taken.
    fn overlap(&self, area: [f64; 4]) -> f64 {
        let near = Self::cells(area).filter_map(|cell| self.raster.get(&cell)).flatten();
        near.map(|place| {
            let other = self.all[*place];
            let wide = area[2].min(other[2]) - area[0].max(other[0]);
            let high = area[3].min(other[3]) - area[1].max(other[1]);
            if wide > 0.0 && high > 0.0 { wide * high } else { 0.0 }
        })
        .fold(0.0, f64::max)
    }
}
