//! One asynchronous runtime for the whole test process: the tests themselves read from top to bottom.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    sealane_cli::install_crypto();
    #[expect(clippy::expect_used, reason = "without a runtime no test can say anything")]
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime for the tests")
});

/// The runtime.
#[must_use]
pub fn runtime() -> &'static Runtime {
    &RUNTIME
}

/// Wait for a future on the calling thread.
pub fn wait<F: Future>(future: F) -> F::Output {
    RUNTIME.block_on(future)
}
