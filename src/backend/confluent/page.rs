//! A complete list from its pages, or an error; never a part of one. IO, through the client.
//!
//! Of `metadata.next` only `page_token` is taken and asked of our own endpoint: its host can be another one, which must
//! not be handed the credential.

use std::collections::HashSet;

use ::http::HeaderMap;

use super::{read::Item, wire};
use crate::backend::{
    BackendError, HttpClient,
    http::{Call, Reply},
};

/// The largest page that every list takes.
const PAGE_SIZE: &str = "100";
/// More pages than any organization has: the quota of role bindings, 250,000, makes 2,500.
const MOST_PAGES: usize = 10_000;

/// Every item of a list, each id once, in the order of their first appearance, with the first answer's headers.
pub(super) async fn all<T: Item>(
    http: &HttpClient,
    organization: &str,
    call: Call,
) -> Result<(Vec<T>, HeaderMap), BackendError> {
    let mut items: Vec<T> = Vec::new();
    let mut ids = HashSet::new();
    let mut tokens = HashSet::new();
    let mut first = None;
    let mut next = call.clone().query("page_size", PAGE_SIZE);
    for _ in 0..MOST_PAGES {
        let reply = http.send(next).await?;
        let page: wire::Page<T::Wire> = reply.json()?;
        for wire in page.data {
            let item = T::read(wire, organization)
                .map_err(|missing| reply.unreadable(&format!("an item of the list has no `{}`", missing.0)))?;
            if ids.insert(item.id().to_owned()) {
                items.push(item);
            }
        }
        let token = token(http, &reply, page.metadata.and_then(|metadata| metadata.next))?;
        let headers = first.get_or_insert_with(|| reply.headers().clone());
        let Some(token) = token else {
            return Ok((items, std::mem::take(headers)));
        };
        if !tokens.insert(token.clone()) {
            return Err(reply.unreadable("the pages of the list lead in a circle"));
        }
        next = call.clone().query("page_size", PAGE_SIZE).query("page_token", token);
    }
    Err(too_long(&call))
}

/// The token of the next page; `None` at the end. A `next` without a token is no end: it would make a part a whole.
fn token(http: &HttpClient, reply: &Reply, next: Option<String>) -> Result<Option<String>, BackendError> {
    let Some(next) = next.filter(|next| !next.is_empty()) else {
        return Ok(None);
    };
    let url = http.endpoint().resolve(&next);
    let token = url.and_then(|url| {
        url.query_pairs()
            .find(|(name, value)| name == "page_token" && !value.is_empty())
            .map(|(_, value)| value.into_owned())
    });
    token.map(Some).ok_or_else(|| reply.unreadable("the list names a next page without `page_token`"))
}

fn too_long(call: &Call) -> BackendError {
    let public = format!("the list does not end within {MOST_PAGES} pages");
    BackendError::new(crate::backend::ErrorKind::Malformed, call.operation(), public)
}
