//! The whole screen of a terminal, redrawn in place, for `status --watch`. Whatever way the program leaves it, the
//! screen that was there before, the cursor and the keyboard's mode come back.
//!
//! Keys are read without waiting for Enter but signals still work: Ctrl-C is the signal that it always is.

use std::io::{self, Read, Write};

use rustix::termios::{self, LocalModes, OptionalActions, Termios};
use tokio::sync::mpsc;

const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";
const HOME: &str = "\u{1b}[H";
const CLEAR_LINE: &str = "\u{1b}[K";
const CLEAR_BELOW: &str = "\u{1b}[J";

/// The screen, taken over until dropped.
#[derive(Debug)]
pub(crate) struct Screen {
    before: Option<Termios>,
    keys: mpsc::Receiver<u8>,
    color: anstream::ColorChoice,
}

impl super::Terminal {
    /// Takes over the screen.
    pub(crate) fn screen(&self) -> io::Result<Screen> {
        let before = single_keys().ok();
        let (sender, keys) = mpsc::channel(16);
        // The thread ends with the process: a read of the keyboard cannot be called off.
        std::thread::Builder::new().name("keyboard".into()).spawn(move || {
            for byte in io::stdin().lock().bytes().map_while(Result::ok) {
                if sender.blocking_send(byte).is_err() {
                    break;
                }
            }
        })?;
        let screen = Screen { before, keys, color: self.color };
        screen.write(ENTER)?;
        Ok(screen)
    }
}

impl Screen {
    /// Replaces what the screen shows.
    pub(crate) fn draw(&self, text: &str) -> io::Result<()> {
        let mut frame = String::from(HOME);
        for line in text.lines() {
            frame.push_str(&visible(line, self.color));
            frame.push_str(CLEAR_LINE);
            frame.push_str("\r\n");
        }
        frame.push_str(CLEAR_BELOW);
        self.write(&frame)
    }

    /// The next key; never, if there is no keyboard.
    pub(crate) async fn key(&mut self) -> u8 {
        match self.keys.recv().await {
            Some(key) => key,
            None => std::future::pending().await,
        }
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // On the way out there is nobody to tell.
        let _ = self.write(LEAVE);
        if let Some(before) = &self.before {
            let _ = termios::tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}

fn visible(line: &str, color: anstream::ColorChoice) -> String {
    let plain = match color {
        anstream::ColorChoice::Never => true,
        anstream::ColorChoice::Auto => anstream::AutoStream::choice(&io::stdout()) == anstream::ColorChoice::Never,
        _ => false,
    };
    if plain { anstream::adapter::strip_str(line).to_string() } else { line.to_owned() }
}

fn single_keys() -> io::Result<Termios> {
    let before = termios::tcgetattr(io::stdin())?;
    let mut single = before.clone();
    single.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
    termios::tcsetattr(io::stdin(), OptionalActions::Now, &single)?;
    Ok(before)
}
