//! What holds after any sequence of commands.

use proptest::prelude::*;

use super::*;

/// Names that commands are made of, so that sequences meet each other.
fn someone() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["u-linus1", "u-mary01", "sa-roster", "sa-ordetl", "u-joined", "u-nobody"])
        .prop_map(str::to_owned)
}

fn address() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "grace@example.com",
        "ada@example.com",
        "bob@partner.example",
        "Eve@Partner.Example",
        "x",
    ])
    .prop_map(str::to_owned)
}

fn place() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "/environment=env-prod01",
        "/environment=env-prod01/cloud-cluster=lkc-orders",
        "/environment=env-prod01/cloud-cluster=lkc-orders/kafka=lkc-orders/topic=orders-*",
        "/environment=env-dev001/cloud-cluster=lkc-scratc/kafka=lkc-scratc/topic=*",
        "/nonsense",
    ])
}

fn role() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["OrganizationAdmin", "AccountAdmin", "EnvironmentAdmin", "DeveloperRead", "Sorcerer"])
}

/// What a sequence is made of. `Nth` picks a binding or an invitation that is there, by position.
#[derive(Clone, Debug)]
enum Move {
    Command(Command),
    RevokeNth(usize),
    WithdrawNth(usize),
    DeleteNth(usize),
    Wait(i64),
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => (someone(), role(), place()).prop_map(|(holder, role, place)| grant(&holder, role, place)),
        2 => address().prop_map(|email| Command::InviteUser { email, auth_type: None }),
        1 => address().prop_map(|email| Command::AcceptInvitation { email, full_name: String::new() }),
        1 => address().prop_map(|email| Command::JoinUser { email, full_name: String::new(), id: Some("u-joined".to_owned()) }),
        1 => someone().prop_map(|user| Command::DeleteUser { user }),
        1 => someone().prop_map(|service_account| Command::DeleteServiceAccount { service_account }),
        1 => someone().prop_map(|owner| Command::CreateApiKey {
            owner: PrincipalId::new(owner), resource: KeyResource::Cloud,
            display_name: String::new(), description: String::new(),
        }),
        1 => Just(Command::DeleteEnvironment { environment: "env-dev001".to_owned() }),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(orphans_linger, reuses)| Command::SetRules {
            rules: Rules { orphans_linger, reinvite_reuses_user: reuses, ..Rules::default() },
        }),
    ]
}

fn moves() -> impl Strategy<Value = Vec<(Actor, Move)>> {
    let actor = prop_oneof![
        2 => Just(Actor::Portal),
        3 => someone().prop_map(|id| principal(&id)),
    ];
    let step = prop_oneof![
        6 => command().prop_map(Move::Command),
        3 => (0..40_usize).prop_map(Move::RevokeNth),
        1 => (0..10_usize).prop_map(Move::WithdrawNth),
        1 => (0..10_usize).prop_map(Move::DeleteNth),
        1 => (0..9_i64).prop_map(Move::Wait),
    ];
    prop::collection::vec((actor, step), 1..60)
}

/// The command that a move stands for in this world.
fn resolve(bench: &mut Bench, step: Move) -> Option<Command> {
    let nth = |ids: Vec<&String>, n: usize| ids.get(n % ids.len().max(1)).map(|id| (*id).clone());
    match step {
        Move::Command(command) => Some(command),
        Move::RevokeNth(n) => nth(bench.world.bindings.keys().collect(), n).map(|binding| Command::Revoke { binding }),
        Move::WithdrawNth(n) => {
            nth(bench.world.invitations.keys().collect(), n).map(|invitation| Command::DeleteInvitation { invitation })
        }
        Move::DeleteNth(n) => nth(bench.world.users.keys().collect(), n).map(|user| Command::DeleteUser { user }),
        Move::Wait(days) => {
            bench.days(days);
            None
        }
    }
}

proptest! {
    #[test]
    fn an_administrator_always_remains_and_a_replay_is_the_same_world(moves in moves()) {
        let mut bench = Bench::new();
        let began = bench.now;
        let mut journal = Vec::new();
        for (actor, step) in moves {
            let Some(command) = resolve(&mut bench, step) else { continue };
            let before = bench.world.clone();
            if bench.world.apply(&actor, &command, bench.now).is_ok() {
                journal.push((actor, command, bench.now));
            } else {
                prop_assert_eq!(&bench.world, &before);
            }
            prop_assert!(!bench.world.administrators().is_empty());
            check_index(&bench.world)?;
        }
        let (founding, example) = example(7, began);
        let mut again = World::founded(&founding);
        for command in example {
            again.apply(&Actor::Portal, &command, began).unwrap();
        }
        for (actor, command, at) in &journal {
            let text = serde_json::to_string(command).unwrap();
            again.apply(actor, &serde_json::from_str(&text).unwrap(), *at).unwrap();
        }
        prop_assert_eq!(again, bench.world);
    }
}

/// The index by holder says what the bindings say.
fn check_index(world: &World) -> Result<(), TestCaseError> {
    let indexed: usize = world.held.values().map(BTreeSet::len).sum();
    prop_assert_eq!(indexed, world.bindings.len());
    for (principal, held) in &world.held {
        prop_assert!(held.iter().all(|held| world.bindings[&held.id].principal == *principal));
    }
    Ok(())
}
