//! Grids, gaps and decimation.

use proptest::prelude::*;

use super::*;

#[test]
fn samples_land_on_the_nearest_point() {
    let grid = Grid::between(1_000, 1_400, 100);
    assert_eq!(grid.len, 5);
    assert_eq!(
        align(
            &[(949, 9.0), (950, 1.0), (1_149, 2.0), (1_151, 3.0), (1_300, f64::NAN), (1_449, 5.0), (1_451, 9.0)],
            grid
        ),
        [Some(1.0), Some(2.0), Some(3.0), None, Some(5.0)]
    );
    assert_eq!(align(&[(1_000, 1.0), (1_010, 2.0)], grid)[0], Some(2.0), "the later sample stands");
    assert_eq!(Grid::between(5, 4, 1).len, 0);
    assert_eq!(Grid::between(i64::MIN, i64::MAX, 0).index_of(i64::MIN), Some(0), "extremes do not overflow");
}

#[test]
fn gaps_are_the_stretches_without_values() {
    assert_eq!(gaps(&[None, Some(1.0), None, None, Some(2.0), None]), [0..1, 2..4, 5..6]);
    assert!(gaps(&[Some(1.0)]).is_empty());
    assert_eq!(gaps(&[None, None]), vec![Range { start: 0, end: 2 }]);
    assert!(gaps(&[]).is_empty());
}

#[test]
fn few_samples_stay_as_they_are() {
    assert_eq!(decimate(&[(1, 1.0), (2, f64::INFINITY), (3, 2.0)], 10), [(1, 1.0), (3, 2.0)]);
    assert_eq!(decimate(&[], 10), []);
    assert_eq!(decimate(&[(1, f64::NAN)], 10), []);
}

proptest! {
    #[test]
    fn decimation_keeps_ends_and_extremes_in_order(values in prop::collection::vec(-1.0e6..1.0e6, 50..400), buckets in 1_usize..12) {
        let samples: Vec<(i64, f64)> = (0..).zip(values).map(|(at, value)| (at * 15_000, value)).collect();
        let kept = decimate(&samples, buckets);
        prop_assert!(kept.len() <= buckets * 4);
        prop_assert_eq!(kept.first(), samples.first());
        prop_assert_eq!(kept.last(), samples.last());
        prop_assert!(kept.windows(2).all(|pair| pair[0].0 < pair[1].0));
        prop_assert!(kept.iter().all(|sample| samples.contains(sample)));
        let low = |all: &[(i64, f64)]| all.iter().map(|(_, value)| *value).fold(f64::INFINITY, f64::min);
        let high = |all: &[(i64, f64)]| all.iter().map(|(_, value)| *value).fold(f64::NEG_INFINITY, f64::max);
        prop_assert_eq!((low(&kept), high(&kept)), (low(&samples), high(&samples)));
    }
}
