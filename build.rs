//! Makes knowledge of the files of `assets/`, so that a TOML put there needs no line of Rust; and tells the linker what
//! stands together.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// Folder of `assets/`, and the table its files go into.
const SHELVES: [(&str, &str); 4] =
    [("platforms", "PLATFORMS"), ("hosts", "HOSTS"), ("receivers", "RECEIVERS"), ("", "BOOKS")];

fn main() -> Result<(), Box<dyn Error>> {
    let top = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    lay_out(&top.join("assets/layout.ld"));
    let root = top.join("assets");
    let out = PathBuf::from(env::var("OUT_DIR")?).join("assets.rs");
    let mut code = String::new();
    for (folder, table) in SHELVES {
        let folder = root.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        code += &format!("pub(super) static {table}: &[(&str, &str)] = &[\n");
        for file in tomls(&folder)? {
            println!("cargo::rerun-if-changed={}", file.display());
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = json(&fs::read_to_string(&file)?).map_err(|e| format!("{}: {e}", file.display()))?;
            code += &format!("    ({name:?}, {text:?}),\n");
        }
        code += "];\n";
    }
    Ok(fs::write(out, code)?)
}

/// The same as JSON, which is read in a fraction of the time: a check of a domain spent a fifth of its own on TOML.
fn json(text: &str) -> Result<String, Box<dyn Error>> {
    Ok(serde_json::to_string(&toml::from_str::<toml::Table>(text)?)?)
}

/// In a release for Linux, functions that run together stand together (`tests/layout/make`): the kernel maps what lies
/// around a page that is touched, so that scattered ones cost twice the memory.
fn lay_out(script: &Path) {
    println!("cargo::rerun-if-changed={}", script.display());
    let is = |key, value| env::var(key).is_ok_and(|v| v == value);
    // A linker of the user's own choice may read no scripts (mold).
    let own_linker =
        env::var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|flags| flags.contains("linker=") || flags.contains("fuse-ld"));
    if is("CARGO_CFG_TARGET_OS", "linux") && is("PROFILE", "release") && !own_linker {
        println!("cargo::rustc-link-arg-bins=-T{}", script.display());
        println!("cargo::rustc-link-arg-benches=-T{}", script.display());
        if is("CARGO_CFG_TARGET_ENV", "gnu") && env::var("HOST") == env::var("TARGET") && glibc() >= Some((2, 36)) {
            // Relocations in 10 KB instead of 500, all of them read at the start.
            println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        }
    }
}

/// The version of the C library here, where it is glibc.
fn glibc() -> Option<(u32, u32)> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?.stdout;
    let (major, minor) = str::from_utf8(&told).ok()?.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The TOML files of a folder, by name.
fn tomls(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
