//! Waits until every object of ours is as declared, and shows how far it is. IO.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use kube::{Api, Client, ResourceExt, api::ListParams};

use crate::{
    api::{ConfluentOrganization, ConfluentUser, Publisher, PublisherUser, RoleBinding, common::Conditions},
    status::ConditionType,
};

use super::{Error, say};

/// How often it looks.
const PACE: Duration = Duration::from_millis(250);

/// Objects that did not get there.
#[derive(Debug)]
pub struct Unready {
    objects: Vec<String>,
    patience: Duration,
}

impl fmt::Display for Unready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} not ready within {} s:", count(self.objects.len()), self.patience.as_secs())?;
        for object in &self.objects {
            write!(f, "\n  {object}")?;
        }
        Ok(())
    }
}

fn count(objects: usize) -> String {
    if objects == 1 { "1 object is".to_owned() } else { format!("{objects} objects are") }
}

/// One object: its name, and what it lacks if it does.
struct Standing {
    name: String,
    lacks: Option<String>,
}

/// Waits for all of them; gives those that are not there in the end.
pub(super) async fn wait(client: &Client, patience: Duration) -> Result<Option<Unready>, Error> {
    let began = Instant::now();
    let mut shown = 0;
    loop {
        let all = look(client).await?;
        let waiting: Vec<&Standing> = all.iter().filter(|standing| standing.lacks.is_some()).collect();
        let ready = all.len() - waiting.len();
        if ready != shown {
            shown = ready;
            line(
                &format!("{ready} of {} objects are ready ({} ms)", all.len(), began.elapsed().as_millis()),
                waiting.is_empty(),
            );
        }
        if waiting.is_empty() {
            return Ok(None);
        }
        if began.elapsed() > patience {
            let words = |it: &&Standing| format!("{}: {}", it.name, it.lacks.as_deref().unwrap_or_default());
            return Ok(Some(Unready { objects: waiting.iter().map(words).collect(), patience }));
        }
        tokio::time::sleep(PACE).await;
    }
}

/// On a terminal one line that changes, elsewhere a line each.
fn line(text: &str, last: bool) {
    if io::stderr().is_terminal() {
        let _ = write!(io::stderr(), "\r\x1b[Kroster: {text}{}", if last { "\n" } else { "" });
    } else {
        say(text);
    }
}

async fn look(client: &Client) -> Result<Vec<Standing>, Error> {
    let failed = |error| Error::Apply("a look at the objects".to_owned(), Box::new(error));
    let parameters = ListParams::default();
    let organizations = Api::<ConfluentOrganization>::all(client.clone()).list(&parameters).await.map_err(failed)?;
    let users = Api::<ConfluentUser>::all(client.clone()).list(&parameters).await.map_err(failed)?;
    let bindings = Api::<RoleBinding>::all(client.clone()).list(&parameters).await.map_err(failed)?;
    let publishers = Api::<Publisher>::all(client.clone()).list(&parameters).await.map_err(failed)?;
    let members = Api::<PublisherUser>::all(client.clone()).list(&parameters).await.map_err(failed)?;
    let mut all = Vec::new();
    for it in organizations {
        let status = it.status.as_ref().map(|status| (status.observed_generation, &status.conditions));
        all.push(standing("ConfluentOrganization", &it, status));
    }
    for it in users {
        let status = it.status.as_ref().map(|status| (status.observed_generation, &status.conditions));
        all.push(standing("ConfluentUser", &it, status));
    }
    for it in bindings {
        let status = it.status.as_ref().map(|status| (status.observed_generation, &status.conditions));
        all.push(standing("RoleBinding", &it, status));
    }
    for it in publishers {
        let status = it.status.as_ref().map(|status| (status.observed_generation, &status.conditions));
        all.push(standing("Publisher", &it, status));
    }
    for it in members {
        let status = it.status.as_ref().map(|status| (status.observed_generation, &status.conditions));
        all.push(standing("PublisherUser", &it, status));
    }
    Ok(all)
}

fn standing(kind: &str, object: &impl ResourceExt, status: Option<(i64, &Conditions)>) -> Standing {
    let place = object.namespace().map_or_else(String::new, |namespace| format!("{namespace}/"));
    let name = format!("{kind} {place}{}", object.name_any());
    let ready = status
        .filter(|(generation, _)| Some(*generation) == object.meta().generation)
        .and_then(|(_, conditions)| conditions.get(ConditionType::Ready));
    let lacks = match ready {
        Some(ready) if ready.status == "True" => None,
        Some(ready) => Some(format!("{}: {}", ready.reason, ready.message)),
        None => Some("the operator has not looked at it yet".to_owned()),
    };
    Standing { name, lacks }
}
