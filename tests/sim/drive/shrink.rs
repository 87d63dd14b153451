//! What is left of a history that breaks a law when all that is not needed for it is left out.

/// How many runs it may take.
const MOST_RUNS: usize = 160;

/// The fewest of so many acts with which it still breaks, as far as can be found. Chance outside a seed is not held still, so
/// that what broke once may pass: each part is given a second try.
pub(super) fn shrunk(acts: usize, breaks: impl Fn(&[usize]) -> bool) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..acts).collect();
    let (mut runs, mut size) = (0, acts.div_ceil(2));
    while size > 0 && !kept.is_empty() {
        let mut smaller = None;
        for part in kept.chunks(size) {
            let rest: Vec<usize> = kept.iter().filter(|it| !part.contains(it)).copied().collect();
            runs += 2;
            if breaks(&rest) || breaks(&rest) {
                smaller = Some(rest);
            }
            if smaller.is_some() || runs > MOST_RUNS {
                break;
            }
        }
        match smaller {
            Some(rest) => kept = rest,
            None => size /= 2,
        }
        if runs > MOST_RUNS {
            break;
        }
    }
    kept
}

#[test]
fn what_is_not_needed_is_left_out() {
    let breaks = |kept: &[usize]| [3, 4, 17].iter().all(|it| kept.contains(it));
    assert_eq!(shrunk(24, breaks), [3, 4, 17]);
    assert_eq!(shrunk(24, |_| true), Vec::<usize>::new());
    assert_eq!(shrunk(5, |kept| kept.len() == 5), [0, 1, 2, 3, 4]);
}
