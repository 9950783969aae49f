//! A wire to a vendor that remembers when each of its answers came. Only `taps` uses this.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// What the vendor has said, piece by piece.
type Heard = Arc<Mutex<Vec<(Instant, String)>>>;

pub struct Wire {
    pub address: SocketAddr,
    heard: Heard,
    task: JoinHandle<()>,
}

impl Wire {
    pub async fn to(vendor: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let heard = Heard::default();
        let task = tokio::spawn(serve(listener, vendor, Arc::clone(&heard)));
        Self { address, heard, task }
    }

    /// When the vendor first said this.
    pub fn heard(&self, words: &str) -> Option<Instant> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().find(|(_, said)| said.contains(words)).map(|(at, _)| *at)
    }

    pub async fn cut(self) {
        self.task.abort();
        // It ends by being cancelled.
        let _ = self.task.await;
    }
}

async fn serve(listener: TcpListener, vendor: SocketAddr, heard: Heard) {
    let mut calls = JoinSet::new();
    while let Ok((caller, _)) = listener.accept().await {
        let heard = Arc::clone(&heard);
        calls.spawn(async move {
            let vendor = TcpStream::connect(vendor).await.expect("a vendor");
            let (mut asked, asks) = caller.into_split();
            let (answers, mut questions) = vendor.into_split();
            // Either side may end the call, which then is no concern of this test.
            tokio::select! {
                _ = tokio::io::copy(&mut asked, &mut questions) => {}
                () = note(answers, asks, heard) => {}
            }
        });
    }
}

async fn note(mut answers: OwnedReadHalf, mut caller: OwnedWriteHalf, heard: Heard) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = answers.read(&mut piece).await {
        let said = String::from_utf8_lossy(&piece[..length]).into_owned();
        heard.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), said));
        if caller.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
