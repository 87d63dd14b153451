//! The Helm chart: what it renders, what Helm 3 and 4 do with it on a real API server, and what it lets whom do.

mod admission;
mod helm;
mod installed;
mod lifecycle;
mod package;
mod render;
mod rights;
mod simulator;
mod values;

/// Renders the chart with a file of values of somebody else's.
pub(crate) fn renders_with(values: &str) {
    helm::Helm::Four.render(helm::CHART, &["--values", values]);
}

/// The objects that the chart renders, for a story of something else.
pub(crate) fn rendered(arguments: &[&str]) -> Vec<serde_json::Value> {
    render::objects(&helm::Helm::Four.render(helm::CHART, arguments))
}

/// Builds what the tests of the chart need.
pub(crate) fn prepare() {
    helm::Helm::Four.program();
}

/// The stage of a story where the chart is installed, with its roles and policies, and its operator runs.
pub(crate) fn installed(name: &str) -> crate::stage::Stage {
    installed::Installed::shared().stage(name)
}
