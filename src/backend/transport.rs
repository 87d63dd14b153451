//! What carries one HTTP request: a socket, or any function (a router called in process). IO, and nothing but IO: no
//! retry, no credential, no reading of the answer beyond its size.

use std::{error::Error, fmt, time::Duration};

use ::http::{Request, Response};
use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;

use super::http::Endpoint;

/// Longest answer that is read. A page of 100 items is some 60 KiB; more than this is no page.
const LARGEST_BODY: usize = 16 * 1024 * 1024;
/// How long a connection may take, TLS included.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an unused connection is kept: less than the minute that load balancers commonly keep theirs, so that a
/// write seldom meets a connection that the other side has just closed.
const IDLE: Duration = Duration::from_secs(45);

/// Carries one request and gives its answer, whatever its status.
pub trait Transport: Send + Sync + 'static {
    /// Sends once. An implementation never sends a second time by itself.
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>>;
}

impl<F> Transport for F
where
    F: Fn(Request<Bytes>) -> BoxFuture<'static, Result<Response<Bytes>, TransportError>> + Send + Sync + 'static,
{
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        self(request)
    }
}

impl Transport for Box<dyn Transport> {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        (**self).send(request)
    }
}

/// No answer came.
#[derive(Debug)]
pub struct TransportError {
    /// False only where the request certainly never reached the server: no name, no connection, no TLS.
    pub sent: bool,
    /// What happened.
    pub source: Box<dyn Error + Send + Sync>,
}

impl TransportError {
    /// The request never reached the server.
    pub fn unsent(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { sent: false, source: source.into() }
    }

    /// The request may have reached the server.
    pub fn broken(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { sent: true, source: source.into() }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.sent {
            "the connection broke before an answer came"
        } else {
            "no connection could be made"
        })
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// The transport over sockets, for one endpoint. It follows no redirect and makes no second attempt.
#[derive(Clone, Debug)]
pub struct SocketTransport {
    client: reqwest::Client,
}

impl SocketTransport {
    /// A transport for that endpoint: TLS alone where the endpoint is `https`, and no proxy on the way to loopback,
    /// since a proxy of the environment would be handed the credential in plain text.
    pub fn new(endpoint: &Endpoint) -> Result<Self, TransportError> {
        // An error means that a provider is installed already, which is all that is wanted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .https_only(endpoint.is_https());
        if endpoint.is_loopback() {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(TransportError::unsent)?;
        Ok(Self { client })
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let request = reqwest::Request::try_from(request).map_err(TransportError::unsent)?;
        let mut answer = self.client.execute(request).await.map_err(failed)?;
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| TransportError::broken(error.without_url()))? {
            if body.len() + chunk.len() > LARGEST_BODY {
                return Err(TransportError::broken(format!("the answer is longer than {LARGEST_BODY} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(body.freeze());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

impl Transport for SocketTransport {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(self.exchange(request))
    }
}

/// The URL is left out: a query may name a person.
fn failed(error: reqwest::Error) -> TransportError {
    let sent = !(error.is_connect() || error.is_builder());
    TransportError { sent, source: error.without_url().into() }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// A server on loopback that reads one request per connection, says `answer`, and closes.
    async fn serving(answer: &'static [u8], filler: usize) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let _ = socket.read(&mut request).await;
                let _ = socket.write_all(answer).await;
                let _ = socket.write_all(&vec![b'x'; filler]).await;
                let _ = socket.shutdown().await;
            }
        });
        Endpoint::parse(&format!("http://{address}")).unwrap()
    }

    async fn get(endpoint: &Endpoint) -> Result<Response<Bytes>, TransportError> {
        let request = Request::get(format!("{endpoint}/x?email=ada")).body(Bytes::new()).unwrap();
        SocketTransport::new(endpoint).unwrap().send(request).await
    }

    #[tokio::test]
    async fn an_answer_is_passed_on_and_a_redirect_is_one() {
        let endpoint = serving(b"HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 2\r\n\r\n{}", 0).await;
        let answer = get(&endpoint).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["x-a"].as_bytes()), (200, &b"b"[..]));
        assert_eq!(answer.body(), "{}");
        let redirect = b"HTTP/1.1 307 T\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(get(&serving(redirect, 0).await).await.unwrap().status(), 307);
    }

    #[tokio::test]
    async fn what_never_left_is_told_from_what_broke() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let error = get(&Endpoint::parse(&format!("http://{closed}")).unwrap()).await.unwrap_err();
        assert!(!error.sent, "{error:?}");
        let plain = serving(b"", 0).await.to_string().replace("http:", "https:");
        let error = get(&Endpoint::parse(&plain).unwrap()).await.unwrap_err();
        assert!(!error.sent, "a failed handshake: {error:?}");

        let cases: [(&[u8], usize); 4] = [
            (b"", 0),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}", 0),
            (b"not http at all", 0),
            (b"HTTP/1.1 200 OK\r\n\r\n", LARGEST_BODY + 1),
        ];
        for (answer, filler) in cases {
            let error = get(&serving(answer, filler).await).await.unwrap_err();
            assert!(error.sent, "{error:?}");
            assert!(!format!("{error:?}").contains("email=ada"), "{error:?}");
        }
    }

    #[tokio::test]
    async fn an_encrypted_endpoint_is_never_asked_in_plain_text() {
        let plain = serving(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 0).await;
        let encrypted = Endpoint::parse(&plain.to_string().replace("http:", "https:")).unwrap();
        let request = Request::get(plain.to_string()).body(Bytes::new()).unwrap();
        assert!(!SocketTransport::new(&encrypted).unwrap().send(request).await.unwrap_err().sent);
    }
}
