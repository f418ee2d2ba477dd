//! Reads the arguments of a call, and says in a caller's words what is wrong with them.

use std::ops::Range;

use wasmtime::component::Val;
use wasmtime::component::types::{ComponentFunc, Type};
use wasmtime::component::wasm_wave::ast::{Node, NodeType};
use wasmtime::component::wasm_wave::parser::{ParserError, ParserErrorKind};
use wasmtime::component::wasm_wave::untyped::UntypedFuncCall;

use crate::call_error::Mistake;
use crate::signature::Names;
use crate::surplus::surplus_field;

/// Characters of a value that a message repeats; the place in the call shows the rest.
const SHOWN_CHARS_MAX: usize = 40;

/// What is wrong with a call.
pub(crate) enum Wrong {
    /// It is not WAVE.
    Syntax(Mistake),
    /// It is, and does not fit the function.
    Arguments(Mistake),
}

/// The arguments of the call `text` that begin at the byte `opening`, as the function's types.
pub(crate) fn read(
    function: &ComponentFunc,
    names: &Names,
    text: &str,
    opening: usize,
) -> Result<Vec<Val>, Wrong> {
    let text = text.trim_end();
    // The name has been dealt with; only what follows it is left to WAVE, which wants a name.
    let source = match text.get(opening..) {
        Some(arguments) if !arguments.is_empty() => format!("f{arguments}"),
        _ => "f()".to_owned(),
    };
    let reader = Reader {
        source: &source,
        text,
        opening,
        names,
    };
    reader.read(function)
}

struct Reader<'a> {
    /// What the parser reads.
    source: &'a str,
    /// The call as it was written.
    text: &'a str,
    opening: usize,
    names: &'a Names,
}

impl Reader<'_> {
    fn read(&self, function: &ComponentFunc) -> Result<Vec<Val>, Wrong> {
        let call = UntypedFuncCall::parse(self.source).map_err(|error| {
            let (at, kind) = (self.place(&error), error.kind());
            let what = match (
                kind,
                self.source.get(at.start..).and_then(|at| at.chars().next()),
            ) {
                (ParserErrorKind::InvalidToken, Some('"')) => "the string is not closed".to_owned(),
                (ParserErrorKind::InvalidToken, Some('\'')) => {
                    explained(ParserErrorKind::MultipleChars, &error)
                }
                _ => explained(kind, &error),
            };
            Wrong::Syntax(self.mistake(what, at))
        })?;
        let given: Vec<&Node> = match call.params_node().map(Node::as_tuple) {
            Some(Ok(nodes)) => nodes.collect(),
            _ => Vec::new(),
        };
        let wanted: Vec<(&str, Type)> = function.params().collect();
        self.count(&given, &wanted).map_err(Wrong::Arguments)?;
        let mut values = Vec::with_capacity(wanted.len());
        for (index, (name, ty)) in wanted.iter().enumerate() {
            values.push(match given.get(index) {
                Some(node) => {
                    let parameter = || format!("{name}: {}", self.names.name(ty));
                    self.value(index, &parameter, node, ty)
                        .map_err(Wrong::Arguments)?
                }
                // Only options may be left out, as the count has shown.
                None => Val::Option(None),
            });
        }
        Ok(values)
    }

    /// Whether there are as many arguments as parameters; options at the end may be left out.
    fn count(&self, given: &[&Node], wanted: &[(&str, Type)]) -> Result<(), Mistake> {
        if let Some(surplus) = given.get(wanted.len()) {
            let what = match wanted.len() {
                0 => "it takes no arguments".to_owned(),
                1 => "it takes one argument".to_owned(),
                many => format!("it takes {many} arguments"),
            };
            let end = given.last().unwrap_or(surplus).span().end;
            return Err(self.mistake(what, surplus.span().start..end));
        }
        let missing = wanted.iter().enumerate().skip(given.len());
        let mut missing = missing.filter(|(_, (_, ty))| !matches!(ty, Type::Option(_)));
        let Some((index, (name, ty))) = missing.next() else {
            return Ok(());
        };
        let what = format!(
            "argument {} is missing, {name}: {}",
            index + 1,
            self.names.name(ty)
        );
        let end = self.source.len();
        Err(self.mistake(what, end - 1..end))
    }

    /// One argument as the type of its parameter.
    fn value(
        &self,
        index: usize,
        parameter: &dyn Fn() -> String,
        node: &Node,
        ty: &Type,
    ) -> Result<Val, Mistake> {
        let value = node
            .to_wasm_value::<Val>(ty, self.source)
            .map_err(|error| self.not_of_type(index, &parameter(), node, &error))?;
        let Some((name, field)) = surplus_field(node, &value, self.source) else {
            return Ok(value);
        };
        let what = format!(
            "argument {}, {}, has no field {}",
            index + 1,
            parameter(),
            shown(name)
        );
        Err(self.mistake(what, field.span()))
    }

    fn not_of_type(
        &self,
        index: usize,
        parameter: &str,
        node: &Node,
        error: &ParserError,
    ) -> Mistake {
        let span = error.span();
        let value = shown(self.source.get(span.clone()).unwrap_or_default());
        let is_whole = span == node.span();
        let cannot = if is_whole { "cannot be" } else { "cannot have" };
        let why = match error.kind() {
            ParserErrorKind::InvalidType => match kind_of(node, &span) {
                Some(kind) => format!(", which is {kind}"),
                None => String::new(),
            },
            ParserErrorKind::InvalidValue => ", which does not fit".to_owned(),
            kind => format!(": {}", explained(kind, error)),
        };
        let what = format!("argument {}, {parameter}, {cannot} {value}{why}", index + 1);
        self.mistake(what, span)
    }

    fn place(&self, error: &ParserError) -> Range<usize> {
        match error.kind() {
            ParserErrorKind::UnexpectedEnd => self.source.len()..self.source.len(),
            _ => error.span(),
        }
    }

    /// A mistake at a place of what the parser reads.
    fn mistake(&self, what: String, at: Range<usize>) -> Mistake {
        let written = |at: usize| (self.opening + at.saturating_sub(1)).min(self.text.len());
        Mistake {
            what,
            at: written(at.start)..written(at.end),
        }
    }
}

/// What is wrong, in a caller's words.
fn explained(kind: ParserErrorKind, error: &ParserError) -> String {
    match kind {
        ParserErrorKind::EmptyTuple => "`()` is no value".into(),
        ParserErrorKind::MultipleChars => {
            "single quotes hold one character, and a string stands in double quotes".into()
        }
        ParserErrorKind::InvalidEscape => "there is no such escape".into(),
        ParserErrorKind::InvalidMultilineString => {
            "a string of several lines begins and ends on lines of their own".into()
        }
        ParserErrorKind::InvalidToken => "this is the beginning of no value".into(),
        ParserErrorKind::TrailingCharacters => "the call ends before this".into(),
        ParserErrorKind::UnexpectedEnd => "it breaks off; something is not closed".into(),
        ParserErrorKind::UnexpectedToken => "this does not belong here".into(),
        ParserErrorKind::DuplicateField => "this field is there twice".into(),
        ParserErrorKind::DuplicateFlag => "this flag is there twice".into(),
        ParserErrorKind::NestingTooDeep => "it is nested too deeply".into(),
        // What kind of value it lacks or has too many of, in the words of wasm-wave.
        _ => match std::error::Error::source(error) {
            Some(source) => source.to_string(),
            None => error.detail().unwrap_or("it does not fit").to_owned(),
        },
    }
}

/// What kind of value an argument is, where the place is all of it.
fn kind_of(node: &Node, span: &Range<usize>) -> Option<&'static str> {
    if node.span() != *span {
        return None;
    }
    Some(match node.ty() {
        NodeType::BoolTrue | NodeType::BoolFalse => "a bool",
        NodeType::Number => "a number",
        NodeType::Char => "a char",
        NodeType::String | NodeType::MultilineString => "a string",
        NodeType::Tuple => "a tuple",
        NodeType::List => "a list",
        NodeType::Record => "a record",
        NodeType::Label => "a word without quotes",
        NodeType::VariantWithPayload => "a case of a variant",
        NodeType::OptionSome | NodeType::OptionNone => "an option",
        NodeType::ResultOk | NodeType::ResultErr => "a result",
        NodeType::Flags => "a set of flags",
    })
}

/// A value, cut to what a message has room for.
fn shown(value: &str) -> String {
    match value.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((cut, _)) => format!("{}...", &value[..cut]),
        None => value.to_owned(),
    }
}
