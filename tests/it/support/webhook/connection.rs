//! One connection of the receiver, with all its requests.

use std::{
    io::{BufReader, Read, Write},
    net::{Shutdown, TcpStream},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio_rustls::rustls::{ServerConnection, StreamOwned};

use super::{
    Shared, http,
    reply::{Manner, Reply},
};

/// Time limit for a request on an open connection.
const SILENCE: Duration = Duration::from_secs(60);

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

pub fn serve(tcp: TcpStream, number: usize, shared: &Shared) {
    tcp.set_read_timeout(Some(SILENCE)).unwrap();
    tcp.set_nodelay(true).unwrap();
    let below = tcp.try_clone().unwrap();
    let stream: Box<dyn Stream> = match &shared.tls {
        Some(config) => Box::new(StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), below)),
        None => Box::new(below),
    };
    let mut stream = BufReader::new(stream);
    while exchange(&mut stream, number, shared).is_some() {}
    let _ = tcp.shutdown(Shutdown::Both);
}

/// One request and its answer; `None` at the end of the connection.
fn exchange(stream: &mut BufReader<Box<dyn Stream>>, number: usize, shared: &Shared) -> Option<()> {
    let mut request = http::head(stream)?;
    request.connection = number;
    if shared.refuses_body(&request) {
        return None;
    }
    if request.has_word("expect", "100-continue") {
        write(stream, b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    request.body = http::body(stream, &request)?;
    let reply = shared.receive(&request);
    match reply.manner {
        Manner::CloseBeforeBody | Manner::CloseAfterBody => return None,
        Manner::WhenReleased => shared.gate.pass(),
        Manner::AtOnce | Manner::Zeros(_) => {}
    }
    answer(stream, &reply, shared)?;
    (!request.has_word("connection", "close")).then_some(())
}

fn answer(stream: &mut BufReader<Box<dyn Stream>>, reply: &Reply, shared: &Shared) -> Option<()> {
    let length = match reply.manner {
        Manner::Zeros(length) => length,
        _ => reply.body.len() as u64,
    };
    let headers: String = reply.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    // RFC 9110, 8.6: 204 has no Content-Length.
    let length_header = if reply.status == 204 { String::new() } else { format!("Content-Length: {length}\r\n") };
    write(stream, format!("HTTP/1.1 {} -\r\n{headers}{length_header}\r\n", reply.status).as_bytes())?;
    write(stream, &reply.body)?;
    shared.sent.fetch_add(reply.body.len() as u64, Ordering::SeqCst);
    let Manner::Zeros(mut left) = reply.manner else { return Some(()) };
    let zeros = [0; 1 << 14];
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len());
        write(stream, &zeros[..part])?;
        shared.sent.fetch_add(part as u64, Ordering::SeqCst);
        left -= part as u64;
    }
    Some(())
}

fn write(stream: &mut BufReader<Box<dyn Stream>>, bytes: &[u8]) -> Option<()> {
    let stream = stream.get_mut();
    stream.write_all(bytes).and_then(|()| stream.flush()).ok()
}
