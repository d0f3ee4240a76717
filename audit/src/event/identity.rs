//! Identity: people and machines proving who they are, and sessions ending.
//!
//! Part of the closed catalogue in `catalogue.rs`; names are stable once released.

use super::catalogue::kinds;

kinds! {
    /// Sign-in, sign-out, step-up and tokens.
    Identity {
        SignIn = "session.sign-in", "A person signs in through an identity provider, or fails to.";
        SignOut = "session.sign-out", "A person ends a session.";
        StepUp = "session.step-up", "A person proves themselves again for a stricter class of data.";
        SessionExpire = "session.expire", "A session ends because it is too old or unused.";
        SessionRevoke = "session.revoke", "A session is ended by somebody else.";
        DeviceApprove = "session.device-approve", "A person lets a command line or machine act for them.";
        TokenIssue = "token.issue", "An access token is made for a session.";
        TokenRevoke = "token.revoke", "An access token is withdrawn.";
        ShowSelf = "identity.show-self", "A person asks what the site knows of them.";
    }
}
