//! A page as the protocol sees it: a target, with its frames in other processes. Events of the browser are read only in
//! `Tab::listen`, by which commands wait for their answers.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    connection::{Connection, Event, Received},
    events::PageEvents,
};
use crate::support::wait;

/// The timeout of a command and of the loading of a document; the machine may be busy with other tests.
pub const LIMIT: Duration = Duration::from_secs(30);

/// The timeout of a test that waits for its page; the failure message shows the page.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// The URL of the kit's scripts, by which the debugger's events tell them from the page's scripts.
pub const OUR_SCRIPT: &str = "kit:script";

pub struct Tab {
    connection: Connection,
    session: String,
    /// The sessions of the frames in other processes, including those that are gone.
    frames: Vec<String>,
    /// The commands for every frame, including later ones.
    settings: Vec<(&'static str, Value)>,
    pub events: PageEvents,
    /// Whether script dialogs are accepted.
    pub accepts_dialogs: bool,
}

impl Tab {
    /// Opens an empty page in its own context, which ends with the connection.
    pub fn open(endpoint: &str) -> Self {
        let connection = Connection::open(endpoint);
        let (session, frames, settings) = (String::new(), Vec::new(), Vec::new());
        let mut tab =
            Self { connection, session, frames, settings, events: PageEvents::default(), accepts_dialogs: true };
        let context = tab.command("Target.createBrowserContext", json!({"disposeOnDetach": true}));
        let target = json!({"url": "about:blank", "browserContextId": context["browserContextId"]});
        let target = tab.command("Target.createTarget", target);
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = tab.command("Target.attachToTarget", attach);
        tab.session = attached["sessionId"].as_str().unwrap().to_owned();
        // The id of a page's main frame is that of its target.
        tab.events.frame = target["targetId"].as_str().unwrap().to_owned();
        for (method, params) in listening() {
            tab.command(method, params);
        }
        tab
    }

    /// Sends a command and waits for its result.
    pub fn command(&mut self, method: &str, params: Value) -> Value {
        self.try_command(method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Like `command`, but returns the error if the browser refuses, for instance because the document is gone.
    pub fn try_command(&mut self, method: &str, params: Value) -> Result<Value, String> {
        let session = self.session.clone();
        self.try_command_of(&session, method, params)
    }

    fn try_command_of(&mut self, session: &str, method: &str, params: Value) -> Result<Value, String> {
        let number = self.connection.send(session, method, &params);
        let answer = self.listen(|tab| tab.connection.answer(number));
        answer.unwrap_or_else(|| panic!("no answer to {method} {params}"))
    }

    /// Sends a command to all frames, now and later.
    pub fn set(&mut self, method: &'static str, params: Value) {
        self.settings.retain(|(other, _)| *other != method);
        self.settings.push((method, params.clone()));
        for frame in &self.frames {
            self.connection.send(frame, method, &params);
        }
        self.command(method, params);
    }

    /// Whether this command was sent to all frames, with exactly these parameters.
    pub fn is_set(&self, method: &str, params: &Value) -> bool {
        self.settings.iter().any(|(other, set)| *other == method && set == params)
    }

    /// Reads messages until `look` returns a value, within `LIMIT`.
    pub fn listen<T>(&mut self, mut look: impl FnMut(&mut Self) -> Option<T>) -> Option<T> {
        wait::within(LIMIT, || {
            // Ends when the browser pauses, or after 1000 messages if it never does, so that the limit is checked.
            for _ in 0..1000 {
                if let Some(found) = look(self) {
                    return Some(found);
                }
                match self.connection.receive() {
                    Received::Event(event) => self.handle_event(&event),
                    Received::Answer => {}
                    Received::Nothing => return None,
                }
            }
            None
        })
    }

    fn handle_event(&mut self, event: &Event) {
        self.events.note(event, &self.session);
        match event.method.as_str() {
            // The page is blocked until its dialog is answered.
            "Page.javascriptDialogOpening" => {
                let answer = json!({"accept": self.accepts_dialogs});
                self.connection.send(&event.session, "Page.handleJavaScriptDialog", &answer);
            }
            // An event without a session answers our own attachment to the page.
            "Target.attachedToTarget" if !event.session.is_empty() => self.attach_frame(event.text("/sessionId")),
            _ => {}
        }
    }

    /// Attaches to a frame in its own process. The frame waits until that is done, so that none of its requests is missed.
    fn attach_frame(&mut self, frame: &str) {
        let settings = self.settings.iter().map(|(method, params)| (*method, params.clone()));
        for (method, params) in listening().into_iter().chain(settings) {
            self.connection.send(frame, method, &params);
        }
        self.connection.send(frame, "Runtime.runIfWaitingForDebugger", &json!({}));
        self.frames.push(frame.to_owned());
    }

    /// Evaluates an expression in the page, in the world of the page's own scripts.
    pub fn evaluate(&mut self, expression: &str) -> Result<Value, String> {
        let session = self.session.clone();
        self.evaluate_in(&session, None, expression)
    }

    /// Evaluates an expression in an isolated world: the same document, other globals, and without the page's policy.
    pub fn evaluate_isolated(&mut self, expression: &str) -> Result<Value, String> {
        let (session, frame) = (self.session.clone(), self.events.frame.clone());
        let world = self.world(&session, &frame)?;
        self.evaluate_in(&session, Some(world), expression)
    }

    /// Evaluates an expression in each frame below the main one.
    pub fn evaluate_in_frames(&mut self, expression: &str) -> Vec<Value> {
        let mut values = Vec::new();
        for session in [vec![self.session.clone()], self.frames.clone()].concat() {
            // A frame that is gone does not answer.
            let Ok(tree) = self.try_command_of(&session, "Page.getFrameTree", json!({})) else { continue };
            for frame in frames_of(&tree["frameTree"]) {
                if frame == self.events.frame {
                    continue;
                }
                let value = self.world(&session, &frame);
                let value = value.and_then(|world| self.evaluate_in(&session, Some(world), expression));
                values.extend(value);
            }
        }
        values
    }

    /// Creates an isolated world of the kit in a frame.
    fn world(&mut self, session: &str, frame: &str) -> Result<Value, String> {
        let params = json!({"frameId": frame, "worldName": "kit"});
        let world = self.try_command_of(session, "Page.createIsolatedWorld", params)?;
        Ok(world["executionContextId"].clone())
    }

    fn evaluate_in(&mut self, session: &str, world: Option<Value>, expression: &str) -> Result<Value, String> {
        let expression = format!("{expression}\n//# sourceURL={OUR_SCRIPT}");
        let mut params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        if let Some(world) = world {
            params["contextId"] = world;
        }
        let mut answer = self.try_command_of(session, "Runtime.evaluate", params)?;
        match answer.get("exceptionDetails") {
            Some(details) => Err(details["exception"]["description"].as_str().unwrap_or_default().to_owned()),
            None => Ok(answer["result"]["value"].take()),
        }
    }
}

/// The commands that enable events; the debugger reports scripts, and must never pause one.
fn listening() -> Vec<(&'static str, Value)> {
    vec![
        ("Page.enable", json!({})),
        ("Page.setLifecycleEventsEnabled", json!({"enabled": true})),
        ("Network.enable", json!({})),
        ("Log.enable", json!({})),
        ("Runtime.enable", json!({})),
        ("Debugger.enable", json!({})),
        ("Debugger.setSkipAllPauses", json!({"skip": true})),
        ("Target.setAutoAttach", json!({"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true})),
    ]
}

fn frames_of(tree: &Value) -> Vec<String> {
    let own = tree["frame"]["id"].as_str().unwrap_or_default().to_owned();
    let below = tree["childFrames"].as_array().into_iter().flatten().flat_map(frames_of);
    [own].into_iter().chain(below).collect()
}
