//! The program as a process of its own: its folder, its life, and the two ways to talk to it.

mod rest;
mod socket;
#[path = "../frames/tape.rs"]
mod tape;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(crate) use rest::Rest;
pub(crate) use socket::{Heard, Socket};

/// Whatever takes longer does not work.
const PATIENCE: Duration = Duration::from_secs(60);

/// An empty folder; the program runs in it.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
}

/// How a command ended and what it printed.
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A running `ampacity serve`. Killed when it is dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    log: Arc<Mutex<String>>,
    found: Receiver<SocketAddr>,
    reader: Option<JoinHandle<()>>,
}

impl Place {
    pub(crate) fn new() -> Place {
        Place { folder: tempfile::tempdir().expect("a folder") }
    }

    /// The program in this folder, without what the environment of the test would tell it.
    fn command(&self, variables: &[(&str, &str)], args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ampacity"));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("AMPACITY_") || text == "RUST_LOG" {
                command.env_remove(&name);
            }
        }
        command.current_dir(&self.folder).args(args).envs(variables.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program and waits for its end.
    pub(crate) fn ampacity(&self, variables: &[(&str, &str)], args: &[&str]) -> Done {
        let output = self.command(variables, args).output().expect("the program runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Done {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// A fresh key of the REST API that may everything.
    pub(crate) fn admin_key(&self) -> String {
        let made = self.ampacity(&[], &["key", "create", "tests", "--scope", "admin"]);
        assert_eq!(made.code, Some(0), "{}", made.stderr);
        made.stdout.trim().to_owned()
    }

    /// Starts `ampacity serve` on a port of its own choice.
    pub(crate) fn serve(&self) -> Server {
        self.serve_with(&[], &["--listen", "127.0.0.1:0"])
    }

    pub(crate) fn serve_with(&self, variables: &[(&str, &str)], args: &[&str]) -> Server {
        let mut command = self.command(variables, &["serve"]);
        let mut child = command.args(args).stdout(Stdio::null()).spawn().expect("a process");
        let log = Arc::new(Mutex::new(String::new()));
        let stderr = BufReader::new(child.stderr.take().expect("its standard error"));
        let (tell, found) = channel();
        let kept = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let address = line.split(" address=").nth(1).and_then(|it| it.split(' ').next());
                if let Some(address) = address.and_then(|it| it.parse().ok()) {
                    let _ = tell.send(address);
                }
                let mut log = kept.lock().expect("no panic");
                log.push_str(&line);
                log.push('\n');
            }
        });
        Server { child, log, found, reader: Some(reader) }
    }
}

impl Server {
    /// Where it listens, once it does.
    pub(crate) fn address(&self) -> SocketAddr {
        let found = self.found.recv_timeout(PATIENCE);
        found.unwrap_or_else(|_| panic!("it has not said where it listens:\n{}", self.log()))
    }

    /// What it has logged until now.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("no panic").clone()
    }

    /// Waits for its end: exit code, `None` when a signal ended it, and the whole log.
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let begun = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("a child") {
                Some(status) => break status,
                None if begun.elapsed() > PATIENCE => panic!("it does not end:\n{}", self.log()),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        if let Some(reader) = self.reader.take() {
            reader.join().expect("a reader");
        }
        (status.code(), self.log())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
