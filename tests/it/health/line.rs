//! A line to a vendor that a test can cut: through it goes on to the vendor, refuses connections
//! as a dead machine does, or takes them and never answers. Only `health` uses this.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Through,
    Refused,
    Silent,
}

pub struct Line {
    pub address: SocketAddr,
    mood: watch::Sender<Mood>,
    task: tokio::task::JoinHandle<()>,
}

impl Line {
    pub fn to(vendor: SocketAddr) -> Self {
        let listener = listen("127.0.0.1:0".parse().expect("an address"));
        let address = listener.local_addr().expect("an address");
        let (mood, follow) = watch::channel(Mood::Through);
        let task = tokio::spawn(serve(listener, address, vendor, follow));
        Self { address, mood, task }
    }

    /// From now on, for connections that are open too.
    pub fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    pub fn close(self) {
        self.task.abort();
    }
}

fn listen(address: SocketAddr) -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket");
    // The port must be taken again while former connections linger.
    socket.set_reuseaddr(true).expect("a setting");
    socket.bind(address).expect("a free port");
    socket.listen(64).expect("a listener")
}

async fn serve(
    mut listener: TcpListener,
    address: SocketAddr,
    vendor: SocketAddr,
    mut mood: watch::Receiver<Mood>,
) {
    loop {
        if *mood.borrow_and_update() == Mood::Refused {
            drop(listener);
            if mood.wait_for(|mood| *mood != Mood::Refused).await.is_err() {
                return;
            }
            listener = listen(address);
        }
        tokio::select! {
            Ok((caller, _)) = listener.accept() => {
                tokio::spawn(connect(caller, vendor, mood.clone()));
            }
            Ok(()) = mood.changed() => mood.mark_changed(),
            else => return,
        }
    }
}

async fn connect(mut caller: TcpStream, vendor: SocketAddr, mut mood: watch::Receiver<Mood>) {
    let begun = *mood.borrow_and_update();
    let speaking = async {
        if begun == Mood::Silent {
            std::future::pending::<()>().await;
        }
        let mut vendor = TcpStream::connect(vendor).await?;
        tokio::io::copy_bidirectional(&mut caller, &mut vendor).await.map(drop)
    };
    tokio::select! {
        _ = speaking => {}
        _ = mood.changed() => {}
    }
}
