//! Holds deliveries whose mail was returned by a later server.

use crate::fact::to_json;
use crate::mail::bounce::signature;
use crate::store::batch::Bounce;
use crate::store::{StoreError, Tx};

impl Tx<'_> {
    /// Holds a delivery whose mail a later server returned: the target accepted the mail, but nobody received it. A
    /// delivery that is still being sent is held once its result is stored. A bounce to an address that this
    /// installation did not sign is ignored.
    pub(in crate::store) async fn record_bounce(&mut self, bounce: &Bounce) -> Result<(), StoreError> {
        let secret = self.sql(
            r"-- secret of the installation
            SELECT secret FROM installation",
        );
        let secret: Vec<u8> = secret.value().await?;
        let delivery = bounce.address.delivery;
        if signature(&secret, delivery) != bounce.address.signature {
            return Ok(());
        }
        let hold = self.sql(
            r"-- hold a delivery that came back
            UPDATE delivery SET returned = $2, problem = CASE WHEN state = 'sending' THEN problem ELSE $2 END,
                state = CASE WHEN state = 'sending' THEN 'sending' ELSE 'held' END, finished_at = NULL,
                retry_at = NULL
            WHERE id = $1 AND (state IN ('delivered', 'maybe', 'sending') OR (unsure AND state IN ('deferred', 'held')))",
        );
        hold.bind(delivery).bind(to_json(&bounce.problem)).run().await?;
        Ok(())
    }
}
