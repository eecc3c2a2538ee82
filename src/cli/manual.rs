//! `postdoc completions` and `postdoc man`: what clap knows of the arguments, for shells and manuals.

use super::args::{Cli, Completions, Man};
use super::exit::Exit;
use anyhow::Context;
use clap::CommandFactory;

/// The completion script of a shell.
pub fn completions(args: &Completions) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "postdoc", &mut script);
    super::put(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Clean)
}

/// Manual pages: `postdoc.1` and one a command; without a folder, the first goes to stdout.
pub fn man(args: &Man) -> anyhow::Result<Exit> {
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        super::put(&String::from_utf8_lossy(&page))?;
        return Ok(Exit::Clean);
    };
    std::fs::create_dir_all(dir).with_context(|| format!("{}: no folder for manual pages", dir.display()))?;
    clap_mangen::generate_to(Cli::command(), dir)
        .with_context(|| format!("{}: manual pages cannot be written", dir.display()))?;
    Ok(Exit::Clean)
}
