//! What an audit found, as JSON and for people.

use atoma_chain::Client;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Found,
    light::Followed,
    replay::{Replay, Totals},
};

/// Most mismatches that a person is shown.
const MAX_SHOWN: usize = 20;

/// What was found as JSON.
pub(crate) fn report(client: &Client, found: &Found) -> Value {
    /// A map by id as a list of objects that carry their id.
    fn list<'a, K: Serialize + 'a, V: Serialize + 'a>(
        key: &str,
        map: impl IntoIterator<Item = (&'a K, &'a V)>,
    ) -> Vec<Value> {
        map.into_iter()
            .map(|(id, book)| {
                let mut value = json!(book);
                value[key] = json!(id);
                value
            })
            .collect()
    }
    let (replay, faults) = (&found.replay, found.replay.faults());
    let deployment = client.deployment();
    json!({
        "ok": faults.count() == 0,
        "chain_id": deployment.chain_id,
        "package_id": deployment.package.newest(),
        "network_id": deployment.network,
        "verified": found.followed,
        "events": found.events,
        "coins": list("coin", &found.totals),
        "channels": list("channel", replay.channels()),
        "vaults": list("vault", replay.vaults()),
        "nodes": list("node", replay.nodes()),
        "mismatches": faults.listed(),
        "mismatch_count": faults.count(),
    })
}

/// What was found for people.
pub(crate) fn table(found: &Found) -> String {
    let (replay, faults) = (&found.replay, found.replay.faults());
    let Followed {
        checkpoints,
        epoch,
        first_committee,
        ..
    } = &found.followed;
    let mut lines = vec![
        format!(
            "checkpoints  {checkpoints} read: signatures, order and contents checked; epoch {epoch}"
        ),
        format!("committee    {first_committee} (pin it with --committee)"),
        format!("events       {} of the market", found.events),
        String::new(),
    ];
    for (coin, totals) in &found.totals {
        let Totals {
            deposited,
            paid,
            refunded,
            held,
        } = totals;
        let symbol = coin.symbol();
        lines.push(format!(
            "{symbol:<12} deposited {deposited} = paid {paid} + refunded {refunded} + held {held} base units"
        ));
    }
    lines.push(String::new());
    lines.push(format!(
        "{:<14}{:>8}{:>14}{:>12}{:>12}{:>12}{:>12}{:>12}{:>14}",
        "channel",
        "state",
        "deposit",
        "paid",
        "operator",
        "stakers",
        "protocol",
        "routing",
        "refund"
    ));
    for (id, book) in replay.channels() {
        let state = if book.reaped {
            "deleted".to_owned()
        } else {
            format!("{:?}", book.state)
        };
        let shares = &book.shares;
        lines.push(format!(
            "{:<14}{state:>8}{:>14}{:>12}{:>12}{:>12}{:>12}{:>12}{:>14}",
            short(&id.to_string()),
            book.funded.0,
            book.paid.0,
            shares.operator.0,
            shares.stakers.0,
            shares.protocol.0,
            shares.routing.0,
            book.refunded.0,
        ));
    }
    vaults_and_nodes(replay, &mut lines);
    lines.push(String::new());
    for mismatch in faults.listed().iter().take(MAX_SHOWN) {
        lines.push(format!("MISMATCH {mismatch}"));
    }
    lines.push(match faults.count() {
        0 => "everything holds".to_owned(),
        count => format!("{count} things do not hold"),
    });
    lines.join("\n")
}

fn vaults_and_nodes(replay: &Replay, lines: &mut Vec<String>) {
    lines.push(format!(
        "\n{:<14}{:>14}{:>12}{:>12}{:>12}{:>12}{:>12}",
        "vault", "came in", "swept", "distributed", "withdrawn", "given back", "in it"
    ));
    for (id, book) in replay.vaults() {
        lines.push(format!(
            "{:<14}{:>14}{:>12}{:>12}{:>12}{:>12}{:>12}",
            short(&id.to_string()),
            book.came_in.sum().saturating_add(book.reaped).0,
            book.swept.0,
            book.distributed.0,
            book.withdrawn.0,
            book.given_back.0,
            book.funds().0,
        ));
    }
    lines.push(format!(
        "\n{:<14}{:>10}  key epochs: what was proved",
        "node", "status"
    ));
    for (id, book) in replay.nodes() {
        let epochs: Vec<_> = book
            .epochs
            .iter()
            .map(|(epoch, book)| format!("{epoch}: {}", book.proved))
            .collect();
        let (id, status) = (short(&id.to_string()), format!("{:?}", book.status));
        lines.push(format!("{id:<14}{status:>10}  {}", epochs.join(", ")));
    }
}

/// The head of an id: enough to tell those of one table apart.
fn short(id: &str) -> String {
    const SHOWN: usize = 10;
    match id.get(..SHOWN) {
        Some(head) if id.len() > SHOWN => format!("{head}…"),
        _ => id.to_owned(),
    }
}
