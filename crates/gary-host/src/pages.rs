//! Pages of code that are mapped and that nobody needs for now.
//!
//! The system maps 64 KiB around each page of a file that is read or run, and keeps what it mapped
//! until memory is short, which on a small board it always is. What is given back here stays in the
//! system's own cache of the file, and comes back with a page fault.

use std::fs;
use std::ops::Range;

use rustix::mm::{Advice, madvise};
use wasmtime::component::Component;

/// Gives back what reading the tables of a component from the cache has mapped, and with it the code
/// beside them: an idle component then holds next to none.
///
/// The component has to come from a file; one that was just compiled has its code nowhere else.
pub(crate) fn give_back_image(component: &Component) {
    let image = component.image_range();
    give_back(image.start.addr()..image.end.addr());
}

/// Gives back this program's own code, of which a start needs far more than what comes after it.
pub fn give_back_startup() {
    let (Ok(maps), Ok(program)) = (
        fs::read_to_string("/proc/self/maps"),
        fs::read_link("/proc/self/exe"),
    ) else {
        return;
    };
    for code in mapped_code(&maps, &program.to_string_lossy()) {
        give_back(code);
    }
}

/// Where the code of a program lies, by the system's list of mappings.
fn mapped_code(maps: &str, program: &str) -> impl Iterator<Item = Range<usize>> {
    maps.lines().filter_map(move |line| {
        let (range, rest) = line.split_once(' ')?;
        let is_code = rest.starts_with("r-xp ") && rest.ends_with(program);
        let (start, end) = range.split_once('-').filter(|_| is_code)?;
        Some(usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?)
    })
}

fn give_back(code: Range<usize>) {
    let start = std::ptr::with_exposed_provenance_mut(code.start);
    // SAFETY: code is a private mapping of a file that nobody writes to. Of this program, because
    // position-independent code is not relocated; of a component, because wasmtime refuses images
    // that would have to be, and has made all of it read-only. A page that is given back is read from
    // the file again.
    #[allow(unsafe_code, reason = "decision record 0006")]
    let given = unsafe { madvise(start, code.len(), Advice::LinuxDontNeed) };
    if let Err(error) = given {
        tracing::debug!(%error, "pages of code stay mapped");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::Artifact;
    use crate::cache::Cache;
    use crate::engines::Engines;
    use crate::program::Program;

    /// Bytes of the mapping around `address` that are in memory, by the system's account.
    fn resident_bytes(address: usize) -> u64 {
        let smaps = fs::read_to_string("/proc/self/smaps").expect("Linux has it");
        let mut lines = smaps.lines().skip_while(|line| {
            let range = line
                .split(' ')
                .next()
                .and_then(|range| range.split_once('-'));
            !range.is_some_and(|(start, end)| {
                let hex = |text| usize::from_str_radix(text, 16).unwrap_or(0);
                (hex(start)..hex(end)).contains(&address)
            })
        });
        let rss = lines.find_map(|line| line.strip_prefix("Rss:"));
        let kib = rss.and_then(|rss| rss.trim().strip_suffix(" kB"));
        1024 * kib
            .and_then(|kib| kib.parse::<u64>().ok())
            .expect("every mapping has it")
    }

    #[test]
    fn a_component_from_the_cache_holds_no_pages_until_it_runs() {
        let dir = tempfile::tempdir().expect("there is room for it");
        let cache = Cache::open(dir.path().join("code"), &dir.path().join("key"), 1 << 20)
            .expect("it can be made");
        let engines = Engines::on_demand();
        let text = r#"(component
            (core module $m (func (export "f") (result i32) (i32.const 7)))
            (core instance $i (instantiate $m))
            (func (export "f") (result s32) (canon lift (core func $i "f"))))"#;
        let bytes = wat::parse_str(text).expect("it is well formed");
        let artifact = Artifact::new(bytes).expect("it is WebAssembly");
        Program::compile(&engines, Some(&cache), &artifact).expect("it is valid");
        let cached = Program::cached(&engines, &cache, &artifact).expect("it was kept");
        let image = cached.component.image_range();
        assert_eq!(resident_bytes(image.start.addr()), 0);
    }

    #[test]
    fn code_is_told_from_data_and_from_other_files() {
        let maps = "\
            1000-2000 r--p 00000000 fe:00 7    /usr/bin/gary\n\
            2000-5000 r-xp 00001000 fe:00 7    /usr/bin/gary\n\
            5000-6000 rw-p 00004000 fe:00 7    /usr/bin/gary\n\
            8000-9000 r-xp 00000000 fe:00 8    /usr/lib/libc.so.6\n\
            9000-a000 r-xp 00000000 00:00 0    [vdso]\n";
        let mut code = mapped_code(maps, "/usr/bin/gary");
        assert_eq!(code.next(), Some(0x2000..0x5000));
        assert_eq!(code.next(), None);
    }

    #[test]
    fn a_program_goes_on_without_the_pages_it_gave_back() {
        give_back_startup();
        let here = (give_back_startup as fn() as *const ()).addr();
        assert!(resident_bytes(here) > 0, "it is running");
    }
}
