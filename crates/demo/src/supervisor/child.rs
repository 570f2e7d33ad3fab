//! One workload's process as its parent sees it: start, talk, restart.

use std::{
    io,
    process::Stdio,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{ChildStdin, Command},
    time::{Instant, sleep, timeout},
};

use super::{Running, Shared};
use crate::{
    service,
    topology::Workload,
    wire::{CertUse, Config, Endpoint, FromChild, ToChild},
};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A process that lived this long starts with a short pause again.
const LONG_LIFE: Duration = Duration::from_secs(30);
const GRACE: Duration = Duration::from_secs(2);

/// Keeps the process of a workload running until the mesh stops.
pub async fn keep(shared: Arc<Shared>, workload: &'static Workload) {
    let mut pause = FIRST_PAUSE;
    while !shared.stop.is_cancelled() {
        let born = Instant::now();
        let ended = live(&shared, workload).await;
        if shared.stop.is_cancelled() {
            return;
        }
        match ended {
            Ok(status) => {
                tracing::warn!(demo.workload = workload.name, %status, "demo process ended, starting it again")
            }
            Err(error) => {
                tracing::warn!(demo.workload = workload.name, %error, "demo process failed, starting it again")
            }
        }
        pause = if born.elapsed() > LONG_LIFE { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
        let _: Option<()> = shared.stop.run_until_cancelled(sleep(pause)).await;
    }
}

/// One life of the process.
async fn live(shared: &Shared, workload: &'static Workload) -> io::Result<std::process::ExitStatus> {
    let mut child = Command::new(&shared.program)
        .args([service::ARGUMENT, "--name", workload.name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // One small heap: a workload has one busy thread.
        .env("MALLOC_ARENA_MAX", "1")
        // Ctrl-C in a terminal goes to its whole process group; workloads end with their parent instead.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let pid = child.id();
    let gone = || io::Error::other("pipe is gone");
    let mut stdin = child.stdin.take().ok_or_else(gone)?;
    let mut lines = BufReader::new(child.stdout.take().ok_or_else(gone)?).lines();
    let mut errors = BufReader::new(child.stderr.take().ok_or_else(gone)?).lines();
    write(&mut stdin, &ToChild::Config(config(shared, workload))).await?;
    let (mut running, mut faults) = (shared.running.subscribe(), shared.board.watch());
    running.mark_changed();
    faults.mark_changed();
    let mut held = None;
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) => match serde_json::from_str(&line)? {
                    FromChild::Ports { inbound, stats } => {
                        shared.running.send_modify(|all| {
                            all.insert(workload.name, Running { inbound, stats, pid });
                        });
                    }
                    FromChild::SigningRequest { usage, csr_pem } => {
                        let answer = sign(shared, workload, usage, &csr_pem, &mut held);
                        write(&mut stdin, &answer).await?;
                    }
                },
                None => return child.wait().await,
            },
            Ok(Some(line)) = errors.next_line() => tracing::warn!(demo.workload = workload.name, "{line}"),
            Ok(()) = running.changed() => {
                let endpoints = endpoints(&running.borrow_and_update());
                write(&mut stdin, &ToChild::Registry { endpoints }).await?;
            }
            Ok(()) = faults.changed() => {
                let on = faults.borrow_and_update().clone();
                write(&mut stdin, &ToChild::Faults { on }).await?;
            }
            () = shared.stop.cancelled() => {
                drop(stdin);
                return match timeout(GRACE, child.wait()).await {
                    Ok(status) => status,
                    Err(_) => {
                        child.kill().await?;
                        child.wait().await
                    }
                };
            }
        }
    }
}

fn config(shared: &Shared, workload: &Workload) -> Config {
    let options = &shared.options;
    Config {
        workload: workload.name.to_owned(),
        port: match workload.name {
            "sample-app" => Some(options.sample_port),
            "llm-app" => Some(options.llm_port),
            // The port it had before, so that connections to a restarted process find it.
            name => shared.running.borrow().get(name).and_then(|r| r.inbound).map(|address| address.port()),
        },
        root_pem: shared.ca.root_pem(),
        otlp_url: options.otlp_url.clone(),
        token: options.token.clone(),
        peak_rps: options.tuning.peak_rps,
    }
}

/// Signs, remembering the end of the leaf this process holds.
fn sign(shared: &Shared, workload: &Workload, usage: CertUse, csr_pem: &str, held: &mut Option<i64>) -> ToChild {
    shared.issued.asked.fetch_add(1, Relaxed);
    match shared.ca.sign(workload, usage, csr_pem, *held) {
        Ok((chain_pem, validity)) => {
            shared.issued.signed.fetch_add(1, Relaxed);
            if usage == CertUse::Workload {
                *held = Some(validity.not_after);
            }
            ToChild::Certificate { usage, chain_pem }
        }
        Err(error) => {
            tracing::debug!(demo.workload = workload.name, %error, "demo certificate not signed");
            ToChild::Refused { usage }
        }
    }
}

fn endpoints(running: &std::collections::BTreeMap<&'static str, Running>) -> Vec<Endpoint> {
    let address = |(name, at): (&&str, &Running)| Some(Endpoint { workload: (*name).to_owned(), address: at.inbound? });
    running.iter().filter_map(address).collect()
}

async fn write(stdin: &mut ChildStdin, message: &ToChild) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    stdin.write_all(&line).await?;
    stdin.flush().await
}
