//! `commitments.json`.

use atoma_protocol::{
    commitment::{ClientNonce, ResponseCommitter, commit_request},
    sealed::Delivery,
};

use super::{Value, Vector, hex};

pub(super) fn vectors() -> Vec<Vector> {
    let nonce = ClientNonce::new([0x0c; 32]);
    let mut vectors = Vec::new();
    for (name, path, body) in [
        ("an empty request", "", ""),
        (
            "a request",
            "/v1/chat/completions",
            "{\"model\":\"m\",\"messages\":[]}",
        ),
    ] {
        vectors.push(vec![
            ("name", name.into()),
            ("kind", "request".into()),
            ("client_nonce", hex(nonce.as_bytes())),
            ("path", path.into()),
            ("body", hex(body)),
            (
                "expected",
                commit_request(&nonce, path, body.as_bytes()).into(),
            ),
        ]);
    }
    let json = |text: &str| Delivery::Json(text.as_bytes().to_vec());
    for (name, deliveries) in [
        ("nothing delivered", vec![]),
        ("an empty delivery", vec![json("")]),
        ("two deliveries", vec![json("{\"a\":1}"), json("{\"b\":2}")]),
        (
            "a failure",
            vec![
                json("{\"a\":1}"),
                Delivery::Failure(b"{\"error\":{}}".to_vec()),
            ],
        ),
    ] {
        let mut committer = ResponseCommitter::new(&nonce);
        for delivery in &deliveries {
            committer.deliver(delivery);
        }
        let kinds = deliveries.iter().map(|delivery| match delivery {
            Delivery::Json(_) => "json".to_owned(),
            Delivery::Failure(_) => "failure".to_owned(),
        });
        vectors.push(vec![
            ("name", name.into()),
            ("kind", "response".into()),
            ("client_nonce", hex(nonce.as_bytes())),
            ("delivery_kinds", Value::List(kinds.collect())),
            (
                "deliveries",
                super::hex_list(deliveries.iter().map(Delivery::json)),
            ),
            ("expected", committer.commitment().into()),
        ]);
    }
    vectors
}
