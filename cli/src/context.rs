//! What a command has at hand: the terminal, the home, the settings, and a way to ask the node.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Duration,
};

use nanduti_node::{
    Client, Config, ConfigError, Engine, Handle, Home,
    api::{ApiError, Call, ErrorKind, Problem},
    config::{Log, LogFormat, LogLevel, Origin},
    init_logging,
};
use tokio::runtime::Builder;

use crate::{
    args::Global,
    memory,
    outcome::{Outcome, Stop},
    terminal::{Color, Terminal},
};

/// Threads for a command that asks and leaves.
const SMALL: NonZeroUsize = NonZeroUsize::new(2).expect("two is not zero");
/// How long a call may take before a sign of life is shown.
const PATIENCE: Duration = Duration::from_millis(400);
/// How long the end of a call may take.
const CLOSE_TIME: Duration = Duration::from_secs(10);
/// How long to wait for the tasks of a command at its end.
const LEAVE_TIME: Duration = Duration::from_secs(2);

/// What a command has at hand.
#[derive(Debug)]
pub(crate) struct Context {
    terminal: Terminal,
    home: Option<PathBuf>,
    sets: Vec<(String, String)>,
}

impl Context {
    /// From what every command takes.
    pub(crate) fn new(global: &Global) -> Self {
        let terminal = Terminal::new(global.json, global.quiet, global.color);
        Self { terminal, home: global.home.clone(), sets: global.set.clone() }
    }

    /// The same for another home, with the settings of that one.
    pub(crate) fn at(&self, home: &Path) -> Self {
        Self { terminal: self.terminal.clone(), home: Some(home.to_path_buf()), sets: Vec::new() }
    }

    /// Where output goes.
    pub(crate) fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// What `--home` or `NANDUTI_HOME` said.
    pub(crate) fn home_option(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// What `--set` said.
    pub(crate) fn sets(&self) -> &[(String, String)] {
        &self.sets
    }

    /// The home: `--home`, `NANDUTI_HOME`, or `nanduti` in the user's data folder.
    pub(crate) fn home(&self) -> Result<Home, ApiError> {
        let path = match &self.home {
            Some(path) => path.clone(),
            None => default_home(|name| std::env::var_os(name).map(PathBuf::from)).ok_or_else(|| {
                ApiError::new(ErrorKind::Usage, "no folder is known where the node could live")
                    .hint("use --home DIR or set NANDUTI_HOME")
            })?,
        };
        let path = std::path::absolute(&path).map_err(|error| {
            ApiError::new(ErrorKind::Usage, format!("{} is no usable path", path.display())).because(&error)
        })?;
        Ok(Home::at(path))
    }

    /// The configuration of the home, with what `--set` overrides.
    pub(crate) fn config(&self, home: &Home) -> Result<Config, ApiError> {
        Config::load(home, &self.sets).map_err(|error| misconfigured(&error))
    }

    /// Opens the way to the node: the running one, or the store itself. What is found to be wrong with a store is said at once:
    /// whatever the command shows of it may be less than there was.
    pub(crate) async fn open(&self) -> Result<Session<'_>, Stop> {
        let session = self.open_silently().await?;
        for warning in session.client.warnings() {
            self.terminal.warning(&warning);
        }
        Ok(session)
    }

    async fn open_silently(&self) -> Result<Session<'_>, Stop> {
        let home = self.home()?;
        let config = self.config(&home)?;
        let client = until_interrupt(Client::open(&home, config)).await?;
        Ok(Session { context: self, client })
    }

    /// One call, from opening to closing. `doing` is what is shown if it takes a while.
    pub(crate) async fn call<C: Call>(&self, doing: &str, call: C) -> Result<C::Reply, Stop>
    where
        Engine: Handle<C>,
    {
        let answer = async {
            let session = self.open().await?;
            let reply = until_interrupt(session.client.call(call)).await;
            session.close(reply).await
        };
        self.with_sign_of_life(doing, answer).await
    }

    /// The same without a sign of life and without warnings, for what draws the screen itself.
    pub(crate) async fn call_silently<C: Call>(&self, call: C) -> Result<C::Reply, Stop>
    where
        Engine: Handle<C>,
    {
        let session = self.open_silently().await?;
        let reply = until_interrupt(session.client.call(call)).await;
        session.close(reply).await
    }

    /// Shows that something goes on if it takes a while.
    pub(crate) async fn with_sign_of_life<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, Stop>>,
    ) -> Result<T, Stop> {
        let signs = async {
            tokio::time::sleep(PATIENCE).await;
            let _progress = self.terminal.progress(doing);
            std::future::pending::<Stop>().await
        };
        tokio::select! {
            result = work => result,
            stop = signs => Err(stop),
        }
    }

    /// Runs an asynchronous command to its end. Such a command reports what matters itself, so only errors are logged,
    /// unless `NANDUTI_LOG` asks for more.
    pub(crate) fn block_on(&self, command: impl Future<Output = Outcome>) -> Outcome {
        self.block_on_value(command)
    }

    /// The same for a part of a command, which has a value.
    pub(crate) fn block_on_value<T>(&self, part: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
        self.start_log(Log { level: LogLevel::Error, format: LogFormat::Auto })?;
        self.block_on_workers(SMALL, part)
    }

    /// The same with a number of threads, and without a log.
    pub(crate) fn block_on_workers<T>(
        &self,
        workers: NonZeroUsize,
        command: impl Future<Output = Result<T, Stop>>,
    ) -> Result<T, Stop> {
        let built = Builder::new_multi_thread()
            .worker_threads(workers.get())
            .thread_keep_alive(memory::THREADS_STAY)
            .enable_all()
            .build();
        let runtime = built.map_err(|error| {
            ApiError::new(ErrorKind::Failed, "the asynchronous runtime does not start").because(&error)
        })?;
        let outcome = runtime.block_on(command);
        runtime.shutdown_timeout(LEAVE_TIME);
        outcome
    }

    /// Logs to stderr from now on.
    pub(crate) fn start_log(&self, mut log: Log) -> Result<(), ApiError> {
        if self.terminal.color() == Color::Never && log.format == LogFormat::Auto {
            log.format = LogFormat::Human;
        }
        let directives = std::env::var("NANDUTI_LOG").ok();
        init_logging(&log, directives.as_deref())
            .map_err(|error| ApiError::new(ErrorKind::Usage, "nothing can be logged").because(&error))
    }
}

/// An open way to the node, for several calls. Ctrl-C stops waiting for one: what is durable by then stays, the rest is as
/// if it had never been asked.
#[derive(Debug)]
pub(crate) struct Session<'a> {
    context: &'a Context,
    client: Client,
}

impl Session<'_> {
    /// One call. `doing` is what is shown if it takes a while.
    pub(crate) async fn call<C: Call>(&self, doing: &str, call: C) -> Result<C::Reply, Stop>
    where
        Engine: Handle<C>,
    {
        self.context.with_sign_of_life(doing, until_interrupt(self.client.call(call))).await
    }

    /// Closes the way after the last `result`, and gives it back. An orderly end, but not at any price: a store is made to
    /// survive a sudden one.
    pub(crate) async fn close<T>(self, result: Result<T, Stop>) -> Result<T, Stop> {
        let closed = tokio::time::timeout(CLOSE_TIME, self.client.close()).await;
        let value = result?;
        closed.unwrap_or(Ok(()))?;
        Ok(value)
    }
}

async fn until_interrupt<T>(work: impl Future<Output = Result<T, ApiError>>) -> Result<T, Stop> {
    tokio::select! {
        result = work => Ok(result?),
        _ = tokio::signal::ctrl_c() => Err(Stop::Interrupted),
    }
}

/// All mistakes in the configuration at once, each with the place where it was made.
fn misconfigured(error: &ConfigError) -> ApiError {
    let told = ApiError::new(ErrorKind::Usage, "the configuration is not right")
        .hint("`nanduti config template` prints every key with its meaning");
    let ConfigError::Invalid(problems) = error else { return told.because(error) };
    let problems = problems.iter().map(|problem| {
        let (field, line) = match &problem.origin {
            Origin::File { path, line } => (path.display().to_string(), Some(*line as u64)),
            origin => (origin.to_string(), None),
        };
        Problem { field, line, message: problem.message.clone(), hint: problem.hint.clone() }
    });
    ApiError { problems: problems.collect(), ..told }
}

fn default_home(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let set = |name| variable(name).filter(|path| path.is_absolute());
    let data = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local").join("share")))?;
    Some(data.join("nanduti"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_is_in_the_data_folder() {
        let xdg = default_home(|name| (name == "XDG_DATA_HOME").then(|| PathBuf::from("/data")));
        assert_eq!(xdg, Some(PathBuf::from("/data/nanduti")));
        let home = default_home(|name| (name == "HOME").then(|| PathBuf::from("/home/op")));
        assert_eq!(home, Some(PathBuf::from("/home/op/.local/share/nanduti")));
    }

    #[test]
    fn a_relative_data_folder_is_not_followed() {
        let odd = default_home(|name| Some(PathBuf::from(if name == "HOME" { "/home/op" } else { "data" })));
        assert_eq!(odd, Some(PathBuf::from("/home/op/.local/share/nanduti")));
        assert_eq!(default_home(|_| None), None);
    }
}
