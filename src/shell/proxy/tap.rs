//! Listens to one direction of a WebSocket connection (RFC 6455 §5) without touching it.

/// A longer message is not put together, bytes. OCPP-J messages have some KiB.
const LONGEST: usize = 1 << 20;

/// A whole message that has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A text.
    Text(String),
    /// Bytes, which OCPP-J does not have.
    Binary,
    /// A text that is longer than [`LONGEST`], compressed, or no UTF-8.
    Unreadable,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Tap {
    /// Of the header of the frame that is coming.
    header: Vec<u8>,
    /// The frame whose payload is coming.
    frame: Option<Frame>,
    /// The message that is coming.
    message: Option<Message>,
}

#[derive(Debug)]
struct Frame {
    last: bool,
    control: bool,
    left: u64,
    mask: [u8; 4],
    /// Bytes of the payload that have come.
    taken: usize,
}

#[derive(Debug)]
struct Message {
    text: bool,
    readable: bool,
    bytes: Vec<u8>,
}

impl Tap {
    /// Takes the next bytes; returns the messages that they complete.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> Vec<Heard> {
        let mut heard = Vec::new();
        while !bytes.is_empty() {
            match &mut self.frame {
                None => {
                    self.header.push(bytes[0]);
                    bytes = &bytes[1..];
                    if self.header.len() == header_length(&self.header) {
                        self.begin();
                    }
                }
                Some(frame) => {
                    let length = bytes.len().min(usize::try_from(frame.left).unwrap_or(usize::MAX));
                    let (now, rest) = bytes.split_at(length);
                    if let Some(message) = self.message.as_mut().filter(|_| !frame.control) {
                        message.take(now, frame);
                    }
                    frame.left -= length as u64;
                    frame.taken += length;
                    bytes = rest;
                }
            }
            if let Some(frame) = self.frame.take_if(|frame| frame.left == 0)
                && frame.last
                && !frame.control
            {
                heard.extend(self.message.take().map(Message::heard));
            }
        }
        heard
    }

    /// No frame has begun that has not ended: another one may be put in here.
    pub(super) fn is_between_frames(&self) -> bool {
        self.header.is_empty() && self.frame.is_none()
    }

    /// The header is complete.
    fn begin(&mut self) {
        let header = std::mem::take(&mut self.header);
        let (first, second) = (header[0], header[1]);
        let masked = second & 0x80 != 0;
        let end = header.len() - if masked { 4 } else { 0 };
        let left = match second & 0x7f {
            short @ ..126 => u64::from(short),
            _ => header[2..end].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        };
        let mut mask = [0; 4];
        mask[..header.len() - end].copy_from_slice(&header[end..]);
        let opcode = first & 0x0f;
        let control = opcode & 0x08 != 0;
        if opcode != 0 && !control {
            // Bits that no extension was agreed for.
            let readable = first & 0x70 == 0;
            self.message = Some(Message { text: opcode == 1, readable, bytes: Vec::new() });
        }
        self.frame = Some(Frame { last: first & 0x80 != 0, control, left, mask, taken: 0 });
    }
}

impl Message {
    fn take(&mut self, bytes: &[u8], frame: &Frame) {
        if !self.text || !self.readable {
            return;
        }
        if self.bytes.len() + bytes.len() > LONGEST {
            self.readable = false;
            self.bytes = Vec::new();
            return;
        }
        let mask = |place: usize| frame.mask[(frame.taken + place) % 4];
        self.bytes.extend(bytes.iter().enumerate().map(|(place, byte)| byte ^ mask(place)));
    }

    fn heard(self) -> Heard {
        if !self.text {
            return Heard::Binary;
        }
        match String::from_utf8(self.bytes) {
            Ok(text) if self.readable => Heard::Text(text),
            _ => Heard::Unreadable,
        }
    }
}

/// How long a header is, by what has come of it.
fn header_length(header: &[u8]) -> usize {
    let Some(second) = header.get(1) else { return 2 };
    let length = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    2 + length + if second & 0x80 != 0 { 4 } else { 0 }
}

/// A close frame as the server sends it, or the client: masked, by zeros.
pub(super) fn close_frame(code: u16, reason: &str, from_client: bool) -> Vec<u8> {
    let length = (2 + reason.len()) as u8;
    let mut frame = vec![0x88, if from_client { 0x80 | length } else { length }];
    if from_client {
        frame.extend([0; 4]);
    }
    frame.extend(code.to_be_bytes());
    frame.extend(reason.as_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};
    use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};

    fn frame(opcode: OpCode, last: bool, masked: bool, payload: &[u8]) -> Vec<u8> {
        let mask = masked.then_some([1, 2, 3, 250]);
        let header = FrameHeader { is_final: last, opcode, mask, ..FrameHeader::default() };
        let mut bytes = Vec::new();
        Frame::from_payload(header, payload.to_vec().into()).format(&mut bytes).unwrap();
        bytes
    }

    /// A text in two frames with a ping between them, bytes, a long text, and one that is none.
    fn stream(masked: bool) -> (Vec<u8>, Vec<Heard>) {
        let long = "ä".repeat(40_000);
        let mut bytes = frame(OpCode::Data(Data::Text), false, masked, b"[2,\"1\",");
        bytes.extend(frame(OpCode::Control(Control::Ping), true, masked, b"?"));
        bytes.extend(frame(OpCode::Data(Data::Continue), true, masked, b"\"Heartbeat\",{}]"));
        bytes.extend(frame(OpCode::Data(Data::Binary), true, masked, b"\x00\x01"));
        bytes.extend(frame(OpCode::Data(Data::Text), true, masked, long.as_bytes()));
        bytes.extend(frame(OpCode::Data(Data::Text), true, masked, b"\xff"));
        bytes.extend(frame(OpCode::Data(Data::Text), true, masked, b""));
        let heard = [
            Heard::Text(r#"[2,"1","Heartbeat",{}]"#.to_owned()),
            Heard::Binary,
            Heard::Text(long),
            Heard::Unreadable,
            Heard::Text(String::new()),
        ];
        (bytes, heard.to_vec())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn messages_are_heard_however_their_bytes_come(
            masked: bool,
            parts in proptest::collection::vec(1_usize..3000, 1..200),
        ) {
            let (bytes, wanted) = stream(masked);
            let mut tap = Tap::default();
            let mut heard = Vec::new();
            let mut rest = bytes.as_slice();
            let mut parts = parts.into_iter().cycle();
            while !rest.is_empty() {
                let (now, later) = rest.split_at(parts.next().unwrap_or(1).min(rest.len()));
                heard.extend(tap.take(now));
                rest = later;
            }
            prop_assert_eq!(heard, wanted);
            prop_assert!(tap.is_between_frames());
        }

        #[test]
        fn no_bytes_upset_it(bytes: Vec<u8>) {
            Tap::default().take(&bytes);
        }
    }

    #[test]
    fn a_message_that_is_too_long_is_passed_over_and_the_next_is_heard() {
        let mut bytes = frame(OpCode::Data(Data::Text), true, true, &vec![b'x'; LONGEST + 1]);
        bytes.extend(frame(OpCode::Data(Data::Text), true, true, b"y"));
        let mut tap = Tap::default();
        assert_eq!(tap.take(&bytes), [Heard::Unreadable, Heard::Text("y".to_owned())]);
        // Compressed without having asked.
        let mut bytes = frame(OpCode::Data(Data::Text), true, true, b"z");
        bytes[0] |= 0x40;
        assert_eq!(tap.take(&bytes), [Heard::Unreadable]);
        assert!(!{
            tap.take(&bytes[..3]);
            tap.is_between_frames()
        });
    }

    #[test]
    fn a_close_frame_is_that_of_the_standard() {
        assert_eq!(close_frame(1001, "bye", false), b"\x88\x05\x03\xe9bye");
        assert_eq!(close_frame(1001, "bye", true), b"\x88\x85\0\0\0\0\x03\xe9bye");
    }
}
