//! Two ends over a real connection.

use atoma_link::{
    connection::ConnectionError,
    grpc,
    message::{Challenge, FromNode, ToNode},
};
use atoma_protocol::ids::NetworkId;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;

#[expect(
    clippy::disallowed_methods,
    reason = "a test needs no supervised tasks"
)]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

#[tokio::test]
async fn messages_pass_both_ways_and_an_end_that_goes_is_noticed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (server, mut streams) = grpc::service(spawn);
    let serving = tonic::transport::Server::builder()
        .add_service(server)
        .serve_with_incoming(TcpListenerStream::new(listener));
    spawn(async move { serving.await.unwrap() });

    let (mut node, reading) = grpc::attach(&url).await.unwrap();
    spawn(reading);
    let mut sequencer = streams.recv().await.unwrap();

    let challenge = ToNode::Challenge(Challenge {
        nonce: [1; 32],
        network: NetworkId::new([2; 32]),
    });
    sequencer.send(challenge.clone()).await.unwrap();
    assert_eq!(node.receive().await.unwrap(), challenge);
    node.send(FromNode::Pull(4)).await.unwrap();
    assert_eq!(sequencer.receive().await.unwrap(), FromNode::Pull(4));

    drop(node);
    assert!(matches!(
        sequencer.receive().await,
        Err(ConnectionError::Closed | ConnectionError::Transport(_))
    ));
}

#[tokio::test]
async fn a_sequencer_that_is_not_there_is_a_typed_error() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let error = grpc::attach(&format!("http://{closed}"))
        .await
        .err()
        .unwrap();
    assert!(matches!(error, ConnectionError::Transport(_)));
}

#[tokio::test]
async fn an_in_process_pair_behaves_alike() {
    let (mut node, mut sequencer, carry) = atoma_link::connection::pair();
    spawn(carry);
    node.send(FromNode::Draining).await.unwrap();
    assert_eq!(sequencer.receive().await.unwrap(), FromNode::Draining);
    drop(sequencer);
    assert!(matches!(node.receive().await, Err(ConnectionError::Closed)));
}
