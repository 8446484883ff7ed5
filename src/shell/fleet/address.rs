//! Where a central system is and how charge points prove who they are (OCPP-J §3.1, security
//! whitepaper §3: HTTP Basic authentication).

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;
use tokio_tungstenite::tungstenite::http::Uri;

/// The subprotocol of OCPP 1.6J.
pub(super) const PROTOCOL: &str = "ocpp1.6";

/// The endpoint URL of a central system; the identity of a charge point is appended to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(String);

/// Why a text is no endpoint of a central system.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// Not a URL.
    #[error("not a URL: give ws://HOST[:PORT]/PATH or wss://..")]
    NoUrl,
    /// A scheme that no WebSocket has.
    #[error("a central system is reached by ws:// or wss://, not by {0}://")]
    Scheme(String),
    /// User and password in the URL.
    #[error("the URL must not hold credentials: every charge point has its own, see --password")]
    Credentials,
    /// Something after the path.
    #[error("the URL must end with its path: the identity of each charge point is appended to it")]
    Query,
}

impl Endpoint {
    /// Reads an endpoint URL such as `ws://localhost:9000/ocpp`; a slash at its end is optional.
    ///
    /// # Errors
    /// When it is none; the text says what to give.
    pub fn parse(text: &str) -> Result<Endpoint, EndpointError> {
        if text.contains(['?', '#']) {
            return Err(EndpointError::Query);
        }
        let uri: Uri = text.parse().map_err(|_| EndpointError::NoUrl)?;
        match uri.scheme_str() {
            Some("ws" | "wss") => {}
            Some(other) => return Err(EndpointError::Scheme(other.to_owned())),
            None => return Err(EndpointError::NoUrl),
        }
        let authority = uri.authority().ok_or(EndpointError::NoUrl)?;
        if authority.as_str().contains('@') {
            return Err(EndpointError::Credentials);
        }
        Ok(Endpoint(text.trim_end_matches('/').to_owned()))
    }

    /// The URL of one charge point.
    #[must_use]
    pub fn of(&self, identity: &str) -> String {
        self.followed_by("/", identity)
    }

    /// The same as some stations write it, with a second slash before the identity.
    #[must_use]
    pub fn with_slash(&self, identity: &str) -> String {
        self.followed_by("//", identity)
    }

    fn followed_by(&self, slash: &str, identity: &str) -> String {
        let mut url = format!("{}{slash}", self.0);
        for byte in identity.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    url.push(char::from(byte));
                }
                _ => url.push_str(&format!("%{byte:02X}")),
            }
        }
        url
    }

    /// Host and port to connect to.
    pub(in crate::shell) fn host_and_port(&self) -> (&str, u16) {
        let authority = self.authority();
        let port = if self.is_secure() { 443 } else { 80 };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, given)) if !given.ends_with(']') => (host, given.parse().unwrap_or(port)),
            _ => (authority, port),
        };
        (host.trim_start_matches('[').trim_end_matches(']'), port)
    }

    /// Host and port as they stand in the URL.
    pub(in crate::shell) fn authority(&self) -> &str {
        let rest = self.0.split_once("://").map_or(&*self.0, |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest)
    }

    /// What follows them; without a slash at its end.
    pub(in crate::shell) fn path(&self) -> &str {
        let rest = self.0.split_once("://").map_or(&*self.0, |(_, rest)| rest);
        rest.find('/').map_or("", |at| &rest[at..])
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("wss")
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The passwords of charge points; what they are is not shown.
#[derive(Clone, Default)]
pub enum Passwords {
    /// Charge points show none.
    #[default]
    None,
    /// All have the same.
    Same(String),
    /// Each its own, by identity.
    Each(BTreeMap<String, String>),
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Passwords::None => "None",
            Passwords::Same(_) => "Same(..)",
            Passwords::Each(_) => "Each(..)",
        })
    }
}

/// Why a list of passwords cannot be used. Nothing of what stands there is repeated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {problem}")]
pub struct PasswordsError {
    line: usize,
    problem: &'static str,
}

impl Passwords {
    /// Reads lines `IDENTITY:PASSWORD`; blank lines and those that begin with `#` do not count.
    ///
    /// # Errors
    /// When a line is something else, or an identity has two passwords.
    pub fn parse(text: &str) -> Result<Passwords, PasswordsError> {
        let mut each = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let wrong = |problem| Err(PasswordsError { line: number + 1, problem });
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((identity, password)) = line.split_once(':') else {
                return wrong("no colon; write IDENTITY:PASSWORD");
            };
            if each.insert(identity.to_owned(), password.to_owned()).is_some() {
                return wrong("this charge point has a password already");
            }
        }
        Ok(Passwords::Each(each))
    }

    /// The header by which a charge point proves who it is, if it has a password.
    pub(super) fn header(&self, identity: &str) -> Option<String> {
        let password = match self {
            Passwords::None => None,
            Passwords::Same(password) => Some(password),
            Passwords::Each(each) => each.get(identity),
        }?;
        Some(format!("Basic {}", base64(format!("{identity}:{password}").as_bytes())))
    }

    /// Whether a charge point of this identity has what it needs; the text says what is missing.
    ///
    /// # Errors
    /// When its password is missing, or its identity cannot be shown with one.
    pub fn check(&self, identity: &str) -> Result<(), String> {
        match self {
            Passwords::None => Ok(()),
            _ if identity.contains(':') => {
                Err(format!("{identity}: a name with a colon cannot have a password (RFC 7617)"))
            }
            Passwords::Each(each) if !each.contains_key(identity) => {
                Err(format!("{identity}: there is no line with its password"))
            }
            _ => Ok(()),
        }
    }
}

/// RFC 4648 §4, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let three = [group[0], *group.get(1).unwrap_or(&0), *group.get(2).unwrap_or(&0)];
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_is_percent_encoded_behind_one_slash() {
        for (endpoint, identity, url) in [
            ("ws://csms:9000", "cp_1", "ws://csms:9000/cp_1"),
            ("ws://csms/ocpp/", "RDAM 123", "ws://csms/ocpp/RDAM%20123"),
            ("wss://csms/ocpp", "a/b?ü", "wss://csms/ocpp/a%2Fb%3F%C3%BC"),
            ("ws://[::1]:80/", "~.-_", "ws://[::1]:80/~.-_"),
        ] {
            assert_eq!(Endpoint::parse(endpoint).unwrap().of(identity), url);
        }
    }

    #[test]
    fn an_endpoint_has_a_host_a_port_and_a_path() {
        for (text, host, port, authority, path) in [
            ("ws://csms:9000/a/b/", "csms", 9000, "csms:9000", "/a/b"),
            ("wss://csms", "csms", 443, "csms", ""),
            ("ws://[::1]/ocpp", "::1", 80, "[::1]", "/ocpp"),
            ("ws://[::1]:81", "::1", 81, "[::1]:81", ""),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!(endpoint.host_and_port(), (host, port));
            assert_eq!((endpoint.authority(), endpoint.path()), (authority, path));
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused_with_the_remedy() {
        for (text, why) in [
            ("http://csms/ocpp", EndpointError::Scheme("http".to_owned())),
            ("csms", EndpointError::NoUrl),
            ("", EndpointError::NoUrl),
            ("ws://", EndpointError::NoUrl),
            ("ws://me:secret@csms/", EndpointError::Credentials),
            ("ws://csms/ocpp?token=1", EndpointError::Query),
        ] {
            assert_eq!(Endpoint::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn basic_credentials_are_those_of_the_standard() {
        // The example of RFC 7617 §2.
        let same = Passwords::Same("open sesame".to_owned());
        let header = same.header("Aladdin").unwrap();
        assert_eq!(header, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v")] {
            assert_eq!(base64(plain.as_bytes()), coded, "RFC 4648 §10");
        }
        assert_eq!(Passwords::None.header("Aladdin"), None);
    }

    #[test]
    fn a_file_of_passwords_is_checked_before_anybody_connects() {
        let each = Passwords::parse("# mine\n\ncp 1:se:cret \ncp_2:x\n").unwrap();
        assert_eq!(each.check("cp 1"), Ok(()));
        assert_eq!(each.header("cp 1").unwrap(), format!("Basic {}", base64(b"cp 1:se:cret ")));
        assert!(each.check("cp_3").unwrap_err().contains("cp_3"));
        assert!(Passwords::Same(String::new()).check("a:b").is_err());
        assert_eq!(format!("{each:?}"), "Each(..)", "nobody logs a password");
        let double = Passwords::parse("a:1\na:2").unwrap_err().to_string();
        assert!(double.starts_with("line 2: ") && !double.contains("a:2"), "{double}");
        assert!(Passwords::parse("a:1\nsecret").unwrap_err().to_string().contains("line 2"));
    }
}
