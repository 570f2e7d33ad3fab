//! The main function of one workload's process: reads its configuration from stdin, serves, and ends when stdin does,
//! so that nothing outlives the parent. Runs before and without any runtime of the caller's.

mod agent;

use std::{io, os::fd::AsFd, process::ExitCode, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::unix::pipe,
    sync::{mpsc, watch},
    time::interval,
};

use crate::{
    services::{Service, call_in_plaintext, visit},
    sidecar::{Identity, Listener, Proxy, Registry, accept, client_for_gateway, serve_stats},
    telemetry,
    topology::{self, Role},
    wire::{CertUse, Config, FromChild, ToChild},
};

/// The hidden argument that makes a process one workload of the demo: `demo-service --name X`.
pub const ARGUMENT: &str = "demo-service";

/// Why a workload's process could not start.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("pipe to the parent: {0}")]
    Io(#[from] io::Error),
    #[error("line from the parent: {0}")]
    Line(#[from] serde_json::Error),
    #[error("certificate: {0}")]
    Tls(#[from] crate::sidecar::TlsError),
    #[error("{0}")]
    Said(&'static str),
}

/// Is one workload until stdin ends. Which one stands in the first line on stdin.
pub fn run() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    match runtime.block_on(serve()) {
        // Connections still open must not keep the process.
        Ok(()) => std::process::exit(0),
        Err(error) => fail(&error),
    }
}

fn fail(error: &Failure) -> ExitCode {
    // The parent reads stderr into its log.
    eprintln!("demo service: {error}");
    ExitCode::FAILURE
}

type Input = Lines<BufReader<pipe::Receiver>>;

async fn serve() -> Result<(), Failure> {
    let stdin = pipe::Receiver::from_owned_fd(io::stdin().as_fd().try_clone_to_owned()?)?;
    let mut output = pipe::Sender::from_owned_fd(io::stdout().as_fd().try_clone_to_owned()?)?;
    let mut input = BufReader::with_capacity(4096, stdin).lines();
    let Some(ToChild::Config(config)) = next(&mut input).await? else {
        return Err(Failure::Said("the first line is not a configuration"));
    };
    let me = topology::workload(&config.workload).ok_or(Failure::Said("no such workload"))?;
    let (faults_in, faults) = watch::channel(Vec::new());
    let telemetry = match me.sidecar {
        true => telemetry::start(me, config.otlp_url.as_deref(), config.token.as_deref()),
        false => telemetry::Telemetry::off(),
    };
    let proxy = Arc::new(Proxy::new(me, Identity::new(&config.root_pem)?, faults, telemetry));
    let (say, mut said) = mpsc::channel(8);
    say.send(listen(&config, &proxy).await?).await.map_err(|_| Failure::Said("the channel closed"))?;
    let agents: Vec<_> = agent::uses(me)
        .iter()
        .map(|usage| {
            let (answer_in, answers) = mpsc::channel(1);
            tokio::spawn(agent::keep(*usage, proxy.clone(), say.clone(), answers));
            (*usage, answer_in)
        })
        .collect();
    let answer = async |usage: CertUse, chain: Option<String>| {
        for (of, answers) in &agents {
            if *of == usage {
                // The agent lives as long as the process.
                drop(answers.send(chain.clone()).await);
            }
        }
    };
    let mut sweep = interval(Duration::from_secs(10));
    loop {
        tokio::select! {
            line = next(&mut input) => match line? {
                Some(ToChild::Config(_)) => return Err(Failure::Said("a second configuration")),
                Some(ToChild::Certificate { usage, chain_pem }) => answer(usage, Some(chain_pem)).await,
                Some(ToChild::Refused { usage }) => answer(usage, None).await,
                Some(ToChild::Registry { endpoints }) => proxy.set_registry(Registry::new(endpoints)),
                Some(ToChild::Faults { on }) => drop(faults_in.send_replace(on)),
                None => return Ok(()),
            },
            Some(message) = said.recv() => {
                let mut line = serde_json::to_vec(&message)?;
                line.push(b'\n');
                output.write_all(&line).await?;
            }
            _ = sweep.tick() => proxy.sweep(),
        }
    }
}

async fn next(input: &mut Input) -> Result<Option<ToChild>, Failure> {
    match input.next_line().await? {
        Some(line) => Ok(Some(serde_json::from_str(&line)?)),
        None => Ok(None),
    }
}

/// Starts everything a workload runs and says where it listens.
async fn listen(config: &Config, proxy: &Arc<Proxy>) -> Result<FromChild, Failure> {
    let me = proxy.me;
    let inbound = if me.role == Role::Load {
        tokio::spawn(visit(proxy.clone(), client_for_gateway(&config.root_pem)?, config.peak_rps));
        None
    } else {
        let listener = Listener::bind(config.port).await?;
        let address = listener.address;
        tokio::spawn(accept(listener, proxy.clone(), Service::new(me)));
        Some(address)
    };
    if me.name == "legacy" {
        tokio::spawn(call_in_plaintext(proxy.clone()));
    }
    let stats = if me.sidecar || me.name == "legacy" {
        let listener = Listener::bind(None).await?;
        let address = listener.address;
        tokio::spawn(serve_stats(listener, proxy.clone()));
        Some(address)
    } else {
        None
    };
    Ok(FromChild::Ports { inbound, stats })
}
