//! A buyer who has lost the key: a link to all licenses of a mail address, for whoever reads the mail that brings it.
//!
//! Whether an address has a license must not be found out by asking for it. So all that depends on it is behind the answer, which
//! is the same for every address: one batch that decides whether a mail is owed, and the mail. What the batch does not do, whoever
//! asks again does; the mail that it has enqueued and nobody has sent, the tick sends.

use super::{Engine, Renewal, StorageError};
use crate::db::{Batch, mails, recoveries};
use crate::model::{EmailAddress, LicenseKey, RecoverySeed, RecoveryToken, Standing, Timestamp};
use crate::platform::{DbError, Platform, unique_id};

/// What a link comes to.
#[derive(Debug, Clone)]
pub enum Recovery {
    /// It is the link that was mailed to this address, and good.
    Good(EmailAddress),
    /// It was that, and is used or too old.
    Over(EmailAddress),
    Unknown,
}

/// One license of an address.
#[derive(Debug, Clone)]
pub struct RecoveredLicense {
    pub key: LicenseKey,
    pub product: String,
    pub tier: String,
    pub standing: Standing,
    pub activated: bool,
    pub expires_at: Option<Timestamp>,
    /// Where it is renewed, of one that has expired and where the catalogue says so.
    pub renew_url: Option<String>,
    pub test: bool,
}

impl<P: Platform> Engine<P> {
    /// Mails a link to the licenses of an address, if it has any, and none was mailed to it in the last ten minutes. The database
    /// decides both in one statement. Where no secret is configured from which the link could be derived, or no address of ours to
    /// which it could lead, nothing is mailed.
    ///
    /// # Errors
    /// [`StorageError`].
    pub(super) async fn mail_recovery(&self, email: &EmailAddress) -> Result<(), StorageError> {
        let Some(secret) = self.config.recovery_secret() else { return Ok(()) };
        let mut random = [0; RecoverySeed::BYTES];
        self.platform.fill_random(&mut random)?;
        let seed = RecoverySeed::new(random);
        let (id, lease, moment) = (unique_id(&self.platform)?, self.lease()?, self.moment());
        let mut batch = Batch::new();
        batch.run(recoveries::record(&id, email, &seed, &RecoveryToken::derive(secret, &seed), moment));
        batch.run(mails::enqueue_recovery_mail(&id, moment.now, &lease, &self.trace));
        let leased = batch.add(mails::leased_mails(&lease, moment));
        let leased = self.run(batch).await?.all(&leased)?;
        Ok(self.write_down(self.send_mails(&lease, leased).await).await?)
    }

    /// What a link comes to, without using it: whoever only looks at it, as programs do that check mails, changes nothing.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn look_at_recovery(&self, token: &RecoveryToken) -> Result<Recovery, DbError> {
        let mut batch = Batch::new();
        let known = batch.add(recoveries::of_token(token, self.now()));
        Ok(match self.run(batch).await?.first(&known)? {
            Some(known) if known.good => Recovery::Good(known.email),
            Some(known) => Recovery::Over(known.email),
            None => Recovery::Unknown,
        })
    }

    /// Uses a link, which is good once: the database decides who that is.
    ///
    /// # Errors
    /// [`DbError`]; the link may be used all the same.
    pub async fn use_recovery(&self, token: &RecoveryToken) -> Result<Recovery, DbError> {
        let mut batch = Batch::new();
        let used = batch.add(recoveries::using(token, self.now()));
        let known = batch.add(recoveries::of_token(token, self.now()));
        let results = self.run(batch).await?;
        Ok(match (results.first(&used)?, results.first(&known)?) {
            (Some(email), _) => Recovery::Good(email),
            (None, Some(known)) => Recovery::Over(known.email),
            (None, None) => Recovery::Unknown,
        })
    }

    /// Every license of an address, the newest first.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn licenses_of(&self, email: &EmailAddress) -> Result<Vec<RecoveredLicense>, DbError> {
        let mut batch = Batch::new();
        let listed = batch.add(recoveries::licenses(email, self.moment()));
        let mut listed = self.run_with_catalogue(batch).await?.all(&listed)?;
        listed.sort_by_key(|one| std::cmp::Reverse(one.issued_at));
        let recovered = listed.into_iter().map(|one| {
            let license = one.license;
            let Renewal { product, url } = self.renewal_of(&license);
            let standing = license.standing(self.now());
            RecoveredLicense {
                product,
                standing,
                renew_url: url.filter(|_| standing == Standing::Expired),
                key: license.key,
                tier: license.tier,
                activated: one.activated,
                expires_at: license.expires_at,
                test: license.test,
            }
        });
        Ok(recovered.collect())
    }
}
