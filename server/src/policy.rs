//! `obstack policy …`: evaluates, tests and checks Istio's authorization policies in files. Reads nothing but the files it
//! is given: no configuration, no database, no network. What a policy means is decided in `mesh::policy`.

mod diff;
mod eval;
mod explain;
mod formats;
mod input;
mod lint;
mod mesh;
mod paint;
mod request;
mod test;
#[cfg(test)]
mod tests;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{CommandFactory, Subcommand};

use paint::{Color, Paint};

/// Arguments of `obstack policy`.
#[derive(clap::Args)]
pub struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
}

#[derive(Subcommand)]
enum PolicyCommand {
    /// Run case files and compare with what they expect.
    Test(test::TestArgs),
    /// Say what a set of policies does to a request.
    Eval(Box<eval::EvalArgs>),
    /// The same with every policy, rule and field that was looked at.
    Explain(Box<eval::EvalArgs>),
    /// Check policies: what Istio refuses, and what does something else than it seems.
    Lint(lint::LintArgs),
    /// Compare two sets of policies: equivalent, stricter, looser or incomparable, with a request for every difference.
    Diff(diff::DiffArgs),
    /// Print a completion script.
    Completion {
        /// The shell it is for.
        shell: clap_complete::Shell,
    },
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing to complain about: 0.
    Fine,
    /// Findings, or cases that failed: 1.
    Findings,
    /// Input that could not be read: 2.
    BadInput,
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Fine => Self::SUCCESS,
            Ended::Findings => Self::from(1),
            Ended::BadInput => Self::from(2),
        }
    }
}

/// Runs a command. `C` is the whole command line, for completion scripts.
pub fn run<C: CommandFactory>(args: PolicyArgs) -> ExitCode {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let ended = execute::<C>(&args.command, args.color.on_stdout(), &mut out);
    // A reader that has seen enough closes the pipe; that is no failure.
    let flushed = out.flush();
    match ended.and_then(|ended| flushed.map(|()| ended)) {
        Ok(ended) => ended.into(),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => crate::cli::fail(&error),
    }
}

fn execute<C: CommandFactory>(command: &PolicyCommand, paint: Paint, out: &mut dyn Write) -> io::Result<Ended> {
    match command {
        PolicyCommand::Test(args) => test::run(args, paint, out),
        PolicyCommand::Eval(args) => eval::run(args, false, paint, out),
        PolicyCommand::Explain(args) => eval::run(args, true, paint, out),
        PolicyCommand::Lint(args) => lint::run(args, paint, out),
        PolicyCommand::Diff(args) => diff::run(args, paint, out),
        PolicyCommand::Completion { shell } => {
            // The generator panics where it cannot write, so it writes to memory.
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut C::command(), "obstack", &mut script);
            out.write_all(&script).map(|()| Ended::Fine)
        }
    }
}
