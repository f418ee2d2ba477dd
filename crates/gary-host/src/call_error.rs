//! Why a call cannot be made, and where in its text that shows.

use std::ops::Range;

use thiserror::Error;

use crate::callable::Callable;

/// A call that cannot be made of this component.
#[derive(Debug, Error)]
pub enum CallError {
    /// There is no such function.
    #[error("the component exports no function `{name}`")]
    NoFunction {
        /// The name as it was given.
        name: String,
        /// What it exports instead.
        exported: Vec<Callable>,
    },
    /// Several interfaces export a function of that name.
    #[error("`{name}` is exported by several interfaces")]
    Ambiguous {
        /// The name as it was given.
        name: String,
        /// The functions it may stand for.
        among: Vec<Callable>,
    },
    /// The text is not `name(arguments)`.
    #[error("it is not a call in WAVE: {}", .mistake.what)]
    Syntax {
        /// What is wrong with it.
        mistake: Mistake,
        /// The function that was named.
        of: Box<Callable>,
    },
    /// The arguments are not of the function's types.
    #[error("{}", .mistake.what)]
    Arguments {
        /// What does not fit.
        mistake: Mistake,
        /// The function that was named.
        of: Box<Callable>,
    },
    /// The function takes or returns handles or streams, which have no text form.
    #[error("`{}` takes or returns more than plain values, so it cannot be called from outside", .0.name)]
    NotPlain(Box<Callable>),
}

/// What is wrong with a call, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong, in words.
    pub what: String,
    /// The bytes of the call's text that it is about.
    pub at: Range<usize>,
}
