//! `get <path>`: any GET of Microsoft Graph, with the product's own credential, retries and paging.
//!
//! Promises: an answer is printed as Graph sent it; with `--all` each object of all pages is one line, one page in
//! memory and the next in flight; a list that breaks off ends with 1 and says so. Needs none of the settings of Azure
//! Cosmos DB. Leaves out on purpose: requests that change something, and files that Graph serves from another host.

use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use url::Url;

use super::output::{Exit, Output, complain, print_bytes};
use super::pretty::pretty;
use super::screen::Screen;
use super::{advice, start};
use crate::app::Asker;
use crate::graph::{Answer, Get, GraphError, Version, answer, pages};

/// What `get` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The path below the API version, with or without its first slash and query options; or an address on the
    /// configured Microsoft Graph endpoint, such as a next link.
    #[arg(value_name = "PATH")]
    path: String,
    /// Prints the objects of all pages, one JSON line each.
    #[arg(long)]
    all: bool,
    /// Asks version beta of the API instead of v1.0.
    #[arg(long)]
    beta: bool,
    /// `$select`: only these properties, separated by commas.
    #[arg(long, value_name = "PROPERTIES", value_delimiter = ',')]
    select: Vec<String>,
    /// `$filter`: only objects that meet this condition.
    #[arg(long, value_name = "CONDITION")]
    filter: Option<String>,
    /// `$top`: so many objects in a page; it does not bound what `--all` prints.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    top: Option<u32>,
    /// A request header, such as `ConsistencyLevel: eventual`; can be repeated.
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
    /// Writes the answer to stdout byte for byte, whatever its content type is.
    #[arg(long, conflicts_with = "all")]
    raw: bool,
    /// Longest time for one page, with the waits that Microsoft Graph asks for.
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

const EXAMPLES: &str = "Examples:
  graph-mirror get /organization                                the tenant
  graph-mirror get users --all --select id,mail | head -3       all users, a line each
  graph-mirror get /groups --filter \"startswith(displayName,'A')\"
  graph-mirror get '/users/$count' -H 'ConsistencyLevel: eventual'
  graph-mirror get /me --beta                                   the signed-in user, with a delegated credential
  graph-mirror get '/users/<id>/photo/$value' --raw > photo.jpg

Only the settings for Microsoft Graph are needed. JSON is indented on a terminal, and as it came elsewhere.

Exit codes: 0 done; 1 failed, or the list broke off; 2 wrong usage; 78 wrong settings.";

/// Asks, and prints the answer.
pub fn run(args: &Args) -> Exit {
    match start::for_graph(&Screen::new(Output::Table), Output::Table) {
        Ok(settings) => ask(args, &Asker::new(settings)),
        Err(exit) => exit,
    }
}

#[tokio::main]
async fn ask(args: &Args, asker: &Asker) -> Exit {
    let get = request(args);
    let url =
        match get.url(asker.client.origin()).and_then(|url| get.check(asker.client.origin()).map(|()| url)) {
            Ok(url) => url,
            Err(problem) => {
                complain(problem);
                return Exit::Usage;
            }
        };
    let patience = Duration::from_secs(args.timeout);
    let done =
        if args.all { list(asker, get, patience).await } else { one(args, asker, &get, patience).await };
    match done {
        Ok(exit) => exit,
        Err(error) => failed(asker, &url, &error).await,
    }
}

fn request(args: &Args) -> Get {
    let mut get = Get::path(args.path.clone());
    if args.beta {
        get = get.version(Version::Beta);
    }
    if !args.select.is_empty() {
        get = get.select(args.select.iter().map(|name| name.trim()));
    }
    if let Some(condition) = &args.filter {
        get = get.filter(condition);
    }
    if let Some(objects) = args.top {
        get = get.top(objects);
    }
    args.headers.iter().fold(get, |get, (name, value)| get.header(name, value))
}

async fn one(args: &Args, asker: &Asker, get: &Get, patience: Duration) -> Result<Exit, GraphError> {
    let answer = answer(&asker.client, get, Instant::now() + patience).await?;
    if args.raw {
        print_bytes(&answer.body);
        return Ok(Exit::Done);
    }
    match text(&answer)? {
        Some(text) if text.is_empty() => {}
        Some(text) => print_bytes(format!("{}\n", text.trim_end()).as_bytes()),
        None => {
            let Answer { content_type, body } = &answer;
            complain(format_args!(
                "the answer is `{content_type}`, {} bytes, and no text; --raw writes it to stdout as it is",
                body.len()
            ));
            return Ok(Exit::Failed);
        }
    }
    Ok(Exit::Done)
}

/// What a person can read, or a program as JSON; `None` when it is neither.
fn text(answer: &Answer) -> Result<Option<String>, GraphError> {
    if answer.body.is_empty() {
        return Ok(Some(String::new()));
    }
    if answer.is_json() {
        // JSON that was cut or is none must not pass for an answer.
        let whole: &RawValue = answer.json()?;
        let for_person = io::stdout().is_terminal();
        return Ok(Some(if for_person { pretty(whole.get()) } else { whole.get().to_owned() }));
    }
    let text = std::str::from_utf8(&answer.body).ok().filter(|_| answer.content_type == "text/plain");
    // Graph writes a byte order mark before a count.
    Ok(text.map(|text| text.trim_start_matches('\u{feff}').to_owned()))
}

async fn list(asker: &Asker, get: Get, patience: Duration) -> Result<Exit, GraphError> {
    let mut pages = pages(&asker.client, get, patience);
    let mut printed = 0_u64;
    loop {
        match pages.next().await {
            Ok(Some(page)) => {
                print_bytes(lines(&page).as_bytes());
                printed += page.len() as u64;
            }
            Ok(None) => return Ok(Exit::Done),
            Err(error) => {
                if printed > 0 {
                    complain(format_args!("the list is not complete: it broke off after {printed} objects"));
                }
                return Err(error);
            }
        }
    }
}

/// A line for each object. Line ends can be between its tokens only, where a blank means the same.
fn lines(page: &[Box<RawValue>]) -> String {
    page.iter().map(|object| object.get().replace(['\n', '\r'], " ") + "\n").collect()
}

async fn failed(asker: &Asker, url: &Url, error: &GraphError) -> Exit {
    complain(error);
    let by_application = advice::is_about_me(url) && asker.is_application().await;
    if let Some(advice) = advice::advice(url, error, by_application.then_some(asker.credential)) {
        complain(advice);
    }
    // Last: the advice is about the token that was refused.
    asker.forget_refused(error);
    Exit::Failed
}

/// `Name: value`, as HTTP writes it.
fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a header is written `Name: value`")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
