//! Whatever bytes a peer sends: frames are read, or refused, and nothing panics.

use proptest::prelude::*;

use super::*;
use crate::message::{
    BatchRequest, ControlReply, ControlRequest, FileEnd, FileFailed, Hello, HelloReply, LaneOpen, Opened, PlanPage,
    PlanRequest, RangeEnd, RangeRequest, Refused, SourceFailed,
};

/// Decodes the body as every message there is.
fn decode_as_everything(body: &[u8]) -> usize {
    let results = [
        decode::<Hello>(body).is_ok(),
        decode::<HelloReply>(body).is_ok(),
        decode::<Refused>(body).is_ok(),
        decode::<ControlRequest>(body).is_ok(),
        decode::<ControlReply>(body).is_ok(),
        decode::<LaneOpen>(body).is_ok(),
        decode::<Opened>(body).is_ok(),
        decode::<PlanRequest>(body).is_ok(),
        decode::<RangeRequest>(body).is_ok(),
        decode::<BatchRequest>(body).is_ok(),
        decode::<PlanPage>(body).is_ok(),
        decode::<RangeEnd>(body).is_ok(),
        decode::<FileEnd>(body).is_ok(),
        decode::<FileFailed>(body).is_ok(),
        decode::<SourceFailed>(body).is_ok(),
    ];
    results.into_iter().filter(|ok| *ok).count()
}

fn read_all(bytes: &[u8]) -> Result<Vec<(FrameKind, Vec<u8>)>, FrameError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut reader = FrameReader::new(bytes);
        let (mut frames, mut body) = (Vec::new(), Vec::new());
        while let Some(kind) = reader.next(&mut body).await? {
            frames.push((kind, body.clone()));
        }
        Ok(frames)
    })
}

proptest! {
    #[test]
    fn no_body_makes_decoding_panic(body in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        decode_as_everything(&body);
    }

    #[test]
    fn a_damaged_message_never_panics(at in 0_usize..200, to in any::<u8>(), cut in 0_usize..200) {
        let message = FileFailed { index: 3, code: "source-changed".to_owned(), message: "it shrank".repeat(9) };
        let mut frame = encode(FrameKind::FileFailed, &message).unwrap();
        if let Some(byte) = frame.get_mut(at) {
            *byte = to;
        }
        frame.truncate(frame.len().saturating_sub(cut));
        if let Ok(frames) = read_all(&frame) {
            for (_, body) in frames {
                decode_as_everything(&body);
            }
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic_or_keep_more_than_it_got(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(frames) = read_all(&bytes) {
            let kept: usize = frames.iter().map(|(_, body)| body.len() + HEADER_BYTES).sum();
            prop_assert_eq!(kept, bytes.len());
        }
    }

    #[test]
    fn what_was_encoded_is_read_back(index in any::<u32>(), code in "[a-z-]{0,200}", message in "\\PC{0,400}") {
        let sent = FileFailed { index, code, message };
        let frames = read_all(&encode(FrameKind::FileFailed, &sent).unwrap()).unwrap();
        prop_assert_eq!(frames.len(), 1);
        prop_assert_eq!(frames[0].0, FrameKind::FileFailed);
        prop_assert_eq!(decode::<FileFailed>(&frames[0].1).unwrap(), sent);
    }
}

#[test]
fn a_length_beyond_the_bound_is_refused_before_anything_is_kept() {
    for (kind, most) in [(FrameKind::Data, RECORD_BYTES), (FrameKind::PlanPage, MAX_BODY_BYTES)] {
        assert!(Header::from_bytes(Header { kind, length: most }.to_bytes()).is_ok());
        let over = Header { kind, length: most + 1 }.to_bytes();
        assert!(matches!(Header::from_bytes(over), Err(FrameError::TooLong(_))));
    }
}

#[test]
fn a_list_that_claims_more_than_it_holds_is_refused() {
    // A batch of item 0 that claims 2^32 - 1 files and holds none.
    assert!(matches!(decode::<BatchRequest>(&[0, 0xff, 0xff, 0xff, 0xff, 0x0f]), Err(FrameError::Malformed)));
}

#[test]
fn a_frame_that_is_cut_short_is_an_error_and_not_an_end() {
    let frame = encode(FrameKind::SourceFailed, &SourceFailed { code: "x".into(), message: "y".into() }).unwrap();
    assert_eq!(read_all(&frame).unwrap().len(), 1);
    for length in 1..frame.len() {
        assert!(matches!(read_all(&frame[..length]), Err(FrameError::Io(_))), "{length}");
    }
}

#[test]
fn a_body_with_anything_left_over_is_refused() {
    let mut frame = encode(FrameKind::Opened, &Opened { cipher: "TLS13_AES_256_GCM_SHA384".into() }).unwrap();
    frame.push(0);
    assert!(matches!(decode::<Opened>(&frame[HEADER_BYTES..]), Err(FrameError::Malformed)));
}
