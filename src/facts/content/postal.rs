//! What looks like a postal address: a house number with a street, a postal code with a place, a box.

/// Words between a street and its number, at most.
const BETWEEN: usize = 3;

/// After the number: `12 High Street`.
const STREETS: [&str; 17] = [
    "street",
    "st",
    "avenue",
    "ave",
    "road",
    "rd",
    "boulevard",
    "blvd",
    "lane",
    "drive",
    "way",
    "suite",
    "square",
    "parkway",
    "pkwy",
    "plaza",
    "highway",
];

/// Ends of the word before the number: `Hauptstraße 12`, `Via Roma 12`.
const ENDS: [&str; 15] = [
    "straße", "strasse", "str.", "gasse", "weg", "platz", "allee", "rue", "calle", "via", "ulica", "ul.", "laan",
    "straat", "ул.",
];

/// Does an address stand in the text? Every form has a number, so only words with one are looked at, with those around.
pub fn is_in(text: &str) -> bool {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let numbered = words.iter().enumerate().filter(|(_, word)| word.bytes().any(|b| b.is_ascii_digit()));
    numbered.map(|(at, _)| words.split_at(at)).any(|(before, from)| {
        let (number, after) = from.split_first().map_or(("", from), |(number, after)| (*number, after));
        street_after(number, after)
            || street_before(before, number)
            || code(before, number, after)
            || boxed(before, number)
    })
}

/// `12 High Street`, `12b Old Mill Road`
fn street_after(number: &str, after: &[&str]) -> bool {
    let tail = tail(number);
    let digits = tail.strip_suffix(|c: char| c.is_ascii_alphabetic()).unwrap_or(tail);
    is_digits(digits, 1, 5) && near(after.iter(), |word| STREETS.iter().any(|s| lead(word).eq_ignore_ascii_case(s)))
}

/// `Hauptstr. 12`, `Calle de Alcalá 12`
fn street_before(before: &[&str], number: &str) -> bool {
    let street = |word: &str| {
        let word = word.trim_end_matches(',').as_bytes();
        let ends =
            |end: &&str| word.len() >= end.len() && word[word.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes());
        ENDS.iter().any(ends)
    };
    number.starts_with(|c: char| c.is_ascii_digit()) && near(before.iter().rev(), street)
}

/// `CA 94103`, `10115 Berlin`, `SW1A 1AA`
fn code(before: &[&str], number: &str, after: &[&str]) -> bool {
    let state = before.last().is_some_and(|word| is_letters(tail(word), 2, 2)) && is_digits(lead(number), 5, 5);
    let next = after.first().copied().unwrap_or_default();
    let place = next.chars().take_while(|c| c.is_ascii_alphabetic() || "äöüßÄÖÜ".contains(*c)).count() >= 3;
    let outward = tail(number);
    let area = outward.find(|c: char| c.is_ascii_digit()).unwrap_or(outward.len());
    let (letters, district) = outward.split_at(area);
    let british = is_letters(letters, 1, 2)
        && district.len() <= 2
        && matches!(lead(next).as_bytes(), [n, a, b] if n.is_ascii_digit() && a.is_ascii_alphabetic() && b.is_ascii_alphabetic());
    state || (place && is_digits(outward, 4, 6)) || british
}

/// `PO Box 12`, `P. O. Box 12`
fn boxed(before: &[&str], number: &str) -> bool {
    let together = |count: usize| {
        let words = before.len().checked_sub(count).map(|from| before[from..].concat().replace('.', ""));
        words.is_some_and(|words| tail(&words).eq_ignore_ascii_case("pobox"))
    };
    number.starts_with(|c: char| c.is_ascii_digit())
        && before.last().is_some_and(|word| word.to_ascii_lowercase().ends_with("box"))
        && (1..=3).any(together)
}

/// Does one of the next words fit, with nothing but words before it?
fn near<'w>(words: impl Iterator<Item = &'w &'w str>, fits: impl Fn(&str) -> bool) -> bool {
    for word in words.take(BETWEEN + 1) {
        if fits(word) {
            return true;
        }
        if !word.bytes().all(|b| !b.is_ascii() || is_word(b) || b".'-".contains(&b)) {
            return false;
        }
    }
    false
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// The letters and digits at the end.
fn tail(word: &str) -> &str {
    let at = word.bytes().rposition(|b| !is_word(b)).map_or(0, |n| n + 1);
    word.get(at..).unwrap_or_default()
}

/// The letters and digits at the beginning.
fn lead(word: &str) -> &str {
    let end = word.bytes().position(|b| !is_word(b)).unwrap_or(word.len());
    word.get(..end).unwrap_or_default()
}

fn is_digits(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_letters(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_as_people_write_them() {
        for address in [
            "Example Inc., 12 High Street, Springfield",
            "Example Inc., 12 High\r\nStreet",
            "221b Old Mill Lane. Springfield",
            "1600 Amphitheatre Pkwy",
            "77 Main St. Springfield",
            "Springfield, IL 62704",
            "San Francisco CA 94103-1234",
            "London SW1A 1AA",
            "Leeds LS1 4AP.",
            "PO Box 12",
            "P.O. Box 12, Springfield",
            "P. O. Box 12",
            "Musterfirma, Hauptstr. 12",
            "Am Mühlweg 3a",
            "D-10115 Berlin",
            "8001 Zürich",
            "Calle de Alcalá 12",
            "12 bis, rue de Rivoli 75001 Paris",
            "Via Roma 12, Milano",
            "ул. Ленина 5",
        ] {
            assert!(is_in(address), "{address}");
        }
    }

    #[test]
    fn numbers_alone_are_none() {
        for text in [
            "",
            "20 % off until 31 May",
            "12 things to do, and the street is long",
            "10115",
            "We met 12 people",
            "a box 12",
            "stop o box 5",
            "Version 2.0 of 2026",
        ] {
            assert!(!is_in(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_will_do(text in "\\PC{0,200}", words in "([0-9]{1,6}|[a-zßäул.,]{1,6}|box|po|street| ){0,30}") {
            let _ = (is_in(&text), is_in(&words));
        }
    }
}
