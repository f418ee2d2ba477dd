//! One field as it stands on the wire, before anybody says what it means.

/// The value of a field, by how it stands on the wire.
pub(crate) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Eight bytes.
    Fixed64,
    /// Four bytes, which no known field has.
    Fixed32,
}

/// Takes the next field, by its tag; `None` where the bytes are no protobuf. Groups, which protobuf
/// gave up long ago, are none.
pub(crate) fn take_field<'a>(rest: &mut &'a [u8]) -> Option<(u64, Value<'a>)> {
    let key = take_varint(rest)?;
    // A tag has 29 bits and is not 0.
    let tag = key >> 3;
    if tag == 0 || tag >= 1 << 29 {
        return None;
    }
    let value = match key & 7 {
        0 => Value::Number(take_varint(rest)?),
        1 => take(rest, 8).map(|_| Value::Fixed64)?,
        2 => Value::Bytes(take_delimited(rest)?),
        5 => take(rest, 4).map(|_| Value::Fixed32)?,
        _ => return None,
    };
    Some((tag, value))
}

/// Takes bytes that say themselves how many they are; `None` where there are fewer.
pub(crate) fn take_delimited<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let bytes = usize::try_from(take_varint(rest)?).ok()?;
    take(rest, bytes)
}

fn take<'a>(rest: &mut &'a [u8], bytes: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(bytes)?;
    *rest = left;
    Some(taken)
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *take(rest, 1)?.first()?;
        // The tenth byte has room for one bit.
        if shift == 63 && byte > 1 {
            return None;
        }
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}
