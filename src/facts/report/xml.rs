//! The leaves of an XML report, in their order. Entities are never expanded, depth and text are bounded.

use super::Refusal;
use quick_xml::Reader;
use quick_xml::events::Event;

/// Elements inside one another; the schemas have five.
const DEPTH: usize = 32;
/// Bytes of one value that are kept.
const VALUE: usize = 1024;

/// What is met inside `<feedback>`; paths have no root, names no prefix.
pub(super) enum Met<'p> {
    Start(&'p str),
    Leaf(&'p str, &'p str),
    /// A value, or an element with children that ends.
    End(&'p str),
}

/// What became of the walk.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Walked {
    /// Where the text ends before the report does.
    pub cut: Option<u64>,
    /// Reports behind the first one.
    pub more: usize,
}

/// Walks the first `<feedback>` to its end. What stands around it is no matter: some wrap it into another element.
pub(super) fn walk(text: &[u8], mut meet: impl FnMut(Met)) -> Result<Walked, Refusal> {
    let mut reader = Reader::from_reader(text);
    // Names of organizations stand there as they are: `AT&T`.
    reader.config_mut().allow_dangling_amp = true;
    let mut path = String::new();
    let (mut depth, mut inside, mut value, mut leaf) = (0_usize, false, String::new(), false);
    loop {
        let event = reader.read_event();
        let broken = |what: &str| {
            Err(Refusal::Xml { at: reader.error_position().max(reader.buffer_position()), what: what.to_owned() })
        };
        let cut = |at: u64| Ok(Walked { cut: Some(at), more: 0 });
        match event {
            // Inside a tag, which then never ends.
            Err(quick_xml::Error::Syntax(_)) if inside && !rest(&reader, text).contains(&b'>') => {
                return cut(text.len() as u64);
            }
            Err(error) => return broken(&error.to_string()),
            Ok(Event::Eof) if inside => return cut(text.len() as u64),
            Ok(Event::Eof) => return Err(Refusal::NoReport),
            Ok(Event::Start(tag)) => {
                let name = String::from_utf8_lossy(tag.name().local_name().as_ref()).to_ascii_lowercase();
                if !inside {
                    inside = name == "feedback";
                    continue;
                }
                depth += 1;
                if depth > DEPTH || name.len() > VALUE {
                    return broken("elements are nested without end");
                }
                if !path.is_empty() {
                    path.push('/');
                }
                path.push_str(&name);
                value.clear();
                leaf = true;
                meet(Met::Start(&path));
            }
            Ok(Event::End(_)) if inside => {
                if depth == 0 {
                    return Ok(Walked { cut: None, more: reports(rest(&reader, text)) });
                }
                if std::mem::take(&mut leaf) {
                    meet(Met::Leaf(&path, value.trim()));
                }
                meet(Met::End(&path));
                depth -= 1;
                path.truncate(path.rfind('/').unwrap_or(0));
            }
            Ok(Event::Empty(tag)) if !inside && tag.name().local_name().as_ref().eq_ignore_ascii_case(b"feedback") => {
                return Ok(Walked::default());
            }
            Ok(Event::Text(text)) if leaf => add(&mut value, &String::from_utf8_lossy(&text)),
            Ok(Event::CData(text)) if leaf => add(&mut value, &String::from_utf8_lossy(&text)),
            Ok(Event::GeneralRef(name)) if leaf => match (name.resolve_char_ref(), &name[..]) {
                (Ok(Some(c)), _) => add(&mut value, c.encode_utf8(&mut [0; 4])),
                (_, b"lt") => add(&mut value, "<"),
                (_, b"gt") => add(&mut value, ">"),
                (_, b"amp") => add(&mut value, "&"),
                (_, b"apos") => add(&mut value, "'"),
                (_, b"quot") => add(&mut value, "\""),
                // One of its own document type: what it stands for is not looked at.
                (_, other) => add(&mut value, &format!("&{};", String::from_utf8_lossy(other))),
            },
            Ok(_) => {}
        }
    }
}

/// What has not been read yet.
fn rest<'t>(reader: &Reader<&[u8]>, text: &'t [u8]) -> &'t [u8] {
    usize::try_from(reader.buffer_position()).ok().and_then(|at| text.get(at..)).unwrap_or_default()
}

/// How many reports begin there.
fn reports(text: &[u8]) -> usize {
    memchr::memmem::find_iter(text, b"<feedback").count()
}

fn add(value: &mut String, text: &str) {
    let room = VALUE.saturating_sub(value.len());
    value.push_str(&text[..text.floor_char_boundary(room)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(text: &str) -> Result<Vec<(String, String)>, Refusal> {
        let mut found = Vec::new();
        walk(text.as_bytes(), |met| {
            if let Met::Leaf(path, value) = met {
                found.push((path.to_owned(), value.to_owned()));
            }
        })?;
        Ok(found)
    }

    fn pair(path: &str, value: &str) -> (String, String) {
        (path.to_owned(), value.to_owned())
    }

    #[test]
    fn leaves_with_their_paths() {
        let text = "<?xml version=\"1.0\"?><!-- x --><n:feedback xmlns:n=\"urn\"><a><B> x &amp; <![CDATA[<y>]]> </B>stray<c/><d></d></a></n:feedback>junk";
        assert_eq!(leaves(text).unwrap(), [pair("a/b", "x & <y>"), pair("a/d", "")]);
        assert_eq!(leaves("<schema><feedback><a>1</a></feedback>").unwrap(), [pair("a", "1")]);
    }

    #[test]
    fn what_is_broken_is_refused_with_its_place() {
        for text in ["<feedback><a>1</b></feedback>", "<feedback><a <b></feedback>"] {
            assert!(matches!(leaves(text), Err(Refusal::Xml { .. })), "{text}: {:?}", leaves(text));
        }
        assert_eq!(leaves("<html></html>"), Err(Refusal::NoReport));
        let deep = format!("<feedback>{}", "<a>".repeat(100_000));
        assert!(matches!(leaves(&deep), Err(Refusal::Xml { .. })));
    }

    #[test]
    fn a_cut_is_told_and_what_stands_before_it_is_read() {
        for text in
            ["<feedback><a>1</a>", "<feedback><a>1</a><b", "<feedback><a>1</a></feedb", "<feedback><a>1</a><!-- x"]
        {
            let mut leaves = 0;
            let walked = walk(text.as_bytes(), |met| leaves += usize::from(matches!(met, Met::Leaf(..))));
            assert_eq!((walked, leaves), (Ok(Walked { cut: Some(text.len() as u64), more: 0 }), 1), "{text}");
        }
    }

    #[test]
    fn reports_behind_the_first_are_counted() {
        let one = "<feedback><a>1</a></feedback>";
        let walked = walk(format!("{one}{one}\n<feedback version=\"1\">").as_bytes(), |_| ());
        assert_eq!(walked, Ok(Walked { cut: None, more: 2 }));
    }

    #[test]
    fn a_bare_ampersand_is_one() {
        assert_eq!(
            leaves("<feedback><a>AT&T</a><b>x & y</b></feedback>").unwrap(),
            [pair("a", "AT&T"), pair("b", "x & y")]
        );
    }

    #[test]
    fn entities_do_not_grow() {
        let text =
            "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]><feedback><v>&b;&#65;</v></feedback>";
        assert_eq!(leaves(text).unwrap(), [pair("v", "&b;A")]);
        let long = format!("<feedback><v>{}</v></feedback>", "é".repeat(10_000));
        assert_eq!(leaves(&long).unwrap()[0].1.len(), VALUE);
    }
}
