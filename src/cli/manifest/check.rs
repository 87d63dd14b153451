//! What is looked for in files before anything in them is judged.

use std::fmt;

macro_rules! checks {
    ($($(#[doc = $doc:literal])+ $name:ident: $severity:ident;)+) => {
        /// A check of files and of manifests as such; what manifests mean is judged by reasons and by rules of advice.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Check { $($(#[doc = $doc])+ $name,)+ }

        impl Check {
            /// Every check, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// When it speaks up.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+),)+ }
            }

            /// How much it matters: `error`, `warning` or `note`.
            pub fn severity(self) -> &'static str {
                match self { $(Self::$name => stringify!($severity),)+ }
            }
        }
    };
}

checks! {
    /// Nothing at the path can be read as a manifest.
    Empty: error;
    /// The file is not text.
    NotText: error;
    /// The document is not YAML that `kubectl` reads, or a key stands in it twice.
    NotYaml: error;
    /// The document looks like a manifest and is none.
    NoManifest: error;
    /// Two objects have one name.
    DuplicateName: error;
    /// The API server would refuse the object.
    Schema: error;
    /// What `access.roster.dev/suppress` says is not understood.
    Suppression: error;
    /// What is suppressed does not occur.
    UnusedSuppression: note;
    /// The file is a patch of a kustomization.
    KustomizePatch: note;
    /// The folder holds templates of a Helm chart.
    HelmTemplates: note;
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
