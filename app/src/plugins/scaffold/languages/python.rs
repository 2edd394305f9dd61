//! Python: declared; it cannot be built yet.

use std::path::{Path, PathBuf};

use crate::plugins::scaffold::build::BuildError;
use crate::plugins::scaffold::language::{Kit, MissingTool, ProjectFile};

pub(in crate::plugins::scaffold) const KIT: Kit = Kit {
    name: "Python",
    marker: "plugin.py",
    folder: "python",
    more_files,
    reserves: |_| false,
    missing_tools,
    build,
};

fn more_files(_name: &str) -> Vec<ProjectFile> {
    Vec::new()
}

fn missing_tools(_dir: &Path) -> Vec<MissingTool> {
    Vec::new()
}

fn build(dir: &Path, _scratch: &Path) -> Result<PathBuf, BuildError> {
    Err(BuildError::NoModule { project: dir.join(KIT.marker), remedy: "this language is not supported yet" })
}
