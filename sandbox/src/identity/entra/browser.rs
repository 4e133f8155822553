//! A browser with a user before it: it fills in the sign-in page, and goes where it is sent.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use reqwest::{Certificate, Client, Response, redirect::Policy};

use super::Entra;

/// What the browser shows in the end.
#[derive(Clone, Debug)]
pub struct Page {
    /// The status.
    pub status: u16,
    /// The body.
    pub text: String,
}

impl Entra {
    /// A client that trusts this Entra's certificate, and no other, and follows no redirects.
    ///
    /// # Errors
    /// When the file with the certificate cannot be read.
    pub fn client(&self) -> Result<Client> {
        let authority = Certificate::from_pem(&std::fs::read(self.authority_file())?)?;
        let client = Client::builder().tls_certs_only([authority]).redirect(Policy::none());
        Ok(client.timeout(Duration::from_secs(30)).build()?)
    }

    /// Opens the address of a sign-in page and signs in; says where the browser is sent then.
    ///
    /// # Errors
    /// When the browser is not sent anywhere; the error has the page.
    pub async fn sign_in_at(&self, address: &str, username: &str) -> Result<String> {
        self.fill_in(address, &[("username", username)]).await
    }

    /// Opens the address of a sign-in page and cancels; says where the browser is sent then.
    ///
    /// # Errors
    /// As [`Entra::sign_in_at`].
    pub async fn cancel_at(&self, address: &str) -> Result<String> {
        self.fill_in(address, &[("cancel", "1")]).await
    }

    /// Signs in, and goes where the browser is sent: to the app that waits there.
    ///
    /// # Errors
    /// As [`Entra::sign_in_at`], and when nobody answers there.
    pub async fn browse(&self, address: &str, username: &str) -> Result<Page> {
        let back = self.sign_in_at(address, username).await?;
        let answer = Client::new().get(back).timeout(Duration::from_secs(30)).send().await?;
        let status = answer.status().as_u16();
        Ok(Page { status, text: answer.text().await? })
    }

    async fn fill_in(&self, address: &str, fields: &[(&str, &str)]) -> Result<String> {
        let client = self.client()?;
        let page = client.get(address).send().await?;
        if let Some(back) = location(&page) {
            return Ok(back);
        }
        if !page.status().is_success() {
            bail!("status {}: {}", page.status(), page.text().await?);
        }
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let form =
            client.post(address).header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer = form.send().await?;
        match location(&answer) {
            Some(back) => Ok(back),
            None => Err(anyhow::Error::msg(answer.text().await?)).context("the browser is not sent anywhere"),
        }
    }
}

fn location(answer: &Response) -> Option<String> {
    Some(answer.headers().get("location")?.to_str().ok()?.to_owned())
}
