//! What is said to callers: the shapes that the API answers with, the pages show and the command line prints.
//!
//! One shape for all three faces, so the same words mean the same everywhere. Times are RFC 3339, paths are in the
//! reversible escaped form, sizes are bytes. Requests refuse fields that nobody knows. Nothing here decides or acts.

pub mod alert;
pub mod audit;
pub mod collection;
pub mod device;
pub mod entry;
pub mod erasure;
pub mod health;
pub mod peer;
pub mod policy;
pub mod review;
pub mod rule;
pub mod site;
pub mod task;
pub mod timestamp;
pub mod upload;
pub mod witness;

pub use alert::{
    AlertCounts, AlertQuery, AlertRuleView, AlertShown, AlertStretch, AlertView, ChangeAlertRule, CloseAlert,
    NewAlertRule, ThresholdView, TrialAlert, TrialView, TryAlertRule,
};
pub use audit::{AuditEntryView, CheckpointView};
pub use collection::{CollectionView, May};
pub use device::{DeviceAsk, DevicePoll, DeviceStart, DeviceToken, DeviceView};
pub use entry::{EntryView, Listing, Made, Modified, Removed, Renamed};
pub use erasure::{AboutView, ErasurePartView, ErasureState, ErasureView, HoldView, NewErasure, NewHold};
pub use health::{HealthPart, LiveView, ReadyView};
pub use peer::{AcceptPeer, InvitationView, PeerContactView, PeerView};
pub use policy::{
    CollectionPowers, ExplainView, PolicyCollection, PolicyFile, ReplayResult, WhatCanView, WhoCanView, WhyView,
};
pub use review::{AuditStatusView, ReviewCount, ReviewRangeView, ReviewView, ReviewedLog, SignOffReview, SignOffView};
pub use rule::{NewRule, PrincipalView, RuleView};
pub use site::{AssuranceView, MeView, ProviderView, SiteView};
pub use task::{CosignatureView, ExchangeView, NewItem, NewTask, PlaceView, SitePartView, TaskRecordView, TaskView};
pub use timestamp::{NewTimestamp, TimestampRequestView, TimestampView};
pub use upload::{NewUpload, StoredView, UploadView};
pub use witness::{
    ForkView, WitnessIdentityView, WitnessPolicyView, WitnessStanding, WitnessStatusView, WitnessedLogView,
};
