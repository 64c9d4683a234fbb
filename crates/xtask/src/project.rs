//! Where things are in the project. Nothing here looks at what is in the files.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The checkout that this `xtask` was built from.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// The project of the running command. `cargo run` says where the package is; a binary started by hand knows
    /// where it was built.
    pub(crate) fn locate() -> Self {
        let package =
            std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        // From `crates/xtask`.
        let root = package.ancestors().nth(2).map_or_else(|| package.clone(), Path::to_path_buf);
        Self { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A file or folder of the project, from its path inside it.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// The pinned tools that cargo installs. They stay in the project whatever `CARGO_TARGET_DIR` says, so that two
    /// target folders share them.
    pub(crate) fn tools(&self) -> PathBuf {
        self.path("target/tools")
    }

    /// A pinned tool that cargo installed.
    pub(crate) fn cargo_tool(&self, name: &str) -> PathBuf {
        self.tools().join("bin").join(name)
    }

    /// The programs of the npm packages, Node 22 among them.
    pub(crate) fn node_bin(&self) -> PathBuf {
        self.path("node_modules/.bin")
    }

    /// A program of an npm package.
    pub(crate) fn node_tool(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.node_bin().join(Path::new(name.as_ref()))
    }
}
