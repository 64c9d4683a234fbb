//! The platform that the engine sees here: the host, and before it the mistake that is made on purpose, if one is. Which
//! mistakes there are is in `mistake`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use latchkey::model::{PrivateKey, PublicKey, Timestamp};
use latchkey::platform::host::Host;
use latchkey::platform::{
    BoundMail, BoundMailError, CannotSign, DbError, HttpRequest, HttpResponse, Limit, LogLine, LogValue, Method,
    NoRandomness, Outcome, Platform, SendError, Statement, Value,
};

use crate::fate::Fates;
use crate::mistake::{How, Mistake};
use crate::sql;

/// The host, as one request or tick sees it.
pub(crate) struct Seam {
    host: Host,
    fates: Rc<Fates>,
    mistake: Option<&'static Mistake>,
    /// The key that was minted last.
    minted: RefCell<Option<String>>,
    /// How often a delivery was stored.
    stored: Cell<u32>,
    /// The accounts that GitHub was asked about, by their logins.
    accounts: RefCell<Vec<(String, serde_json::Value)>>,
    /// When it was last asked whether somebody is in, since something was written down.
    asked_at: Cell<Option<Timestamp>>,
    /// The addresses of the repositories of which an invitation was deleted.
    deleted: RefCell<Vec<String>>,
}

impl Seam {
    pub(crate) fn new(host: Host, fates: Rc<Fates>, mistake: Option<&'static Mistake>) -> Self {
        Self {
            host,
            fates,
            mistake,
            minted: RefCell::default(),
            stored: Cell::default(),
            accounts: RefCell::default(),
            asked_at: Cell::default(),
            deleted: RefCell::default(),
        }
    }

    fn how(&self) -> Option<&'static How> {
        self.mistake.map(|mistake| &mistake.how)
    }

    /// Runs a batch on the host.
    async fn run(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DbError> {
        let outcomes = self.host.batch(statements).await;
        if let Err(error) = &outcomes {
            self.fates.trace.borrow_mut().failed(error);
        }
        outcomes
    }

    /// Runs a batch in one transaction or, where the mistake is to cut it, in two.
    async fn run_in(&self, transactions: [Vec<Statement>; 2]) -> Result<Vec<Outcome>, DbError> {
        let mut outcomes = Vec::new();
        for statements in transactions {
            if !statements.is_empty() {
                outcomes.extend(self.run(statements).await?);
            }
        }
        Ok(outcomes)
    }

    /// Ends the rows that these statements have leased, as if what they are for were done.
    async fn complete_leased(&self, statements: &[Statement], outcomes: &[Outcome]) -> Result<(), DbError> {
        let mut early = Vec::new();
        for (statement, outcome) in statements.iter().zip(outcomes) {
            if !matches!(statement.name, "outbox/leased_mails" | "outbox/enqueue_license_mail" | "grants/leased") {
                continue;
            }
            let lease = sql::param(statement, "lease_id");
            early.extend(outcome.rows.iter().filter_map(|row| row.integer("id").ok()).map(|id| Statement {
                name: "outbox/complete",
                sql: "UPDATE outbox SET state = 'done', done_at = ?3, outcome = 'sent', lease_id = NULL, next_attempt_at = NULL
                      WHERE id = ?1 AND lease_id = ?2",
                params: vec![id.into(), lease.clone(), self.host.now().into()],
            }));
        }
        if early.is_empty() { Ok(()) } else { self.run(early).await.map(drop) }
    }
}

/// Whether an invitation is to be deleted.
fn is_of_invitation(request: &HttpRequest) -> bool {
    request.method == Method::Delete && request.url.contains("/invitations/")
}

impl Platform for Seam {
    async fn batch(&self, mut statements: Vec<Statement>) -> Result<Vec<Outcome>, DbError> {
        let Some(how) = self.how() else { return self.run(statements).await };
        self.asked_at.take();
        let mut early = Vec::new();
        // Behind everything, what is added to the batch included.
        let mut cut = usize::MAX;
        match how {
            How::Statements(edits) => edits.iter().for_each(|edit| edit.apply(&mut statements)),
            How::CutBefore(name) => cut = statements.iter().position(|one| one.name == *name).unwrap_or(cut),
            How::EarlyBeside { early: name, beside } if statements.iter().any(|one| one.name == *beside) => {
                early.extend(statements.iter().filter(|one| one.name == *name).cloned());
            }
            How::StoredAgain => {
                for statement in statements.iter_mut().filter(|one| one.name == "events/store") {
                    let times = self.stored.replace(self.stored.get() + 1);
                    let Value::Text(id) = sql::param_mut(statement, "id") else { continue };
                    id.extend((0..times).map(|_| 'X'));
                }
            }
            How::KeyLogged => {
                let minted = statements.iter().find(|one| one.name == "licenses/mint");
                if let Some(Value::Text(keys)) = minted.map(|mint| sql::param(mint, "keys")) {
                    self.minted.replace(serde_json::from_str::<Vec<String>>(keys).unwrap_or_default().pop());
                }
            }
            _ => {}
        }
        if !early.is_empty() {
            self.run(early).await?;
        }
        if matches!(how, How::CompletedEarly) {
            let outcomes = self.run(statements.clone()).await?;
            self.complete_leased(&statements, &outcomes).await?;
            return Ok(outcomes);
        }
        let second = statements.split_off(cut.min(statements.len()));
        self.run_in([statements, second]).await
    }

    async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, SendError> {
        let Some(how) = self.how() else { return self.host.send(request).await };
        match how {
            How::MailedAgain if request.url.contains("/postmark/") => {
                let sent = self.host.send(request.clone()).await;
                let failed = !matches!(&sent, Ok(response) if response.status == 200);
                if failed { self.host.send(request).await } else { sent }
            }
            How::MailedTwice if request.url.contains("/postmark/") => {
                let sent = self.host.send(request.clone()).await;
                self.host.send(request).await.and(sent)
            }
            How::NothingRemoved if request.method.as_str() == "DELETE" => {
                Ok(HttpResponse { status: 204, headers: Vec::new(), body: Vec::new() })
            }
            How::RemovalUntimed => {
                let asks = request.method == Method::Get && request.url.contains("/collaborators/");
                if asks && !request.url.ends_with("/permission") {
                    self.asked_at.set(Some(self.host.now()));
                }
                self.host.send(request).await
            }
            How::TimesIgnored => {
                let mut response = self.host.send(request).await?;
                response.headers.retain(|(name, _)| name != "retry-after");
                Ok(response)
            }
            How::EverythingPermitted if request.method.as_str() == "PUT" => {
                request.body = Some(br#"{"permission":"admin"}"#.to_vec());
                let mut response = self.host.send(request).await?;
                // The engine does not believe an invitation to more than it asked for.
                let body = String::from_utf8_lossy(&response.body);
                response.body = body.replace(r#""permissions":"admin""#, r#""permissions":"read""#).into_bytes();
                Ok(response)
            }
            How::ReadingPermitted if request.method == Method::Put => {
                request.body = Some(br#"{"permission":"pull"}"#.to_vec());
                self.host.send(request).await
            }
            How::InviteeBelieved => {
                let login = request.url.split_once("/collaborators/").map(|(_, login)| login.to_owned());
                let asked_about = request.url.contains("/user");
                let mut response = self.host.send(request).await?;
                let Ok(mut body) = serde_json::from_slice::<serde_json::Value>(&response.body) else {
                    return Ok(response);
                };
                let mut accounts = self.accounts.borrow_mut();
                if asked_about && let Some(login) = body["login"].as_str() {
                    accounts.push((login.to_owned(), body["id"].clone()));
                }
                let login = login.as_deref().and_then(|login| login.split('/').next());
                let id =
                    accounts.iter().rev().find(|(known, _)| Some(known.as_str()) == login).map(|(_, id)| id.clone());
                if let Some(id) = id {
                    for member in ["invitee", "user"] {
                        if body[member].is_object() {
                            body[member]["id"] = id.clone();
                        }
                    }
                    response.body = body.to_string().into_bytes();
                }
                Ok(response)
            }
            How::GoneBelieved if is_of_invitation(&request) => {
                let mut response = self.host.send(request).await?;
                if response.status == 404 {
                    response.status = 204;
                }
                Ok(response)
            }
            How::FirstInvitationDeleted if is_of_invitation(&request) => {
                let repo = request.url.split("/invitations/").next().unwrap_or_default().to_owned();
                if self.deleted.borrow().contains(&repo) {
                    return Ok(HttpResponse { status: 204, headers: Vec::new(), body: Vec::new() });
                }
                self.deleted.borrow_mut().push(repo);
                self.host.send(request).await
            }
            _ => self.host.send(request).await,
        }
    }

    fn send_mail(&self, mail: &BoundMail) -> impl Future<Output = Result<Option<String>, BoundMailError>> {
        self.host.send_mail(mail)
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> {
        self.host.sleep(time)
    }

    fn now(&self) -> Timestamp {
        match self.how() {
            Some(How::RemovalUntimed) => self.asked_at.get().unwrap_or_else(|| self.host.now()),
            _ => self.host.now(),
        }
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        self.host.fill_random(bytes)
    }

    fn verify_rs256(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> impl Future<Output = bool> {
        self.host.verify_rs256(key, message, signature)
    }

    fn sign_rs256(&self, key: &PrivateKey, message: &[u8]) -> impl Future<Output = Result<Vec<u8>, CannotSign>> {
        self.host.sign_rs256(key, message)
    }

    fn within_limit(&self, limit: Limit, key: &str) -> impl Future<Output = bool> {
        self.host.within_limit(limit, key)
    }

    fn has_limit(&self, limit: Limit) -> bool {
        self.host.has_limit(limit)
    }

    fn log(&self, line: &LogLine) {
        self.fates.trace.borrow_mut().log(line);
        match self.minted.borrow().as_ref().filter(|_| line.event == "license_minted") {
            Some(key) => {
                let mut line = line.clone();
                line.fields.push(("license", LogValue::text(key)));
                self.host.log(&line);
            }
            None => self.host.log(line),
        }
    }
}
