//! Whether something got past a wall. Deliberately another way of thinking than the one that confines: a question that left
//! is read again from its text, and every selector in it is tried on places that the tenant does not see.

use std::collections::BTreeSet;

use mesh::Labels;
use promql_parser::{
    label::Matchers,
    parser::{self, Expr, VectorSelector},
};
use query::{MeshScope, Namespaces, Side};

use crate::metrics::Sample;

/// Most names of a scope that are tried against each other.
const NAMES_MAX: usize = 64;

/// What a tenant may see in a metrics store.
pub(super) struct Fence<'a> {
    pub mesh: &'a MeshScope,
    /// The label that keeps tenants apart in a shared store, with this tenant's value.
    pub label: Option<(&'a str, &'a str)>,
    /// A namespace that only others see.
    pub foreign: &'a str,
}

impl Fence<'_> {
    /// Whether an expression that left for the store can read nothing but what the tenant sees.
    pub(super) fn expression(&self, text: &str, side: Side) -> Result<(), String> {
        let parsed = parser::parse(text).map_err(|_| "what left for the store cannot be read again".to_owned())?;
        let mut selectors = Vec::new();
        collect(&parsed, &mut selectors)?;
        selectors.into_iter().try_for_each(|selector| self.selector(selector, side))
    }

    /// Places inside and outside: every name of the scope, somebody else's, one nobody has, and none at all.
    fn places(&self) -> Vec<(String, String)> {
        let (mut clusters, mut namespaces) = (BTreeSet::new(), BTreeSet::new());
        for selector in self.mesh.selectors() {
            clusters.extend(selector.cluster().map(str::to_owned));
            if let Namespaces::Only(names) = selector.namespaces() {
                namespaces.extend(names.iter().cloned());
            }
        }
        let more = |names: BTreeSet<String>, others: &[&str]| -> Vec<String> {
            others.iter().map(|name| (*name).to_owned()).chain(names).take(NAMES_MAX).collect()
        };
        let clusters = more(clusters, &["", super::NOWHERE]);
        let namespaces = more(namespaces, &["", super::NOWHERE, self.foreign]);
        clusters.iter().flat_map(|cluster| namespaces.iter().map(|name| (cluster.clone(), name.clone()))).collect()
    }

    fn selector(&self, selector: &VectorSelector, side: Side) -> Result<(), String> {
        let matchers = &selector.matchers;
        if !matchers.or_matchers.is_empty() {
            return Err("a selector that left has alternatives".to_owned());
        }
        if let Some((name, value)) = self.label {
            for other in ["", super::NOWHERE] {
                if satisfies(matchers, name, other) {
                    return Err(format!("a selector that left takes series whose {name} is not {value}"));
                }
            }
        }
        let (cluster_label, namespace_label) = (side.cluster_label(), side.namespace_label());
        for (cluster, namespace) in self.places() {
            let taken =
                satisfies(matchers, cluster_label, &cluster) && satisfies(matchers, namespace_label, &namespace);
            if taken && !self.mesh.sees(&cluster, &namespace) {
                return Err("a selector that left takes series outside of what the tenant sees".to_owned());
            }
        }
        Ok(())
    }

    /// How many series of an answer are not the tenant's, by their labels.
    pub(super) fn foreign_series(&self, samples: &[Sample], side: Side) -> usize {
        samples.iter().filter(|sample| !self.owns(&sample.labels, side)).count()
    }

    fn owns(&self, labels: &Labels, side: Side) -> bool {
        self.label.is_none_or(|(name, value)| labels.get(name) == value)
            && self.mesh.sees(labels.get(side.cluster_label()), labels.get(side.namespace_label()))
    }

    /// How many names of namespaces are none of the tenant's. A list of names does not tell the cluster.
    pub(super) fn foreign_names(&self, names: &[String]) -> usize {
        let seen = |name: &String| {
            self.mesh.selectors().iter().any(|selector| match selector.namespaces() {
                Namespaces::All => true,
                Namespaces::Only(own) => own.contains(name),
            })
        };
        names.iter().filter(|name| !seen(name)).count()
    }
}

/// Whether a series with this value of one label could be selected.
fn satisfies(matchers: &Matchers, label: &str, value: &str) -> bool {
    matchers.matchers.iter().filter(|matcher| matcher.name == label).all(|matcher| matcher.is_match(value))
}

/// Every selector, also those in parameters of aggregations and in arguments of functions.
fn collect<'e>(expr: &'e Expr, found: &mut Vec<&'e VectorSelector>) -> Result<(), String> {
    match expr {
        Expr::VectorSelector(selector) => found.push(selector),
        Expr::MatrixSelector(matrix) => found.push(&matrix.vs),
        Expr::Aggregate(inner) => {
            collect(&inner.expr, found)?;
            if let Some(parameter) = &inner.param {
                collect(parameter, found)?;
            }
        }
        Expr::Unary(inner) => collect(&inner.expr, found)?,
        Expr::Binary(inner) => {
            collect(&inner.lhs, found)?;
            collect(&inner.rhs, found)?;
        }
        Expr::Paren(inner) => collect(&inner.expr, found)?,
        Expr::Subquery(inner) => collect(&inner.expr, found)?,
        Expr::Call(inner) => {
            // Without a second argument the store selects series that no matcher of ours is on.
            if inner.func.name == "info" && inner.args.args.len() < 2 {
                return Err("info() left without a selector of its own".to_owned());
            }
            for argument in &inner.args.args {
                collect(argument, found)?;
            }
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => {}
        Expr::Extension(_) => return Err("what left has a part that is not known".to_owned()),
    }
    Ok(())
}
