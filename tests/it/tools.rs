//! What a whole run builds once, before any story begins that a busy machine could upset: Helm, promtool, the static program.

use std::{env, sync::OnceLock};

use crate::{chart, image, promtool};

/// Waits until everything is built that some test needs; whoever asks for one test builds what that test needs, when it does.
pub(crate) fn prepare() {
    static PREPARED: OnceLock<()> = OnceLock::new();
    PREPARED.get_or_init(|| {
        if env::args().skip(1).all(|argument| argument.starts_with('-')) {
            chart::prepare();
            promtool::program();
            image::program();
        }
    });
}
