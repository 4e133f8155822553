//! A browser with a user before it: it fills in the sign-in page, and goes where it is sent.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Result, bail};
use reqwest::{Certificate, Client, Response, header::CONTENT_TYPE, redirect::Policy};

use super::page;

const FORM: &str = "application/x-www-form-urlencoded";

/// What the browser shows in the end.
#[derive(Clone, Debug)]
pub struct Page {
    /// The status.
    pub status: u16,
    /// The body.
    pub text: String,
}

/// How the browser leaves Entra, or stays.
enum Next {
    /// It is sent to this address.
    SentTo(String),
    /// It posts these values to this address.
    Posts(String, Vec<(String, String)>),
    /// It shows this page.
    Stays(Page),
}

/// A browser of a machine that trusts the authority of Entra.
#[derive(Clone, Debug)]
pub struct Browser {
    authority: PathBuf,
}

impl Browser {
    pub(super) fn new(authority: &Path) -> Self {
        Self { authority: authority.to_owned() }
    }

    /// A client that trusts this Entra's certificate, and no other, and follows no redirects.
    ///
    /// # Errors
    /// When the file with the certificate cannot be read.
    pub fn client(&self) -> Result<Client> {
        let authority = Certificate::from_pem(&std::fs::read(&self.authority)?)?;
        let client = Client::builder().tls_certs_only([authority]).redirect(Policy::none());
        Ok(client.timeout(Duration::from_secs(30)).build()?)
    }

    /// Opens the address of a sign-in page and signs in; says where the browser is sent then.
    ///
    /// # Errors
    /// When the browser is not sent anywhere, or is to post the values there; the error has the page.
    pub async fn sign_in_at(&self, address: &str, username: &str) -> Result<String> {
        self.fill_in(address, &[("username", username)]).await?.address()
    }

    /// Opens the address of a sign-in page and cancels; says where the browser is sent then.
    ///
    /// # Errors
    /// As [`Browser::sign_in_at`].
    pub async fn cancel_at(&self, address: &str) -> Result<String> {
        self.fill_in(address, &[("cancel", "1")]).await?.address()
    }

    /// Signs in, and goes on to the app that waits: by a redirect, or by posting the values (`response_mode=form_post`).
    ///
    /// # Errors
    /// When the browser is not sent anywhere, or nobody answers there.
    pub async fn browse(&self, address: &str, username: &str) -> Result<Page> {
        let client = Client::new();
        let request = match self.fill_in(address, &[("username", username)]).await? {
            Next::SentTo(address) => client.get(address),
            Next::Posts(address, values) => {
                client.post(address).header(CONTENT_TYPE, FORM).body(encoded(&values))
            }
            Next::Stays(Page { status, text }) => bail!("status {status}: {text}"),
        };
        shown(request.timeout(Duration::from_secs(30)).send().await?).await
    }

    async fn fill_in(&self, address: &str, fields: &[(&str, &str)]) -> Result<Next> {
        let client = self.client()?;
        match Next::of(client.get(address).send().await?).await? {
            Next::Stays(page) if page.status == 200 => {
                let form = client.post(address).header(CONTENT_TYPE, FORM).body(encoded(fields));
                Next::of(form.send().await?).await
            }
            next => Ok(next),
        }
    }
}

impl Next {
    async fn of(answer: Response) -> Result<Self> {
        if let Some(location) = answer.headers().get("location") {
            return Ok(Self::SentTo(location.to_str()?.to_owned()));
        }
        let page = shown(answer).await?;
        Ok(match page::posted(&page.text) {
            Some((address, values)) => Self::Posts(address, values),
            None => Self::Stays(page),
        })
    }

    fn address(self) -> Result<String> {
        match self {
            Self::SentTo(address) => Ok(address),
            Self::Posts(..) => bail!("the browser is to post the values, not to be redirected"),
            Self::Stays(Page { status, text }) => bail!("status {status}: {text}"),
        }
    }
}

fn encoded<K: AsRef<str>, V: AsRef<str>>(fields: &[(K, V)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

async fn shown(answer: Response) -> Result<Page> {
    let status = answer.status().as_u16();
    Ok(Page { status, text: answer.text().await? })
}
