//! Runs a component's `wasi:cli/run`, of 0.2 or 0.3.

use wasmtime_wasi::{p2, p3};

use crate::failure::Failure;
use crate::memory::Reservation;
use crate::program::Wasi;
use crate::replica::Replica;

impl Replica {
    /// Runs the command once, from beginning to end, and returns its exit code.
    ///
    /// # Errors
    /// When it did not come to its own end: a trap, the time limit, no memory to start with.
    pub async fn run(&self, wasi: Wasi) -> Result<i32, Failure> {
        let run = async move |replica: &Self| replica.run_once(wasi).await;
        match self.drive_apart(run).await {
            Err(Failure::Exit(code)) => Ok(code),
            other => other,
        }
    }

    async fn run_once(&self, wasi: Wasi) -> Result<i32, Failure> {
        let mut store = self.store(Reservation::none())?;
        let ended = async {
            let instance = self.instantiate(&mut store).await?;
            match wasi {
                Wasi::P2 => {
                    let command = p2::bindings::Command::new(&mut store, &instance)?;
                    command.wasi_cli_run().call_run(&mut store).await
                }
                Wasi::P3 => {
                    let command = p3::bindings::Command::new(&mut store, &instance)?;
                    store
                        .run_concurrent(async |store| command.wasi_cli_run().call_run(store).await)
                        .await?
                }
            }
        }
        .await;
        match ended {
            Ok(Ok(())) => Ok(0),
            Ok(Err(())) => Ok(1),
            Err(error) => Err(Failure::of(&error, store.data().memory.refused())),
        }
    }
}
