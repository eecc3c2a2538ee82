//! Misspelt names.

/// Changes that make one word the other: a letter in place of another, one too many, one missing, two exchanged.
/// Nothing where it takes more than `most`.
pub fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let mut rows = [vec![0; b.len() + 1], (0..=b.len()).collect::<Vec<usize>>(), vec![0; b.len() + 1]];
    for i in 1..=a.len() {
        let [before, last, row] = &mut rows;
        row[0] = i;
        for j in 1..=b.len() {
            let differs = usize::from(!a[i - 1].eq_ignore_ascii_case(&b[j - 1]));
            let mut least = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + differs);
            let exchanged = |x: u8, y: u8| x.eq_ignore_ascii_case(&y);
            if i > 1 && j > 1 && exchanged(a[i - 1], b[j - 2]) && exchanged(a[i - 2], b[j - 1]) {
                least = least.min(before[j - 2] + 1);
            }
            row[j] = least;
        }
        rows.rotate_left(1);
    }
    Some(rows[1][b.len()]).filter(|d| *d <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slip_counts_once() {
        for (a, b, changes) in [
            ("sendgrid.net", "sendgrid.net", Some(0)),
            ("sendgird.net", "sendgrid.net", Some(1)),
            ("outlok.com", "outlook.com", Some(1)),
            ("Outloook.com", "outlook.com", Some(1)),
            ("outlaak.com", "outlook.com", Some(2)),
            ("example.net", "outlook.com", None),
            ("", "ab", Some(2)),
            ("abc", "", None),
        ] {
            assert_eq!(distance(a, b, 2), changes, "{a} {b}");
        }
    }
}
