//! A program that Gary waits for, and that a signal to Gary ends as well.

use std::io::{self, IsTerminal};
use std::os::unix::process::CommandExt;
use std::process::{self, Child, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::signals;

/// There is one at a time.
static RUNNING: Mutex<State> = Mutex::new(State {
    program: None,
    signalled: None,
});

struct State {
    program: Option<Program>,
    /// The first signal that was passed on.
    signalled: Option<Signal>,
}

#[derive(Clone, Copy)]
struct Program {
    pid: Pid,
    leads_group: bool,
}

/// The program while it runs.
pub(crate) struct Companion(Child);

impl Companion {
    /// Starts it, in a process group of its own, so that what it starts hears of a signal too.
    ///
    /// At a terminal it stays in Gary's: the terminal tells that whole group of Ctrl-C, and would
    /// stop a program of another one that asks for a password.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        signals::guard();
        let leads_group = !io::stdin().is_terminal() && !io::stderr().is_terminal();
        if leads_group {
            command.process_group(0);
        }
        // Held, so that a signal that comes now is passed on to it.
        let mut state = state();
        let child = command.spawn()?;
        state.program = Some(Program {
            pid: Pid::from_child(&child),
            leads_group,
        });
        Ok(Self(child))
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> io::Result<ExitStatus> {
        let ended = self.0.wait();
        state().program = None;
        ended
    }
}

/// The signal that has ended it, once it is waited for; there is nothing left to do then but to end
/// as well.
pub(crate) fn signalled() -> Option<Signal> {
    state().signalled
}

/// Passes a signal on to the program; false where none runs. Gary ends once the program has, or with
/// the second signal.
pub(crate) fn pass_on(signal: Signal) -> bool {
    let mut state = state();
    let Some(program) = state.program else {
        return state.signalled.is_some();
    };
    match state.signalled {
        None => {
            program.send(signal);
            state.signalled = Some(signal);
        }
        Some(first) => {
            program.send(Signal::KILL);
            process::exit(i32::from(signals::exit_code(first)));
        }
    }
    true
}

impl Program {
    fn send(self, signal: Signal) {
        // It may have ended just now.
        let _ = match self.leads_group {
            true => kill_process_group(self.pid, signal),
            false => kill_process(self.pid, signal),
        };
    }
}

fn state() -> MutexGuard<'static, State> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}
