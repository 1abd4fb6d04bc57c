//! A connection of either side, plain or TLS, that can be read and written at the same time from one task.
//!
//! Both directions of an exchange live in one task on one thread, so a `RefCell` that is borrowed only inside a poll is
//! all the sharing there is.

use super::Buffer;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// A connection.
#[derive(Debug)]
pub(crate) struct Transport {
    stream: RefCell<Stream>,
}

/// A write that failed.
#[derive(Debug, thiserror::Error)]
#[error("the connection broke after {written} bytes")]
pub(crate) struct WriteError {
    /// How many bytes the kernel (or TLS) had taken.
    pub(crate) written: usize,
    pub(crate) source: io::Error,
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl From<TcpStream> for Transport {
    fn from(stream: TcpStream) -> Self {
        Self {
            stream: RefCell::new(Stream::Tcp(stream)),
        }
    }
}

impl From<TlsStream<TcpStream>> for Transport {
    fn from(stream: TlsStream<TcpStream>) -> Self {
        Self {
            stream: RefCell::new(Stream::Tls(Box::new(stream))),
        }
    }
}

/// For whoever reads and writes in turn, as the client of key sets does.
impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut().stream.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut().stream.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut().stream.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut().stream.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(context),
        }
    }
}

impl Transport {
    /// Reads once into the buffer's space, which must not be empty; 0 is the end.
    pub(crate) async fn read(&self, buffer: &mut Buffer) -> io::Result<usize> {
        poll_fn(|context| self.poll_read(buffer, context)).await
    }

    fn poll_read(&self, buffer: &mut Buffer, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = ReadBuf::new(buffer.space());
        debug_assert!(
            space.remaining() > 0,
            "a read into nothing would look like the end"
        );
        match &mut *self.stream.borrow_mut() {
            Stream::Tcp(stream) => ready!(Pin::new(stream).poll_read(context, &mut space))?,
            Stream::Tls(stream) => ready!(Pin::new(stream.as_mut()).poll_read(context, &mut space))?,
        }
        let count = space.filled().len();
        buffer.filled_more(count);
        Poll::Ready(Ok(count))
    }

    /// Writes all of it and pushes it out. An error says how many bytes were taken before it.
    pub(crate) async fn write_all(&self, bytes: &[u8]) -> Result<(), WriteError> {
        let mut written = 0;
        while written < bytes.len() {
            match poll_fn(|context| self.poll_write(&bytes[written..], context)).await {
                Ok(0) => {
                    return Err(WriteError {
                        written,
                        source: io::ErrorKind::WriteZero.into(),
                    });
                }
                Ok(count) => written += count,
                Err(source) => return Err(WriteError { written, source }),
            }
        }
        self.flush()
            .await
            .map_err(|source| WriteError { written, source })
    }

    /// Writes what it can.
    fn poll_write(&self, bytes: &[u8], context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match &mut *self.stream.borrow_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_write(context, bytes),
        }
    }

    /// Pushes out what TLS holds back; a plain connection holds nothing.
    async fn flush(&self) -> io::Result<()> {
        poll_fn(|context| match &mut *self.stream.borrow_mut() {
            Stream::Tcp(_) => Poll::Ready(Ok(())),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(context),
        })
        .await
    }

    /// Ready when a read would not wait: bytes, the end, or an error. Holds no buffer.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        poll_fn(|context| match &*self.stream.borrow() {
            Stream::Tcp(stream) => stream.poll_read_ready(context),
            Stream::Tls(stream) => stream.get_ref().0.poll_read_ready(context),
        })
        .await
    }

    /// Whether the peer said or closed something since the last read: such an idle connection must not be used again.
    /// Asks the readiness that the event loop has seen, so it costs no system call unless there is something.
    pub(crate) fn is_disturbed(&self) -> bool {
        let mut byte = [0_u8; 1];
        let seen = match &*self.stream.borrow() {
            Stream::Tcp(stream) => stream.try_read(&mut byte),
            Stream::Tls(stream) => stream.get_ref().0.try_read(&mut byte),
        };
        !matches!(seen, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Says that nothing more will be written.
    pub(crate) async fn shutdown(&self) -> io::Result<()> {
        poll_fn(|context| match &mut *self.stream.borrow_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(context),
        })
        .await
    }

    /// Makes closing a reset, so that a body that ends with the connection visibly breaks off.
    pub(crate) fn reset_on_close(&self) {
        let stream = self.stream.borrow();
        let tcp = match &*stream {
            Stream::Tcp(stream) => stream,
            Stream::Tls(stream) => stream.get_ref().0,
        };
        // A socket that refuses the option is closed already, and then there is nothing left to break.
        let _ = socket2::SockRef::from(tcp).set_linger(Some(std::time::Duration::ZERO));
    }
}
