#[test_only]
module atoma::model_tests;

use atoma::model;
use atoma::network;
use atoma::world;
use std::unit_test::{assert_eq, destroy};

#[test]
fun a_model_is_what_it_was_registered_as() {
    let w = world::bare();
    let model = w.model();
    assert_eq!(model.network(), object::id(w.network()));
    assert_eq!(model.name(), b"tiny".to_string());
    assert_eq!(model.manifest_hash(), @0x3A);
    assert_eq!(model.modality(), model::text());
    assert_eq!(model.weights_uri(), b"file:///tiny".to_string());
    w.end();
}

fun register(name_length: u64, modality: u8, uri_length: u64) {
    let mut w = world::bare();
    destroy(w.register_model(
        vector::tabulate!(name_length, |_| 97),
        modality,
        vector::tabulate!(uri_length, |_| 97),
    ));
    w.end();
}

#[test]
fun the_shortest_model_is_registered() { register(1, model::embedding(), 0); }

#[test]
fun the_longest_model_is_registered() { register(128, model::vision(), 512); }

#[test, expected_failure(abort_code = model::EBadText)]
fun a_model_has_a_name() { register(0, 0, 0); }

#[test, expected_failure(abort_code = model::EBadText)]
fun a_name_is_not_too_long() { register(129, 0, 0); }

#[test, expected_failure(abort_code = model::EBadText)]
fun a_uri_is_not_too_long() { register(1, 0, 513); }

#[test, expected_failure(abort_code = model::EBadModality)]
fun a_modality_is_known() { register(1, 3, 0); }

#[test, expected_failure(abort_code = network::EPaused)]
fun a_paused_network_registers_no_model() {
    let mut w = world::bare();
    w.pause();
    destroy(w.register_model(b"m", 0, b""));
    w.end();
}

#[test, expected_failure(abort_code = model::EWrongNetwork)]
fun a_model_knows_its_network() {
    let w = world::bare();
    w.model().assert_network(object::id(w.node()));
    w.end();
}
