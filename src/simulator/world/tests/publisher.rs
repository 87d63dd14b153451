//! Publishers: who may see and manage their users, and what is guarded.

use proptest::prelude::*;

use super::*;
use crate::simulator::world::publisher::{
    AccountType, OPERATOR_APPLICATION, OPERATOR_OBJECT, OPERATOR_TENANT, PublisherPrincipal as Who, PublisherRole,
    PublisherUser, UserState, example_publishers, publisher,
};

use PublisherCommand as P;
use PublisherRefusal as No;

/// The example with its publishers.
fn bench() -> Bench {
    let mut bench = Bench::new();
    for command in example_publishers() {
        bench.portal(&command).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
    }
    bench
}

fn with(rules: impl FnOnce(&mut PublisherRules)) -> Bench {
    let mut bench = bench();
    let mut changed = bench.world.rules().clone();
    rules(&mut changed.publishers);
    bench.portal(&Command::SetRules { rules: changed }).unwrap();
    bench
}

fn operator() -> Actor {
    Actor::Application(OPERATOR_APPLICATION.to_owned())
}

fn user(email: &str) -> Who {
    Who::User { email: email.to_owned() }
}

fn application(id: &str) -> Who {
    Who::ServicePrincipal {
        application_id: id.to_owned(),
        tenant_id: OPERATOR_TENANT.to_owned(),
        object_id: OPERATOR_OBJECT.to_owned(),
    }
}

impl Bench {
    fn do_it(&mut self, actor: &Actor, command: P) -> Result<Answer, Refusal> {
        self.world.apply(actor, &Command::Publisher(command), self.now)
    }

    fn made(&mut self, command: P) -> Result<PublisherUser, Refusal> {
        let Answer::PublisherUser(user) = self.do_it(&operator(), command)? else { panic!("not a user") };
        Ok(user)
    }

    fn add(&mut self, publisher: &str, who: Who, role: PublisherRole) -> Result<PublisherUser, Refusal> {
        self.made(P::AddUser { publisher: publisher.to_owned(), who, role, friendly_name: None })
    }

    fn change(&mut self, who: Who, role: PublisherRole, version: Option<&str>) -> Result<PublisherUser, Refusal> {
        let (publisher, version) = ("contoso-data".to_owned(), version.map(str::to_owned));
        self.made(P::ChangeUser { publisher, who, role, friendly_name: None, version })
    }

    fn remove(&mut self, user: &str, version: Option<&str>) -> Result<PublisherUser, Refusal> {
        let (publisher, version) = ("contoso-data".to_owned(), version.map(str::to_owned));
        self.made(P::RemoveUser { publisher, user: user.to_owned(), version })
    }

    /// The users of a publisher as `key role state`.
    fn users_of(&self, publisher: &str) -> Vec<String> {
        let page = self.world.publishers(&Actor::Portal).users(publisher, None, Slice::all()).unwrap();
        let text = |it: &&PublisherUser| format!("{} {} {:?}", it.who.key(), it.role.as_str(), it.state);
        page.items.iter().map(text).collect()
    }
}

fn refused<T>(no: No) -> Result<T, Refusal> {
    Err(Refusal::Publisher(no))
}

#[test]
fn a_founded_world_has_no_publisher_and_one_is_made_with_the_operator_in_it() {
    let mut bench = Bench::new();
    assert!(bench.world.contents(bench.now).publishers.is_empty());
    for command in publisher("adventure-works", "Adventure Works", "amy@example.com") {
        bench.portal(&command).unwrap();
    }
    let operator = format!("{OPERATOR_APPLICATION} owner Active");
    assert_eq!(bench.users_of("adventure-works"), [operator.as_str(), "amy@example.com owner Active"]);
    let again = P::Create {
        publisher: "adventure-works".to_owned(),
        display_name: String::new(),
        owner: "amy@example.com".to_owned(),
    };
    assert_eq!(bench.do_it(&Actor::Portal, again), refused(No::Exists("adventure-works".to_owned())));
    bench.do_it(&Actor::Portal, P::Delete { publisher: "adventure-works".to_owned() }).unwrap();
    assert!(bench.world.contents(bench.now).publishers.is_empty());
}

#[test]
fn publishers_do_not_move_the_ids_of_the_organization() {
    let (mut without, mut with) = (Bench::new(), bench());
    let (one, other) = (without.invite("bob@partner.example").unwrap(), with.invite("bob@partner.example").unwrap());
    assert_eq!((one.id, one.user), (other.id, other.user));
}

#[test]
fn an_application_sees_the_publishers_that_it_has_a_role_on() {
    let bench = bench();
    let actor = operator();
    let view = bench.world.publishers(&actor);
    let seen: Vec<(&str, &str)> = view.all().iter().map(|(it, role)| (it.id.as_str(), role.as_str())).collect();
    assert_eq!(seen, [("contoso-data", "owner"), ("contoso-labs", "contributor")]);
    assert_eq!(view.users("fabrikam", None, Slice::all()).unwrap_err(), No::NoRole("fabrikam".to_owned()).into());
    assert_eq!(view.users("nowhere", None, Slice::all()).unwrap_err(), No::NotFound("nowhere".to_owned()).into());
    let stranger = Actor::Application("00000000-0000-4000-8000-000000000000".to_owned());
    for nobody in [stranger, principal("sa-roster")] {
        assert!(bench.world.publishers(&nobody).all().is_empty());
    }
    // Nor is an application anybody in the organization.
    assert_eq!(bench.world.view(&actor, bench.now).users(Slice::all()).unwrap_err(), Refusal::Forbidden);
    let expected = [
        &format!("{OPERATOR_APPLICATION} owner Active"),
        "grace@example.com owner Active",
        "mary@example.com contributor Active",
        "publishing@example.com owner Active",
    ];
    assert_eq!(bench.users_of("contoso-data"), expected);
}

#[test]
fn accounts_are_of_the_kinds_that_the_portal_supports() {
    let mut bench = bench();
    let told = bench.world.outbox().len();
    let cases = [
        (user("Ann@Contoso.example"), Some(AccountType::Organization), UserState::Active),
        (user("ben@Outlook.com"), Some(AccountType::MicrosoftAccount), UserState::Invited),
        (Who::Group { email: "team@hotmail.com".to_owned() }, None, UserState::Active),
        (application("AAAAAAAA-0000-4000-8000-000000000001"), None, UserState::Active),
    ];
    for (who, account, state) in cases {
        let made = bench.add("contoso-data", who.clone(), PublisherRole::Contributor).unwrap();
        assert_eq!((made.account_type, made.state), (account, state), "{who:?}");
        let again = bench.add("contoso-data", who, PublisherRole::Owner);
        assert_eq!(again, refused(No::UserExists(made.who.key())));
    }
    assert_eq!(bench.world.outbox().len(), told + 1);
    assert_eq!(bench.world.outbox().last().unwrap().subject, "You are invited to Contoso Data");
    for (email, part) in [
        ("ann", "is not a valid e-mail address"),
        ("ann@gmail.com", "only Microsoft accounts and organization IDs are supported"),
    ] {
        let refusal = bench.add("contoso-data", user(email), PublisherRole::Owner).unwrap_err();
        assert!(matches!(refusal, Refusal::Publisher(No::InvalidEmail(_))), "{refusal:?}");
        assert!(refusal.to_string().contains(part), "{refusal}");
    }
    let refusal = bench.add("contoso-data", application("not-a-uuid"), PublisherRole::Owner).unwrap_err();
    assert_eq!(refusal.to_string(), "applicationId must be a UUID");
}

#[test]
fn a_contributor_looks_and_changes_nothing_unless_a_rule_lets_it() {
    let mut bench = bench();
    let ann = || user("ann@example.com");
    let add = |bench: &mut Bench| bench.add("contoso-labs", ann(), PublisherRole::Contributor);
    assert_eq!(add(&mut bench), refused(No::ReadOnly("contoso-labs".to_owned())));
    assert_eq!(bench.add("fabrikam", ann(), PublisherRole::Owner), refused(No::NoRole("fabrikam".to_owned())));
    let mut bench = with(|rules| rules.contributors_may_manage_users = true);
    add(&mut bench).unwrap();
    // What is the portal's alone is nobody else's.
    let accept = P::AcceptInvitation { publisher: "contoso-data".to_owned(), email: "mary@example.com".to_owned() };
    assert_eq!(bench.do_it(&operator(), accept.clone()), Err(Refusal::Forbidden));
    assert_eq!(bench.do_it(&Actor::Portal, accept), refused(No::NotInvited("mary@example.com".to_owned())));
}

#[test]
fn a_change_and_a_removal_are_of_the_version_that_was_read() {
    let mut bench = bench();
    let first = bench.add("contoso-data", user("Ann@example.com"), PublisherRole::Contributor).unwrap();
    bench.days(1);
    let second = bench.change(user("ann@EXAMPLE.com"), PublisherRole::Owner, Some(&first.version)).unwrap();
    assert_eq!((second.role, second.added_at, second.changed_at), (PublisherRole::Owner, first.added_at, bench.now));
    assert_eq!(second.who, user("Ann@example.com"));
    let changed = No::VersionChanged("ann@example.com".to_owned());
    let late = bench.change(user("ann@example.com"), PublisherRole::Owner, Some(&first.version));
    assert_eq!(late, refused(changed.clone()));
    assert_eq!(bench.remove("ann@example.com", Some(&first.version)), refused(changed.clone()));
    let group = Who::Group { email: "ann@example.com".to_owned() };
    let another = bench.change(group, PublisherRole::Owner, None).unwrap_err();
    assert!(matches!(another, Refusal::Publisher(No::InvalidUser(_))));
    bench.remove("ANN@example.com", Some(&second.version)).unwrap();
    assert_eq!(bench.remove("ann@example.com", None), refused(No::UserNotFound("ann@example.com".to_owned())));
    assert_eq!(bench.change(user("ann@example.com"), PublisherRole::Owner, None), refused(changed));
    // Who is added again has a version that it never had.
    let third = bench.add("contoso-data", user("ann@example.com"), PublisherRole::Contributor).unwrap();
    assert!(![&first.version, &second.version].contains(&&third.version));
}

#[test]
fn the_last_owner_who_is_there_stays() {
    let mut bench = bench();
    bench.remove("publishing@example.com", None).unwrap();
    bench.remove("grace@example.com", None).unwrap();
    // An owner who has not come in does not count.
    bench.add("contoso-data", user("ben@live.com"), PublisherRole::Owner).unwrap();
    let last = || No::LastOwner("contoso-data".to_owned());
    assert_eq!(bench.remove(OPERATOR_APPLICATION, None), refused(last()));
    let demoted = bench.change(application(OPERATOR_APPLICATION), PublisherRole::Contributor, None);
    assert_eq!(demoted, refused(last()));
    let by_hand =
        P::RemoveUser { publisher: "contoso-data".to_owned(), user: OPERATOR_APPLICATION.to_owned(), version: None };
    assert_eq!(bench.do_it(&Actor::Portal, by_hand), refused(last()));
    let accept = P::AcceptInvitation { publisher: "contoso-data".to_owned(), email: "Ben@live.com".to_owned() };
    bench.do_it(&Actor::Portal, accept).unwrap();
    bench.remove(OPERATOR_APPLICATION, None).unwrap();
    assert_eq!(bench.users_of("contoso-data"), ["ben@live.com owner Active", "mary@example.com contributor Active"]);
    assert_eq!(bench.remove("mary@example.com", None), refused(No::NoRole("contoso-data".to_owned())));

    let mut bench = with(|rules| rules.guard_last_owner = false);
    for key in ["grace@example.com", "publishing@example.com", OPERATOR_APPLICATION] {
        bench.remove(key, None).unwrap();
    }
}

#[test]
fn a_token_is_the_applications_for_its_time() {
    let mut bench = bench();
    let issue = || P::IssueToken { application_id: OPERATOR_APPLICATION.to_uppercase() };
    let Answer::Token(token) = bench.do_it(&operator(), issue()).unwrap() else { panic!("not a token") };
    assert!(!format!("{token:?}").contains(&token.text));
    assert_eq!(bench.world.bearer(&token.text, bench.now), Some(operator()));
    let last = bench.now + SignedDuration::from_secs(3598);
    assert_eq!(bench.world.bearer(&token.text, last), Some(operator()));
    assert_eq!(bench.world.bearer(&token.text, token.expires_at), None);
    let stranger = Actor::Application("00000000-0000-4000-8000-000000000000".to_owned());
    assert_eq!(bench.do_it(&stranger, issue()), Err(Refusal::Forbidden));
    bench.do_it(&Actor::Portal, P::RemoveApplication { application_id: OPERATOR_APPLICATION.to_owned() }).unwrap();
    assert_eq!(bench.world.bearer(&token.text, bench.now), None);
    assert!(matches!(bench.do_it(&operator(), issue()), Err(Refusal::Publisher(No::UnknownApplication(_)))));
}

#[test]
fn a_replay_of_the_same_commands_is_the_same_world_and_rules_of_old_are_read() {
    let run = || {
        let mut bench = bench();
        bench.add("contoso-data", user("ben@live.com"), PublisherRole::Owner).unwrap();
        bench.do_it(&operator(), P::IssueToken { application_id: OPERATOR_APPLICATION.to_owned() }).unwrap();
        bench.world
    };
    assert_eq!(run(), run());
    let old: Rules = serde_json::from_str(r#"{"guardOwnAdmin": false}"#).unwrap();
    assert_eq!(old.publishers, PublisherRules::default());
    let text = serde_json::to_string(&example_publishers()).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Command>>(&text).unwrap(), example_publishers());
}

fn step() -> impl Strategy<Value = (Actor, P)> {
    let who = prop::sample::select(vec![
        user("grace@example.com"),
        user("Mary@example.com"),
        user("ben@live.com"),
        user("ann@gmail.com"),
        Who::Group { email: "publishing@example.com".to_owned() },
        application(OPERATOR_APPLICATION),
    ]);
    let role = prop::sample::select(vec![PublisherRole::Owner, PublisherRole::Contributor]);
    let stale = prop::sample::select(vec![None, Some("0x0".to_owned())]);
    let actor = prop::sample::select(vec![Actor::Portal, operator(), principal("sa-roster")]);
    let publisher = prop::sample::select(vec!["contoso-data".to_owned(), "contoso-labs".to_owned()]);
    (actor, publisher, who, role, stale, 0..4_u8).prop_map(|(actor, publisher, who, role, version, kind)| {
        let command = match (kind, who.email().map(str::to_owned)) {
            (0, _) => P::AddUser { publisher, who, role, friendly_name: None },
            (1, _) => P::ChangeUser { publisher, who, role, friendly_name: None, version },
            (2, Some(email)) => P::AcceptInvitation { publisher, email },
            _ => P::RemoveUser { publisher, user: who.key(), version },
        };
        (actor, command)
    })
}

proptest! {
    #[test]
    fn an_owner_who_is_there_always_remains_and_a_refusal_changes_nothing(
        steps in prop::collection::vec(step(), 1..60)
    ) {
        let mut bench = bench();
        for (actor, command) in steps {
            let before = bench.world.clone();
            if bench.do_it(&actor, command).is_err() {
                prop_assert_eq!(&bench.world, &before);
            }
            for publisher in bench.world.contents(bench.now).publishers {
                prop_assert!(publisher.users.iter().any(|user| user.is_effective_owner()));
            }
        }
    }
}
