//! The vendor itself, on this machine, so that the plugin can be tried before there is an
//! account: `cargo run --example vendor`, then `ring4 demo --plugin FILE --vendor-url
//! http://127.0.0.1:8799`. It sells numbers of nobody; a code arrives ten seconds after buying.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

const ADDRESS: &str = "127.0.0.1:8799";
const CODE_AFTER: Duration = Duration::from_secs(10);

/// When each order was bought, and whether it was cancelled.
type Orders = BTreeMap<String, (Instant, bool)>;

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(ADDRESS)?;
    writeln!(std::io::stdout(), "selling numbers of nobody on http://{ADDRESS}")?;
    let mut orders = Orders::new();
    for stream in listener.incoming() {
        // A caller that goes away in the middle is its own trouble.
        if let Err(error) = stream.and_then(|stream| serve(stream, &mut orders)) {
            writeln!(std::io::stderr(), "a request was not served: {error}")?;
        }
    }
    Ok(())
}

fn serve(mut stream: TcpStream, orders: &mut Orders) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let (path, body) = read(&mut stream)?;
    let id = body.split('&').find_map(|field| field.strip_prefix("id=")).unwrap_or_default();
    let answer = match path.as_str() {
        "/price" => r#"{"price":"0.24"}"#.to_owned(),
        "/balance" => r#"{"balance":"41.87"}"#.to_owned(),
        "/buy" => {
            let number = 100 + orders.len();
            let id = format!("N{number}");
            orders.insert(id.clone(), (Instant::now(), false));
            format!(r#"{{"id":"{id}","phone":"12015550{number}","price":"0.24"}}"#)
        }
        "/order" | "/cancel" => match orders.get_mut(id) {
            None => r#"{"error":"no such order"}"#.to_owned(),
            Some((_, true)) => r#"{"state":"refunded"}"#.to_owned(),
            Some((bought, _)) if bought.elapsed() >= CODE_AFTER => {
                r#"{"state":"done","code":"48213","text":"Your code is 48213"}"#.to_owned()
            }
            Some((_, cancelled)) if path == "/cancel" => {
                *cancelled = true;
                r#"{"state":"refunded"}"#.to_owned()
            }
            Some(_) => r#"{"state":"waiting"}"#.to_owned(),
        },
        _ => r#"{"error":"no such path"}"#.to_owned(),
    };
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{answer}", answer.len())
}

/// The path and the body of a request.
fn read(stream: &mut TcpStream) -> std::io::Result<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lower = head.to_ascii_lowercase();
            let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length = length.and_then(|length| length.parse().ok()).unwrap_or(0_usize);
            if body.len() >= length {
                let target = head.split(' ').nth(1).unwrap_or_default();
                let path = target.split('?').next().unwrap_or_default();
                return Ok((path.to_owned(), body.to_owned()));
            }
        }
        let mut chunk = [0; 2_048];
        let len = stream.read(&mut chunk)?;
        if len == 0 || bytes.len() > 64 * 1024 {
            return Err(std::io::Error::other("no whole request"));
        }
        bytes.extend_from_slice(chunk.get(..len).unwrap_or_default());
    }
}
