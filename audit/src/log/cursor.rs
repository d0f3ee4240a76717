//! Reads the frames of a series of segments, one after another, in windows of bounded size.
//!
//! It says where each record lies and what is wrong at the first place that cannot be read; what that
//! means (a torn tail, tampering, a write in progress) is the caller's to judge.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::frame::{self, HEADER, Header, Record};
use super::segment;

/// A position in a series: segment number and byte in it.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) segment: u32,
    pub(crate) offset: u64,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "segment {:08}, byte {}", self.segment, self.offset)
    }
}

/// What stands at the cursor.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// A sound record, where it begins and where the next one would.
    Record { at: Place, record: Record<'a>, next: Place },
    /// Nothing but blank space from here on.
    End,
    /// Something that cannot be read.
    Broken { at: Place, why: &'static str },
}

enum Found {
    Record { start: usize, end: usize, header: Header },
    End,
    Broken { at: Place, why: &'static str },
}

/// How closely blank space is looked at.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Care {
    /// Follow the records, trust the rest: for reading beside a running writer.
    Quick,
    /// Blank space must be zeros, no segment may be missing: for verifying.
    Strict,
}

pub(crate) struct Cursor {
    directory: PathBuf,
    place: Place,
    file: Option<File>,
    window: Vec<u8>,
    /// What of `window` was read from the file and not yet handed out.
    at: usize,
    filled: usize,
    step: usize,
    care: Care,
}

impl Cursor {
    pub(crate) fn new(directory: &Path, place: Place, care: Care) -> Self {
        let step = match care {
            Care::Quick => 64 << 10,
            Care::Strict => 1 << 20,
        };
        Self { directory: directory.to_owned(), place, file: None, window: Vec::new(), at: 0, filled: 0, step, care }
    }

    /// Goes on to the next record.
    pub(crate) fn step(&mut self) -> io::Result<Step<'_>> {
        let at_segment = |place: Place, offset| Place { segment: place.segment, offset };
        match self.find()? {
            Found::End => Ok(Step::End),
            Found::Broken { at, why } => Ok(Step::Broken { at, why }),
            Found::Record { start, end, header } => {
                let at = self.place;
                let length = u64::try_from(end - start + HEADER).unwrap_or(u64::MAX);
                let next = at_segment(at, at.offset.saturating_add(length));
                self.place = next;
                self.at = end;
                match self.window.get(start..end).and_then(|bytes| frame::record(header, bytes)) {
                    Some(record) => Ok(Step::Record { at, record, next }),
                    None => Ok(Step::Broken { at, why: "the checksum does not match" }),
                }
            }
        }
    }

    fn find(&mut self) -> io::Result<Found> {
        loop {
            if self.file.is_none() {
                match File::open(segment::path(&self.directory, self.place.segment)) {
                    Ok(file) => self.file = Some(file),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return self.after_last(),
                    Err(error) => return Err(error),
                }
            }
            let broken = |place, why| Ok(Found::Broken { at: place, why });
            let head = self.fill(HEADER)?;
            let Some(head) = head.first_chunk::<HEADER>() else {
                if head.iter().any(|byte| *byte != 0) {
                    return broken(self.place, "a record is cut short");
                }
                self.next_segment();
                continue;
            };
            match Header::parse(head) {
                Header::Broken => return broken(self.place, "this is no record header"),
                Header::Blank => {
                    if self.care == Care::Strict && !self.rest_is_blank()? {
                        return broken(self.place, "bytes stand where nothing was written");
                    }
                    self.next_segment();
                }
                header @ Header::Frame { length, .. } => {
                    if self.fill(HEADER + length)?.len() < HEADER + length {
                        return broken(self.place, "a record is cut short");
                    }
                    let start = self.at + HEADER;
                    return Ok(Found::Record { start, end: start + length, header });
                }
            }
        }
    }

    /// At least `need` bytes from here, or all that the segment has.
    fn fill(&mut self, need: usize) -> io::Result<&[u8]> {
        if self.filled - self.at < need {
            self.window.copy_within(self.at..self.filled, 0);
            self.filled -= self.at;
            self.at = 0;
            let wanted = need.max(self.step);
            if self.window.len() < wanted {
                let mut wider = vec![0; wanted];
                wider.iter_mut().zip(self.window.iter().take(self.filled)).for_each(|(to, from)| *to = *from);
                self.window = wider;
            }
            self.read_on()?;
        }
        let rest = self.window.get(self.at..self.filled).unwrap_or_default();
        Ok(rest.get(..need).unwrap_or(rest))
    }

    fn read_on(&mut self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        while let Some(room) = self.window.get_mut(self.filled..).filter(|room| !room.is_empty()) {
            let from = self.place.offset.saturating_add(u64::try_from(self.filled).unwrap_or(u64::MAX));
            match file.read_at(room, from) {
                Ok(0) => break,
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn forget_window(&mut self) {
        self.at = 0;
        self.filled = 0;
    }

    fn rest_is_blank(&mut self) -> io::Result<bool> {
        let from = self.place;
        loop {
            let rest = self.fill(self.step)?;
            if rest.is_empty() {
                return Ok(true);
            }
            if !segment::is_blank(rest) {
                self.forget_window();
                self.place = from;
                return Ok(false);
            }
            let read = rest.len();
            self.at += read;
            self.place.offset += u64::try_from(read).unwrap_or(u64::MAX);
        }
    }

    fn next_segment(&mut self) {
        self.file = None;
        self.forget_window();
        self.place = Place { segment: self.place.segment.saturating_add(1), offset: 0 };
    }

    fn after_last(&self) -> io::Result<Found> {
        let later = segment::numbers(&self.directory)?.into_iter().any(|number| number > self.place.segment);
        if self.care == Care::Strict && later {
            return Ok(Found::Broken { at: self.place, why: "the segment file is missing" });
        }
        Ok(Found::End)
    }
}
