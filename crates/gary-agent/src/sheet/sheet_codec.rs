//! What is needed to read a sheet.

use gary_promise::{Codec, HeadCodec, Promise, SheetHead};

/// Packs and unpacks what sheets are made of, and reads of promises of a later release what can be.
///
/// Nothing to implement: whatever does all three is one.
pub trait SheetCodec:
    Codec<Promise, Error = <Self as HeadCodec>::Error> + Codec<SheetHead> + HeadCodec
{
}

impl<C> SheetCodec for C where
    C: Codec<Promise, Error = <C as HeadCodec>::Error> + Codec<SheetHead> + HeadCodec
{
}
