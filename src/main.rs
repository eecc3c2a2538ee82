//! Reads the arguments, chooses a face, maps the outcome to an exit status.

fn main() -> std::process::ExitCode {
    postdoc::cli::main()
}
