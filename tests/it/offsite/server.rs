//! A real S3-compatible server, moto, from the package index, and a plug between it and us.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, mpsc};
use std::time::{Duration, Instant};

use ring4_offsite::{Offsite, Target};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::trouble::skip;

/// How long the server may take to speak.
const START_WITHIN: Duration = Duration::from_secs(60);
/// What is installed, with the versions the tests were written against.
const PACKAGES: [&str; 3] = ["moto[s3]==5.1.22", "flask==3.1.3", "flask-cors==6.0.5"];

pub const BUCKET: &str = "copies";

/// A running server; its objects are in its memory and end with it.
pub struct Server {
    process: Child,
    pub address: String,
}

/// The interpreter of an environment with the server in it, made once per machine.
fn python() -> Result<PathBuf, String> {
    static MADE: OnceLock<Mutex<()>> = OnceLock::new();
    let _alone = MADE.get_or_init(Mutex::default).lock().map_err(|error| error.to_string())?;
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("moto-5.1.22");
    let (python, done) = (dir.join("bin/python"), dir.join("ready"));
    if done.exists() {
        return Ok(python);
    }
    let run = |program: &Path, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output();
        let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
        if output.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or("failed").to_owned())
    };
    let place = dir.to_string_lossy().into_owned();
    run(Path::new("python3"), &["-m", "venv", "--clear", &place])?;
    let arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(&python, &[arguments.as_slice(), PACKAGES.as_slice()].concat())?;
    std::fs::write(done, PACKAGES.join("\n")).map_err(|error| error.to_string())?;
    Ok(python)
}

impl Server {
    /// Starts one with an empty bucket. It is fetched from the network, so only where `RING4_S3`
    /// asks for it; otherwise the test says so and passes.
    pub async fn start() -> Option<Self> {
        if std::env::var_os("RING4_S3").is_none() {
            skip("RING4_S3=1 fetches an S3 server with pip and tests against it");
            return None;
        }
        let python = tokio::task::spawn_blocking(python).await.unwrap();
        let python = python.expect("the S3 server that RING4_S3 asks for");
        Some(Self::start_at(&python, 0).await)
    }

    async fn start_at(python: &Path, port: u16) -> Self {
        let mut process = Command::new(python)
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a server");
        let (said, heard) = mpsc::channel();
        let lines = BufReader::new(process.stderr.take().expect("its words")).lines();
        // Ends with the server, whose words nobody else reads.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("Running on http://") {
                    let _ = said.send(address.trim().to_owned());
                }
            }
        });
        let address = heard.recv_timeout(START_WITHIN).expect("the server's address");
        let server = Self { process, address };
        server.make_bucket().await;
        server
    }

    async fn make_bucket(&self) {
        let end = Instant::now() + START_WITHIN;
        let url = format!("http://{}/{BUCKET}", self.address);
        loop {
            match reqwest::Client::new().put(&url).send().await {
                Ok(answer) if answer.status().is_success() => return,
                answer => assert!(Instant::now() < end, "no bucket: {answer:?}"),
            }
        }
    }

    /// Starts an empty one at the address of one that was killed.
    pub async fn start_again(&mut self) {
        let port = self.address.rsplit(':').next().unwrap().parse().unwrap();
        *self = Self::start_at(&python().unwrap(), port).await;
    }

    /// Kills it, with all it holds.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Variables as an operator would set them.
pub fn variables(address: &str) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_ACCESS_KEY_ID", "an-id-of-the-tests".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-tests".to_owned()),
        ("AWS_ENDPOINT", format!("http://{address}")),
    ]
}

/// The bucket behind an address.
pub fn bucket(address: &str) -> Offsite {
    let prefix = "shop/one".to_owned();
    let target = Target::Bucket { bucket: BUCKET.to_owned(), prefix };
    let known = variables(address);
    let variable =
        |name: &str| known.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    Offsite::open(target, variable).expect("a bucket")
}

/// A cable that can be pulled: while it is out, connections break and none come about.
pub struct Plug {
    pub address: String,
    inside: watch::Sender<bool>,
    relay: tokio::task::JoinHandle<()>,
}

impl Plug {
    pub async fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (inside, watched) = watch::channel(true);
        let server = server.to_owned();
        let relay = tokio::spawn(async move {
            let mut cables = tokio::task::JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let (server, mut watched) = (server.clone(), watched.clone());
                cables.spawn(async move {
                    if !*watched.borrow_and_update() {
                        return;
                    }
                    let Ok(mut far) = TcpStream::connect(server).await else { return };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = watched.wait_for(|inside| !inside) => {}
                    }
                });
            }
        });
        Self { address, inside, relay }
    }

    pub fn pull(&self) {
        self.inside.send_replace(false);
    }

    pub fn put_back(&self) {
        self.inside.send_replace(true);
    }
}

impl Drop for Plug {
    fn drop(&mut self) {
        self.relay.abort();
    }
}
