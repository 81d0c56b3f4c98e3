//! A TCP proxy on this machine that forwards a connection up to a chosen byte, and then applies a fault. The byte is counted in the
//! bytes from the server, TLS included, so the fault may hit any part of the conversation.

use std::{
    future::{Future, pending},
    net::TcpListener as StdListener,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy, sink},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    time::sleep,
};

/// The delay that `Latency` causes, once for each connection.
pub const LATENCY: Duration = Duration::from_secs(5);

/// The fault of a connection after the chosen byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// No fault.
    None,
    /// The connection is reset (RST).
    Reset,
    /// No more bytes are forwarded, and the connection stays open.
    BlackHole,
    /// The server's bytes are forwarded at 1 KB per second.
    Slow,
    /// The client gets the end of the stream (FIN), while the server still listens.
    HalfClose,
    /// The server's bytes are delayed once by `LATENCY`.
    Latency,
}

struct Shared {
    plan: Mutex<(Fault, u64)>,
    /// The number of connections that reached their fault.
    faults_applied: AtomicU64,
    /// The bytes of the newest connection before its fault.
    bytes_passed: AtomicU64,
}

/// A proxy; dropping it ends its connections.
pub struct FaultProxy {
    /// The port on 127.0.0.1.
    pub port: u16,
    shared: Arc<Shared>,
    /// An `Option` only so that `drop` can take the runtime, without waiting for connections that hang on purpose.
    runtime: Option<Runtime>,
}

impl FaultProxy {
    /// A proxy for this port of 127.0.0.1, without a fault.
    pub fn start(server: u16) -> Self {
        let listener = StdListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let plan = Mutex::new((Fault::None, 0));
        let shared =
            Arc::new(Shared { plan, faults_applied: AtomicU64::default(), bytes_passed: AtomicU64::default() });
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.spawn(accept(listener, server, Arc::clone(&shared)));
        Self { port, shared, runtime: Some(runtime) }
    }

    /// Applies this fault to later connections after this number of bytes from the server; 0 is right after connecting.
    pub fn plan(&self, fault: Fault, after: u64) {
        *self.shared.plan.lock().unwrap() = (fault, after);
    }

    /// The number of connections that reached their fault.
    pub fn faults_applied(&self) -> u64 {
        self.shared.faults_applied.load(Ordering::SeqCst)
    }

    /// The number of bytes that the server has sent on the newest connection, until its fault.
    pub fn bytes_passed(&self) -> u64 {
        self.shared.bytes_passed.load(Ordering::SeqCst)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: StdListener, server: u16, shared: Arc<Shared>) {
    let listener = TcpListener::from_std(listener).unwrap();
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            if let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await {
                // An error ends a connection in the same way as an ordinary end.
                let _ = forward(client, server, &shared).await;
            }
        });
    }
}

async fn forward(mut client: TcpStream, mut server: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let (fault, after) = *shared.plan.lock().unwrap();
    shared.bytes_passed.store(0, Ordering::SeqCst);
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let swallows = AtomicBool::new(false);
    let mut up = pin!(forward_from_client(&mut from_client, &mut to_server, &swallows));
    let after = if fault == Fault::None { u64::MAX } else { after };
    let has_come = tokio::select! {
        ended = &mut up => return ended,
        has_come = forward_from_server(&mut from_server, &mut to_client, after, &shared.bytes_passed) => has_come?,
    };
    if !has_come {
        return to_client.shutdown().await;
    }
    shared.faults_applied.fetch_add(1, Ordering::SeqCst);
    match fault {
        Fault::None => Ok(()),
        Fault::Reset => to_client.as_ref().set_zero_linger(),
        Fault::BlackHole => {
            swallows.store(true, Ordering::SeqCst);
            up.await
        }
        Fault::HalfClose => {
            to_client.shutdown().await?;
            // The server may send more, which is discarded. The client must not see the end of the server's
            // stream before it disconnects itself.
            let unheard = async {
                let _ = copy(&mut from_server, &mut sink()).await;
                pending().await
            };
            either(up, unheard).await
        }
        Fault::Slow => either(up, trickle(&mut from_server, &mut to_client)).await,
        Fault::Latency => {
            let late = async {
                sleep(LATENCY).await;
                copy(&mut from_server, &mut to_client).await?;
                to_client.shutdown().await
            };
            either(up, late).await
        }
    }
}

/// Forwards the client's bytes until it disconnects; once `swallows` is set, they are read and discarded.
async fn forward_from_client(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    swallows: &AtomicBool,
) -> std::io::Result<()> {
    let mut bytes = [0; 4096];
    loop {
        let count = from.read(&mut bytes).await?;
        if count == 0 {
            return Ok(());
        }
        if !swallows.load(Ordering::SeqCst) {
            to.write_all(&bytes[..count]).await?;
        }
    }
}

/// Forwards this number of bytes from the server; false if the server sent fewer.
async fn forward_from_server(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    mut most: u64,
    bytes_passed: &AtomicU64,
) -> std::io::Result<bool> {
    let mut bytes = [0; 4096];
    while most > 0 {
        let room = usize::try_from(most).unwrap_or(usize::MAX).min(bytes.len());
        let count = from.read(&mut bytes[..room]).await?;
        if count == 0 {
            return Ok(false);
        }
        to.write_all(&bytes[..count]).await?;
        most -= count as u64;
        bytes_passed.fetch_add(count as u64, Ordering::SeqCst);
    }
    Ok(true)
}

async fn trickle(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
    let mut bytes = [0; 100];
    loop {
        let count = from.read(&mut bytes).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&bytes[..count]).await?;
        sleep(Duration::from_millis(100)).await;
    }
}

async fn either(
    one: impl Future<Output = std::io::Result<()>>,
    other: impl Future<Output = std::io::Result<()>>,
) -> std::io::Result<()> {
    tokio::select! {
        ended = one => ended,
        ended = other => ended,
    }
}
