//! What the vendor cannot or will not do right now.

use roster::simulator::{Effect, Envelope, Fault};

use super::*;

const WRITES: &str = "/iam/v2/role-bindings";

pub(super) fn stories() -> Vec<Story> {
    vec![
        Story { name: "a vendor that limits", reasons: &[Throttled], play: || Box::pin(throttled()) },
        Story { name: "a vendor that is down", reasons: &[BackendUnavailable], play: || Box::pin(down()) },
        Story { name: "a vendor that lists nobody", reasons: &[InventoryInDoubt], play: || Box::pin(doubtful()) },
        Story { name: "a full organization", reasons: &[QuotaExceeded], play: || Box::pin(full()) },
        Story { name: "a vendor that refuses", reasons: &[BackendRefused], play: || Box::pin(refused()) },
    ]
}

async fn meeting(fault: Fault, reason: Reason) -> Stage {
    let stage = connected().await;
    stage.simulator.inject(fault);
    mary(&stage, "it", "Operator", Value::Null).await;
    given(&stage, reason).await;
    stage
}

async fn throttled() -> Stage {
    let effect = Effect::Status { status: 429, envelope: Envelope::Empty, retry_after: Some(600) };
    meeting(Fault::new("POST", WRITES, effect), Throttled).await
}

async fn down() -> Stage {
    meeting(Fault::status("POST", WRITES, 503).always(), BackendUnavailable).await
}

async fn doubtful() -> Stage {
    meeting(Fault::empty_list("/iam/v2/users").times(2), InventoryInDoubt).await
}

async fn full() -> Stage {
    let stage = connected().await;
    stage.simulator.rules(|rules| rules.quotas.role_bindings = 0).unwrap();
    mary(&stage, "it", "Operator", Value::Null).await;
    given(&stage, QuotaExceeded).await;
    stage
}

async fn refused() -> Stage {
    meeting(Fault::status("POST", WRITES, 400).always(), BackendRefused).await
}
