//! The `obstack` binary: reads the command line and hands over. No rules and no HTTP live here.

mod admin;
mod cli;
mod demo_run;
mod error;
mod extract;
mod intake;
mod layers;
mod links;
mod ops;
mod pages;
mod policy;
mod rest;
mod router;
mod serve;
mod session;
mod site;
mod state;
mod telemetry;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
