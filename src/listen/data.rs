//! The bytes between DATA and its end (RFC 5321 §4.1.1.4, §4.5.2).
//!
//! Only CRLF ends a line (RFC 5321 §2.3.8). Where one server takes a bare LF or CR for a line end and the next does
//! not, a second message can be smuggled inside the first; so such a message is read to its true end and refused.

/// What is being read.
#[derive(Debug)]
pub struct Data {
    content: Vec<u8>,
    at: At,
    /// Bytes of the line so far.
    line: usize,
    fault: Option<Fault>,
    size: usize,
    longest: usize,
    /// Bytes seen, kept or not.
    seen: usize,
}

/// Why a message that was read cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    BareLf,
    BareCr,
    TooLarge,
    LongLine,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    LineStart,
    Text,
    Cr,
    /// A dot that began a line.
    Dot,
    DotCr,
}

impl Data {
    pub fn new(size: usize, longest: usize) -> Data {
        Data { content: Vec::new(), at: At::LineStart, line: 0, fault: None, size, longest, seen: 0 }
    }

    /// Takes bytes; `Some` is how many were of the message once its end is among them.
    pub fn take(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut rest = bytes;
        while let Some((&byte, tail)) = rest.split_first() {
            if self.at == At::Text {
                let run = rest.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(rest.len());
                if run > 0 {
                    let (text, tail) = rest.split_at(run);
                    self.keep(text);
                    rest = tail;
                    continue;
                }
            }
            rest = tail;
            if self.step(byte) {
                self.seen += bytes.len() - rest.len();
                return Some(bytes.len() - rest.len());
            }
        }
        self.seen += bytes.len();
        None
    }

    /// Bytes held now.
    pub fn held(&self) -> usize {
        self.content.capacity()
    }

    /// So much came beyond what may come that waiting for the end is in vain.
    pub fn is_endless(&self) -> bool {
        self.seen > self.size.saturating_mul(2).saturating_add(1 << 20)
    }

    /// The message, or why it cannot be taken.
    pub fn end(self) -> Result<Vec<u8>, Fault> {
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(self.content),
        }
    }

    /// One byte; true at the end of the message.
    fn step(&mut self, byte: u8) -> bool {
        self.at = match (self.at, byte) {
            (At::LineStart, b'.') => At::Dot,
            (At::Dot, b'\r') => At::DotCr,
            (At::DotCr, b'\n') => return true,
            (At::LineStart | At::Text, b'\r') => At::Cr,
            (At::Cr, b'\n') => {
                self.keep(b"\r\n");
                self.line = 0;
                At::LineStart
            }
            (At::Cr | At::DotCr, _) => {
                self.blame(Fault::BareCr);
                self.at = At::Text;
                return self.step(byte);
            }
            (_, b'\n') => {
                self.blame(Fault::BareLf);
                At::Text
            }
            // A dot that was put in front of a line goes (RFC 5321 §4.5.2).
            (_, other) => {
                self.keep(&[other]);
                At::Text
            }
        };
        false
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.line += bytes.len();
        if self.line > self.longest {
            self.blame(Fault::LongLine);
        }
        if self.content.len() + bytes.len() > self.size {
            self.blame(Fault::TooLarge);
        }
        match self.fault {
            None => self.content.extend_from_slice(bytes),
            // Nobody will read it.
            Some(_) => self.content = Vec::new(),
        }
    }

    /// The first fault stays.
    fn blame(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All at once and byte by byte must come to the same.
    fn read(bytes: &[u8]) -> (Option<usize>, Result<Vec<u8>, Fault>) {
        let mut whole = Data::new(100, 40);
        let end = whole.take(bytes);
        let mut single = Data::new(100, 40);
        let at = bytes.iter().position(|b| single.take(&[*b]).is_some()).map(|n| n + 1);
        assert_eq!(end, at);
        let (whole, single) = (whole.end(), single.end());
        assert_eq!(whole, single);
        (end, whole)
    }

    #[test]
    fn only_crlf_dot_crlf_ends_a_message() {
        assert_eq!(read(b"a\r\n.\r\nQUIT\r\n"), (Some(6), Ok(b"a\r\n".to_vec())));
        assert_eq!(read(b".\r\n"), (Some(3), Ok(vec![])));
        assert_eq!(read(b"..a\r\n...\r\n.b\r\n.\r\n"), (Some(17), Ok(b".a\r\n..\r\nb\r\n".to_vec())));
        for smuggled in [
            &b"a\n.\nMAIL"[..],
            b"a\n.\r\nMAIL",
            b"a\r\n.\nMAIL",
            b"a\r\n.\rMAIL",
            b"a\r.\r\nMAIL",
            b"a\r\n.\r\r\nMAIL",
        ] {
            let (end, _) = read(smuggled);
            assert_eq!(end, None, "{}", smuggled.escape_ascii());
            let (end, kept) = read(&[smuggled, b"\r\n.\r\n"].concat());
            assert!(end.is_some() && matches!(kept, Err(Fault::BareLf | Fault::BareCr)), "{}", smuggled.escape_ascii());
        }
    }

    #[test]
    fn too_much_is_read_and_not_kept() {
        let line = [&[b'x'; 30][..], b"\r\n"].concat();
        assert_eq!(read(&[&line.repeat(4)[..], b".\r\n"].concat()).1, Err(Fault::TooLarge));
        assert_eq!(read(&[&[b'x'; 41][..], b"\r\n.\r\n"].concat()).1, Err(Fault::LongLine));
        let mut data = Data::new(10, 100);
        data.take(&[b'x'; 64]);
        assert_eq!(data.held(), 0);
        assert!(!data.is_endless());
        (0..40).for_each(|_| assert!(data.take(&[b'x'; 1 << 15]).is_none()));
        assert!(data.is_endless());
    }
}
