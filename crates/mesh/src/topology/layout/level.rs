//! One container's inside: columns of members, lanes for lines that pass, and ports where lines leave the box.

use std::collections::{BTreeMap, BTreeSet};

use super::{BOX_TITLE, order, place, structure::Structure};

/// Room between a box and its members.
const PADDING: f64 = 16.0;
/// Room between columns: an edge's label fits in.
const GAP: f64 = 96.0;
/// Room between a box's border and its first or last column where lines pass.
const PORT_GAP: f64 = 40.0;
/// Room between drawings of members that are not linked.
const LOOSE_GAP: f64 = 24.0;

/// A side of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Left,
    Right,
}

/// What runs through a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    /// A bundle, between two members.
    Bundle(usize),
    /// All lines of a node that leave the box on a side.
    Port(usize, Side),
}

/// A container laid out, with coordinates from its top left corner.
#[derive(Clone, Debug, Default)]
pub(super) struct Level {
    pub width: f64,
    pub height: f64,
    /// Member → top left corner.
    pub places: BTreeMap<usize, [f64; 2]>,
    /// Member → right edge of its column.
    pub column_ends: BTreeMap<usize, f64>,
    /// Lane → stretches `[x from, x to, y]`, left to right.
    pub lanes: BTreeMap<Lane, Vec<[f64; 3]>>,
    /// Node and side → where its lines meet the border.
    pub ports: BTreeMap<(usize, Side), f64>,
}

/// Size and attachment heights of members, as far as they are known.
pub(super) struct Sizes<'a> {
    structure: &'a Structure,
    levels: &'a BTreeMap<Option<usize>, Level>,
}

impl Sizes<'_> {
    pub(super) fn width(&self, item: usize) -> f64 {
        self.levels.get(&Some(item)).map_or(self.structure.items[item].width, |level| level.width)
    }

    pub(super) fn height(&self, item: usize) -> f64 {
        self.levels.get(&Some(item)).map_or(self.structure.items[item].height, |level| level.height)
    }

    /// Where lines of `node` leave the member that holds it, from the member's top.
    fn attach(&self, member: usize, node: usize, side: Side) -> f64 {
        match self.levels.get(&Some(member)) {
            Some(level) => level.ports.get(&(node, side)).copied().unwrap_or(level.height / 2.0),
            None => {
                let item = &self.structure.items[member];
                item.above + (item.height - item.above) / 2.0
            }
        }
    }
}

/// A line between two members or ports of a level.
struct Run {
    lane: Lane,
    left: End,
    right: End,
}

#[derive(Clone, Copy)]
enum End {
    /// Member, and the height its lines leave it at.
    Member(usize, f64),
    Border,
}

/// All containers, the innermost first.
pub(super) fn all(structure: &Structure, columns: &[usize]) -> BTreeMap<Option<usize>, Level> {
    let mut runs: BTreeMap<Option<usize>, Vec<(Lane, usize, usize)>> = BTreeMap::new();
    let mut ports: BTreeMap<usize, BTreeSet<(usize, Side)>> = BTreeMap::new();
    for (at, bundle) in structure.bundles.iter().enumerate() {
        let (container, a, b) = structure.meeting(bundle.a, bundle.b);
        let ((left, left_member), (right, right_member)) = sides(columns, (bundle.a, a), (bundle.b, b));
        runs.entry(container).or_default().push((Lane::Bundle(at), left, right));
        for (node, member, side) in [(left, left_member, Side::Right), (right, right_member, Side::Left)] {
            for around in structure.path(node).into_iter().skip(1).take_while(|around| Some(*around) != container) {
                ports.entry(around).or_default().insert((node, side));
            }
            debug_assert!(structure.path(node).contains(&member), "the member holds the node");
        }
    }
    let mut containers: Vec<Option<usize>> =
        (0..structure.items.len()).filter(|item| !structure.items[*item].children.is_empty()).map(Some).collect();
    containers.sort_by_key(|container| container.map(|item| std::cmp::Reverse(structure.path(item).len())));
    containers.push(None);
    let mut levels = BTreeMap::new();
    for container in containers {
        let sizes = Sizes { structure, levels: &levels };
        let member_of = |node: usize| {
            let path = structure.path(node);
            let at = container.map_or(path.len(), |container| path.iter().position(|i| *i == container).unwrap_or(0));
            path[at - 1]
        };
        let end = |node: usize, side| {
            let member = member_of(node);
            End::Member(member, sizes.attach(member, node, side))
        };
        let mut lines: Vec<Run> = runs
            .remove(&container)
            .unwrap_or_default()
            .into_iter()
            .map(|(lane, left, right)| Run { lane, left: end(left, Side::Right), right: end(right, Side::Left) })
            .collect();
        for (node, side) in container.and_then(|container| ports.remove(&container)).unwrap_or_default() {
            let (left, right) = match side {
                Side::Left => (End::Border, end(node, side)),
                Side::Right => (end(node, side), End::Border),
            };
            lines.push(Run { lane: Lane::Port(node, side), left, right });
        }
        let level = one(structure, container, columns, &lines, &sizes);
        levels.insert(container, level);
    }
    levels
}

/// The two ends of a bundle, the left one first: node and the member that holds it.
pub(super) fn sides(columns: &[usize], a: (usize, usize), b: (usize, usize)) -> ((usize, usize), (usize, usize)) {
    if columns[a.1] <= columns[b.1] { (a, b) } else { (b, a) }
}

fn one(structure: &Structure, container: Option<usize>, columns: &[usize], runs: &[Run], sizes: &Sizes<'_>) -> Level {
    let members = structure.members(container);
    let mut linked: BTreeSet<usize> = BTreeSet::new();
    for end in runs.iter().flat_map(|run| [run.left, run.right]) {
        if let End::Member(member, _) = end {
            linked.insert(member);
        }
    }
    let mut layers = Layers::new(members.iter().copied().filter(|item| linked.contains(item)), columns, runs, sizes);
    let seeds = layers.seeds(structure);
    order::untangle(&mut layers.net, &seeds);
    place::settle(&mut layers.net);
    let inset = if container.is_some() { [PADDING, BOX_TITLE] } else { [0.0, 0.0] };
    let mut level = layers.level(runs, sizes, inset);
    let loose: Vec<usize> = members.iter().copied().filter(|item| !linked.contains(item)).collect();
    add_loose(&mut level, &loose, sizes, inset);
    if container.is_some() {
        level.width += PADDING;
        level.height += PADDING;
    }
    level
}

/// Rows of members without lines, below the others.
fn add_loose(level: &mut Level, loose: &[usize], sizes: &Sizes<'_>, inset: [f64; 2]) {
    let area: f64 = loose.iter().map(|item| (sizes.width(*item) + LOOSE_GAP) * (sizes.height(*item) + LOOSE_GAP)).sum();
    let wide = level.width.max(inset[0] + area.sqrt() * 1.6);
    let top = if level.places.is_empty() { inset[1] } else { level.height + LOOSE_GAP };
    let (mut x, mut y, mut row) = (inset[0], top, 0.0_f64);
    for item in loose {
        let (width, height) = (sizes.width(*item), sizes.height(*item));
        if x > inset[0] && x + width > wide {
            (x, y, row) = (inset[0], y + row + LOOSE_GAP, 0.0);
        }
        level.places.insert(*item, [x, y]);
        level.column_ends.insert(*item, x + width);
        level.width = level.width.max(x + width);
        level.height = level.height.max(y + height);
        row = row.max(height);
        x += width + LOOSE_GAP;
    }
}

/// The level as a net of vertices in columns, lanes included.
struct Layers {
    net: order::Net,
    /// Vertex of each member.
    vertices: BTreeMap<usize, usize>,
    /// Vertices of each run's lane with their columns, left to right.
    lanes: Vec<Vec<usize>>,
    /// Whether the first and the last column are the box's borders.
    borders: [bool; 2],
}

impl Layers {
    fn new(members: impl Iterator<Item = usize>, columns: &[usize], runs: &[Run], sizes: &Sizes<'_>) -> Self {
        let members: Vec<usize> = members.collect();
        // Columns are numbered without gaps, also when loose members had some to themselves.
        let used: BTreeSet<usize> = members.iter().map(|item| columns[*item]).collect();
        let number: BTreeMap<usize, usize> = used.iter().enumerate().map(|(at, column)| (*column, at)).collect();
        let at_border =
            |left: bool| runs.iter().any(|run| matches!(if left { run.left } else { run.right }, End::Border));
        let borders = [at_border(true), at_border(false)];
        let first = usize::from(borders[0]);
        let last = first + used.len();
        let mut net = order::Net::new(last + usize::from(borders[1]));
        let mut vertices = BTreeMap::new();
        for item in members {
            let vertex = net.add(first + number[&columns[item]], sizes.height(item), order::Kind::Member);
            vertices.insert(item, vertex);
        }
        let mut lanes = Vec::with_capacity(runs.len());
        for run in runs {
            let mut lane = Vec::new();
            let (mut from, mut offset, start) = match run.left {
                End::Member(member, offset) => {
                    let vertex = vertices[&member];
                    (vertex, offset, net.column(vertex) + 1)
                }
                End::Border => {
                    let vertex = net.add(0, 0.0, order::Kind::Lane);
                    lane.push(vertex);
                    (vertex, 0.0, 1)
                }
            };
            let stop = match run.right {
                End::Member(member, _) => net.column(vertices[&member]),
                End::Border => last,
            };
            for column in start..stop {
                let vertex = net.add(column, 0.0, order::Kind::Lane);
                net.link(from, offset, vertex, 0.0);
                lane.push(vertex);
                (from, offset) = (vertex, 0.0);
            }
            match run.right {
                End::Member(member, own) => net.link(from, offset, vertices[&member], own),
                End::Border => {
                    let vertex = net.add(last, 0.0, order::Kind::Lane);
                    net.link(from, offset, vertex, 0.0);
                    lane.push(vertex);
                }
            }
            lanes.push(lane);
        }
        Self { net, vertices, lanes, borders }
    }

    /// Where members stood before; none for lanes and newcomers.
    fn seeds(&self, structure: &Structure) -> Vec<Option<f64>> {
        let mut seeds = vec![None; self.net.len()];
        for (item, vertex) in &self.vertices {
            seeds[*vertex] = structure.items[*item].before.map(|[_, y]| y);
        }
        seeds
    }

    fn level(&self, runs: &[Run], sizes: &Sizes<'_>, inset: [f64; 2]) -> Level {
        let mut widths = vec![0.0_f64; self.net.columns()];
        for (item, vertex) in &self.vertices {
            let column = self.net.column(*vertex);
            widths[column] = widths[column].max(sizes.width(*item));
        }
        let mut lefts = Vec::with_capacity(widths.len());
        let mut x = if self.borders[0] { 0.0 } else { inset[0] };
        for (column, width) in widths.iter().enumerate() {
            lefts.push(x);
            let to_border = (column == 0 && self.borders[0]) || (column + 2 == widths.len() && self.borders[1]);
            let gap = if to_border { PORT_GAP } else { GAP + self.net.steepness(column) };
            x += width + if column + 1 < widths.len() { gap } else { 0.0 };
        }
        let y = |vertex: usize| self.net.top(vertex) + inset[1];
        let mut level = Level::default();
        for (item, vertex) in &self.vertices {
            let column = self.net.column(*vertex);
            level.places.insert(*item, [lefts[column], y(*vertex)]);
            level.column_ends.insert(*item, lefts[column] + widths[column]);
        }
        for (run, lane) in runs.iter().zip(&self.lanes) {
            let stretch = |vertex: &usize| {
                let column = self.net.column(*vertex);
                [lefts[column], lefts[column] + widths[column], y(*vertex)]
            };
            let stretches: Vec<[f64; 3]> = lane.iter().map(stretch).collect();
            if let Lane::Port(node, side) = run.lane {
                let border = match side {
                    Side::Left => stretches.first(),
                    Side::Right => stretches.last(),
                };
                level.ports.insert((node, side), border.map_or(inset[1], |[.., y]| *y));
            }
            level.lanes.insert(run.lane, stretches);
        }
        level.width = if self.borders[1] { (x - inset[0]).max(0.0) } else { x };
        level.height = inset[1] + self.net.height();
        level
    }
}
