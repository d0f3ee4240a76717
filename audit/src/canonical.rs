//! Canonical JSON, RFC 8785 (JCS): one value has exactly one text, so a hash of it means something.
//!
//! Members are sorted by UTF-16 code units (section 3.2.3), strings escape only what they must
//! (3.2.2.2), numbers print as ECMAScript does (3.2.2.3). Integers beyond 2^53 - 1 have no exact
//! double and are refused (I-JSON, RFC 7493 section 2.2); callers write them as strings.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

/// Integers up to here are exact in a double.
const MAX_SAFE: u64 = (1 << 53) - 1;

/// Nesting beyond this is refused: no entry needs it, and recursion stays bounded.
const MAX_DEPTH: usize = 16;

/// A value that RFC 8785 cannot write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// An integer without an exact double.
    #[error("the integer {0} is beyond 2^53 - 1 and has no canonical JSON form; write it as a string")]
    Number(String),
    /// Nested too deeply.
    #[error("the value is nested more than {MAX_DEPTH} levels deep; flatten it")]
    Depth,
}

/// Writes `value` in its canonical form at the end of `out`.
pub fn write_value(out: &mut Vec<u8>, value: &Value) -> Result<(), CanonicalError> {
    write_at(out, value, 0)
}

/// Writes an unsigned integer that has an exact double.
pub(crate) fn write_integer(out: &mut Vec<u8>, number: u64) -> Result<(), CanonicalError> {
    write_number(out, &Number::from(number))
}

fn write_at(out: &mut Vec<u8>, value: &Value, depth: usize) -> Result<(), CanonicalError> {
    if depth > MAX_DEPTH {
        return Err(CanonicalError::Depth);
    }
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(out, number)?,
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_at(out, item, depth + 1)?;
            }
            out.push(b']');
        }
        Value::Object(members) => write_object(out, members, depth)?,
    }
    Ok(())
}

fn write_object(out: &mut Vec<u8>, members: &Map<String, Value>, depth: usize) -> Result<(), CanonicalError> {
    out.push(b'{');
    write_sorted(out, members, depth)?;
    out.push(b'}');
    Ok(())
}

fn write_sorted(out: &mut Vec<u8>, members: &Map<String, Value>, depth: usize) -> Result<(), CanonicalError> {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by(|(a, _), (b, _)| utf16_order(a, b));
    for (at, (name, value)) in sorted.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_string(out, name);
        out.push(b':');
        write_at(out, value, depth + 1)?;
    }
    Ok(())
}

/// The order of an object's members: by UTF-16 code units, which is not that of UTF-8 bytes beyond U+FFFF.
pub(crate) fn utf16_order(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// Writes a JSON string with the fewest escapes.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x09 => out.extend_from_slice(b"\\t"),
            0x0a => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            0x0d => out.extend_from_slice(b"\\r"),
            0x00..=0x1f => {
                out.extend_from_slice(b"\\u00");
                for nibble in [byte >> 4, byte & 0x0f] {
                    out.extend(HEX.get(usize::from(nibble)));
                }
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

fn write_number(out: &mut Vec<u8>, number: &Number) -> Result<(), CanonicalError> {
    let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
    match (magnitude, number.as_f64()) {
        (Some(size), _) if size <= MAX_SAFE => out.extend_from_slice(number.to_string().as_bytes()),
        (None, Some(double)) => out.extend_from_slice(ecmascript(double).as_bytes()),
        _ => return Err(CanonicalError::Number(number.to_string())),
    }
    Ok(())
}

/// ECMAScript `Number::toString`: the shortest digits that read back as the same double.
fn ecmascript(double: f64) -> String {
    if double == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{double:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let point = exponent.parse::<i32>().unwrap_or(0).saturating_add(1);
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or(0));
    let split = |n: i32| digits.split_at_checked(usize::try_from(n).unwrap_or(0)).unwrap_or((&digits, ""));
    let body = if (count..=21).contains(&point) {
        format!("{digits}{}", zeros(point - count))
    } else if (1..=21).contains(&point) {
        let (whole, fraction) = split(point);
        format!("{whole}.{fraction}")
    } else if (-5..=0).contains(&point) {
        format!("0.{}{digits}", zeros(-point))
    } else {
        let (first, rest) = split(1);
        let dot = if rest.is_empty() { "" } else { "." };
        format!("{first}{dot}{rest}e{:+}", point - 1)
    };
    format!("{sign}{body}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn canonical(value: &Value) -> String {
        let mut out = Vec::new();
        write_value(&mut out, value).expect("canonical");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn the_example_of_rfc_8785_section_3_2_2_comes_out_as_printed_there() {
        let value = json!({
            "numbers": [333_333_333.333_333_3, 1E30, 4.50, 2e-3, 0.000_000_000_000_000_000_000_000_001],
            "string": "\u{20ac}$\u{0f}\nA'B\"\\\\\"/",
            "literals": [null, true, false],
        });
        assert_eq!(
            canonical(&value),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
             \"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
    }

    #[test]
    fn members_are_sorted_by_utf16_code_units_as_in_section_3_2_3() {
        let value = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
        let order: Vec<char> = canonical(&value).chars().filter(|c| c.is_ascii_digit()).collect();
        // `\r` then the member called "1", whose own name is a digit too.
        assert_eq!(order, ['2', '1', '4', '6', '7', '1', '5', '3']);
    }

    #[test]
    fn numbers_follow_appendix_b() {
        let cases = [
            (0x0000_0000_0000_0001_u64, "5e-324"),
            (0x8000_0000_0000_0000, "0"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        ];
        for (bits, text) in cases {
            assert_eq!(ecmascript(f64::from_bits(bits)), text, "{bits:016x}");
        }
    }

    #[test]
    fn integers_without_an_exact_double_are_refused() {
        let mut out = Vec::new();
        assert!(write_value(&mut out, &json!(1_u64 << 53)).is_err());
        assert_eq!(canonical(&json!(MAX_SAFE)), "9007199254740991");
        assert_eq!(canonical(&json!(-5)), "-5");
    }

    proptest! {
        #[test]
        fn text_and_doubles_survive_a_round_trip(text in ".*", double in proptest::num::f64::NORMAL) {
            let read: Value = serde_json::from_str(&canonical(&json!(text))).expect("valid JSON");
            prop_assert_eq!(read.as_str(), Some(text.as_str()));
            prop_assert_eq!(canonical(&json!(double)).parse::<f64>(), Ok(double));
        }
    }
}
