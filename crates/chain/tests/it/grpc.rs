//! Errors, retries, forged answers and broken subscriptions of a fullnode.

use atoma_chain::{
    ChainId, Rpc as _, RpcError, TxDigest,
    id::SuiId as _,
    rpc::{GrpcConfig, GrpcRpc, MAX_OBJECTS_A_CALL},
};
use atoma_env::Env;
use atoma_protocol::ids::{Address, CheckpointSeq, ObjectId};
use futures::StreamExt as _;
use sui_sdk_types::{
    Digest, GasPayment, MoveStruct, Object, ObjectData, Owner, ProgrammableTransaction,
    SignedTransaction, StructTag, Transaction, TransactionExpiration, TransactionKind,
};
use tonic::{Code, Status};

use crate::fake_server::{FakeServer, Step, config, effects, is_bad_answer, soon};

async fn start() -> (FakeServer, GrpcRpc, Env) {
    let env = Env::system();
    let server = FakeServer::default();
    server.script(|script| script.height = 10);
    let rpc = server.start(&env).await;
    (server, rpc, env)
}

fn coin(id: u8, owner: u8) -> Object {
    let contents = [vec![id; 32], 5_u64.to_le_bytes().to_vec()].concat();
    Object::new(
        ObjectData::Struct(MoveStruct::new(StructTag::gas_coin(), true, 1, contents).unwrap()),
        Owner::Address(Address::new([owner; 32]).to_sui()),
        Digest::ZERO,
        0,
    )
}

fn put(server: &FakeServer, object: Object) {
    server.script(|script| {
        script
            .objects
            .insert(object.object_id().to_string(), object);
    });
}

#[tokio::test]
async fn reads_what_the_fullnode_says_of_itself() {
    let (_server, rpc, _env) = start().await;
    let info = soon(rpc.service_info()).await.unwrap();
    assert_eq!(info.chain, ChainId::new([9; 32]));
    assert_eq!(info.latest_checkpoint, CheckpointSeq(9));
    assert_eq!(soon(rpc.reference_gas_price()).await.unwrap(), 750);
}

#[tokio::test]
async fn a_passing_failure_is_tried_again() {
    let (server, rpc, _env) = start().await;
    server.script(|script| {
        script.failures = [
            Status::unavailable("restarting"),
            Status::resource_exhausted("busy"),
        ]
        .into();
    });
    soon(rpc.service_info()).await.unwrap();
    assert_eq!(server.calls("get_service_info"), 3);
}

#[tokio::test]
async fn attempts_have_an_end() {
    let (server, rpc, _env) = start().await;
    server.script(|script| script.failures = vec![Status::unavailable("down"); 9].into());
    let error = soon(rpc.service_info()).await.unwrap_err();
    assert!(
        error.is_transient() && error.to_string().contains("down"),
        "{error}"
    );
    assert_eq!(server.calls("get_service_info"), 3);
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    let (server, rpc, _env) = start().await;
    for code in [
        Code::InvalidArgument,
        Code::PermissionDenied,
        Code::FailedPrecondition,
        Code::Aborted,
    ] {
        server.script(|script| script.failures = [Status::new(code, "no")].into());
        let before = server.calls("get_service_info");
        let error = soon(rpc.service_info()).await.unwrap_err();
        assert!(matches!(error, RpcError::Rejected { .. }), "{error}");
        assert_eq!(server.calls("get_service_info"), before + 1);
    }
}

#[tokio::test]
async fn a_fullnode_that_hangs_is_not_waited_for() {
    let (server, rpc, _env) = start().await;
    server.script(|script| script.hang = 1);
    soon(rpc.service_info()).await.unwrap();
    server.script(|script| script.hang = 9);
    assert!(soon(rpc.service_info()).await.unwrap_err().is_transient());
}

#[tokio::test]
async fn nobody_there_is_unavailable_and_no_address_is_an_error() {
    let env = Env::system();
    let rpc = GrpcRpc::new("http://127.0.0.1:1", config(), env.child()).unwrap();
    assert!(soon(rpc.service_info()).await.unwrap_err().is_transient());
    assert!(GrpcRpc::new("not an address", GrpcConfig::default(), env).is_err());
}

#[tokio::test]
async fn objects_are_those_asked_for() {
    let (server, rpc, _env) = start().await;
    put(&server, coin(0x51, 1));
    let ids = [ObjectId::new([0x51; 32]), ObjectId::new([0x52; 32])];
    let found = soon(rpc.objects(&ids)).await.unwrap();
    assert_eq!(found, [Some(coin(0x51, 1)), None]);
    assert_eq!(soon(rpc.objects(&[])).await.unwrap(), []);

    server.script(|script| script.swap_objects = true);
    assert!(is_bad_answer(&soon(rpc.objects(&ids[1..])).await));

    let many = vec![ids[0]; MAX_OBJECTS_A_CALL + 1];
    assert!(matches!(
        soon(rpc.objects(&many)).await,
        Err(RpcError::Rejected { .. })
    ));
}

#[tokio::test]
async fn a_listing_holds_only_what_was_asked_for() {
    let (server, rpc, _env) = start().await;
    put(&server, coin(0x51, 1));
    let owner = Address::new([1; 32]);
    let gas = StructTag::gas_coin();
    let list = |owner| rpc.owned_objects(owner, &gas, None);
    assert_eq!(soon(list(owner)).await.unwrap().items, [coin(0x51, 1)]);
    assert!(is_bad_answer(&soon(list(Address::new([2; 32]))).await));
    let other = StructTag::sui();
    assert!(is_bad_answer(
        &soon(rpc.owned_objects(owner, &other, None)).await
    ));
}

#[tokio::test]
async fn a_transaction_is_the_one_asked_for() {
    let (server, rpc, _env) = start().await;
    let digest = TxDigest::from(*effects(3).0.transaction_digest());
    let executed = soon(rpc.transaction(digest)).await.unwrap().unwrap();
    assert_eq!(executed.digest(), digest);
    assert_eq!(executed.checkpoint(), Some(CheckpointSeq(3)));
    assert_eq!(executed.events().len(), 1);
    assert!(executed.failure().is_none());
    assert_eq!(executed.gas_used(), 0);

    let unknown = TxDigest::new([1; 32]);
    assert!(soon(rpc.transaction(unknown)).await.unwrap().is_none());

    server.script(|script| script.swap_effects = true);
    assert!(is_bad_answer(&soon(rpc.transaction(digest)).await));
}

#[tokio::test]
async fn effects_of_another_transaction_are_refused() {
    let (server, rpc, _env) = start().await;
    let sender = Address::new([1; 32]).to_sui();
    let signed = SignedTransaction {
        transaction: Transaction {
            kind: TransactionKind::ProgrammableTransaction(ProgrammableTransaction {
                inputs: Vec::new(),
                commands: Vec::new(),
            }),
            sender,
            gas_payment: GasPayment {
                objects: Vec::new(),
                owner: sender,
                price: 1,
                budget: 1,
            },
            expiration: TransactionExpiration::None,
        },
        signatures: Vec::new(),
    };
    assert!(is_bad_answer(&soon(rpc.execute(&signed)).await));
    assert_eq!(server.calls("execute_transaction"), 1);
    // This fullnode does not simulate at all.
    let error = soon(rpc.simulate(&signed.transaction)).await.unwrap_err();
    assert!(matches!(error, RpcError::Unsupported { .. }), "{error}");
}

#[tokio::test]
async fn checkpoints_are_whole_or_refused() {
    let (server, rpc, _env) = start().await;
    let checkpoint = soon(rpc.checkpoint(CheckpointSeq(4))).await.unwrap();
    assert_eq!(checkpoint.seq(), CheckpointSeq(4));
    assert_eq!(checkpoint.timestamp().0, 1_004);
    let [transaction] = checkpoint.transactions() else {
        panic!("one transaction");
    };
    assert_eq!(
        transaction.digest(),
        TxDigest::from(*effects(4).0.transaction_digest())
    );

    assert!(matches!(
        soon(rpc.checkpoint(CheckpointSeq(10))).await,
        Err(RpcError::NotFound { .. })
    ));
    server.script(|script| script.lowest = 5);
    assert_eq!(
        soon(rpc.checkpoint(CheckpointSeq(4))).await.unwrap_err(),
        RpcError::Pruned {
            asked: CheckpointSeq(4),
            lowest: CheckpointSeq(5)
        }
    );
}

async fn follow(rpc: &GrpcRpc, from: u64, count: usize) -> Vec<u64> {
    soon(
        rpc.checkpoints(CheckpointSeq(from))
            .take(count)
            .map(|checkpoint| checkpoint.unwrap().seq().0)
            .collect(),
    )
    .await
}

#[tokio::test]
async fn the_past_comes_before_the_present() {
    let (server, rpc, _env) = start().await;
    server.script(|script| {
        script.subscriptions = [vec![Step::Send(10), Step::Send(11)]].into();
    });
    assert_eq!(follow(&rpc, 2, 10).await, (2..12).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_past_does_not_wait_for_the_present() {
    let (_server, rpc, _env) = start().await;
    assert_eq!(follow(&rpc, 0, 10).await, (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn gaps_are_filled_and_repeats_dropped() {
    let (server, rpc, _env) = start().await;
    server.script(|script| {
        script.subscriptions = [vec![
            Step::Send(8),
            Step::Send(10),
            Step::Send(10),
            Step::Send(17),
            Step::Send(3),
            Step::Send(18),
        ]]
        .into();
    });
    assert_eq!(follow(&rpc, 9, 10).await, (9..19).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_broken_subscription_is_taken_up_where_it_broke() {
    let (server, rpc, _env) = start().await;
    server.script(|script| {
        script.subscriptions = [
            vec![Step::Send(10), Step::Break(Code::Unavailable)],
            vec![Step::Send(13), Step::End],
            vec![Step::Break(Code::Aborted)],
            vec![Step::Send(14), Step::Hang],
            vec![Step::Send(20)],
        ]
        .into();
    });
    assert_eq!(follow(&rpc, 8, 13).await, (8..21).collect::<Vec<_>>());
    assert_eq!(server.calls("subscribe_checkpoints"), 5);
}

#[tokio::test]
async fn a_failing_backfill_is_taken_up_again() {
    let (server, rpc, _env) = start().await;
    server.script(|script| script.failures = vec![Status::unavailable("down"); 12].into());
    assert_eq!(follow(&rpc, 0, 10).await, (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_fullnode_without_subscriptions_is_polled() {
    let (server, rpc, _env) = start().await;
    server.script(|script| script.no_subscriptions = true);
    let mut stream = rpc.checkpoints(CheckpointSeq(8));
    for seq in 8..14 {
        if seq == 10 {
            server.script(|script| script.height = 14);
        }
        let checkpoint = soon(stream.next()).await.unwrap().unwrap();
        assert_eq!(checkpoint.seq(), CheckpointSeq(seq));
    }
}

#[tokio::test]
async fn a_pruned_start_ends_the_stream_with_an_error() {
    let (server, rpc, _env) = start().await;
    server.script(|script| script.lowest = 5);
    let mut stream = rpc.checkpoints(CheckpointSeq(2));
    assert!(matches!(
        soon(stream.next()).await,
        Some(Err(RpcError::Pruned { .. }))
    ));
    assert!(soon(stream.next()).await.is_none());
}

#[tokio::test]
async fn a_forged_checkpoint_ends_the_stream_with_an_error() {
    let (server, rpc, _env) = start().await;
    server.script(|script| {
        script.subscriptions = [vec![Step::Send(10), Step::SendForged(11)]].into();
    });
    let mut stream = rpc.checkpoints(CheckpointSeq(10));
    // What is fetched singly is good; the forged one may come after it or instead.
    let mut result = soon(stream.next()).await.unwrap();
    while result.is_ok() {
        result = soon(stream.next()).await.unwrap();
    }
    assert!(is_bad_answer(&result));
    assert!(soon(stream.next()).await.is_none());
}
