//! The log in other people's formats: for spreadsheets, security tools, health records and log servers.
//!
//! An [`Exporter`] turns one [`EntryView`] after the other into bytes of one [`Format`]: it keeps nothing of
//! what it wrote, so any number of entries takes constant memory. What a view reveals is written out; a personal
//! value that it does not reveal (erased, or not for this reader's eyes) stays a commitment. Reading the log,
//! deciding who may export, and recording that somebody did are left to the caller.

mod csv;
mod fhir;
pub mod mapping;
mod ocsf;
pub mod syslog;
mod words;

use std::fmt;
use std::str::FromStr;

use crate::query::EntryView;

/// Whose log it is: what an outsider needs to know to tell two exports apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The site's id: a UUID.
    pub site_id: String,
    /// The site's short name.
    pub site: String,
    /// The host name under which the site is reached.
    pub host: String,
    /// The log's name in its checkpoints.
    pub origin: String,
    /// Version of the product that exports.
    pub version: String,
}

/// A format that other people's programs read.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Comma-separated values (RFC 4180), safe to open in a spreadsheet.
    Csv,
    /// Events of the Open Cybersecurity Schema Framework, one JSON object a line.
    Ocsf,
    /// FHIR R4 AuditEvents, one JSON object a line.
    Fhir,
    /// The same AuditEvents in one FHIR Bundle.
    FhirBundle,
}

impl Format {
    /// Every format.
    pub const ALL: &'static [Self] = &[Self::Csv, Self::Ocsf, Self::Fhir, Self::FhirBundle];

    /// The name that people ask for it by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ocsf => "ocsf",
            Self::Fhir => "fhir",
            Self::FhirBundle => "fhir-bundle",
        }
    }

    /// What HTTP calls it.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ocsf => "application/x-ndjson",
            Self::Fhir => "application/fhir+ndjson",
            Self::FhirBundle => "application/fhir+json",
        }
    }

    /// How a file of it ends, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ocsf | Self::Fhir => "ndjson",
            Self::FhirBundle => "json",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no format has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no export format is called {0:?}; choose one of: {known}", known = names())]
pub struct UnknownFormat(pub String);

fn names() -> String {
    Format::ALL.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.iter().copied().find(|format| format.name() == name).ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// Writes entries in one format: [`Exporter::header`], [`Exporter::entry`] for each, [`Exporter::footer`].
///
/// Every call adds to the end of `out`; the caller empties it as it likes.
#[derive(Debug, Clone)]
pub struct Exporter {
    format: Format,
    context: Context,
    entries: u64,
}

impl Exporter {
    /// An export that has not begun.
    #[must_use]
    pub const fn new(format: Format, context: Context) -> Self {
        Self { format, context, entries: 0 }
    }

    /// What stands before the first entry.
    pub fn header(&self, out: &mut Vec<u8>) {
        match self.format {
            Format::Csv => csv::header(out),
            Format::FhirBundle => fhir::bundle_header(out),
            Format::Ocsf | Format::Fhir => {}
        }
    }

    /// One entry.
    pub fn entry(&mut self, view: &EntryView, out: &mut Vec<u8>) {
        match self.format {
            Format::Csv => csv::entry(view, &self.context, out),
            Format::Ocsf => ocsf::entry(view, &self.context, out),
            Format::Fhir => fhir::lines(view, &self.context, out),
            Format::FhirBundle => fhir::bundle_entry(view, &self.context, self.entries == 0, out),
        }
        self.entries += 1;
    }

    /// What stands after the last entry.
    pub fn footer(&self, out: &mut Vec<u8>) {
        match self.format {
            Format::FhirBundle => fhir::bundle_footer(self.entries == 0, out),
            Format::Csv | Format::Ocsf | Format::Fhir => {}
        }
    }

    /// Entries written so far.
    #[must_use]
    pub const fn entries(&self) -> u64 {
        self.entries
    }
}
