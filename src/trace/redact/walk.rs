//! Goes through a line of a trace and says what stands where; whoever listens says what shall stand there.

use std::ops::Range;

use super::edit::{Decoded, Edit, escaped};
use super::kind::Kind;
use super::names::{self, Says};
use super::scrub;
use super::shapes;
use super::tree::{self, Node, Value};

/// A number with fewer digits, where nothing is said of it, is not one of the known ones but by chance.
const KNOWN_NUMBER: usize = 6;
/// A number with as many digits, in what a vendor defines, is an id.
const LONG_NUMBER: usize = 9;

/// Who is told.
pub(super) trait Sink {
    /// A text of this kind stands at this place (a JSON pointer); what shall stand there, if not the same.
    fn found(&mut self, kind: Kind, text: &str, place: &str) -> Option<String>;

    /// Whether it is an instant (RFC 3339), and another one shall stand there; who moves none says nothing.
    fn instant(&mut self, _text: &str) -> Option<String> {
        None
    }

    /// An instant in microseconds since 1970 stands there.
    fn micros(&mut self, _at: i64) -> Option<i64> {
        None
    }

    /// Texts of which nobody knows what they hold are of a kind as a whole, [`Kind::Text`].
    fn takes_texts_whole(&self) -> bool;

    /// What a text is that stands elsewhere as a secret.
    fn known(&self, text: &str) -> Option<Kind>;

    /// Where secrets that stand elsewhere are within a text: in order, apart from one another.
    fn known_within(&self, text: &str) -> Vec<(Range<usize>, Kind)>;
}

/// Whose words the names of fields are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Area {
    /// OCPP's.
    Payload,
    /// A vendor's.
    Foreign,
    /// Whoever wrote the trace.
    Meta,
}

/// See the module.
pub(super) struct Walk<'s> {
    pub(super) sink: &'s mut dyn Sink,
    /// JSON pointer (RFC 6901) of where it is.
    place: String,
    /// Raw frames that are none.
    pub(super) dropped: u64,
}

/// What a walk found out about a field: where it stands, what its name says, whose name it is.
struct Field<'t> {
    text: &'t str,
    says: Says,
    area: Area,
}

impl<'s> Walk<'s> {
    pub(super) fn new(sink: &'s mut dyn Sink) -> Walk<'s> {
        Walk { sink, place: String::new(), dropped: 0 }
    }

    /// Goes through a record; the edits are in order. `None` when the line is no JSON object.
    pub(super) fn line(&mut self, text: &str) -> Option<Vec<Edit>> {
        let node = tree::parse(text)?;
        let Value::Object(members) = &node.value else { return None };
        let mut edits = Vec::new();
        for (index, (name, value)) in members.iter().enumerate() {
            let inside = &text[name.start + 1..name.end - 1];
            let mut member = |walk: &mut Walk<'_>, says, area| {
                walk.node(&Field { text, says, area }, value, &mut edits);
            };
            let before = self.enter(inside);
            match inside {
                "schemaVersion" | "ocppVersion" | "transport" | "direction" | "messageType"
                | "connectorId" => {}
                "chargePointId" => member(self, Says::Kind(Kind::Point), Area::Payload),
                "messageId" => member(self, Says::Kind(Kind::Message), Area::Payload),
                "action" | "timestamp" => member(self, Says::Plain, Area::Payload),
                "payload" => member(self, Says::Nothing, Area::Payload),
                "error" => self.error(text, value, &mut edits),
                "meta" => member(self, Says::Nothing, Area::Meta),
                "raw" => {
                    if let Some(inner) = self.raw(text, value) {
                        edits.extend(inner);
                    } else {
                        self.dropped += 1;
                        let span = match index.checked_sub(1) {
                            Some(before) => members[before].1.span.end..value.span.end,
                            None => {
                                name.start..members.get(1).map_or(value.span.end, |it| it.0.start)
                            }
                        };
                        edits.push(Edit { span, new: String::new() });
                    }
                }
                _ => member(self, Says::Foreign, Area::Foreign),
            }
            self.place.truncate(before);
        }
        Some(edits)
    }

    fn error(&mut self, text: &str, node: &Node, edits: &mut Vec<Edit>) {
        let Value::Object(members) = &node.value else { return };
        for (name, value) in members {
            let inside = &text[name.start + 1..name.end - 1];
            let before = self.enter(inside);
            let (says, area) = match inside {
                "code" => (Says::Plain, Area::Payload),
                "description" => (Says::Kind(Kind::Text), Area::Payload),
                _ => (Says::Foreign, Area::Foreign),
            };
            self.node(&Field { text, says, area }, value, edits);
            self.place.truncate(before);
        }
    }

    /// A raw frame; `None` when it is none.
    fn raw(&mut self, text: &str, node: &Node) -> Option<Vec<Edit>> {
        if text[node.span.clone()] == *"null" {
            return Some(Vec::new());
        }
        let Value::Text = node.value else { return None };
        let decoded = Decoded::of(&text[node.span.start + 1..node.span.end - 1])?;
        let frame = tree::parse(&decoded.text)?;
        let inner = self.frame(&decoded.text, &frame)?;
        Some(lifted(&decoded, inner, node.span.start + 1))
    }

    /// A frame of OCPP-J; `None` when it is none.
    fn frame(&mut self, text: &str, node: &Node) -> Option<Vec<Edit>> {
        let Value::Array(elements) = &node.value else { return None };
        let (Value::Number, Value::Text) = (&elements.first()?.value, &elements.get(1)?.value)
        else {
            return None;
        };
        let plain = (Says::Plain, Area::Payload);
        let payload = (Says::Nothing, Area::Payload);
        let prose = (Says::Kind(Kind::Text), Area::Payload);
        let parts: &[(Says, Area)] = match &text[elements[0].span.clone()] {
            "2" => &[plain, payload],
            "3" => &[payload],
            "4" => &[plain, prose],
            _ => return None,
        };
        let mut edits = Vec::new();
        for (index, element) in elements.iter().enumerate().skip(1) {
            let before = self.enter(&index.to_string());
            let (says, area) = match index {
                1 => (Says::Kind(Kind::Message), Area::Payload),
                _ => parts.get(index - 2).copied().unwrap_or((Says::Foreign, Area::Foreign)),
            };
            self.node(&Field { text, says, area }, element, &mut edits);
            self.place.truncate(before);
        }
        Some(edits)
    }

    fn node(&mut self, field: &Field<'_>, node: &Node, edits: &mut Vec<Edit>) {
        let text = field.text;
        match &node.value {
            Value::Word => {}
            Value::Number => edits.extend(self.number(field, node)),
            Value::Text => {
                let inside = node.span.start + 1..node.span.end - 1;
                match Decoded::of(&text[inside.clone()]) {
                    Some(decoded) => {
                        let inner = self.text(field, &decoded.text);
                        edits.extend(lifted(&decoded, inner, inside.start));
                    }
                    // Half a character: no text that anybody could read.
                    None => {
                        let new = self.sink.found(Kind::Text, &text[inside.clone()], &self.place);
                        edits.extend(new.map(|new| Edit { span: inside, new }));
                    }
                }
            }
            Value::Array(elements) => {
                if field.area == Area::Meta
                    && let Some(inner) = self.frame(text, node)
                {
                    edits.extend(inner);
                    return;
                }
                for (index, element) in elements.iter().enumerate() {
                    let before = self.enter(&index.to_string());
                    self.node(field, element, edits);
                    self.place.truncate(before);
                }
            }
            Value::Object(members) => self.object(field, members, edits),
        }
    }

    fn object(
        &mut self,
        field: &Field<'_>,
        members: &[(Range<usize>, Node)],
        edits: &mut Vec<Edit>,
    ) {
        let text = field.text;
        let area = if field.says == Says::Foreign && field.area == Area::Payload {
            Area::Foreign
        } else {
            field.area
        };
        let inside = |span: &Range<usize>| &text[span.start + 1..span.end - 1];
        // A configuration: what the value is stands beside it.
        let key = members
            .iter()
            .find(|(name, value)| inside(name) == "key" && matches!(value.value, Value::Text));
        let configured = key.and_then(|(_, value)| Decoded::of(inside(&value.span)));
        for (name, value) in members {
            let Some(decoded) = Decoded::of(inside(name)) else { continue };
            let before = self.enter(&decoded.text);
            let says = match &configured {
                Some(key) if decoded.text == "value" => match names::of_configuration(&key.text) {
                    Says::Nothing => Says::Foreign,
                    told => told,
                },
                _ => names::of_field(&decoded.text, area != Area::Payload),
            };
            let named = match field.says {
                Says::Keys(kind) => Some(kind),
                _ => self.sink.known(&decoded.text).filter(|_| area != Area::Payload),
            };
            if let Some(kind) = named
                && let Some(new) = self.sink.found(kind, &decoded.text, &self.place)
            {
                let mut written = String::new();
                escaped(&new, &mut written);
                edits.push(Edit { span: name.start + 1..name.end - 1, new: written });
            }
            self.node(&Field { text, says, area }, value, edits);
            self.place.truncate(before);
        }
    }

    fn number(&mut self, field: &Field<'_>, node: &Node) -> Option<Edit> {
        let number = &field.text[node.span.clone()];
        let kind = match field.says {
            Says::Micros if field.area == Area::Meta => {
                let new = self.sink.micros(number.parse().ok()?)?.to_string();
                return Some(Edit { span: node.span.clone(), new });
            }
            Says::Kind(Kind::Text | Kind::Person | Kind::Message) => return None,
            Says::Kind(kind) => kind,
            Says::Nothing | Says::Foreign if field.area != Area::Payload => {
                let long = number.len() >= LONG_NUMBER && number.parse::<i64>().is_ok();
                let secret = long && field.area == Area::Foreign && self.sink.takes_texts_whole();
                let known = || (number.len() >= KNOWN_NUMBER).then(|| self.sink.known(number))?;
                known().or(secret.then_some(Kind::Transaction))?
            }
            _ => return None,
        };
        let mut new = self.sink.found(kind, number, &self.place)?;
        if new.parse::<f64>().is_err() || new.starts_with('0') && new.len() > 1 && kind == Kind::Sim
        {
            new = format!("\"{new}\"");
        }
        Some(Edit { span: node.span.clone(), new })
    }

    /// A text, by what its name says.
    fn text(&mut self, field: &Field<'_>, text: &str) -> Vec<Edit> {
        let whole = |new: Option<String>| {
            new.map(|new| Edit { span: 0..text.len(), new }).into_iter().collect()
        };
        match field.says {
            _ if text.is_empty() => Vec::new(),
            Says::Kind(Kind::Text) => self.free(Area::Foreign, text),
            Says::Kind(Kind::Message) => whole(self.sink.found(Kind::Message, text, &self.place)),
            Says::Kind(Kind::Host) if text.contains(['/', ':']) => {
                scrub::url(self.sink, text, &self.place)
            }
            Says::Kind(Kind::Address) if shapes::ip(text).is_some_and(shapes::is_nobody) => {
                Vec::new()
            }
            Says::Kind(kind) => whole(self.sink.found(kind, text, &self.place)),
            // A location may also be that of a meter (OCPP 1.6 §7.30).
            Says::Url if ["Body", "Cable", "EV", "Inlet", "Outlet"].contains(&text) => Vec::new(),
            Says::Url => scrub::url(self.sink, text, &self.place),
            Says::Plain => match self.sink.instant(text) {
                Some(new) => whole(Some(new)),
                None => self.product(text),
            },
            Says::Reading if shapes::is_plain(text) && field.area == Area::Payload => Vec::new(),
            Says::Reading | Says::Foreign | Says::Nothing | Says::Keys(_) | Says::Micros => {
                self.free(field.area, text)
            }
        }
    }

    /// A word of the protocol or a product's name: a secret is in it only where it cannot be by chance.
    fn product(&mut self, text: &str) -> Vec<Edit> {
        let mut found = self.sink.known_within(text);
        found.retain(|(range, _)| {
            let word = &text[range.clone()];
            word.len() >= 6 && word.contains(|it: char| it.is_ascii_digit())
        });
        scrub::replaced(self.sink, text, found, &self.place)
    }

    /// A text that could be anything.
    fn free(&mut self, area: Area, text: &str) -> Vec<Edit> {
        if let Some(new) = self.sink.instant(text) {
            return vec![Edit { span: 0..text.len(), new }];
        }
        if text.trim_start().starts_with(['{', '['])
            && let Some(node) = tree::parse(text)
        {
            return self.frame(text, &node).unwrap_or_else(|| {
                let area = if area == Area::Payload { Area::Foreign } else { area };
                let mut edits = Vec::new();
                self.node(&Field { text, says: Says::Foreign, area }, &node, &mut edits);
                edits
            });
        }
        let kind = self.sink.known(text).or_else(|| shapes::of_word(text));
        let kind = match kind {
            Some(Kind::Address) if shapes::ip(text).is_some_and(shapes::is_nobody) => None,
            kind => kind,
        };
        match kind {
            Some(kind) => {
                let new = self.sink.found(kind, text, &self.place);
                new.map(|new| Edit { span: 0..text.len(), new }).into_iter().collect()
            }
            None if shapes::is_plain(text) => Vec::new(),
            None if text.contains("://") && !text.contains(char::is_whitespace) => {
                scrub::url(self.sink, text, &self.place)
            }
            // A program's own words have no blanks.
            None if self.sink.takes_texts_whole()
                && (area != Area::Meta || text.contains(char::is_whitespace)) =>
            {
                let new = self.sink.found(Kind::Text, text, &self.place);
                new.map(|new| Edit { span: 0..text.len(), new }).into_iter().collect()
            }
            None => scrub::text(self.sink, text, &self.place),
        }
    }

    /// Appends a name to the place; returns the length to go back to.
    fn enter(&mut self, name: &str) -> usize {
        let before = self.place.len();
        self.place.push('/');
        if name.contains(['~', '/']) {
            self.place.push_str(&name.replace('~', "~0").replace('/', "~1"));
        } else {
            self.place.push_str(name);
        }
        before
    }
}

/// Edits of what a JSON string says as edits of the text around it.
fn lifted(decoded: &Decoded, edits: Vec<Edit>, start: usize) -> Vec<Edit> {
    let outside = edits.into_iter().map(|edit| {
        let edit = decoded.outside(&edit);
        Edit { span: edit.span.start + start..edit.span.end + start, ..edit }
    });
    outside.collect()
}
