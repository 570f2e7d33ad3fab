//! The order within columns: few crossings, found by sweeping barycentres and keeping the best.

/// What a vertex is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A node or box.
    Member,
    /// A line passing through.
    Lane,
}

/// A link between vertices of neighbouring columns, with the heights it leaves and enters at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub left: usize,
    pub left_offset: f64,
    pub right: usize,
    pub right_offset: f64,
}

/// Vertices in columns.
#[derive(Clone, Debug)]
pub(super) struct Net {
    pub columns: Vec<Vec<usize>>,
    pub vertices: Vec<Vertex>,
    pub links: Vec<Link>,
}

/// A vertex.
#[derive(Clone, Debug)]
pub(super) struct Vertex {
    pub column: usize,
    pub height: f64,
    pub kind: Kind,
    pub top: f64,
    /// Links to the left and to the right.
    pub links: [Vec<usize>; 2],
}

impl Net {
    pub(super) fn new(columns: usize) -> Self {
        Self { columns: vec![Vec::new(); columns], vertices: Vec::new(), links: Vec::new() }
    }

    pub(super) fn add(&mut self, column: usize, height: f64, kind: Kind) -> usize {
        let vertex = self.vertices.len();
        self.vertices.push(Vertex { column, height, kind, top: 0.0, links: [Vec::new(), Vec::new()] });
        self.columns[column].push(vertex);
        vertex
    }

    pub(super) fn link(&mut self, left: usize, left_offset: f64, right: usize, right_offset: f64) {
        let link = self.links.len();
        self.links.push(Link { left, left_offset, right, right_offset });
        self.vertices[left].links[1].push(link);
        self.vertices[right].links[0].push(link);
    }

    pub(super) fn len(&self) -> usize {
        self.vertices.len()
    }

    pub(super) fn columns(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn column(&self, vertex: usize) -> usize {
        self.vertices[vertex].column
    }

    pub(super) fn top(&self, vertex: usize) -> f64 {
        self.vertices[vertex].top
    }

    pub(super) fn height(&self) -> f64 {
        self.vertices.iter().map(|vertex| vertex.top + vertex.height).fold(0.0, f64::max)
    }

    /// Extra room to the right of a column whose lines climb far, so that they do not become walls.
    pub(super) fn steepness(&self, column: usize) -> f64 {
        let climb = self.columns[column].iter().flat_map(|vertex| &self.vertices[*vertex].links[1]).map(|link| {
            let link = &self.links[*link];
            (self.top(link.left) + link.left_offset - self.top(link.right) - link.right_offset).abs()
        });
        (climb.fold(0.0, f64::max) / 14.0 - 8.0).clamp(0.0, 72.0).round()
    }
}

/// Orders every column. `seeds` are former places; members without one begin where their neighbours are.
pub(super) fn untangle(net: &mut Net, seeds: &[Option<f64>]) {
    let mut positions = vec![0.0; net.len()];
    begin(net, seeds);
    number(net, &mut positions);
    let mut best = (crossings(net, &positions), net.columns.clone());
    // About linear in the size of the net, with a floor that still gives a decent drawing.
    let sweeps = (400_000 / net.len().max(1)).clamp(4, 24);
    let mut fruitless = 0;
    for sweep in 0..sweeps {
        let to_right = sweep % 2 == 0;
        let columns: Vec<usize> =
            if to_right { (1..net.columns.len()).collect() } else { (0..net.columns.len()).rev().skip(1).collect() };
        for column in columns {
            sort_column(net, column, usize::from(!to_right), &mut positions);
        }
        let found = crossings(net, &positions);
        if found < best.0 {
            best = (found, net.columns.clone());
            fruitless = 0;
        } else {
            fruitless += 1;
        }
        if best.0 == 0 || fruitless >= 6 {
            break;
        }
    }
    net.columns = best.1;
}

/// The first order: as it was; newcomers and lanes by those left of them.
fn begin(net: &mut Net, seeds: &[Option<f64>]) {
    let mut at: Vec<f64> = vec![0.0; net.len()];
    for column in 0..net.columns.len() {
        let mut vertices = std::mem::take(&mut net.columns[column]);
        for (place, vertex) in vertices.iter().enumerate() {
            let lefts = &net.vertices[*vertex].links[0];
            let sum: f64 = lefts.iter().map(|link| at[net.links[*link].left]).sum();
            let beside = (!lefts.is_empty()).then(|| sum / lefts.len() as f64);
            at[*vertex] = seeds[*vertex].or(beside).unwrap_or(place as f64 * 40.0);
        }
        vertices.sort_by(|a, b| at[*a].total_cmp(&at[*b]));
        net.columns[column] = vertices;
    }
}

fn number(net: &Net, positions: &mut [f64]) {
    for column in &net.columns {
        for (place, vertex) in column.iter().enumerate() {
            positions[*vertex] = place as f64;
        }
    }
}

/// Where a link meets a vertex, in units of places: half-way for a lane, by height for a member.
fn meets(net: &Net, link: &Link, left: bool, positions: &[f64]) -> f64 {
    let (vertex, offset) = if left { (link.left, link.left_offset) } else { (link.right, link.right_offset) };
    let height = net.vertices[vertex].height;
    positions[vertex] + if height > 0.0 { (offset / height).clamp(0.0, 1.0) * 0.8 + 0.1 } else { 0.5 }
}

fn sort_column(net: &mut Net, column: usize, side: usize, positions: &mut [f64]) {
    let mut vertices = std::mem::take(&mut net.columns[column]);
    let centre = |vertex: &usize| {
        let links = &net.vertices[*vertex].links[side];
        if links.is_empty() {
            return None;
        }
        let sum: f64 = links.iter().map(|link| meets(net, &net.links[*link], side == 0, positions)).sum();
        Some(sum / links.len() as f64)
    };
    let mut free: Vec<(usize, f64)> = vertices.iter().filter_map(|v| centre(v).map(|c| (*v, c))).collect();
    free.sort_by(|a, b| a.1.total_cmp(&b.1));
    // Whoever has no neighbours on this side keeps its place among the others.
    let mut sorted = free.into_iter().map(|(vertex, _)| vertex);
    for place in &mut vertices {
        if !net.vertices[*place].links[side].is_empty() {
            *place = sorted.next().expect("as many as were taken out");
        }
    }
    for (place, vertex) in vertices.iter().enumerate() {
        positions[*vertex] = place as f64;
    }
    net.columns[column] = vertices;
}

/// Number of crossings between neighbouring columns.
pub(super) fn crossings(net: &Net, positions: &[f64]) -> usize {
    let mut found = 0;
    let mut ends: Vec<(f64, f64)> = Vec::new();
    for column in &net.columns {
        ends.clear();
        for link in column.iter().flat_map(|vertex| &net.vertices[*vertex].links[1]) {
            let link = &net.links[*link];
            ends.push((meets(net, link, true, positions), meets(net, link, false, positions)));
        }
        ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut rights: Vec<f64> = ends.iter().map(|(_, right)| *right).collect();
        found += inversions(&mut rights);
    }
    found
}

/// Pairs out of order, counted while merging.
fn inversions(values: &mut [f64]) -> usize {
    if values.len() < 2 {
        return 0;
    }
    let middle = values.len() / 2;
    let mut found = inversions(&mut values[..middle]) + inversions(&mut values[middle..]);
    let mut merged = Vec::with_capacity(values.len());
    let (mut a, mut b) = (0, middle);
    while a < middle || b < values.len() {
        if b >= values.len() || (a < middle && values[a] <= values[b]) {
            merged.push(values[a]);
            a += 1;
        } else {
            found += middle - a;
            merged.push(values[b]);
            b += 1;
        }
    }
    values.copy_from_slice(&merged);
    found
}
