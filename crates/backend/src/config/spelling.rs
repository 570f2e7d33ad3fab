//! Which known word somebody meant who wrote another one.

/// The known word that was probably meant: at most two letters wrong, missing, too many or swapped, and fewer than half.
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word: Vec<char> = word.to_lowercase().chars().collect();
    let distance = |key: &str| distance(&word, &key.chars().collect::<Vec<_>>());
    let (best, key) = known.iter().map(|key| (distance(key), *key)).min_by_key(|(distance, _)| *distance)?;
    (best <= 2 && best * 2 < key.len()).then_some(key)
}

/// Optimal string alignment distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_recognised_and_other_words_are_not() {
        let known = ["listen", "public_url", "data_dir"];
        assert_eq!(nearest("lissten", &known), Some("listen"));
        assert_eq!(nearest("lsiten", &known), Some("listen"));
        assert_eq!(nearest("publicurl", &known), Some("public_url"));
        assert_eq!(nearest("port", &known), None);
    }
}
