//! A stream that takes in no more than it was told to expect, whatever the server announces.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What stands between a server and our memory.
#[derive(Debug)]
pub(super) struct Meter<S> {
    inner: S,
    /// Bytes that may still come.
    room: usize,
    scan: Scan,
    /// The last bytes outside literals, in upper case.
    tail: [u8; TAIL],
}

const TAIL: usize = 16;

/// What imap-proto 0.17 panics at. None of it is ever asked for.
const TRAPS: [&[u8]; 3] = [b"INTERNALDATE NIL", b"\n* METADATA ", b"\n* ID "];

/// How far a literal's announcement, `{310}` CRLF, is read (RFC 3501 §4.3). It is looked at here because the parser
/// takes the memory before the bytes come.
#[derive(Clone, Copy, Debug)]
enum Scan {
    Text,
    Digits(u64),
    Closed(u64),
    Return(u64),
    /// Inside a literal of which so much is to come.
    Literal(u64),
}

impl<S> Meter<S> {
    pub fn new(inner: S) -> Meter<S> {
        Meter { inner, room: 0, scan: Scan::Text, tail: [b'\n'; TAIL] }
    }

    /// From now on so many bytes may come.
    pub fn allow(&mut self, room: usize) {
        self.room = room;
    }

    pub fn into_inner(self) -> S {
        self.inner
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.room = self.room.checked_sub(bytes.len()).ok_or_else(too_much)?;
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            if let Scan::Literal(left) = self.scan {
                let skip = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let left = left - skip as u64;
                self.scan = if left == 0 { Scan::Text } else { Scan::Literal(left) };
                rest = &rest[skip..];
                continue;
            }
            self.tail.rotate_left(1);
            self.tail[TAIL - 1] = byte.to_ascii_uppercase();
            if TRAPS.iter().any(|trap| self.tail.ends_with(trap)) {
                return Err(io::Error::other("an answer that nobody asked for"));
            }
            self.scan = match (self.scan, byte) {
                (_, b'{') => Scan::Digits(0),
                (Scan::Digits(n), b'0'..=b'9') => {
                    Scan::Digits(n.saturating_mul(10).saturating_add(u64::from(byte - b'0')))
                }
                (Scan::Digits(n), b'}') => Scan::Closed(n),
                (Scan::Closed(n), b'\r') => Scan::Return(n),
                (Scan::Return(n), b'\n') if n > (self.room + after.len()) as u64 => return Err(too_much()),
                (Scan::Return(n), b'\n') if n > 0 => Scan::Literal(n),
                _ => Scan::Text,
            };
            rest = after;
        }
        Ok(())
    }
}

fn too_much() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "more than was asked for")
}

impl<S: AsyncRead + Unpin> AsyncRead for Meter<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        std::task::ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        Poll::Ready(self.take(&buf.filled()[before..]))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Meter<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(room: usize, pieces: &[&[u8]]) -> bool {
        let mut meter = Meter::new(());
        meter.allow(room);
        pieces.iter().all(|piece| meter.take(piece).is_ok())
    }

    #[test]
    fn no_more_than_was_asked_for() {
        assert!(take(10, &[b"0123456789"]));
        assert!(!take(10, &[b"01234", b"567890"]));
    }

    #[test]
    fn an_announcement_is_refused_before_its_bytes_come() {
        assert!(!take(1000, &[b"* 1 FETCH (BODY[] {4294967295}\r\n"]));
        assert!(!take(1000, &[b"* 1 FETCH (BODY[] {42949", b"67295", b"}\r", b"\n"]));
        assert!(take(1000, &[b"* 1 FETCH (BODY[] {5}\r\nhello)\r\n"]));
        assert!(take(1000, &[b"* OK {4294967295} is no literal\r\n"]));
    }

    #[test]
    fn what_the_parser_falls_over_does_not_reach_it() {
        assert!(!take(1000, &[b"* 1 FETCH (UID 2 Internaldate n", b"il)\r\n"]));
        assert!(!take(1000, &[b"* ID (NIL NIL)\r\n"]));
        assert!(!take(1000, &[b"* OK\r\n* METADATA \"\" (\"x\" NIL)\r\n"]));
        assert!(take(
            1000,
            &[b"* CAPABILITY IMAP4rev1 ID METADATA IDLE\r\n* 1 FETCH (BODY[] {16}\r\nINTERNALDATE NIL)\r\n"]
        ));
    }

    #[test]
    fn what_stands_in_a_literal_announces_nothing() {
        let message = b"{99999999}\r\n";
        let mut line = format!("* 1 FETCH (BODY[] {{{}}}\r\n", message.len()).into_bytes();
        line.extend(message);
        line.extend(b")\r\n");
        assert!(take(1000, &[&line]));
        assert!(take(1000, &line.iter().map(std::slice::from_ref).collect::<Vec<_>>()));
        // Behind it they do again.
        line.extend(b"* 2 FETCH (BODY[] {99999999}\r\n");
        assert!(!take(1000, &[&line]));
    }
}
