//! Resources that all organisations share and that none of them may use up: memory, threads that read messages, and
//! searches. Each resource is a pool, and each organisation may hold only a part of it, so that slow clients of one
//! organisation do not block the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures::{StreamExt, stream};
use hyper::body::Body as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The maximum time that a request waits for a share.
const MAX_WAIT: Duration = Duration::from_secs(20);
/// The unit in which memory is counted. Smaller responses need no share, because the limit on connections bounds their
/// memory.
pub const PIECE: usize = 64 << 10;
/// Messages up to this size, in bytes, do not wait for larger ones.
const SMALL_MAIL: usize = 2 << 20;
/// When a pool has entries for more organisations than this, the unused entries are dropped.
const MAX_IDLE_TENANTS: usize = 1000;

/// The number of an organisation; `None` for callers that see all of them.
pub type Tenant = Option<i64>;

/// A limited resource.
#[derive(Debug)]
struct Pool {
    total: Arc<Semaphore>,
    per_tenant: u32,
    by_tenant: Mutex<HashMap<Tenant, Arc<Semaphore>>>,
}

/// A part of a pool, held until it is dropped.
#[derive(Debug)]
pub struct Share {
    _of_tenant: OwnedSemaphorePermit,
    _of_total: OwnedSemaphorePermit,
}

impl Pool {
    fn new(total: u32, per_tenant: u32) -> Self {
        Self { total: Arc::new(Semaphore::new(total as usize)), per_tenant, by_tenant: Mutex::default() }
    }

    fn tenant_pool(&self, tenant: Tenant) -> Arc<Semaphore> {
        let mut by_tenant = self.by_tenant.lock().unwrap_or_else(PoisonError::into_inner);
        if by_tenant.len() > MAX_IDLE_TENANTS {
            by_tenant.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        }
        by_tenant.entry(tenant).or_insert_with(|| Arc::new(Semaphore::new(self.per_tenant as usize))).clone()
    }

    /// Waits for a share; returns `None` if none becomes free in time. Takes from the organisation's part first, so that a
    /// queue within one organisation does not hold up others.
    async fn take(&self, tenant: Tenant, amount: u32) -> Option<Share> {
        let amount = amount.min(self.per_tenant);
        let of_tenant = self.tenant_pool(tenant);
        let take = async {
            let of_tenant = of_tenant.acquire_many_owned(amount).await.ok()?;
            let total = self.total.clone().acquire_many_owned(amount).await.ok()?;
            Some(Share { _of_tenant: of_tenant, _of_total: total })
        };
        timeout(MAX_WAIT, take).await.ok().flatten()
    }
}

/// All pools.
#[derive(Debug)]
pub struct Shares {
    small: Pool,
    large: Pool,
    reading: Pool,
    sending: Pool,
    searching: Pool,
}

/// The number of memory units for this many bytes.
fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX)
}

/// The number of memory units for this many mebibytes.
const fn mebibytes(count: u32) -> u32 {
    count * 16
}

impl Default for Shares {
    fn default() -> Self {
        Self {
            small: Pool::new(mebibytes(32), mebibytes(8)),
            // Room for one message of the largest size for each of two organisations.
            large: Pool::new(mebibytes(104), mebibytes(52)),
            reading: Pool::new(8, 2),
            // The largest single response is a message's HTML with its images.
            sending: Pool::new(mebibytes(96), mebibytes(24)),
            searching: Pool::new(2, 1),
        }
    }
}

impl Shares {
    /// Takes a share for a message of this size while it is in memory.
    pub async fn mail(&self, tenant: Tenant, size: usize) -> Option<Share> {
        let pool = if size <= SMALL_MAIL { &self.small } else { &self.large };
        pool.take(tenant, units(size).max(1)).await
    }

    /// Takes a share for one thread that reads a message.
    pub async fn reading(&self, tenant: Tenant) -> Option<Share> {
        self.reading.take(tenant, 1).await
    }

    /// Takes a share for one search.
    pub async fn searching(&self, tenant: Tenant) -> Option<Share> {
        self.searching.take(tenant, 1).await
    }

    /// Takes a share for this many bytes of a response that wait in memory to be sent.
    pub async fn sending(&self, tenant: Tenant, bytes: usize) -> Option<Arc<Share>> {
        self.sending.take(tenant, units(bytes).max(1)).await.map(Arc::new)
    }

    /// Makes a response whose whole body is in memory keep a share until its last byte is sent. While it waits for this
    /// share, it keeps the share of the message that it was made from. Returns `None` if no share became free in time.
    pub async fn hold(&self, tenant: Tenant, mut response: Response) -> Option<Response> {
        let source = response.extensions_mut().remove::<SourceShare>();
        let size = response.body().size_hint().exact().and_then(|size| usize::try_from(size).ok());
        // A small response needs no share, and a streamed one takes its own.
        let Some(size) = size.filter(|size| *size > PIECE) else { return Some(response) };
        let share = self.sending(tenant, size).await?;
        drop(source);
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, size).await.ok()?;
        let bytes = with_share(bytes, &share);
        let pieces = stream::unfold(bytes, async |mut rest| {
            let piece = rest.split_to(rest.len().min(PIECE));
            (!piece.is_empty()).then_some((Ok::<_, std::io::Error>(piece), rest))
        });
        let pieces = pieces.fuse(); // compression polls again after the end
        let mut response = Response::from_parts(parts, Body::from_stream(pieces));
        response.headers_mut().entry(axum::http::header::CONTENT_LENGTH).or_insert(size.into());
        Some(response)
    }
}

/// The share of the message that a response was made from.
#[derive(Clone)]
pub struct SourceShare {
    /// The share, held until this value is dropped.
    pub _share: Arc<Share>,
}

/// Bytes that keep a share until the last reference to any of them is dropped.
pub fn with_share(bytes: impl AsRef<[u8]> + Send + 'static, share: &Arc<Share>) -> Bytes {
    struct Owned<T>(T, #[expect(dead_code, reason = "held until it is dropped")] Arc<Share>);
    impl<T: AsRef<[u8]>> AsRef<[u8]> for Owned<T> {
        fn as_ref(&self) -> &[u8] {
            self.0.as_ref()
        }
    }
    Bytes::from_owner(Owned(bytes, share.clone()))
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_organisation_does_not_block_the_others() {
        let shares = Shares::default();
        let begun = tokio::time::Instant::now();
        let large = shares.mail(Some(1), 50 << 20).await.unwrap();
        let all = [shares.mail(Some(1), 50 << 20), shares.mail(Some(1), 3 << 20)];
        assert!(futures::future::join_all(all).await.iter().all(Option::is_none), "the organisation's part is in use");
        assert_eq!(begun.elapsed(), MAX_WAIT);
        let begun = tokio::time::Instant::now();
        let others =
            (shares.mail(Some(2), 50 << 20).await, shares.mail(Some(3), 100).await, shares.mail(None, 1).await);
        assert!(others.0.is_some() && others.1.is_some() && others.2.is_some());
        assert!(shares.mail(Some(1), 100).await.is_some(), "small messages do not wait for large ones");
        assert_eq!(begun.elapsed(), Duration::ZERO);
        drop(large);
        assert!(shares.mail(Some(1), 3 << 20).await.is_some());
    }

    #[tokio::test]
    async fn a_response_keeps_its_share_until_its_last_byte_is_dropped() {
        let shares = Shares::default();
        let before = shares.sending.total.available_permits();
        let text = "x".repeat(10 * PIECE + 1);
        let mut body = shares.hold(Some(1), text.clone().into_response()).await.unwrap().into_body();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        let rest = body.collect().await.unwrap().to_bytes();
        assert_eq!(first.len() + rest.len(), text.len());
        drop(rest);
        assert_eq!(shares.sending.total.available_permits(), before - 11, "a piece of the body is still referenced");
        drop(first);
        assert_eq!(shares.sending.total.available_permits(), before);
        // The compression layer polls the body again after its end.
        let mut polled_again = shares.hold(Some(1), text.into_response()).await.unwrap().into_body();
        while polled_again.frame().await.is_some() {}
        assert!(polled_again.frame().await.is_none(), "polling after the end does not panic");
        drop(polled_again);
        let small = shares.hold(Some(1), "hej".into_response()).await.unwrap();
        assert_eq!((shares.sending.total.available_permits(), small.body().size_hint().exact()), (before, Some(3)));
    }
}
