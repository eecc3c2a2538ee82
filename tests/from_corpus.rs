//! From and Return-Path of real messages against independent readers; skipped unless
//! `POSTDOC_CORPUS` names the folder that holds `expected.jsonl`.

use postdoc::facts::address::{self, From};
use postdoc::facts::header::Header;
use std::path::Path;

#[test]
fn domains_agree_with_other_readers() {
    let Some(folder) = std::env::var_os("POSTDOC_CORPUS") else { return };
    let folder = Path::new(&folder);
    let rows = std::fs::read_to_string(folder.join("expected.jsonl")).unwrap();
    let (mut total, mut differ) = (0, Vec::new());
    for row in rows.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()) {
        if row["agreed"] != true {
            continue;
        }
        let path = row["path"].as_str().unwrap();
        let text = std::fs::read(folder.join(path)).unwrap();
        let header = Header::split(&text);
        let from = From::read(&header, &text);
        // The oracle takes the first address; a null or domainless Return-Path has the domain "".
        let from_domain = from.mailboxes.iter().find_map(|m| m.address.as_ref()).map(|a| a.domain.as_str());
        let return_path = address::return_path(&header, &text);
        let return_path_domain = return_path.as_ref().map(|p| p.address.as_ref().map_or("", |a| a.domain.as_str()));
        total += 1;
        if row["from_domain"].as_str() != from_domain || row["return_path_domain"].as_str() != return_path_domain {
            let (from, path_domain) = (&row["from_domain"], &row["return_path_domain"]);
            differ.push(format!(
                "{path}: From {from} / {from_domain:?}, Return-Path {path_domain} / {return_path_domain:?}"
            ));
        }
    }
    println!("{} of {total} rows agree", total - differ.len());
    assert!(total > 0, "no row was compared");
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
