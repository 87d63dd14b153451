//! The world in the dialects of HTTP that its clients speak, Confluent Cloud's and the publishers' portal's, and beside them
//! a few paths of our own for the person at the controls. IO.
//!
//! Each dialect has a router, and what it is asked passes one front. All of it answers a socket and a call in process alike.

mod audit;
mod call;
mod control;
mod dialect;
mod front;
mod machine;
mod page;
mod people;
mod place;
mod problem;
mod publisher;
mod role_binding;
mod token;
mod wire;

use std::{future::ready, net::SocketAddr, time::Duration};

use axum::{Router, body::Body, extract::Path, middleware::from_fn_with_state, routing::get};
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tower::ServiceExt;

use super::server::Simulator;
use call::Call;
use dialect::Dialect;

/// The response header by which the simulator names itself, so that nobody takes it for the vendor.
pub const HEADER: &str = "x-roster-simulator";

/// Everything that the simulator answers.
pub fn router(simulator: Simulator) -> Router {
    let through = |dialect: Dialect| from_fn_with_state((simulator.clone(), dialect), front::answer);
    let confluent = people_routes()
        .merge(machine_routes())
        .merge(place_routes())
        .fallback(|| ready(problem::Problem::no_such_path()))
        .layer(through(Dialect::Confluent));
    Router::new()
        .merge(control::routes())
        .merge(publisher::routes().layer(through(Dialect::Publisher)))
        .merge(token::routes().layer(through(Dialect::Token)))
        .merge(confluent)
        .layer(axum::middleware::map_response(front::name_ourselves))
        .with_state(simulator)
}

type Id = Path<String>;

fn people_routes() -> Router<Simulator> {
    Router::new()
        .route("/iam/v2/users", get(|call: Call| ready(people::list_users(&call))))
        .route(
            "/iam/v2/users/{id}",
            get(|call: Call, Path(id): Id| ready(people::read_user(&call, &id)))
                .patch(|call: Call, Path(id): Id, body: Bytes| ready(people::rename_user(&call, id, &body)))
                .delete(|call: Call, Path(id): Id| ready(people::delete_user(&call, id))),
        )
        .route(
            "/iam/v2/invitations",
            get(|call: Call| ready(people::list_invitations(&call)))
                .post(|call: Call, body: Bytes| ready(people::invite(&call, &body))),
        )
        .route(
            "/iam/v2/invitations/{id}",
            get(|call: Call, Path(id): Id| ready(people::read_invitation(&call, &id)))
                .delete(|call: Call, Path(id): Id| ready(people::delete_invitation(&call, id))),
        )
        .route(
            "/iam/v2/role-bindings",
            get(|call: Call| ready(role_binding::list(&call)))
                .post(|call: Call, body: Bytes| ready(role_binding::create(&call, &body))),
        )
        .route(
            "/iam/v2/role-bindings/{id}",
            get(|call: Call, Path(id): Id| ready(role_binding::read(&call, &id)))
                .delete(|call: Call, Path(id): Id| ready(role_binding::delete(&call, id))),
        )
}

fn machine_routes() -> Router<Simulator> {
    Router::new()
        .route(
            "/iam/v2/service-accounts",
            get(|call: Call| ready(machine::list_service_accounts(&call)))
                .post(|call: Call, body: Bytes| ready(machine::create_service_account(&call, &body))),
        )
        .route(
            "/iam/v2/service-accounts/{id}",
            get(|call: Call, Path(id): Id| ready(machine::read_service_account(&call, &id)))
                .patch(|call: Call, Path(id): Id, body: Bytes| ready(machine::update_service_account(&call, id, &body)))
                .delete(|call: Call, Path(id): Id| ready(machine::delete_service_account(&call, id))),
        )
        .route(
            "/iam/v2/api-keys",
            get(|call: Call| ready(machine::list_api_keys(&call)))
                .post(|call: Call, body: Bytes| ready(machine::create_api_key(&call, &body))),
        )
        .route(
            "/iam/v2/api-keys/{id}",
            get(|call: Call, Path(id): Id| ready(machine::read_api_key(&call, &id)))
                .delete(|call: Call, Path(id): Id| ready(machine::delete_api_key(&call, id))),
        )
}

fn place_routes() -> Router<Simulator> {
    Router::new()
        .route("/audit-log/v1/events", get(|call: Call| ready(audit::list(&call))))
        .route("/org/v2/organizations", get(|call: Call| ready(place::list_organizations(&call))))
        .route(
            "/org/v2/organizations/{id}",
            get(|call: Call, Path(id): Id| ready(place::read_organization(&call, &id))),
        )
        .route(
            "/org/v2/environments",
            get(|call: Call| ready(place::list_environments(&call)))
                .post(|call: Call, body: Bytes| ready(place::create_environment(&call, &body))),
        )
        .route(
            "/org/v2/environments/{id}",
            get(|call: Call, Path(id): Id| ready(place::read_environment(&call, &id)))
                .delete(|call: Call, Path(id): Id| ready(place::delete_environment(&call, id))),
        )
        .route(
            "/cmk/v2/clusters",
            get(|call: Call| ready(place::list_clusters(&call)))
                .post(|call: Call, body: Bytes| ready(place::create_cluster(&call, &body))),
        )
        .route(
            "/cmk/v2/clusters/{id}",
            get(|call: Call, Path(id): Id| ready(place::read_cluster(&call, &id)))
                .delete(|call: Call, Path(id): Id| ready(place::delete_cluster(&call, id))),
        )
}

/// A simulator that answers a socket, until it is stopped or dropped.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Serving {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base address, for a client's configuration.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until it ends, which it does only when it is stopped or the socket fails.
    pub async fn ended(&mut self) -> std::io::Result<()> {
        match (&mut self.task).await {
            Ok(result) => result,
            Err(error) => Err(std::io::Error::other(error)),
        }
    }

    /// Stops listening and breaks off what is not answered yet, as the end of a process does; then the port can be taken
    /// again.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // A client that sends its request and takes its time over it would keep the server for as long.
        if tokio::time::timeout(Duration::from_secs(1), &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

impl Simulator {
    /// Answers a socket in the background.
    pub fn serve(&self, listener: TcpListener) -> std::io::Result<Serving> {
        let address = listener.local_addr()?;
        let (stop, mut stopped) = watch::channel(false);
        let cut = stopped.clone();
        let router = router(self.clone())
            .layer(axum::middleware::from_fn(move |request, next| front::until(cut.clone(), request, next)));
        let task = tokio::spawn(async move {
            let until = async move {
                // An error says that the handle was dropped, which stops the server too.
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            axum::serve(listener, router).with_graceful_shutdown(until).await
        });
        Ok(Serving { address, stop, task })
    }

    /// Answers one request in process, without a socket.
    pub async fn call(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
        let response = match router(self.clone()).oneshot(request.map(Body::from)).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        // Bodies of our own making are whole and cannot fail.
        let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        http::Response::from_parts(parts, bytes)
    }
}

#[cfg(test)]
mod tests;
