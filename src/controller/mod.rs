//! Kubernetes glue: one generic loop over our kinds, a lane per organization, watches, and the Lease. IO.
//!
//! [`run`] is the whole operator; everything that decides lives in `plan` and `status`.

mod binding;
mod calls;
mod connection;
mod context;
mod declared;
mod drift;
mod event;
mod fence;
mod ground;
mod guarded;
mod intent;
mod key;
mod lane;
pub mod lease;
mod ledger;
mod link;
mod managed;
mod memory;
mod missed;
mod neighbour;
mod object;
mod organization;
mod outside;
mod publisher;
mod publisher_user;
mod scrape;
pub mod server;
mod settings;
mod shelf;
mod speaker;
mod standing;
mod unmanaged;
mod user;
mod wake;
mod write;

use std::{fmt, sync::Arc, time::Duration};

use futures::{Stream, StreamExt, future};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api, Client, Resource, ResourceExt,
    core::PartialObjectMeta,
    runtime::{
        Controller, WatchStreamExt,
        controller::{self, Config},
        events::{Recorder, Reporter},
        reflector::{self, ObjectRef},
        watcher,
    },
};
use serde::de::DeserializeOwned;

use crate::{
    api::{ConfluentOrganization, ConfluentUser, Publisher, PublisherUser, RoleBinding},
    telemetry::Metrics,
};

use self::{
    context::Context,
    lease::{Candidate, SettingsError},
    managed::Managed,
    server::{Readiness, Ready},
    shelf::{Guarded, Shelf},
    wake::Waker,
};
pub use self::{lease::LeaseSettings, outside::Outside, settings::Settings};

/// Why the operator could not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The Lease's times make no sense.
    #[error("the lease settings cannot hold")]
    Lease(#[source] SettingsError),
    /// The address for probes and metrics is taken.
    #[error("listen on {address}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

/// Runs the operator until `shutdown` ends: waits for the Lease, reconciles while it holds it, and waits again when it is
/// lost.
pub async fn run(
    client: Client,
    settings: Settings,
    metrics: Metrics,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let readiness = Readiness::not_yet("waiting for the lease");
    let (ending, ended) = tokio::sync::watch::channel(false);
    let server = match settings.listen {
        Some(address) => {
            let bound = tokio::net::TcpListener::bind(address).await;
            let listener = bound.map_err(|source| Error::Listen { address, source })?;
            // Port 0 is any free one.
            let address = listener.local_addr().unwrap_or(address);
            tracing::info!(%address, "probes and metrics are served");
            let stop = wait_for(ended.clone());
            tokio::spawn(server::serve(listener, readiness.clone(), metrics.clone(), stop))
        }
        None => tokio::spawn(async { Ok(()) }),
    };
    let mut candidate = Candidate::new(client.clone(), settings.lease.clone()).map_err(Error::Lease)?;
    tokio::pin!(shutdown);
    loop {
        readiness.set(Ready::Yes("standing by"));
        metrics.set_leader(false);
        tokio::select! {
            () = candidate.acquire() => {}
            () = &mut shutdown => break,
        }
        metrics.set_leader(true);
        readiness.set(Ready::Yes("leading"));
        let (end, asked_to_end) = tokio::sync::watch::channel(false);
        let leading = lead(&client, &settings, &metrics, candidate.leadership(), wait_for(asked_to_end));
        tokio::pin!(leading);
        tokio::select! {
            lost = candidate.hold() => tracing::warn!(%lost, "stepping down"),
            () = &mut leading => tracing::warn!("the watches ended"),
            () = &mut shutdown => {
                readiness.set(Ready::No("ending"));
                end.send_replace(true);
                // The Lease is kept meanwhile: what is under way must not meet a successor.
                tokio::select! {
                    _ = candidate.hold() => {}
                    () = leading => {}
                }
                break;
            }
        }
    }
    readiness.set(Ready::No("ending"));
    candidate.release().await;
    metrics.set_leader(false);
    let _ = ending.send(true);
    if let Ok(Err(error)) = server.await {
        tracing::warn!(%error, "the probe server ended badly");
    }
    Ok(())
}

async fn wait_for(mut ended: tokio::sync::watch::Receiver<bool>) {
    let _ = ended.wait_for(|ended| *ended).await;
}

/// Reconciles everything, until it is asked to end and the remote writes under way have ended too; dropped when this
/// replica no longer leads.
async fn lead(
    client: &Client,
    settings: &Settings,
    metrics: &Metrics,
    leadership: lease::Leadership,
    asked_to_end: impl Future<Output = ()>,
) {
    let config = || watcher::Config::default();
    let organizations = Controller::new(Api::<Guarded<ConfluentOrganization>>::all(client.clone()), config());
    let users = Controller::new(Api::<Guarded<ConfluentUser>>::all(client.clone()), config());
    let bindings = Controller::new(Api::<Guarded<RoleBinding>>::all(client.clone()), config());
    let publishers = Controller::new(Api::<Guarded<Publisher>>::all(client.clone()), config());
    let publisher_users = Controller::new(Api::<Guarded<PublisherUser>>::all(client.clone()), config());
    let (namespaces, namespace_writer) = reflector::store();
    let (organization_shelf, organization_wakes) = Shelf::new(organizations.store());
    let (user_shelf, user_wakes) = Shelf::new(users.store());
    let (binding_shelf, binding_wakes) = Shelf::new(bindings.store());
    let (publisher_shelf, publisher_wakes) = Shelf::new(publishers.store());
    let (publisher_user_shelf, publisher_user_wakes) = Shelf::new(publisher_users.store());
    let wake = Arc::new(Waker {
        organizations: organization_shelf,
        users: user_shelf,
        bindings: binding_shelf,
        publishers: publisher_shelf,
        publisher_users: publisher_user_shelf,
        namespaces,
    });
    let reporter = Reporter { controller: "roster".to_owned(), instance: Some(settings.instance.clone()) };
    let recorder = Recorder::new(client.clone(), reporter);
    let (complete, caught_up) = tokio::sync::watch::channel(false);
    let context = Arc::new(Context::new(
        client.clone(),
        settings.clone(),
        recorder,
        metrics.clone(),
        leadership,
        Arc::clone(&wake),
        caught_up,
    ));
    // Asked for as long as the context lives, which is as long as this replica leads.
    let source: std::sync::Weak<Context> = Arc::downgrade(&context);
    metrics.ask(source);
    // Lanes end with the lead, also when this future is dropped.
    let _lanes = EndLanes(Arc::clone(&context));
    let watch_namespaces = watch_namespaces(client.clone(), namespace_writer, Arc::clone(&wake));
    let watch_secrets = watch_secrets(client.clone(), settings.credentials_namespace.clone(), Arc::clone(&wake));
    let concurrency = settings.concurrency;
    let work = future::join3(
        catch_up(&wake, &complete),
        future::join(
            drive(publishers, publisher_wakes, &context, concurrency),
            drive(publisher_users, publisher_user_wakes, &context, concurrency),
        ),
        future::join5(
            drive(organizations, organization_wakes, &context, concurrency),
            drive(users, user_wakes, &context, concurrency),
            drive(bindings, binding_wakes, &context, concurrency),
            watch_namespaces,
            watch_secrets,
        ),
    );
    tokio::select! {
        _ = work => {}
        () = asked_to_end => context.finish().await,
    }
}

/// Says when every cache is complete. A cache tells one waiter alone, so this is the only place that waits for one.
async fn catch_up(wake: &Waker, complete: &tokio::sync::watch::Sender<bool>) {
    wake.complete().await;
    complete.send_replace(true);
}

struct EndLanes(Arc<Context>);

impl Drop for EndLanes {
    fn drop(&mut self) {
        self.0.disconnect_all();
    }
}

/// One kind's controller, woken by its watch and by the queue.
async fn drive<K: Managed>(
    controller: Controller<Guarded<K>>,
    wakes: impl Stream<Item = ObjectRef<Guarded<K>>> + Send + 'static,
    context: &Arc<Context>,
    concurrency: u16,
) {
    controller
        .with_config(Config::default().concurrency(concurrency))
        .reconcile_on(wakes)
        .run(object::reconcile::<K>, object::after_error::<K>, Arc::clone(context))
        .for_each(|result| {
            log::<K>(result);
            future::ready(())
        })
        .await;
}

/// What a controller's stream says of one pass.
type Passed<K> = Result<(ObjectRef<Guarded<K>>, controller::Action), controller::Error<object::Error, watcher::Error>>;

fn log<K: Managed>(result: Passed<K>) {
    let kind = K::KIND.as_str();
    match result {
        Ok((object, _)) => tracing::trace!(kind, %object, "reconciled"),
        // The object went away between the wake and the look; its end was, or will be, its own event.
        Err(controller::Error::ObjectNotFound(object)) => tracing::debug!(kind, %object, "gone"),
        // The pass has told it.
        Err(controller::Error::ReconcilerFailed(..)) => {}
        Err(error) => tracing::warn!(kind, error = %crate::telemetry::chain(&error), "the watch failed"),
    }
}

/// Keeps the labels of namespaces at hand; a change of them wakes what is in the namespace.
async fn watch_namespaces(
    client: Client,
    writer: reflector::store::Writer<PartialObjectMeta<Namespace>>,
    wake: Arc<Waker>,
) {
    let api: Api<PartialObjectMeta<Namespace>> = Api::all(client);
    let stream = metadata(api).reflect(writer);
    changes(stream, move |namespace| wake.namespace(&namespace.name_any())).await;
}

/// A Secret that changes wakes the organizations that name it; its content is read when they look.
async fn watch_secrets(client: Client, namespace: String, wake: Arc<Waker>) {
    let api: Api<PartialObjectMeta<Secret>> = Api::namespaced(client, &namespace);
    changes(metadata(api), move |secret| wake.secret(&secret.name_any())).await;
}

fn metadata<K>(api: Api<K>) -> impl Stream<Item = watcher::Result<watcher::Event<K>>> + Send
where
    K: Resource + Clone + fmt::Debug + DeserializeOwned + Send + 'static,
{
    watcher(api, watcher::Config::default()).default_backoff()
}

/// Calls for every object that changed after the first listing.
async fn changes<K: Resource>(
    stream: impl Stream<Item = watcher::Result<watcher::Event<K>>> + Send,
    mut changed: impl FnMut(&K) + Send,
) {
    let mut stream = std::pin::pin!(stream);
    while let Some(event) = stream.next().await {
        match event {
            Ok(watcher::Event::Apply(object) | watcher::Event::Delete(object)) => changed(&object),
            Ok(watcher::Event::Init | watcher::Event::InitApply(_) | watcher::Event::InitDone) => {}
            Err(error) => tracing::warn!(error = %crate::telemetry::chain(&error), "a watch failed"),
        }
    }
    // The backoff makes the stream endless; its end would be a defect, and must not spin.
    tokio::time::sleep(Duration::from_secs(1)).await;
}
