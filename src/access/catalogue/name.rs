//! Names that are near to a wrong one. PURE.

/// Those of the names that are nearest, at most three, the nearest first.
pub(in crate::access) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = name.to_lowercase();
    let mut ranked: Vec<(usize, &str)> = names.map(|it| (distance(&wanted, &it.to_lowercase()), it)).collect();
    ranked.sort_unstable();
    let bound = (wanted.chars().count() / 2).max(3);
    ranked.into_iter().filter(|(distance, _)| *distance <= bound).take(3).map(|(_, name)| name).collect()
}

/// Levenshtein distance: edits of one character.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
