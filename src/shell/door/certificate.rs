//! Names in an X.509 certificate (RFC 5280).
//!
//! Only certificates whose signatures were verified by the TLS handshake come here; this finds
//! the names in them and decides nothing about trust.

/// Object identifier 2.5.4.3, commonName.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// Object identifier 2.5.29.17, subjectAltName.
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
/// UTF8String, PrintableString, IA5String: their bytes are their text.
const TEXTS: [u8; 3] = [0x0c, 0x13, 0x16];
/// `[0]`: the version; `[3]`: the extensions; `[2]` in a name: a DNS name.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const DNS_NAME: u8 = 0x82;

/// The common names of the subject and the DNS names of a DER certificate. A certificate that
/// cannot be read has none.
pub(super) fn names(certificate: &[u8]) -> Vec<String> {
    read(certificate).unwrap_or_default()
}

fn read(certificate: &[u8]) -> Option<Vec<String>> {
    let mut certificate = Der(Der(certificate).expect(SEQUENCE)?);
    let mut body = Der(certificate.expect(SEQUENCE)?).peekable();
    body.next_if(|(tag, _)| *tag == VERSION);
    // serialNumber, signature, issuer, validity
    for _ in 0..4 {
        body.next()?;
    }
    let (_, subject) = body.next()?;
    let mut names = common_names(subject);
    if let Some((_, extensions)) = body.find(|(tag, _)| *tag == EXTENSIONS) {
        names.extend(dns_names(Der(extensions).expect(SEQUENCE)?));
    }
    Some(names)
}

fn common_names(subject: &[u8]) -> Vec<String> {
    // A sequence of sets of (type, value).
    Der(subject)
        .flat_map(|(_, set)| Der(set))
        .filter_map(|(_, attribute)| {
            let mut attribute = Der(attribute);
            let (tag, value) = (attribute.expect(OBJECT_IDENTIFIER)? == COMMON_NAME)
                .then(|| attribute.next())
                .flatten()?;
            TEXTS.contains(&tag).then(|| text(value)).flatten()
        })
        .collect()
}

fn dns_names(extensions: &[u8]) -> Vec<String> {
    Der(extensions)
        .filter_map(|(_, extension)| {
            let mut extension = Der(extension);
            (extension.expect(OBJECT_IDENTIFIER)? == SUBJECT_ALT_NAME).then_some(())?;
            // A boolean "critical" may come before the value.
            let (_, value) = extension.find(|(tag, _)| *tag == OCTET_STRING)?;
            Der(value).expect(SEQUENCE)
        })
        .flat_map(Der)
        .filter(|(tag, _)| *tag == DNS_NAME)
        .filter_map(|(_, name)| text(name))
        .collect()
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

/// The (tag, value) pairs in a run of DER; ends early at what cannot be read.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The value of the next element if it has this tag.
    fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, value)| value)
    }
}

impl<'a> Iterator for Der<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            if digits.len() > 4 {
                return None;
            }
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair};

    fn certificate(common_name: Option<&str>, others: &[&str]) -> Vec<u8> {
        let others: Vec<String> = others.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(others).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "Operator");
        if let Some(name) = common_name {
            params.distinguished_name.push(DnType::CommonName, name);
        }
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn common_name_and_dns_names_are_found() {
        let found = names(&certificate(Some("Zürich 1"), &["cp1.example", "127.0.0.1", "cp2"]));
        assert_eq!(found, ["Zürich 1", "cp1.example", "cp2"]);
        assert_eq!(names(&certificate(None, &["cp1"])), ["cp1"]);
        assert_eq!(names(&certificate(Some("CP1"), &[])), ["CP1"]);
        assert!(names(&certificate(None, &[])).is_empty());
    }

    #[test]
    fn no_cut_and_no_flipped_byte_upsets_the_reader() {
        let whole = certificate(Some("CP1"), &["cp1.example"]);
        for length in 0..whole.len() {
            names(&whole[..length]);
        }
        for place in 0..whole.len() {
            let mut broken = whole.clone();
            broken[place] ^= 0xff;
            names(&broken);
        }
        assert!(names(&whole[..40]).is_empty());
    }
}
