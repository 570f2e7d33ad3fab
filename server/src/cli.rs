//! The command line. Each command is routed to the module that does the work; helper processes are routed before
//! anything else is set up, because they must stay small.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use contract::demo::{Fault, FaultState};

use crate::{policy, serve};

/// Multi-tenant observability and service-mesh portal.
#[derive(Parser)]
#[command(name = "obstack", version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the portal.
    Serve(ServeArgs),
    /// Run the portal with a live demo mesh, or switch faults of a running demo.
    Demo(DemoArgs),
    /// Bring the database schema up to date and exit.
    Migrate(ConfigArgs),
    /// Check the audit log, from its first entry to its last.
    Audit(AuditArgs),
    /// Print the OpenAPI 3.1 description of the HTTP API.
    Openapi,
    /// API keys for the configuration.
    Key(KeyArgs),
    /// Evaluate, test and check Istio authorization policies in files.
    Policy(policy::PolicyArgs),
    /// Print the version.
    Version,
    /// Internal: one service of the demo mesh.
    #[command(hide = true, name = "demo-service")]
    DemoService(HelperArgs),
    /// Internal: watches over the private Postgres cluster.
    #[command(hide = true, name = "pg-watch")]
    PgWatch(HelperArgs),
}

#[derive(clap::Args)]
struct ConfigArgs {
    /// Configuration file; every field can also be set as OBSTACK_… variable.
    #[arg(long, env = "OBSTACK_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(clap::Args)]
struct AuditArgs {
    #[command(subcommand)]
    action: AuditAction,
}

#[derive(Subcommand)]
enum AuditAction {
    /// Check every chain and print its last number and hash; exit code 1 when an entry is not as it was written. Keep
    /// what it prints elsewhere: entries cut off at the end show only by comparing.
    Verify(ConfigArgs),
}

#[derive(clap::Args)]
struct KeyArgs {
    #[command(subcommand)]
    action: KeyAction,
}

#[derive(Subcommand)]
enum KeyAction {
    /// Print a fresh API key. It works once it is in the configuration.
    New,
}

#[derive(clap::Args)]
struct ServeArgs {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    site: SiteArgs,
}

#[derive(clap::Args)]
struct SiteArgs {
    /// Directory with the built browser files; `site` beside the program when absent.
    #[arg(long, env = "LEPTOS_SITE_ROOT", value_name = "DIR")]
    site: Option<PathBuf>,
}

#[derive(clap::Args)]
struct DemoArgs {
    #[command(subcommand)]
    action: Option<DemoAction>,
    /// Where the demo keeps its database, telemetry and control socket.
    #[arg(long, global = true, env = "OBSTACK_DATA_DIR", default_value = "./data/demo", value_name = "DIR")]
    data_dir: PathBuf,
    /// Address of the portal.
    #[arg(long, env = "OBSTACK_LISTEN", default_value = "127.0.0.1:3000", value_name = "ADDR")]
    listen: SocketAddr,
    /// Address of the portal's own metrics.
    #[arg(long, env = "OBSTACK_OPS_LISTEN", default_value = "127.0.0.1:9464", value_name = "ADDR")]
    ops_listen: SocketAddr,
    /// Port of the sample-app service on loopback; another one is taken when it is in use.
    #[arg(long, default_value_t = 8080, value_name = "PORT")]
    sample_port: u16,
    /// Port of the llm-app service on loopback; another one is taken when it is in use.
    #[arg(long, default_value_t = 8081, value_name = "PORT")]
    llm_port: u16,
    #[command(flatten)]
    site: SiteArgs,
}

#[derive(Subcommand)]
enum DemoAction {
    /// Switch a fault on; it heals after five minutes.
    Break {
        /// Name of the fault.
        #[arg(value_parser = fault_names())]
        name: String,
    },
    /// Switch a fault off.
    Heal {
        /// Name of the fault.
        #[arg(value_parser = fault_names())]
        name: String,
    },
    /// List the faults and their state.
    Faults,
}

/// Arguments of a helper process, in the helper's own format.
#[derive(clap::Args)]
struct HelperArgs {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    _rest: Vec<String>,
}

fn fault_names() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(
        Fault::ALL.map(|fault| clap::builder::PossibleValue::new(fault.name()).help(fault.title())),
    )
}

/// Runs the command line and says how it ended: 0 fine, 1 failed, 2 bad input.
pub fn run() -> ExitCode {
    match Cli::parse().command {
        Command::DemoService(_) => demo::service::run(),
        Command::PgWatch(_) => backend::db::cluster::watch(),
        // Reads files only: no configuration, no database, no runtime.
        Command::Policy(args) => policy::run::<Cli>(args),
        Command::Version => {
            println!("obstack {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        Command::Key(KeyArgs { action: KeyAction::New }) => match backend::keys::KeyText::generate() {
            Ok(key) => {
                println!("{}", key.expose());
                ExitCode::SUCCESS
            }
            Err(error) => fail(&error),
        },
        Command::Openapi => match crate::rest::openapi_json() {
            Ok(json) => {
                println!("{json}");
                ExitCode::SUCCESS
            }
            Err(error) => fail(&error),
        },
        Command::Serve(args) => serve::serve(args.config.config.as_deref(), &site_dir(args.site.site)),
        Command::Migrate(args) => serve::migrate(args.config.as_deref()),
        Command::Audit(AuditArgs { action: AuditAction::Verify(args) }) => serve::verify_audit(args.config.as_deref()),
        Command::Demo(args) => run_demo(args),
    }
}

fn run_demo(args: DemoArgs) -> ExitCode {
    let answer = match args.action {
        None => {
            return serve::demo(serve::DemoOptions {
                site: site_dir(args.site.site),
                data_dir: args.data_dir,
                listen: args.listen,
                ops_listen: args.ops_listen,
                sample_port: args.sample_port,
                llm_port: args.llm_port,
            });
        }
        Some(DemoAction::Break { name }) => demo::cli::break_fault(&args.data_dir, &name),
        Some(DemoAction::Heal { name }) => demo::cli::heal(&args.data_dir, &name),
        Some(DemoAction::Faults) => demo::cli::list(&args.data_dir),
    };
    match answer {
        Ok(faults) => {
            for state in faults {
                let FaultState { fault, until } = state;
                let on = until.map_or_else(|| "off".to_owned(), |until| format!("on until {} UTC", until.hh_mm_ss()));
                println!("{:<18} {:<24} {}", fault.name(), on, fault.title());
                if until.is_some() {
                    println!("{:<18} {}", "", fault.look());
                }
            }
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

/// The given directory, or `site` beside the program.
fn site_dir(given: Option<PathBuf>) -> PathBuf {
    given.unwrap_or_else(|| {
        std::env::current_exe()
            .ok()
            .as_deref()
            .and_then(Path::parent)
            .map_or_else(|| PathBuf::from("site"), |dir| dir.join("site"))
    })
}

/// Prints why and gives the exit code of a failure.
pub fn fail(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("obstack: {error}");
    ExitCode::FAILURE
}
