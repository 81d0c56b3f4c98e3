//! Tests that the OpenAPI document describes exactly the endpoints that exist.

use std::collections::BTreeSet;

use super::*;
use crate::http::api::endpoint_table;

#[tokio::test]
async fn the_document_and_the_table_name_the_same_endpoints() {
    let world = World::new().await;
    let document = world.ask("GET", "/openapi.json", "", &[], None).await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let described: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let there: BTreeSet<String> =
        endpoint_table().iter().map(|endpoint| format!("{} {}", endpoint.method, endpoint.path)).collect();
    assert_eq!(described, there);
}

#[tokio::test]
async fn references_resolve_and_operation_ids_are_unique() {
    let world = World::new().await;
    let document = world.ask("GET", "/openapi.json", "", &[], None).await.json();
    let mut ids = BTreeSet::new();
    let mut waiting = vec![&document];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Array(items) => waiting.extend(items),
            Value::Object(parts) => {
                if let Some(at) = parts.get("$ref").and_then(Value::as_str) {
                    assert!(document.pointer(at.trim_start_matches('#')).is_some(), "{at}");
                }
                waiting.extend(parts.values());
            }
            _ => {}
        }
    }
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{id} is not unique");
            assert!(operation["summary"].is_string() && operation["tags"][0].is_string(), "{method} {path}");
            for (status, answer) in operation["responses"].as_object().unwrap() {
                if status.as_str() >= "400" {
                    let schema = &answer["content"]["application/problem+json"]["schema"]["$ref"];
                    assert_eq!(schema, "#/components/schemas/Problem", "{method} {path} {status}");
                }
            }
        }
    }
    assert_eq!(document["components"]["securitySchemes"]["token"]["scheme"], "bearer");
    let password = &document["components"]["schemas"]["NewMailboxBody"]["properties"]["password"];
    assert_eq!(password["writeOnly"], true, "{password}");
}
