//! The demo mesh alone, without portal and stores: for tests, and to point an ordinary Prometheus at.
//! `demo-mesh DIRECTORY [OTLP_URL]` runs it until stdin ends; `demo-mesh break|heal NAME DIRECTORY` switches faults.

use std::{path::Path, process::ExitCode, time::Duration};

use demo::{Options, Supervisor, cli, service};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [service::ARGUMENT, ..] => service::run(),
        ["break", name, directory] => report(cli::break_fault(Path::new(directory), name)),
        ["heal", name, directory] => report(cli::heal(Path::new(directory), name)),
        [directory] => run(directory, None),
        [directory, otlp_url] => run(directory, Some(otlp_url.to_owned())),
        _ => {
            eprintln!("demo-mesh DIRECTORY [OTLP_URL] | demo-mesh break|heal NAME DIRECTORY");
            ExitCode::FAILURE
        }
    }
}

fn report<T>(done: Result<T, cli::CliError>) -> ExitCode {
    match done {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(directory: &str, otlp_url: Option<String>) -> ExitCode {
    let options = Options { otlp_url, ..Options::new(directory) };
    let mesh = match Supervisor::start(options).await {
        Ok(mesh) => mesh,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    if !mesh.ready(Duration::from_secs(30)).await {
        eprintln!("not every workload came up");
        return ExitCode::FAILURE;
    }
    for target in mesh.targets().borrow().iter() {
        let labels: Vec<String> = target.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        println!("{} {}", target.url, labels.join(","));
    }
    println!("ready");
    // Ends with the terminal or the test that started it.
    let input = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    drop(input.await);
    mesh.shutdown().await;
    ExitCode::SUCCESS
}
