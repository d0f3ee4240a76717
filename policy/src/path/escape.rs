//! The reversible escaped form of a name.
//!
//! Printable characters of valid UTF-8 stand for themselves. A backslash is `\\`. Every byte of what a reader could not
//! see or could be misled by is `\xHH`: control characters, bytes that are not UTF-8, bidirectional controls, invisible
//! format characters and spaces that are not U+0020 (Unicode 16: general categories Cc, Cf, Zl, Zp, Zs and the property
//! `Default_Ignorable_Code_Point`). Reading accepts any byte in its escaped form, so a person may escape more than needed.

use super::PathError;

/// Characters that show nothing, or that change what the reader sees of their neighbours. Sorted.
const INVISIBLE: &[(char, char)] = &[
    ('\u{00a0}', '\u{00a0}'), // no-break space
    ('\u{00ad}', '\u{00ad}'), // soft hyphen
    ('\u{034f}', '\u{034f}'),
    ('\u{0600}', '\u{0605}'),
    ('\u{061c}', '\u{061c}'), // Arabic letter mark
    ('\u{06dd}', '\u{06dd}'),
    ('\u{070f}', '\u{070f}'),
    ('\u{0890}', '\u{0891}'),
    ('\u{08e2}', '\u{08e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{2000}', '\u{200f}'), // spaces, zero-width characters, directional marks
    ('\u{2028}', '\u{202f}'), // separators, directional embeddings and overrides
    ('\u{205f}', '\u{206f}'), // word joiner, directional isolates
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'), // variation selectors
    ('\u{feff}', '\u{feff}'), // byte order mark
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'), // tags
];

/// Appends the escaped form of a name.
pub(super) fn escape_into(name: &[u8], text: &mut String) {
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character == '\\' {
                text.push_str("\\\\");
            } else if character.is_control() || is_invisible(character) {
                let mut buffer = [0; 4];
                escape_bytes(character.encode_utf8(&mut buffer).as_bytes(), text);
            } else {
                text.push(character);
            }
        }
        escape_bytes(chunk.invalid(), text);
    }
}

fn is_invisible(character: char) -> bool {
    INVISIBLE.iter().any(|(first, last)| (*first..=*last).contains(&character))
}

fn escape_bytes(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        text.push_str("\\x");
        text.push_str(&data_encoding::HEXLOWER.encode(&[*byte]));
    }
}

/// The bytes that an escaped name stands for. `at` is where the name begins in the whole text, for the error.
pub(super) fn unescape(text: &str, at: usize) -> Result<Vec<u8>, PathError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let bad = PathError::BadEscape { at: at + text.len() - rest.len() };
        rest = match (first, tail) {
            (b'\\', [b'\\', after @ ..]) => {
                bytes.push(b'\\');
                after
            }
            (b'\\', [b'x', high, low, after @ ..]) => {
                bytes.push(hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low).ok_or(bad)?);
                after
            }
            (b'\\', _) => return Err(bad),
            (byte, after) => {
                bytes.push(*byte);
                after
            }
        };
    }
    Ok(bytes)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(name: &[u8]) -> String {
        let mut text = String::new();
        escape_into(name, &mut text);
        text
    }

    #[test]
    fn printable_names_stand_for_themselves() {
        assert_eq!(escaped("Zürich scan 01 日本.dcm".as_bytes()), "Zürich scan 01 日本.dcm");
    }

    #[test]
    fn what_a_reader_cannot_see_is_escaped() {
        assert_eq!(escaped(b"a\nb"), "a\\x0ab");
        assert_eq!(escaped(b"\xff\xfe"), "\\xff\\xfe");
        assert_eq!(escaped("cod\u{202e}gpj".as_bytes()), "cod\\xe2\\x80\\xaegpj");
        assert_eq!(escaped(b"back\\slash"), "back\\\\slash");
    }

    #[test]
    fn a_bad_escape_is_named_by_its_place() {
        assert_eq!(unescape("ab\\q", 10), Err(PathError::BadEscape { at: 12 }));
        assert_eq!(unescape("\\x4", 0), Err(PathError::BadEscape { at: 0 }));
        assert_eq!(unescape("\\xg0", 0), Err(PathError::BadEscape { at: 0 }));
    }

    #[test]
    fn the_table_of_invisible_characters_is_sorted() {
        assert!(INVISIBLE.windows(2).all(|pair| pair[0].1 < pair[1].0));
    }
}
