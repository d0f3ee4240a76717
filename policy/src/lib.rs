//! Decides, never stores: classes, grants, casbin, decisions, permits.
