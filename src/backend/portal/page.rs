//! All users of a publisher from their pages, or an error; never a part of them. IO, through the client.
//!
//! Of `nextLink` only the query is taken and asked of our own endpoint: its host can be another one, which must not be
//! handed the token, and its path another publisher's, whose users are none of ours.

use std::collections::HashSet;

use reqwest::Url;

use super::{Portal, USERS, read, wire, without};
use crate::{
    access::publisher::{Member, Members},
    backend::{BackendError, ErrorKind, http::Call, http::Reply},
};

const OPERATION: &str = "list publisher users";
/// More pages than any publisher has: at ten users a page, ten thousand users.
const MOST_PAGES: usize = 1000;

impl Portal {
    /// Every user, each key once, in the order of their first appearance.
    pub(super) async fn members(&self) -> Result<Members, BackendError> {
        let mut members: Vec<Member> = Vec::new();
        let mut keys = HashSet::new();
        let mut links = HashSet::new();
        let mut query = Vec::new();
        for _ in 0..MOST_PAGES {
            let reply = self.http.send(self.page(query)).await?;
            let page: wire::Page = reply.json()?;
            for user in page.value {
                let member = read::member(user).map_err(|missing| without(&reply, missing))?;
                if keys.insert(member.key.clone()) {
                    members.push(member);
                }
            }
            let Some(link) = page.next_link.filter(|link| !link.trim().is_empty()) else {
                return Ok(Members(members));
            };
            query = self.next(&reply, link.trim())?;
            if !links.insert(query.clone()) {
                return Err(reply.unreadable("the pages of the list lead in a circle"));
            }
        }
        let public = format!("the list does not end within {MOST_PAGES} pages");
        Err(BackendError::new(ErrorKind::Malformed, OPERATION, public))
    }

    fn page(&self, query: Vec<(String, String)>) -> Call {
        let call = Call::get(OPERATION, USERS).argument(&self.publisher);
        query.into_iter().fold(self.versioned(call), |call, (name, value)| call.query(name, value))
    }

    /// The query of the next page, without the version that every call of ours has. A link without more than that is no end
    /// and no page: following it would begin again, and stopping would make a part a whole.
    fn next(&self, reply: &Reply, link: &str) -> Result<Vec<(String, String)>, BackendError> {
        let url = self.http.endpoint().resolve(link);
        let url = url.filter(|url| self.is_of_this_list(url));
        let url = url.ok_or_else(|| reply.unreadable("the list names a next page that is none of it"))?;
        let query: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| name != "api-version")
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        if query.is_empty() {
            return Err(reply.unreadable("the list names a next page without saying which"));
        }
        Ok(query)
    }

    /// Whatever stands before `/api` is the endpoint's own, and a broker may see another than we do.
    fn is_of_this_list(&self, link: &Url) -> bool {
        let own = self.http.endpoint().below(USERS, std::slice::from_ref(&self.publisher));
        let segments = |url: &Url| -> Vec<String> {
            url.path_segments().into_iter().flatten().rev().take(4).map(ToOwned::to_owned).collect()
        };
        own.is_some_and(|own| segments(&own) == segments(link))
    }
}
