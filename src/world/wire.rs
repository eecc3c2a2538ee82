//! SMTP lines there and back, of bounded length and number (RFC 5321 §4.2).

use super::tls::Fault;
use crate::evidence::errand::Step;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes of a line that are read; RFC 5321 §4.5.3.1.5 allows 512.
const LINE: usize = 2048;

/// Lines of one reply.
const LINES: usize = 64;

/// Bytes of a line that does not fit that are quoted.
const QUOTED: usize = 80;

/// One end of the conversation.
pub(super) struct Wire<S> {
    stream: S,
    /// Read and not looked at yet.
    ahead: Vec<u8>,
}

/// A whole reply.
pub(super) struct Reply {
    pub code: u16,
    /// Its lines, apart by line feeds.
    pub text: String,
}

impl Reply {
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// The lines behind the first, without their codes: the keywords of EHLO.
    pub fn keywords(&self) -> Vec<String> {
        let rest = |line: &str| line.get(4..).unwrap_or_default().trim().to_owned();
        self.text.lines().skip(1).map(rest).filter(|word| !word.is_empty()).collect()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub fn new(stream: S) -> Wire<S> {
        Wire { stream, ahead: Vec::new() }
    }

    /// The bare stream, unless the other side has said more than it was asked: text before the handshake must
    /// not be taken for text after it (RFC 3207 §5).
    pub fn into_stream(self) -> Option<S> {
        self.ahead.is_empty().then_some(self.stream)
    }

    pub async fn send(&mut self, line: &str) -> Result<(), Fault> {
        // Nothing of a stranger's may become a command of its own.
        if line.bytes().any(|b| b.is_ascii_control()) {
            return Err((Step::Answer, "a name with control characters in it cannot be asked about".into()));
        }
        self.give(format!("{line}\r\n").as_bytes()).await
    }

    /// Bytes as they are.
    pub async fn give(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.stream.write_all(bytes).await.map_err(hung_up)?;
        self.stream.flush().await.map_err(hung_up)
    }

    /// One whole reply.
    pub async fn reply(&mut self) -> Result<Reply, Fault> {
        let mut lines: Vec<String> = Vec::new();
        loop {
            let line = self.line().await?;
            let code =
                line.get(..3).filter(|code| code.bytes().all(|b| b.is_ascii_digit())).and_then(|c| c.parse().ok());
            let Some(code @ 200..600) = code else {
                let shown = &line[..line.floor_char_boundary(QUOTED)];
                return Err((Step::Answer, format!("says something that is no SMTP reply: {shown}")));
            };
            let last = line.as_bytes().get(3) != Some(&b'-');
            lines.push(line);
            if last {
                return Ok(Reply { code, text: lines.join("\n") });
            }
            if lines.len() == LINES {
                return Err((Step::Answer, format!("a reply of more than {LINES} lines")));
            }
        }
    }

    /// A line without its end.
    async fn line(&mut self) -> Result<String, Fault> {
        let mut seen = 0;
        loop {
            if let Some(end) = self.ahead[seen..].iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.ahead.drain(..=seen + end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
            }
            seen = self.ahead.len();
            if seen > LINE {
                return Err((Step::Answer, format!("a line of more than {LINE} bytes")));
            }
            let mut chunk = [0; 512];
            match self.stream.read(&mut chunk).await.map_err(hung_up)? {
                0 => return Err((Step::Answer, "hung up".into())),
                n => self.ahead.extend_from_slice(&chunk[..n]),
            }
        }
    }
}

fn hung_up(error: std::io::Error) -> Fault {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match error.kind() {
        BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof => (Step::Answer, "hung up".into()),
        _ => (Step::Answer, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of these bytes.
    async fn read(bytes: &[u8]) -> Result<Reply, Fault> {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        theirs.write_all(bytes).await.unwrap();
        drop(theirs);
        Wire::new(ours).reply().await
    }

    #[tokio::test]
    async fn replies_of_one_line_and_of_several() {
        let one = read(b"250 2.1.0 Ok\r\n").await.unwrap();
        assert_eq!((one.code, &*one.text), (250, "250 2.1.0 Ok"));
        let several = read(b"250-mx.example.com\r\n250-SIZE 1000\n250-\r\n250 STARTTLS\r\n").await.unwrap();
        assert_eq!(several.keywords(), ["SIZE 1000", "STARTTLS"]);
        assert_eq!(read(b"220\r\n").await.unwrap().code, 220);
        assert_eq!(read(b"550 \xff\x1b[31m\r\n").await.unwrap().code, 550);
    }

    #[tokio::test]
    async fn what_never_ends_is_cut_and_what_is_no_reply_is_said() {
        let why = |result: Result<Reply, Fault>| result.err().unwrap().1;
        assert_eq!(why(read(&b"250-more\r\n".repeat(10_000)).await), "a reply of more than 64 lines");
        assert_eq!(why(read(&b"2".repeat(100_000)).await), "a line of more than 2048 bytes");
        assert_eq!(why(read(b"250-half\r\n250").await), "hung up");
        assert_eq!(why(read(b"").await), "hung up");
        for junk in ["HTTP/1.1 400 Bad Request\r\n", "\r\n", "99\r\n", "\u{e9}\u{e9}\r\n", "700 x\r\n", "100 x\r\n"] {
            assert!(why(read(junk.as_bytes()).await).starts_with("says something"), "{junk}");
        }
    }

    #[tokio::test]
    async fn a_line_with_a_control_character_is_never_sent() {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let mut wire = Wire::new(ours);
        assert!(wire.send("RCPT TO:<a@example.com>\r\nDATA").await.is_err());
        drop(wire);
        let mut sent = String::new();
        theirs.read_to_string(&mut sent).await.unwrap();
        assert_eq!(sent, "");
    }
}
