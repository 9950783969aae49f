//! Runs a playground by hand: `cargo run -p ring4-playground --example serve [ADDRESS] [SPEED]`.
//!
//! Point any bot at the printed address as its Bot API server, with any token of Telegram's form.

use ring4_playground::{Options, Playground};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1);
    options.listen = match arguments.next() {
        Some(address) => address.parse()?,
        None => "127.0.0.1:8081".parse()?,
    };
    if let Some(speed) = arguments.next() {
        options.speed = speed.parse()?;
    }
    let playground = Playground::start(options).await?;
    // An example talks to the person who runs it.
    #[allow(clippy::print_stdout)]
    {
        println!("http://{}/", playground.address());
    }
    tokio::signal::ctrl_c().await?;
    playground.stop().await;
    Ok(())
}
