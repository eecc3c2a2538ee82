//! The little of HCL that a resource needs.

/// A quoted template that means exactly this text.
pub(super) fn string(text: &str) -> String {
    let mut out = String::from("\"");
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            // Doubled, it begins no interpolation or directive.
            '$' | '%' if chars.peek() == Some(&'{') => out.extend([c, c]),
            ' '..='~' => out.push(c),
            other => out.push_str(&format!("\\u{:04x}", u32::from(other))),
        }
    }
    out.push('"');
    out
}

pub(super) fn list(texts: &[String]) -> String {
    match texts {
        [one] => format!("[{}]", string(one)),
        several => {
            let lines: Vec<String> = several.iter().map(|t| format!("    {},\n", string(t))).collect();
            format!("[\n{}  ]", lines.concat())
        }
    }
}

/// A name for a block.
pub(super) fn identifier(text: &str) -> String {
    let name: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// A resource with its arguments, aligned as `terraform fmt` does.
pub(super) fn resource(kind: &str, name: &str, arguments: &[(&str, String)]) -> String {
    let width = arguments.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    let lines: Vec<String> = arguments.iter().map(|(key, value)| format!("  {key:<width$} = {value}\n")).collect();
    format!("resource \"{kind}\" \"{name}\" {{\n{}}}\n", lines.concat())
}
