use atoma_protocol::money::Price;

use super::*;

fn served(price: u64) -> Served {
    let price = Price::new(price).unwrap();
    let prices = Prices {
        input: price,
        output: price,
    };
    Served {
        model: ModelId::new([1; 32]),
        prices,
        context_length: 100,
    }
}

fn node(byte: u8) -> NodeId {
    NodeId::new([byte; 32])
}

fn attach(fleet: &Fleet<()>, byte: u8, price: u64, places: u32) -> Arc<Candidate<()>> {
    let candidate = fleet
        .attach(node(byte), HashMap::from([("m".into(), served(price))]), ())
        .unwrap();
    candidate.add_places(places);
    candidate
}

fn picked(fleet: &Fleet<()>, tried: &[NodeId]) -> Result<NodeId, NoNode> {
    fleet.pick("m", tried).map(|place| place.candidate().node)
}

#[test]
fn a_model_that_nobody_serves_is_unknown_and_a_full_fleet_is_busy() {
    let fleet = Fleet::new(Env::system());
    assert_eq!(picked(&fleet, &[]), Err(NoNode::UnknownModel));
    attach(&fleet, 1, 1, 1);
    assert_eq!(fleet.pick("other", &[]).err(), Some(NoNode::UnknownModel));
    assert_eq!(picked(&fleet, &[]), Ok(node(1)));
    assert_eq!(picked(&fleet, &[]), Err(NoNode::Busy));
}

#[test]
fn a_node_that_was_tried_is_not_picked_again() {
    let fleet = Fleet::new(Env::system());
    attach(&fleet, 1, 1, 9);
    attach(&fleet, 2, 1, 9);
    for _ in 0..8 {
        assert_eq!(picked(&fleet, &[node(1)]), Ok(node(2)));
    }
}

#[test]
fn of_two_nodes_the_less_loaded_is_picked() {
    let fleet = Fleet::new(Env::system());
    attach(&fleet, 1, 1, 9);
    attach(&fleet, 2, 1, 9);
    let first = fleet.pick("m", &[]).unwrap();
    let second = fleet.pick("m", &[]).unwrap();
    assert_ne!(first.candidate().node, second.candidate().node);
}

#[test]
fn a_failing_node_is_left_alone_and_a_draining_one_too() {
    let fleet = Fleet::new(Env::system());
    let failing = attach(&fleet, 1, 1, 9);
    let place = fleet.pick("m", &[]).unwrap();
    for _ in 0..3 {
        place.failed(fleet.elapsed());
    }
    assert_eq!(picked(&fleet, &[]), Err(NoNode::Busy));
    let draining = attach(&fleet, 2, 1, 9);
    draining.drain();
    assert_eq!(picked(&fleet, &[]), Err(NoNode::Busy));
    fleet.detach(&failing);
    fleet.detach(&draining);
    assert_eq!(picked(&fleet, &[]), Err(NoNode::UnknownModel));
}

#[test]
fn a_new_stream_replaces_the_old_one_and_its_end_does_not_remove_the_new() {
    let fleet = Fleet::new(Env::system());
    let old = attach(&fleet, 1, 1, 0);
    attach(&fleet, 1, 1, 1);
    fleet.detach(&old);
    assert_eq!(fleet.nodes(), [node(1)]);
    assert_eq!(picked(&fleet, &[]), Ok(node(1)));
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_a_free_place_or_with_patience() {
    let fleet = Fleet::new(Env::system());
    let candidate = attach(&fleet, 1, 1, 0);
    let patience = Duration::from_secs(5);
    let waited = fleet.pick_within("m", &[], patience).await;
    assert_eq!(waited.err(), Some(NoNode::Busy));
    let (place, ()) = tokio::join!(fleet.pick_within("m", &[], patience), async {
        tokio::task::yield_now().await;
        candidate.add_places(1);
    });
    assert_eq!(place.unwrap().candidate().node, node(1));
}
