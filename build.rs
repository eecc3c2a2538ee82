//! Lists the files of `assets/`, so that a TOML put there is knowledge without a line of Rust; and tells the linker what
//! stands together.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// Folder under `assets/`, and the table its files go into.
const SHELVES: [(&str, &str); 3] = [("platforms", "PLATFORMS"), ("hosts", "HOSTS"), ("receivers", "RECEIVERS")];

fn main() -> io::Result<()> {
    let top = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?);
    lay_out(&top.join("assets/layout.ld"));
    let root = top.join("assets");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?).join("assets.rs");
    let mut code = String::new();
    for (folder, table) in SHELVES {
        let folder = root.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        code += &format!("pub(super) static {table}: &[(&str, &str)] = &[\n");
        for file in tomls(&folder)? {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            code += &format!("    ({name:?}, include_str!({:?})),\n", file.display().to_string());
        }
        code += "];\n";
    }
    fs::write(out, code)
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
