//! gzip and Zstandard, told by how they begin, unpacked while they are read.
//!
//! A packed file that was cut off, as by a full disk or a program that was killed, gives everything before the break.
//! Source: RFC 1952 (gzip), RFC 8878 (Zstandard).

use std::error::Error;
use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

/// How gzip begins (RFC 1952 §2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// How a frame of Zstandard begins (RFC 8878 §3.1.1).
const ZSTANDARD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Bytes that are unpacked at once.
const BUFFER: usize = 1 << 16;
/// No block is longer, packed or not (RFC 8878 §3.1.1.2.4).
const LONGEST_BLOCK: usize = 128 << 10;

/// Where a packed file breaks off, as the cause of an [`io::Error`]; in words.
#[derive(Debug)]
pub(super) struct Cut(pub(super) String);

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Cut {}

impl From<Cut> for io::Error {
    fn from(cut: Cut) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, cut)
    }
}

/// What was packed, or the source as it is.
///
/// # Errors
/// When the source cannot be read.
pub(super) fn unpacked<R: BufRead + Send + 'static>(
    mut source: R,
) -> io::Result<Box<dyn BufRead + Send>> {
    let mut head = Vec::new();
    (&mut source).take(ZSTANDARD.len() as u64).read_to_end(&mut head)?;
    let (gzip, zstandard) = (head.starts_with(&GZIP), head == ZSTANDARD);
    let whole = Cursor::new(head).chain(source);
    Ok(if gzip {
        Box::new(BufReader::with_capacity(BUFFER, Breaking(MultiGzDecoder::new(whole))))
    } else if zstandard {
        let frames = Frames::Between(Blocks::new(whole));
        Box::new(BufReader::with_capacity(BUFFER, frames))
    } else {
        Box::new(whole)
    })
}

/// Tells damaged data from a file that cannot be read: that has an error of the system.
struct Breaking<R>(R);

impl<R: Read> Read for Breaking<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.raw_os_error() {
            None if error.kind() != io::ErrorKind::Interrupted => Cut(error.to_string()).into(),
            _ => error,
        })
    }
}

/// The frames of a Zstandard file, one after the other.
enum Frames<R: Read> {
    Between(Blocks<R>),
    Within(Box<StreamingDecoder<Blocks<R>, FrameDecoder>>),
    Ended,
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(self, Frames::Ended) {
                Frames::Ended => return Ok(0),
                Frames::Between(mut blocks) => {
                    if !blocks.begin()? {
                        return Ok(0);
                    }
                    let decoder = StreamingDecoder::new(blocks).map_err(damaged)?;
                    *self = Frames::Within(Box::new(decoder));
                }
                Frames::Within(mut decoder) => match decoder.read(buffer) {
                    Ok(0) if !buffer.is_empty() => {
                        let blocks = decoder.into_inner();
                        if blocks.cut {
                            return Err(ends_early().into());
                        }
                        *self = Frames::Between(blocks);
                    }
                    Ok(read) => {
                        *self = Frames::Within(decoder);
                        return Ok(read);
                    }
                    Err(error) => {
                        // What the system says of the source went through the decoder.
                        return Err(decoder.into_inner().broken.unwrap_or_else(|| damaged(error)));
                    }
                },
            }
        }
    }
}

fn damaged(error: impl fmt::Display) -> io::Error {
    Cut(error.to_string()).into()
}

fn ends_early() -> Cut {
    Cut("unexpected end of file".to_owned())
}

/// A source of Zstandard that hands on whole blocks only, and ends a frame that breaks off with an empty last block:
/// a decoder keeps back what later blocks may refer to until it has seen the last one.
struct Blocks<R> {
    source: R,
    ready: Vec<u8>,
    at: usize,
    next: Part,
    /// Whether the frame has a checksum behind its last block.
    checksum: bool,
    /// Whether the frame broke off.
    cut: bool,
    /// What kept the source from being read.
    broken: Option<io::Error>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Block,
    Checksum,
    Nothing,
}

impl<R: Read> Blocks<R> {
    fn new(source: R) -> Blocks<R> {
        Blocks {
            source,
            ready: Vec::new(),
            at: 0,
            next: Part::Nothing,
            checksum: false,
            cut: false,
            broken: None,
        }
    }

    /// Goes to the next frame, and takes its header; false at the end of the file.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            self.ready.clear();
            self.at = 0;
            match self.take(4)? {
                0 => return Ok(false),
                4 if self.ready == ZSTANDARD => break,
                // A frame that decoders skip (§3.1.2): its length, and as many bytes.
                4 if self.ready[0] & 0xf0 == 0x50 && self.ready[1..] == [0x2a, 0x4d, 0x18] => {
                    self.whole(4)?;
                    let length = self.ready[4..8].iter().rev();
                    let length = length.fold(0, |sum, byte| sum << 8 | u64::from(*byte));
                    io::copy(&mut (&mut self.source).take(length), &mut io::sink())?;
                }
                _ => return Err(Cut("something else follows".to_owned()).into()),
            }
        }
        self.whole(1)?;
        let descriptor = self.ready[4];
        let single_segment = descriptor & 0x20 != 0;
        self.checksum = descriptor & 0x04 != 0;
        let window = usize::from(!single_segment);
        let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
        let size = [usize::from(single_segment), 2, 4, 8][usize::from(descriptor >> 6)];
        self.whole(window + dictionary + size)?;
        self.next = Part::Block;
        Ok(true)
    }

    /// Takes the next part of the frame.
    fn part(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.at = 0;
        match self.next {
            Part::Nothing => {}
            Part::Block => match self.block() {
                Ok(true) => self.next = if self.checksum { Part::Checksum } else { Part::Nothing },
                Ok(false) => {}
                Err(error) if error.get_ref().is_some_and(|it| it.is::<Cut>()) => {
                    self.cut = true;
                    self.next = Part::Nothing;
                    self.ready.clear();
                    // A last block, raw, of no bytes; and a checksum that nobody compares.
                    self.ready.extend([1, 0, 0]);
                    self.ready.extend([0; 4].iter().take(if self.checksum { 4 } else { 0 }));
                }
                Err(error) => return Err(error),
            },
            Part::Checksum => {
                self.next = Part::Nothing;
                self.cut |= self.take(4)? < 4;
                self.ready.resize(4, 0);
            }
        }
        Ok(())
    }

    /// Takes a block (§3.1.1.2); whether it is the last.
    fn block(&mut self) -> io::Result<bool> {
        self.whole(3)?;
        let header = u32::from_le_bytes([self.ready[0], self.ready[1], self.ready[2], 0]);
        let size = (header >> 3) as usize;
        // One byte that is repeated.
        let length = if header >> 1 & 3 == 1 { 1 } else { size };
        if length > LONGEST_BLOCK || header >> 1 & 3 == 3 {
            return Err(damaged("a block that cannot be"));
        }
        self.whole(length)?;
        Ok(header & 1 == 1)
    }

    /// Takes so many bytes.
    fn whole(&mut self, length: usize) -> io::Result<()> {
        if self.take(length)? < length { Err(ends_early().into()) } else { Ok(()) }
    }

    /// Takes at most so many bytes; fewer only at the end of the file.
    fn take(&mut self, length: usize) -> io::Result<usize> {
        (&mut self.source).take(length as u64).read_to_end(&mut self.ready)
    }
}

impl<R: Read> Read for Blocks<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.ready.len()
            && let Err(error) = self.part()
        {
            let told = io::Error::from(error.kind());
            self.broken = Some(error);
            return Err(told);
        }
        let read = (&self.ready[self.at..]).read(buffer)?;
        self.at += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    /// What can be read, and why no more.
    fn read(bytes: Vec<u8>) -> (String, Option<String>) {
        let mut source = unpacked(Cursor::new(bytes)).expect("memory can be read");
        let mut text = Vec::new();
        let mut buffer = [0; 7];
        let why = loop {
            match source.read(&mut buffer) {
                Ok(0) => break None,
                Ok(read) => text.extend(&buffer[..read]),
                Err(error) => break Some(error.to_string()),
            }
        };
        (String::from_utf8(text).expect("text"), why)
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text.as_bytes()).expect("memory takes it");
        packer.finish().expect("memory takes it")
    }

    fn zstandard(text: &str) -> Vec<u8> {
        compress_to_vec(text.as_bytes(), CompressionLevel::Fastest)
    }

    /// Half a megabyte: several blocks.
    fn long() -> String {
        (0..40_000).map(|n| format!("{n} {}\n", n * 7919 % 1_000_003)).collect()
    }

    #[test]
    fn what_is_packed_or_not_reads_the_same_and_parts_that_were_joined_follow_each_other() {
        for text in ["", "x", &long()] {
            assert_eq!(read(text.into()), (text.to_owned(), None));
            for pack in [gzip, zstandard] {
                assert_eq!(read(pack(text)), (text.to_owned(), None));
                let mut joined = pack(text);
                joined.extend(pack("and more"));
                assert_eq!(read(joined), (format!("{text}and more"), None));
            }
        }
        // A frame that is none of ours stands in between.
        let mut skipped = zstandard("a");
        skipped.extend([0x53, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, b'?', b'?']);
        skipped.extend(zstandard("b"));
        assert_eq!(read(skipped), ("ab".to_owned(), None));
    }

    #[test]
    fn a_packed_file_that_breaks_off_gives_what_stands_before_the_break() {
        let text = long();
        for pack in [gzip, zstandard] {
            let packed = pack(&text);
            let mut longest = 0;
            for tenth in 1..10 {
                let (part, why) = read(packed[..packed.len() * tenth / 10].to_vec());
                assert!(text.starts_with(&part) && part.len() >= longest, "{tenth}");
                assert!(why.is_some(), "{tenth}");
                longest = part.len();
            }
            // The blocks of both are below 128 KiB.
            assert!(longest > text.len() * 8 / 10 - LONGEST_BLOCK, "{longest} of {}", text.len());
            // Zstandard without a checksum loses the last block, gzip nothing.
            let (most, why) = read(packed[..packed.len() - 1].to_vec());
            assert!(most.len() + LONGEST_BLOCK > text.len() && why.is_some(), "{}", most.len());
        }
    }

    #[test]
    fn what_follows_a_packed_part_is_told_when_it_is_none() {
        for pack in [gzip, zstandard] {
            let mut packed = pack("text");
            packed.extend(b"rubbish");
            let (text, why) = read(packed);
            assert_eq!((text.as_str(), why.is_some()), ("text", true));
        }
    }
}
