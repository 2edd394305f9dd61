//! The exact measure: the sanitiser's own parser, run over a tree that keeps names and depths alone.
//!
//! The document is fed in small pieces and given up as soon as a limit is passed, so that what would take the
//! parser more than linear time is never fed to it in full.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::{Attribute, LocalName, ParseOpts, QualName, local_name, ns};

use super::{Excess, LIMIT, REPAIR_LIMIT, TooDeep};

/// How much is fed between two looks at the limits, in bytes.
const PIECE: usize = 1_024;

/// How many nodes and attributes a document may come to beyond one per byte. Only repetition gets there: the
/// shortest element takes three bytes.
pub(super) const SLACK: usize = 1_000;

/// How many attribute separators may follow each other without the parser having built anything from them.
const SEPARATOR_LIMIT: usize = 20_000;

/// The elements between the tree's root and the content: the document, the root element.
const OUTSIDE: usize = 2;

/// Parses `html` as the sanitiser would and measures it.
pub(super) fn check(html: &str) -> Result<(), TooDeep> {
    let name = QualName::new(None, ns!(html), local_name!("div"));
    let mut parser =
        html5ever::parse_fragment(Measure::default(), ParseOpts::default(), name, Vec::new(), false);
    let mut rest = html;
    let mut seen = 0;
    let mut separators = 0;
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(rest.floor_char_boundary(PIECE).max(1));
        parser.process(StrTendril::from(piece));
        rest = tail;

        let measure = &parser.tokenizer.sink.sink;
        if measure.events.get() != seen {
            seen = measure.events.get();
            separators = 0;
        }
        separators += piece.bytes().filter(|byte| matches!(byte, b'"' | b'\'' | b'/' | b'\0'..=b' ')).count();
        if let Some(excess) = measure.excess(html.len(), separators) {
            return Err(TooDeep::new(excess, measure.line.get()));
        }
    }
    Ok(())
}

/// A node: its element's name and its place in [`Measure::depths`].
#[derive(Clone)]
struct Node {
    index: usize,
    name: Rc<QualName>,
    holds_html: bool,
}

/// A tree that is only measured.
struct Measure {
    /// How deep each node stands. A node takes the depth of its parent when it is put there.
    depths: RefCell<Vec<usize>>,
    deepest: Cell<usize>,
    repairs: Cell<usize>,
    weight: Cell<usize>,
    events: Cell<usize>,
    line: Cell<usize>,
    document: Node,
    nameless: Rc<QualName>,
}

impl Default for Measure {
    fn default() -> Self {
        let nameless = Rc::new(QualName::new(None, ns!(), LocalName::from("")));
        Self {
            depths: RefCell::new(vec![0]),
            deepest: Cell::new(0),
            repairs: Cell::new(0),
            weight: Cell::new(0),
            events: Cell::new(0),
            line: Cell::new(1),
            document: Node { index: 0, name: Rc::clone(&nameless), holds_html: false },
            nameless,
        }
    }
}

impl Measure {
    fn excess(&self, length: usize, separators: usize) -> Option<Excess> {
        if self.deepest.get() >= LIMIT + OUTSIDE {
            Some(Excess::Nesting)
        } else if self.repairs.get() > REPAIR_LIMIT {
            Some(Excess::Repairs)
        } else if self.weight.get() > length + SLACK {
            Some(Excess::Repetition)
        } else if separators > SEPARATOR_LIMIT {
            Some(Excess::Attributes)
        } else {
            None
        }
    }

    fn node(&self, name: Rc<QualName>, holds_html: bool) -> Node {
        let mut depths = self.depths.borrow_mut();
        depths.push(0);
        self.event();
        Node { index: depths.len() - 1, name, holds_html }
    }

    fn place(&self, child: NodeOrText<Node>, depth: usize) {
        self.event();
        if let NodeOrText::AppendNode(child) = child {
            if let Some(own) = self.depths.borrow_mut().get_mut(child.index) {
                *own = depth;
            }
            self.deepest.set(self.deepest.get().max(depth));
        }
    }

    fn depth(&self, node: &Node) -> usize {
        self.depths.borrow().get(node.index).copied().unwrap_or_default()
    }

    fn event(&self) {
        self.events.set(self.events.get() + 1);
    }

    fn repair(&self) {
        self.repairs.set(self.repairs.get() + 1);
    }
}

impl TreeSink for Measure {
    type Handle = Node;
    type Output = ();
    type ElemName<'a> = &'a QualName;

    fn finish(self) {}

    fn parse_error(&self, _message: Cow<'static, str>) {}

    fn get_document(&self) -> Node {
        self.document.clone()
    }

    fn elem_name<'a>(&'a self, target: &'a Node) -> &'a QualName {
        &target.name
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, flags: ElementFlags) -> Node {
        self.weight.set(self.weight.get() + 1 + attributes.len());
        self.node(Rc::new(name), flags.mathml_annotation_xml_integration_point)
    }

    fn create_comment(&self, _text: StrTendril) -> Node {
        self.node(Rc::clone(&self.nameless), false)
    }

    fn create_pi(&self, _target: StrTendril, _data: StrTendril) -> Node {
        self.node(Rc::clone(&self.nameless), false)
    }

    fn append(&self, parent: &Node, child: NodeOrText<Node>) {
        // A comment or a run of text adds no depth of its own, but counting it does no harm.
        self.place(child, self.depth(parent) + 1);
    }

    fn append_based_on_parent_node(&self, element: &Node, _previous: &Node, child: NodeOrText<Node>) {
        self.append_before_sibling(element, child);
    }

    fn append_before_sibling(&self, sibling: &Node, child: NodeOrText<Node>) {
        self.repair();
        self.place(child, self.depth(sibling));
    }

    fn append_doctype_to_document(&self, _name: StrTendril, _public: StrTendril, _system: StrTendril) {}

    fn get_template_contents(&self, target: &Node) -> Node {
        target.clone()
    }

    fn same_node(&self, one: &Node, other: &Node) -> bool {
        one.index == other.index
    }

    fn set_quirks_mode(&self, _mode: QuirksMode) {}

    fn add_attrs_if_missing(&self, _target: &Node, _attributes: Vec<Attribute>) {}

    fn remove_from_parent(&self, _target: &Node) {
        self.repair();
    }

    fn reparent_children(&self, _node: &Node, _parent: &Node) {}

    fn is_mathml_annotation_xml_integration_point(&self, node: &Node) -> bool {
        node.holds_html
    }

    fn set_current_line(&self, line: u64) {
        // A piece is fed to its end: keep the line in which the limit was passed.
        if self.deepest.get() < LIMIT + OUTSIDE {
            self.line.set(usize::try_from(line).unwrap_or(usize::MAX));
        }
    }
}
