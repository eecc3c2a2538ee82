//! A bar for a volume. Warm-ups grow by factors: a factor is as long at the foot as at the top.

/// A bar of at most `width` columns: `least` has one column, `most` all of them.
pub fn bar(volume: u64, least: u64, most: u64, width: usize, unicode: bool) -> String {
    if volume == 0 || width == 0 {
        return String::new();
    }
    let span = (most.max(1) as f64 / least.max(1) as f64).ln();
    let part = (volume as f64 / least.max(1) as f64).ln();
    let share = if span <= 0.0 { 1.0 } else { (part / span).clamp(0.0, 1.0) };
    let halves = (share * (width * 2).saturating_sub(2) as f64).round() as usize + 2;
    match unicode {
        true => "█".repeat(halves / 2) + if halves % 2 == 1 { "▌" } else { "" },
        false => "#".repeat(halves.div_ceil(2).min(width)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn a_bar_is_as_long_as_its_factor() {
        assert_eq!(bar(50, 50, 50_000, 31, false).len(), 1);
        assert_eq!(bar(500, 50, 50_000, 31, false).len(), 11);
        assert_eq!(bar(5_000, 50, 50_000, 31, false).len(), 21);
        assert_eq!(bar(50_000, 50, 50_000, 31, true), "█".repeat(31));
        assert_eq!(bar(0, 50, 50_000, 31, true), "");
        for volume in [1, 49, 51, 77_777] {
            assert!((1..=31).contains(&bar(volume, 50, 50_000, 31, true).width()), "{volume}");
        }
        assert_eq!(bar(7, 7, 7, 5, false), "#####");
    }
}
