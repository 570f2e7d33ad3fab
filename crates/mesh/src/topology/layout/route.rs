//! From levels to one drawing: absolute places, and the bend points of edges.

use std::collections::BTreeMap;

use super::{
    level::{Lane, Level, Side, sides},
    structure::{LOOP_ROOM, Structure},
};
use crate::topology::{Layout, Rect};

/// Distance of edges that run side by side; less where a node is too low for it.
const BESIDE: f64 = 11.0;

/// Puts everything together, with a margin around.
pub(super) fn absolute(
    structure: &Structure,
    columns: &[usize],
    levels: &BTreeMap<Option<usize>, Level>,
    margin: f64,
) -> Layout {
    let top = &levels[&None];
    let origin = [margin, margin];
    let mut drawing = Drawing { structure, levels, corners: vec![origin; structure.items.len()], origin };
    drawing.spread(None, origin);
    let mut layout = Layout {
        width: (top.width + 2.0 * margin).ceil(),
        height: (top.height + 2.0 * margin).ceil(),
        ..Layout::default()
    };
    for (place, item) in structure.items.iter().enumerate() {
        layout.nodes.insert(item.id.clone(), drawing.rect(place));
    }
    for (at, bundle) in structure.bundles.iter().enumerate() {
        let (container, a, b) = structure.meeting(bundle.a, bundle.b);
        let ((left, _), (right, _)) = sides(columns, (bundle.a, a), (bundle.b, b));
        let line = drawing.line(container, at, left, right);
        let step = BESIDE.min(24.0 / (bundle.edges.len() as f64 - 1.0).max(1.0));
        for (place, (id, forward)) in bundle.edges.iter().enumerate() {
            let aside = (place as f64 - (bundle.edges.len() as f64 - 1.0) / 2.0) * step;
            let mut points: Vec<[f64; 2]> = line.iter().map(|[x, y]| [*x, y + aside]).collect();
            if *forward != (bundle.a == left) {
                points.reverse();
            }
            layout.edges.insert(id.clone(), points);
        }
    }
    let mut seen: BTreeMap<usize, usize> = BTreeMap::new();
    for (id, item) in &structure.loops {
        let place = seen.entry(*item).or_default();
        let rect = drawing.rect(*item);
        // Several protocols to itself: arches inside each other.
        let inset = (*place).min(2) as f64 * 7.0;
        let (from, to, y) = (rect.x + rect.w - 44.0 + inset, rect.x + rect.w - 10.0 - inset, rect.y);
        let height = LOOP_ROOM - inset;
        layout.edges.insert(id.clone(), vec![[from, y], [from, y - height], [to, y - height], [to, y]]);
        *place += 1;
    }
    layout
}

struct Drawing<'a> {
    structure: &'a Structure,
    levels: &'a BTreeMap<Option<usize>, Level>,
    /// Top left corner of every item, with the room above.
    corners: Vec<[f64; 2]>,
    /// The top level's corner.
    origin: [f64; 2],
}

impl Drawing<'_> {
    fn spread(&mut self, container: Option<usize>, corner: [f64; 2]) {
        let mut waiting = vec![(container, corner)];
        while let Some((container, [x, y])) = waiting.pop() {
            let Some(level) = self.levels.get(&container) else { continue };
            for (item, [dx, dy]) in &level.places {
                self.corners[*item] = [x + dx, y + dy];
                waiting.push((Some(*item), self.corners[*item]));
            }
        }
    }

    fn rect(&self, item: usize) -> Rect {
        let [x, y] = self.corners[item];
        match self.levels.get(&Some(item)) {
            Some(level) => Rect { x, y, w: level.width, h: level.height },
            None => {
                let item = &self.structure.items[item];
                Rect { x, y: y + item.above, w: item.width, h: item.height - item.above }
            }
        }
    }

    /// The way from the left node's right border to the right node's left border.
    fn line(&self, container: Option<usize>, bundle: usize, left: usize, right: usize) -> Vec<[f64; 2]> {
        let mut points = Vec::new();
        let (from, to) = (self.rect(left), self.rect(right));
        points.push([from.x + from.w, from.y + from.h / 2.0]);
        self.out(&mut points, container, left);
        self.lane(&mut points, container, Lane::Bundle(bundle));
        let inward: Vec<usize> = self.around(right, container);
        for around in inward.iter().rev() {
            self.lane(&mut points, Some(*around), Lane::Port(right, Side::Left));
        }
        points.push([to.x, to.y + to.h / 2.0]);
        straighten(points)
    }

    /// Out of all boxes below the container, each time to the end of the member's column.
    fn out(&self, points: &mut Vec<[f64; 2]>, container: Option<usize>, node: usize) {
        let mut member = node;
        for around in self.around(node, container) {
            self.to_column_end(points, Some(around), member);
            self.lane(points, Some(around), Lane::Port(node, Side::Right));
            member = around;
        }
        self.to_column_end(points, container, member);
    }

    fn to_column_end(&self, points: &mut Vec<[f64; 2]>, container: Option<usize>, member: usize) {
        let [x, _] = self.corner(container);
        if let (Some(end), Some([_, y])) = (self.levels[&container].column_ends.get(&member), points.last().copied()) {
            points.push([x + end, y]);
        }
    }

    fn lane(&self, points: &mut Vec<[f64; 2]>, container: Option<usize>, lane: Lane) {
        let [x, y] = self.corner(container);
        for [from, to, height] in self.levels[&container].lanes.get(&lane).into_iter().flatten() {
            points.push([x + from, y + height]);
            points.push([x + to, y + height]);
        }
    }

    /// The boxes around a node below the container, innermost first.
    fn around(&self, node: usize, container: Option<usize>) -> Vec<usize> {
        self.structure.path(node).into_iter().skip(1).take_while(|around| Some(*around) != container).collect()
    }

    fn corner(&self, container: Option<usize>) -> [f64; 2] {
        container.map_or(self.origin, |item| self.corners[item])
    }
}

/// Without points that change nothing; at least the two ends.
fn straighten(points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    let mut kept: Vec<[f64; 2]> = Vec::with_capacity(points.len());
    for point in points {
        if kept.last().is_some_and(|last| same(last[0], point[0]) && same(last[1], point[1])) {
            continue;
        }
        if let [.., before, last] = kept.as_slice()
            && same(before[1], last[1])
            && same(last[1], point[1])
        {
            kept.pop();
        }
        kept.push(point);
    }
    if kept.len() == 1 {
        kept.push(kept[0]);
    }
    kept
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.01
}
