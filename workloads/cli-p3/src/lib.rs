//! A `wasi:cli` 0.3 command: it prints a greeting and its arguments, and ends with an error where
//! the first argument is `fail`.

use wasip3::cli::{environment, stdout};
use wasip3::{wit_bindgen, wit_stream};

wasip3::cli::command::export!(Guest);

struct Guest;

impl wasip3::exports::cli::run::Guest for Guest {
    async fn run() -> Result<(), ()> {
        let args: Vec<String> = environment::get_arguments().into_iter().skip(1).collect();
        if args.first().is_some_and(|arg| arg == "fail") {
            return Err(());
        }

        let mut text = "hello from gary (0.3)\n".to_owned();
        for arg in &args {
            text.push_str(arg);
            text.push('\n');
        }
        let (mut writer, reader) = wit_stream::new();
        wit_bindgen::spawn_local(async move {
            // What is not taken comes back; the result of the other end tells of it.
            let _ = writer.write_all(text.into_bytes()).await;
        });
        stdout::write_via_stream(reader).await.map_err(|_| ())
    }
}
