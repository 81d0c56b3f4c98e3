//! Sends thousands of requests generated from the OpenAPI document, most of them broken in some way. Every response
//! must be one that the document names, in the media type that it names, and never an internal error.

mod making;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use making::{Operation, operations};

/// The number of requests for each operation.
const ROUNDS: usize = 100;

fn is_described(reply: &Reply, operation: &Operation) -> Result<(), String> {
    let status = reply.status.as_u16().to_string();
    let answers = &operation.described["responses"];
    if reply.status.is_server_error() {
        return Err("something broke".to_owned());
    }
    let Some(answer) = answers.get(&status) else { return Err("this status is not described".to_owned()) };
    let is_type = reply.header("content-type").split(';').next().unwrap_or_default();
    match answer["content"].as_object() {
        None if reply.bytes.is_empty() => Ok(()),
        Some(content) if content.contains_key(is_type) => Ok(()),
        _ => Err(format!("{is_type:?} is not described")),
    }
}

#[tokio::test]
async fn every_response_is_documented() {
    let world = World::new().await;
    let document = world.ask("GET", "/openapi.json", "", &[], None).await.json();
    let mut random = StdRng::seed_from_u64(0x6d61_696c);
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for operation in operations(&document) {
        for _ in 0..ROUNDS {
            let (request, description) = operation.request(&document, &world, &mut random);
            let reply = world.send(request).await;
            if let Err(why) = is_described(&reply, &operation) {
                panic!("{why}: {} {description}\n{} {}", operation.name, reply.status, reply.text());
            }
            assert!(!reply.text().contains(SECRET), "{} {description}\n{}", operation.name, reply.text());
            if reply.header("content-type") == "application/json" {
                let schema =
                    &operation.described["responses"][reply.status.as_str()]["content"]["application/json"]["schema"];
                making::check_schema(&reply.json(), schema, &document)
                    .unwrap_or_else(|why| panic!("{}: {why}\n{}", operation.name, reply.text()));
            }
            *seen.entry(reply.status.to_string()).or_default() += 1;
            // Restore the removed objects, so that later requests find them.
            if operation.method == "DELETE" && reply.status.is_success() {
                world.fill().await;
            }
        }
    }
    // If all requests failed for the same reason, the test would prove nothing.
    for status in [
        "200 OK",
        "201 Created",
        "204 No Content",
        "400 Bad Request",
        "404 Not Found",
        "409 Conflict",
        "412 Precondition Failed",
        "415 Unsupported Media Type",
        "422 Unprocessable Entity",
        "428 Precondition Required",
    ] {
        assert!(seen.contains_key(status), "{status} in {seen:?}");
    }
    println!("{seen:?}");
}
