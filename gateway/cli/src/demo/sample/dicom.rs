//! A DICOM file (PS3.10, explicit VR little endian) with just enough in it for a viewer to open.

const TRANSFER_SYNTAX: &str = "1.2.840.10008.1.2.1";
const CT_IMAGE: &str = "1.2.840.10008.5.1.4.1.1.2";
/// The UUID-derived root of PS3.5 annex B.2: no registration, no collision with anybody's objects.
const ROOT: &str = "2.25.330266918417711893";

/// One square slice of 16-bit pixels.
pub(super) fn image(subject: usize, slice: usize, side: u16, pixels: &[u8]) -> Vec<u8> {
    let instance = format!("{ROOT}.{subject}.{slice}");
    let mut meta = Vec::new();
    element(&mut meta, 0x0002, 0x0001, *b"OB", &[0, 1]);
    text(&mut meta, 0x0002, 0x0002, *b"UI", CT_IMAGE);
    text(&mut meta, 0x0002, 0x0003, *b"UI", &instance);
    text(&mut meta, 0x0002, 0x0010, *b"UI", TRANSFER_SYNTAX);
    text(&mut meta, 0x0002, 0x0012, *b"UI", ROOT);

    let mut file = vec![0; 128];
    file.extend_from_slice(b"DICM");
    let meta_length = u32::try_from(meta.len()).unwrap_or(u32::MAX);
    element(&mut file, 0x0002, 0x0000, *b"UL", &meta_length.to_le_bytes());
    file.extend_from_slice(&meta);

    text(&mut file, 0x0008, 0x0016, *b"UI", CT_IMAGE);
    text(&mut file, 0x0008, 0x0018, *b"UI", &instance);
    text(&mut file, 0x0008, 0x0060, *b"CS", "CT");
    text(&mut file, 0x0008, 0x103e, *b"LO", "SYNTHETIC, about nobody");
    text(&mut file, 0x0010, 0x0010, *b"PN", &format!("SYNTHETIC^{subject:04}"));
    text(&mut file, 0x0010, 0x0020, *b"LO", &format!("SYNTH-{subject:04}"));
    text(&mut file, 0x0020, 0x000d, *b"UI", &format!("{ROOT}.{subject}"));
    text(&mut file, 0x0020, 0x000e, *b"UI", &format!("{ROOT}.{subject}.0"));
    text(&mut file, 0x0020, 0x0013, *b"IS", &slice.to_string());
    number(&mut file, 0x0028, 0x0002, 1);
    text(&mut file, 0x0028, 0x0004, *b"CS", "MONOCHROME2");
    number(&mut file, 0x0028, 0x0010, side);
    number(&mut file, 0x0028, 0x0011, side);
    number(&mut file, 0x0028, 0x0100, 16);
    number(&mut file, 0x0028, 0x0101, 16);
    number(&mut file, 0x0028, 0x0102, 15);
    number(&mut file, 0x0028, 0x0103, 0);
    element(&mut file, 0x7fe0, 0x0010, *b"OW", pixels);
    file
}

fn number(out: &mut Vec<u8>, group: u16, tag: u16, value: u16) {
    element(out, group, tag, *b"US", &value.to_le_bytes());
}

fn text(out: &mut Vec<u8>, group: u16, tag: u16, vr: [u8; 2], value: &str) {
    let mut bytes = value.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        // Values have even length: identifiers are padded with NUL, other text with a space (PS3.5 section 6.2).
        bytes.push(if vr == *b"UI" { 0 } else { b' ' });
    }
    element(out, group, tag, vr, &bytes);
}

fn element(out: &mut Vec<u8>, group: u16, tag: u16, vr: [u8; 2], value: &[u8]) {
    out.extend_from_slice(&group.to_le_bytes());
    out.extend_from_slice(&tag.to_le_bytes());
    out.extend_from_slice(&vr);
    if matches!(&vr, b"OB" | b"OW") {
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
    } else {
        out.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
    }
    out.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_marks_of_dicom_and_says_that_it_is_synthetic() {
        let file = image(1, 2, 2, &[0; 8]);
        assert_eq!(&file[128..132], b"DICM");
        assert!(file.windows(9).any(|window| window == b"SYNTHETIC"));
        assert_eq!(file.len() % 2, 0);
    }
}
