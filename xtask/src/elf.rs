//! As much of an ELF file as it takes to say what it needs to run.

/// What a Linux binary runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Elf {
    /// `e_machine`.
    pub(crate) machine: u16,
    /// Whether the kernel loads it without a dynamic linker.
    pub(crate) is_static: bool,
    /// Whether the kernel may load it anywhere, and so makes its addresses hard to guess.
    pub(crate) is_position_independent: bool,
}

pub(crate) const MACHINE_X86_64: u16 = 62;
pub(crate) const MACHINE_AARCH64: u16 = 183;

/// The `e_type` of what may be loaded anywhere.
const ET_DYN: u16 = 3;
/// The program header that names a dynamic linker.
const PT_INTERP: u32 = 3;

impl Elf {
    /// Reads a 64-bit little-endian file; `None` for any other and for one cut short.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        if !bytes.starts_with(b"\x7fELF\x02\x01") {
            return None;
        }
        let is_position_independent = u16_at(bytes, 16)? == ET_DYN;
        let machine = u16_at(bytes, 18)?;
        let table = usize::try_from(u64_at(bytes, 32)?).ok()?;
        let entry_bytes = usize::from(u16_at(bytes, 54)?);
        let entries = usize::from(u16_at(bytes, 56)?);

        let mut is_static = true;
        for entry in 0..entries {
            let start = table.checked_add(entry * entry_bytes)?;
            is_static &= u32_at(bytes, start)? != PT_INTERP;
        }
        Some(Self {
            machine,
            is_static,
            is_position_independent,
        })
    }
}

fn u16_at(bytes: &[u8], start: usize) -> Option<u16> {
    array_at(bytes, start).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], start: usize) -> Option<u32> {
    array_at(bytes, start).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], start: usize) -> Option<u64> {
    array_at(bytes, start).map(u64::from_le_bytes)
}

fn array_at<const N: usize>(bytes: &[u8], start: usize) -> Option<[u8; N]> {
    bytes.get(start..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header for x86-64 and one program header of each kind.
    fn elf(kinds: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[16..18].copy_from_slice(&ET_DYN.to_le_bytes());
        bytes[18..20].copy_from_slice(&MACHINE_X86_64.to_le_bytes());
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = u8::try_from(kinds.len()).expect("a few");
        for kind in kinds {
            bytes.extend(kind.to_le_bytes());
            bytes.extend([0; 52]);
        }
        bytes
    }

    #[test]
    fn a_file_that_names_no_dynamic_linker_is_static() {
        let elf = Elf::read(&elf(&[1, 2])).expect("an ELF file");
        assert_eq!(elf.machine, MACHINE_X86_64);
        assert!(elf.is_static);
        assert!(elf.is_position_independent);
    }

    #[test]
    fn a_file_at_a_fixed_address_is_not_position_independent() {
        let mut bytes = elf(&[1]);
        bytes[16] = 2;
        assert!(
            !Elf::read(&bytes)
                .expect("an ELF file")
                .is_position_independent
        );
    }

    #[test]
    fn a_file_that_names_a_dynamic_linker_is_not() {
        assert!(
            !Elf::read(&elf(&[1, PT_INTERP]))
                .expect("an ELF file")
                .is_static
        );
    }

    #[test]
    fn what_is_cut_short_or_something_else_is_refused() {
        let whole = elf(&[1, 2]);
        for end in [0, 5, 40, 63, 64, 121] {
            assert_eq!(Elf::read(&whole[..end]), None, "{end}");
        }
        assert_eq!(Elf::read(b"\x7fELF\x01\x01"), None);
        assert_eq!(Elf::read(b"#!/bin/sh\n"), None);
    }
}
