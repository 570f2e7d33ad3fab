//! What leaves for a store, case by case.

use super::*;
use crate::scope::MeshSelector;

#[test]
fn confine_smoke() {
    let two = MeshScope::new([
        MeshSelector::only(Some("west"), ["shop"]).expect("valid"),
        MeshSelector::only(Some("east"), ["ai"]).expect("valid"),
    ]);
    let show = |expr: &str| confine(expr, &two, Side::Source, None).map(|c| c.get().to_string());
    for e in [
        "up",
        "sum by (a) (rate(m{x=~\"a|b\"}[5m]))",
        "topk(scalar(count(x)), y)",
        "absent(up)",
        "max_over_time(m[5m:1m] offset 5m)",
        "timestamp(m @ start())",
    ] {
        eprintln!("{:?}", show(e));
    }
    eprintln!("{:?}", confine("up", &MeshScope::nothing(), Side::Source, None));
}
