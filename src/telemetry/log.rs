//! Where the events and spans of the `tracing` macros go, and how they look. IO: writes lines to the writer it is given.

use std::{fmt, str::FromStr};

use tracing::{Subscriber, subscriber::SetGlobalDefaultError};
use tracing_subscriber::{
    Layer, Registry,
    filter::{EnvFilter, ParseError, filter_fn},
    fmt::MakeWriter,
    layer::SubscriberExt,
};

use super::trace::Exporter;

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

impl FromStr for LogFormat {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        [Self::Text, Self::Json]
            .into_iter()
            .find(|format| format.to_string() == text)
            .ok_or_else(|| LogError::Format { format: text.to_owned() })
    }
}

/// Logs that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// There are two formats.
    #[error("`{format}` is no log format: use `text` or `json`")]
    Format {
        /// As given.
        format: String,
    },
    /// The filter cannot be read.
    #[error("read the log filter `{filter}`, which looks like `info` or `roster=debug,kube=warn`")]
    Filter {
        /// As given.
        filter: String,
        /// Why not.
        #[source]
        source: ParseError,
    },
    /// Somebody else set logs up in this process.
    #[error("set up the log")]
    Taken(#[source] SetGlobalDefaultError),
}

/// Sends the events of this process, as far as the filter lets them through, to a writer (`std::io::stderr`, or a file in a mutex), and its
/// spans to an exporter, if there is one.
pub fn init<W>(format: LogFormat, filter: &str, writer: W, exporter: Option<&Exporter>) -> Result<(), LogError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing::subscriber::set_global_default(subscriber(format, filter, writer, exporter)?).map_err(LogError::Taken)
}

fn subscriber<W>(
    format: LogFormat,
    filter: &str,
    writer: W,
    exporter: Option<&Exporter>,
) -> Result<impl Subscriber + Send + Sync + use<W>, LogError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter =
        EnvFilter::builder().parse(filter).map_err(|source| LogError::Filter { filter: filter.to_owned(), source })?;
    // Without colours: the lines are read in files and by log collectors as often as in a terminal.
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false);
    let lines = match format {
        LogFormat::Text => lines.with_filter(filter).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).with_filter(filter).boxed(),
    };
    let mut layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> = vec![lines];
    if let Some(exporter) = exporter {
        // Our own spans alone, whatever the log shows: events hold sentences, and those of the libraries anything.
        let own = filter_fn(|about| about.is_span() && about.target().starts_with(env!("CARGO_CRATE_NAME")));
        let spans = tracing_opentelemetry::layer().with_tracer(exporter.tracer()).with_location(false);
        layers.push(spans.with_threads(false).with_filter(own).boxed());
    }
    Ok(Registry::default().with(layers))
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        io::{Read, Seek},
        sync::Mutex,
    };

    use super::*;

    /// What two events in a span look like under a filter.
    fn logged(format: LogFormat, filter: &str) -> String {
        let mut file = tempfile::tempfile().unwrap();
        let writer: Mutex<File> = Mutex::new(file.try_clone().unwrap());
        tracing::subscriber::with_default(subscriber(format, filter, writer, None).unwrap(), || {
            let _span = tracing::info_span!("reconcile", kind = "RoleBinding").entered();
            tracing::info!(name = "a", "granted");
            tracing::debug!("looked");
        });
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn text_is_one_plain_line_per_event() {
        let text = logged(LogFormat::Text, "info");
        assert!(text.ends_with("granted name=\"a\"\n") && text.contains("reconcile{kind=\"RoleBinding\"}"), "{text}");
        assert_eq!((text.lines().count(), text.contains('\u{1b}')), (1, false), "{text}");
    }

    #[test]
    fn json_is_one_object_per_event_with_its_spans() {
        let text = logged(LogFormat::Json, "warn,roster=debug");
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert_eq!((&lines[0]["message"], &lines[0]["name"]), (&"granted".into(), &"a".into()));
        assert_eq!(lines[0]["spans"][0]["kind"], "RoleBinding");
        assert_eq!(lines[1]["level"], "DEBUG");
    }

    #[test]
    fn a_bad_filter_or_format_is_told_with_what_a_good_one_looks_like() {
        let error = subscriber(LogFormat::Text, "roster=loud", std::io::sink, None).err().unwrap();
        assert!(error.to_string().contains("`roster=loud`"), "{error}");
        assert_eq!("json".parse::<LogFormat>().unwrap(), LogFormat::Json);
        assert!("xml".parse::<LogFormat>().unwrap_err().to_string().contains("`xml`"));
    }
}
