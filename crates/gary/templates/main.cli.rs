/// Runs from beginning to end, like any program; arguments come after `--`.
fn main() {
    let names: Vec<String> = std::env::args().skip(1).collect();
    match names.is_empty() {
        true => println!("hello from NAME"),
        false => println!("hello {}, from NAME", names.join(" and ")),
    }
}
