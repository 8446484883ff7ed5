//! The OpenAPI document and the routes are the same thing.

use serde_json::Value;

use super::Api;

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

fn operations(document: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| (path, method, operation))
    })
}

#[test]
fn the_document_is_as_it_was() {
    let document = serde_json::to_string_pretty(&ampacity::api::openapi()).unwrap();
    let settings = insta::Settings::clone_current();
    settings.bind(|| insta::assert_snapshot!("openapi", document));
}

#[tokio::test(flavor = "multi_thread")]
async fn served_routes_are_the_documented_ones() {
    let api = Api::empty();
    let served = api.get("/openapi.json").await.expect(200).json();
    assert_eq!(served, ampacity::api::openapi());
    for (path, item) in served["paths"].as_object().unwrap() {
        let concrete = path
            .split('/')
            .map(|part| if part.starts_with('{') { "x" } else { part })
            .collect::<Vec<_>>()
            .join("/");
        for method in METHODS {
            // Without a key: every operation that needs one says so before anything happens.
            let call = api.call(&method.to_uppercase(), &concrete).anonymous();
            let answer = call.header("content-type", "application/json").send().await;
            match item.get(method) {
                None => assert_eq!(answer.status, 405, "{method} {path}"),
                Some(operation) if operation.get("security").is_some() => {
                    assert_eq!(answer.status, 401, "{method} {path}");
                }
                Some(_) => assert_eq!(answer.status, 200, "{method} {path}"),
            }
        }
    }
}

#[test]
fn every_operation_is_described_and_may_be_refused() {
    let document = ampacity::api::openapi();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = std::collections::BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let place = format!("{method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{place}");
        assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 3), "{place}");
        assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{place}");
        let responses = operation["responses"].as_object().unwrap();
        let is_open = ["/livez", "/readyz", "/version", "/openapi.json"].contains(&path.as_str());
        assert_eq!(operation.get("security").is_none(), is_open, "{place}");
        assert_eq!(responses.contains_key("401"), !is_open, "{place}");
        for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
            let content = response["content"].as_object().unwrap();
            assert!(content.contains_key("application/problem+json"), "{place} {status}");
        }
    }
}
