//! `gary run` of an HTTP component: serves it until somebody stops it.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};
use gary_host::http::{Drained, Handler, Server};
use tokio::runtime;

use crate::event::By;
use crate::open_files;
use crate::problem::{Code, Problem};
use crate::run::{Ended, INTERRUPTED, Next, Run, started, told};
use crate::signals::Signals;

/// When the first requests have been answered and what only the start had run is done with.
const SETTLED_AFTER: Duration = Duration::from_secs(1);
/// Time for requests under way when it is a change that ends them: somebody waits for the new one.
const WATCH_DRAIN: Duration = Duration::from_secs(1);

impl Run<'_> {
    /// Serves until a signal or a change.
    pub(crate) fn serve(self) -> Result<Next, Problem> {
        open_files::raise();
        let runtime = started(runtime::Builder::new_multi_thread().enable_all().build())?;
        let served = runtime.block_on(self.serving());
        // What is still under way was given its time to end.
        runtime.shutdown_background();
        served
    }

    async fn serving(self) -> Result<Next, Problem> {
        let (reporter, workload) = (self.reporter, &self.target.workload);
        let wanted = workload.addr.socket_addr();
        let server = Server::bind(wanted)
            .await
            .map_err(|error| cannot_bind(wanted, &error))?;
        let mut signals = Signals::new()?;
        let handler = Handler::new(&self.linked.replica, self.wasi).map_err(|error| {
            Problem::new(
                Code::MissingInterface,
                format!("cannot serve {}", workload.name),
            )
            .why(format!("{error:#}"))
        })?;
        let instantiated = tokio::select! {
            instantiated = self.linked.replica.try_instantiate() => instantiated,
            () = signals.next() => return Ok(Next::Stopped(INTERRUPTED)),
        };
        if let Err(failure) = instantiated {
            let code = told(self.target, &failure, reporter)?;
            return Ok(Next::Over(Ended {
                code: code as u8,
                by: By::Gary,
            }));
        }
        let addr = server.addr();
        reporter.serving(workload.name.as_str(), &format!("http://{addr}/"));
        tokio::spawn(async {
            tokio::time::sleep(SETTLED_AFTER).await;
            gary_host::give_back_startup();
        });

        let mut stopped_by_change = false;
        let (stopping, draining) = oneshot::channel();
        let drain = workload.drain.duration();
        let watcher = self.watcher;
        let stop = async {
            let change = async {
                match watcher {
                    Some(watcher) => watcher.changed(reporter).await,
                    None => std::future::pending().await,
                }
            };
            stopped_by_change = matches!(
                select(pin!(change), pin!(signals.next())).await,
                Either::Left(_)
            );
            // Whoever listened for the first goes on to listen for the second, so none is missed.
            let _ = stopping.send(signals);
            if !stopped_by_change {
                reporter.note(&format!("stopping; requests under way have {drain:?}"));
            }
        };
        let served = {
            let drain = if workload.watch {
                drain.min(WATCH_DRAIN)
            } else {
                drain
            };
            let serving = server.serve(handler, reporter.clone(), stop, drain);
            let cut = async {
                match draining.await {
                    Ok(mut second) => second.next().await,
                    Err(_) => std::future::pending().await,
                }
            };
            match select(pin!(serving), pin!(cut)).await {
                Either::Left((served, _)) => served,
                Either::Right(_) => return Ok(Next::Stopped(INTERRUPTED)),
            }
        };
        match served {
            Drained::TimedOut => reporter.note("some requests did not end in time"),
            Drained::Whole => {}
        }
        if stopped_by_change {
            return Ok(Next::Again(Some(addr)));
        }
        self.linked.tell_usage(reporter);
        Ok(Next::Stopped(0))
    }
}

fn cannot_bind(addr: SocketAddr, error: &std::io::Error) -> Problem {
    use std::io::ErrorKind;
    let problem = |code| Problem::new(code, format!("cannot serve at {addr}"));
    match error.kind() {
        ErrorKind::AddrInUse => problem(Code::Conflict)
            .why("the address is in use")
            .hint("--addr with another port, or with port 0 for a free one"),
        ErrorKind::PermissionDenied => problem(Code::Failure)
            .why("permission denied")
            .hint("--addr with a port of 1024 or above"),
        ErrorKind::AddrNotAvailable => problem(Code::Failure)
            .why("this machine has no such address")
            .hint("--addr with an address of this machine, such as 127.0.0.1"),
        _ => problem(Code::Failure).why(error),
    }
}
