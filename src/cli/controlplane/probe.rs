//! One bounded HTTPS request to kube-apiserver with its own certificate authority. Blocking, and without the operator's client:
//! the keeper has no async code, and asks nothing but "are you there".

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, IpAddr, ServerName, pem::PemObject},
};

/// How long one step of a request may take.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// Asks `https://127.0.0.1:<port>` as the owner of a token.
pub(crate) struct Probe {
    port: u16,
    token: String,
    tls: Arc<ClientConfig>,
}

impl Probe {
    /// Trusts the one authority.
    pub(crate) fn new(port: u16, authority: &str, token: &str) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(authority.as_bytes()).map_err(io::Error::other)?;
        roots.add(authority).map_err(io::Error::other)?;
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { port, token: token.to_owned(), tls: Arc::new(tls) })
    }

    /// Whether a GET of `path` is answered with 200.
    pub(crate) fn answers(&self, path: &str) -> bool {
        self.get(path).is_ok_and(|head| head.starts_with(b"HTTP/1.1 200"))
    }

    fn get(&self, path: &str) -> io::Result<[u8; 12]> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let socket = TcpStream::connect_timeout(&address, ANSWERED_WITHIN)?;
        socket.set_read_timeout(Some(ANSWERED_WITHIN))?;
        socket.set_write_timeout(Some(ANSWERED_WITHIN))?;
        let name = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST.into()));
        let session = ClientConnection::new(Arc::clone(&self.tls), name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(session, socket);
        let token = &self.token;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        )?;
        stream.flush()?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(head)
    }
}
