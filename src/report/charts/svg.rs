//! A small SVG writer: text, lines, boxes and compact paths with one decimal.

use crate::report::text::xml;

/// Where a text's position is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Left end.
    Start,
    /// Centre.
    Middle,
    /// Right end.
    End,
}

/// A drawing under construction; positions in pixels, y downwards.
#[derive(Clone, Debug)]
pub struct Svg {
    /// Width in pixels.
    pub width: f64,
    /// Height in pixels.
    pub height: f64,
    body: String,
}

impl Svg {
    /// An empty drawing.
    #[must_use]
    pub fn new(width: f64, height: f64) -> Svg {
        Svg { width, height, body: String::with_capacity(8192) }
    }

    /// The elements drawn so far.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Text; `class` may be empty.
    pub fn text(&mut self, (x, y): (f64, f64), class: &str, anchor: Anchor, text: &str) {
        self.body.push_str("<text");
        self.attribute("x", x);
        self.attribute("y", y);
        self.text_tail(class, anchor, text);
    }

    /// Text turned by `degrees` around its position.
    pub fn turned_text(
        &mut self,
        (x, y): (f64, f64),
        degrees: i32,
        class: &str,
        anchor: Anchor,
        text: &str,
    ) {
        self.body.push_str("<text transform=\"translate(");
        push_tenths(&mut self.body, tenths(x));
        self.body.push(' ');
        push_tenths(&mut self.body, tenths(y));
        self.body.push_str(&format!(") rotate({degrees})\""));
        self.text_tail(class, anchor, text);
    }

    /// A straight line.
    pub fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        self.body.push_str("<line");
        for (name, value) in [("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2)] {
            self.attribute(name, value);
        }
        self.class(class);
        self.body.push_str("/>\n");
    }

    /// A box.
    pub fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), class: &str) {
        self.open_rect((x, y), (width, height));
        self.class(class);
        self.body.push_str("/>\n");
    }

    /// A box filled with a colour of its own, e.g. `#31688e`.
    pub fn swatch(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), colour: &str) {
        self.open_rect((x, y), (width, height));
        self.body.push_str(&format!(" fill=\"{colour}\"/>\n"));
    }

    /// A path; empty paths are left out.
    pub fn path(&mut self, path: &Path, class: &str) {
        self.open_path(path, class, "");
    }

    /// A path filled with a colour of its own.
    pub fn coloured_path(&mut self, path: &Path, class: &str, colour: &str) {
        self.open_path(path, class, &format!(" fill=\"{colour}\""));
    }

    /// A path whose lines are `width` pixels wide.
    pub fn stroked_path(&mut self, path: &Path, class: &str, width: f64) {
        self.open_path(path, class, &format!(" stroke-width=\"{width:.1}\""));
    }

    /// Opens a group that browsers explain by `title` when pointed at.
    pub fn begin_group(&mut self, title: &str) {
        self.body.push_str("<g><title>");
        self.body.push_str(&xml(title));
        self.body.push_str("</title>");
    }

    /// Closes the group.
    pub fn end_group(&mut self) {
        self.body.push_str("</g>\n");
    }

    fn open_rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64)) {
        self.body.push_str("<rect");
        for (name, value) in
            [("x", x), ("y", y), ("width", width.max(0.0)), ("height", height.max(0.0))]
        {
            self.attribute(name, value);
        }
    }

    fn open_path(&mut self, path: &Path, class: &str, more: &str) {
        if path.d.is_empty() {
            return;
        }
        self.body.push_str("<path d=\"");
        self.body.push_str(&path.d);
        self.body.push('"');
        self.class(class);
        self.body.push_str(more);
        self.body.push_str("/>\n");
    }

    fn text_tail(&mut self, class: &str, anchor: Anchor, text: &str) {
        self.class(class);
        match anchor {
            Anchor::Start => {}
            Anchor::Middle => self.body.push_str(" text-anchor=\"middle\""),
            Anchor::End => self.body.push_str(" text-anchor=\"end\""),
        }
        self.body.push('>');
        self.body.push_str(&xml(text));
        self.body.push_str("</text>\n");
    }

    fn class(&mut self, class: &str) {
        if !class.is_empty() {
            self.body.push_str(" class=\"");
            self.body.push_str(class);
            self.body.push('"');
        }
    }

    fn attribute(&mut self, name: &str, value: f64) {
        self.body.push(' ');
        self.body.push_str(name);
        self.body.push_str("=\"");
        push_tenths(&mut self.body, tenths(value));
        self.body.push('"');
    }
}

/// Path data in relative steps of whole tenths of a pixel, so that rounding never adds up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    d: String,
    at: (i64, i64),
}

impl Path {
    /// Starts a new piece.
    pub fn move_to(&mut self, x: f64, y: f64) {
        self.at = (tenths(x), tenths(y));
        self.d.push('M');
        push_tenths(&mut self.d, self.at.0);
        self.separate(self.at.1);
        push_tenths(&mut self.d, self.at.1);
    }

    /// A straight line to a point; a step of no length is left out.
    pub fn line_to(&mut self, x: f64, y: f64) {
        let to = (tenths(x), tenths(y));
        let (dx, dy) = (to.0 - self.at.0, to.1 - self.at.1);
        match (dx, dy) {
            (0, 0) => {}
            (dx, 0) => self.step('h', dx),
            (0, dy) => self.step('v', dy),
            (dx, dy) => {
                self.step('l', dx);
                self.separate(dy);
                push_tenths(&mut self.d, dy);
            }
        }
        self.at = to;
    }

    /// A line to the first point of the piece.
    pub fn close(&mut self) {
        self.d.push('z');
    }

    /// A box as a piece of the path.
    pub fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64)) {
        self.move_to(x, y);
        self.line_to(x + width, y);
        self.line_to(x + width, y + height);
        self.line_to(x, y + height);
        self.close();
    }

    /// A dot: a line of no length, which round caps make visible.
    pub fn dot(&mut self, x: f64, y: f64) {
        self.move_to(x, y);
        self.d.push_str("h0");
    }

    /// A line through all points; from one to the next by a horizontal and a vertical step when
    /// `stepped`.
    pub fn polyline(&mut self, points: impl IntoIterator<Item = (f64, f64)>, stepped: bool) {
        let mut before: Option<(f64, f64)> = None;
        for (x, y) in points {
            match before {
                None => self.move_to(x, y),
                Some((_, old)) => {
                    if stepped {
                        self.line_to(x, old);
                    }
                    self.line_to(x, y);
                }
            }
            before = Some((x, y));
        }
    }

    /// The area between a line through all points and the horizontal at `base`.
    pub fn area(&mut self, points: &[(f64, f64)], base: f64, stepped: bool) {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return };
        self.polyline([(first.0, base)].into_iter().chain(points.iter().copied()), stepped);
        self.line_to(last.0, base);
        self.close();
    }

    /// Whether nothing was drawn.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.d.is_empty()
    }

    fn step(&mut self, command: char, by: i64) {
        self.d.push(command);
        push_tenths(&mut self.d, by);
    }

    fn separate(&mut self, next: i64) {
        if next >= 0 {
            self.d.push(' ');
        }
    }
}

/// Rounds to tenths of a pixel; what is not finite becomes 0, so that a file stays valid.
fn tenths(value: f64) -> i64 {
    if value.is_finite() { (value * 10.0).round() as i64 } else { 0 }
}

fn push_tenths(out: &mut String, tenths: i64) {
    if tenths < 0 {
        out.push('-');
    }
    let size = tenths.unsigned_abs();
    crate::report::text::push_unsigned(out, size / 10);
    if !size.is_multiple_of(10) {
        out.push('.');
        out.push(char::from(b'0' + (size % 10) as u8));
    }
}

/// Estimated width of a text in pixels, rather too wide than too narrow.
#[must_use]
pub fn text_width(text: &str, font_px: f64) -> f64 {
    let units: f64 =
        text.chars()
            .map(|c| match c {
                'i' | 'j' | 'l' | 't' | 'f' | 'r' | '.' | ',' | ':' | ' ' | '\'' | '|' | '('
                | ')' => 0.38,
                'm' | 'w' | 'M' | 'W' | '%' | '–' => 0.92,
                c if c.is_ascii_uppercase() => 0.7,
                _ => 0.62,
            })
            .sum();
    units * font_px
}

/// The text, cut with an ellipsis to at most `width` pixels.
#[must_use]
pub fn fit(text: &str, font_px: f64, width: f64) -> String {
    if text_width(text, font_px) <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    for c in text.chars() {
        cut.push(c);
        if text_width(&cut, font_px) + 0.9 * font_px > width {
            cut.pop();
            break;
        }
    }
    cut.push('…');
    cut
}

/// A name, cut in its middle to at most `width` pixels: names of one site often differ only in their
/// last characters.
#[must_use]
pub fn fit_name(name: &str, font_px: f64, width: f64) -> String {
    if text_width(name, font_px) <= width {
        return name.to_owned();
    }
    let letters: Vec<char> = name.chars().collect();
    let cut = |kept: usize| -> String {
        let tail = kept.div_ceil(2);
        let head = letters[..kept - tail].iter();
        head.chain(['…'].iter()).chain(&letters[letters.len() - tail..]).collect()
    };
    let fitting = (1..letters.len()).rev().map(cut).find(|text| text_width(text, font_px) <= width);
    fitting.unwrap_or_else(|| "…".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_and_rounding_does_not_add_up() {
        let mut path = Path::default();
        path.polyline((0..=10).map(|n| (f64::from(n) * 0.33, 5.0 - f64::from(n))), false);
        assert!(path.d.starts_with("M0 5l0.3-1"), "{}", path.d);
        assert_eq!(path.at, (33, -50), "ten steps of 0.33 end at 3.3");
    }

    #[test]
    fn a_stepped_line_moves_sideways_first() {
        let mut path = Path::default();
        path.polyline([(0.0, 0.0), (10.0, 5.0), (20.0, 5.0)], true);
        assert_eq!(path.d, "M0 0h10v5h10");
    }

    #[test]
    fn what_is_not_a_number_does_not_reach_the_file() {
        let mut svg = Svg::new(10.0, 10.0);
        svg.line((f64::NAN, 0.0), (f64::INFINITY, 1.25), "a");
        assert_eq!(svg.body(), "<line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"1.3\" class=\"a\"/>\n");
    }

    #[test]
    fn long_names_keep_their_end() {
        assert_eq!(fit_name("CP-01", 10.0, 100.0), "CP-01");
        let cut = fit_name("dc150-parking-garage-7", 10.0, 80.0);
        assert!(cut.starts_with("dc150") && cut.ends_with("age-7"), "{cut}");
        assert!(text_width(&cut, 10.0) <= 80.0);
        assert_eq!(fit_name("anything", 10.0, 0.0), "…");
    }

    #[test]
    fn long_texts_are_cut_to_fit() {
        assert_eq!(fit("CP-01", 10.0, 100.0), "CP-01");
        let cut = fit("a very long identity", 10.0, 60.0);
        assert!(cut.ends_with('…') && text_width(&cut, 10.0) <= 63.0, "{cut}");
    }
}
