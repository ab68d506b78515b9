//! YAML as a notation: a tree of texts, lists and maps, each with its line.
//!
//! The parser below serde-saphyr is used directly: it says whether a scalar was quoted and on which line it stands, which a
//! deserialiser cannot. Scalars keep the text that was written. Everything by which a small file can mean a large tree, or
//! the same text something else elsewhere, is refused: anchors, aliases, tags, directives, keys that stand twice.

use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, Span};

use crate::api::Problem;

/// Nodes of a front matter: far more than a practice with every list full.
const NODES_MAX: usize = 20_000;
/// Nesting of lists and maps.
const DEPTH_MAX: usize = 8;

/// A value as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) line: u64,
    pub(super) kind: Kind,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text without quotes.
    Plain(String),
    /// A text in quotes.
    Quoted(String),
    /// A text in a block (`|` or `>`), without the space around it.
    Block(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Plain(text) | Kind::Quoted(text) | Kind::Block(text) => Some(text),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// Does it say nothing: left blank, `~` or `null`?
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Plain(text) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }
}

/// Reads a front matter that begins at a line of the file. An empty one is an empty map.
pub(super) fn parse(text: &str, first_line: u64) -> Result<Node, Problem> {
    let mut options = Options::default();
    options.disallow_directives = true;
    options.set_emit_comments(false);
    options.flow_nesting_limit = DEPTH_MAX;
    options.block_nesting_limit = DEPTH_MAX;
    let mut reader = Reader { parser: Parser::new_from_str_with_options(text, options), first_line, nodes: 0 };
    loop {
        match reader.next()? {
            (Event::StreamStart | Event::DocumentStart(..), _) => {}
            (Event::StreamEnd, _) => return Ok(Node { line: first_line, kind: Kind::Map(Vec::new()) }),
            (event, span) => {
                let root = reader.node(event, span, 0)?;
                return reader.end().map(|()| root);
            }
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    first_line: u64,
    nodes: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Problem> {
        match self.parser.next_event() {
            Some(Ok(found)) => Ok(found),
            Some(Err(error)) => {
                let hint = "texts with a colon, a hash or a leading quote need quotes around them";
                Err(self.problem(error.marker(), format!("this is not YAML: {}", error.info()), Some(hint)))
            }
            None => Err(self.problem(&Marker::default(), "the front matter ends too early", None)),
        }
    }

    fn end(&mut self) -> Result<(), Problem> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentEnd, _) => {}
                (_, span) => return Err(self.problem(&span.start, "there is more than one YAML document", None)),
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Problem> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(self.problem(&span.start, format!("the front matter has more than {NODES_MAX} values"), None));
        }
        if depth > DEPTH_MAX {
            return Err(self.problem(&span.start, format!("nested deeper than {DEPTH_MAX} levels"), None));
        }
        if event.tag().is_some() {
            return Err(self.problem(
                &span.start,
                "YAML tags (`!…`) are not used here",
                Some("put the text in quotes"),
            ));
        }
        if event.anchor_id().is_some() || event.is_alias() {
            let hint = "write the value out where it is needed, or put the text in quotes";
            return Err(self.problem(
                &span.start,
                "YAML anchors and aliases (`&…`, `*…`) are not used here",
                Some(hint),
            ));
        }
        let line = self.line(&span.start);
        let kind = match event {
            Event::Scalar(text, style, ..) => match style {
                ScalarStyle::Plain => Kind::Plain(text.into_owned()),
                ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Kind::Quoted(text.into_owned()),
                ScalarStyle::Literal | ScalarStyle::Folded => Kind::Block(text.trim().to_owned()),
            },
            Event::SequenceStart(..) => Kind::List(self.list(depth)?),
            Event::MappingStart(..) => Kind::Map(self.map(depth)?),
            _ => return Err(self.problem(&span.start, "a value is missing here", None)),
        };
        Ok(Node { line, kind })
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Problem> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<(String, Node)>, Problem> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                return Ok(entries);
            }
            let key = self.node(event, span, depth + 1)?;
            let Some(name) = key.text() else {
                return Err(self.problem(&span.start, "the name of a field has to be text", None));
            };
            if !seen.insert(name.to_owned()) {
                let message = format!("`{name}` stands twice");
                return Err(self.problem(&span.start, message, Some("put both into one")));
            }
            let (event, span) = self.next()?;
            let mut value = self.node(event, span, depth + 1)?;
            value.line = key.line;
            entries.push((name.to_owned(), value));
        }
    }

    fn line(&self, marker: &Marker) -> u64 {
        self.first_line + (marker.line() as u64).saturating_sub(1)
    }

    fn problem(&self, marker: &Marker, message: impl Into<String>, hint: Option<&str>) -> Problem {
        let line = Some(self.line(marker));
        Problem { field: String::new(), line, message: message.into(), hint: hint.map(str::to_owned) }
    }
}
