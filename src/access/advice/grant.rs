//! Advice about one grant, by itself and beside everything else that its principal holds. PURE.

use crate::access::{
    Catalogue, Key, Pattern, PrincipalKind, Scope,
    catalogue::{ORGANIZATION_ADMIN, Operation, Permission, Reach, Resource, Sure, holder},
    effective::{Held, Need, Whose, given},
};

use super::{Advice, Rule};

/// Fewest letters of a beginning that an owner's resources share, before advice calls it wide.
const NARROW_PREFIX: usize = 4;

/// Most other roles of one principal that a grant is compared with; beside more, only what is about the grant itself is told.
/// Comparing ten thousand with each other would take minutes.
pub const MOST_COMPARED: usize = 200;

/// A declared grant.
#[derive(Clone, Copy, Debug)]
pub struct Granted<'a> {
    /// What the principal is called, for sentences.
    pub who: &'a str,
    /// Of what kind it is, where that is known.
    pub kind: Option<PrincipalKind>,
    /// The role, and where.
    pub held: &'a Held,
}

/// What else the principal holds, without the grant itself.
#[derive(Clone, Copy, Debug)]
pub struct Rest<'a> {
    /// The roles, and where.
    pub held: &'a [Held],
}

/// What is worth knowing about a grant; nothing of one whose place cannot be read. Without `rest`, which may not be known yet, only
/// what is about the grant itself.
pub fn grant(catalogue: &Catalogue, granted: Granted<'_>, rest: Option<Rest<'_>>) -> Vec<Advice> {
    let Some(scope) = granted.held.scope() else { return Vec::new() };
    let look = Look { catalogue, granted, scope, rest: rest.unwrap_or(Rest { held: &[] }) };
    let alone = [
        look.metrics_viewer(),
        look.unverified(),
        look.keys(),
        look.goes_with_ksql(),
        look.statements(),
        look.assigner_on_all(),
        look.wide_owner(),
        look.steward(),
        look.new_admin(),
    ];
    let mut told: Vec<Advice> = alone.into_iter().flatten().collect();
    if rest.is_some_and(|rest| rest.held.len() <= MOST_COMPARED) {
        let compared = [
            look.consume_without_group(),
            look.clients_by_chance(),
            look.keys_for_others(),
            look.contained(),
            look.ksql_without_kafka(),
        ];
        told.extend(compared.into_iter().flatten());
    }
    told
}

struct Look<'a> {
    catalogue: &'a Catalogue,
    granted: Granted<'a>,
    scope: &'a Scope,
    rest: Rest<'a>,
}

impl Look<'_> {
    fn role(&self) -> &str {
        &self.granted.held.role
    }

    /// Whether the grant itself gives the operation on things of that kind, wherever these are.
    fn gives(&self, resource: Resource, operation: Operation) -> bool {
        gives(self.catalogue, self.granted.held, resource, operation)
    }

    /// The cluster that the grant is in, where it is in one.
    fn cluster(&self) -> Option<Scope> {
        let (environment, cluster) = (self.scope.value(Key::Environment)?, self.scope.value(Key::CloudCluster)?);
        Scope::cluster(environment, cluster).ok()
    }

    /// Whether anything else that the principal holds gives the operation on some thing of that kind in the cluster.
    fn rest_gives(&self, resource: Resource, operation: Operation, cluster: &Scope) -> bool {
        self.rest.held.iter().any(|held| {
            let near = held.scope().is_some_and(|scope| scope.covers(cluster) || cluster.covers(scope));
            near && gives(self.catalogue, held, resource, operation)
        })
    }

    fn metrics_viewer(&self) -> Option<Advice> {
        let who = self.granted.who;
        let person = self.granted.kind == Some(PrincipalKind::User) && self.role() == "MetricsViewer";
        person.then(|| {
            Advice::new(
                Rule::MetricsViewerForPerson,
                format!(
                    "`{who}` is a person, and MetricsViewer is meant for service accounts: declare Operator instead"
                ),
            )
        })
    }

    fn consume_without_group(&self) -> Option<Advice> {
        let cluster = self.cluster()?;
        let reads = self.scope.kind() == Key::Topic && self.gives(Resource::Topic, Operation::Read);
        if !reads || self.rest_gives(Resource::Group, Operation::Read, &cluster) {
            return None;
        }
        let (who, place) = (self.granted.who, cluster.describe());
        let unless = if self.granted.kind == Some(PrincipalKind::User) {
            "unless only the console is used, or partitions are assigned by hand"
        } else {
            "unless it assigns its partitions by hand"
        };
        Some(Advice::new(
            Rule::ConsumeWithoutGroup,
            format!(
                "`{who}` may read {} and no consumer group on {place}: declare DeveloperRead on a group as well, {unless}",
                self.scope.describe()
            ),
        ))
    }

    fn clients_by_chance(&self) -> Option<Advice> {
        let cluster = self.cluster()?;
        // Who makes, deletes or owns groups has a use for them without a topic.
        let reads = self.granted.kind == Some(PrincipalKind::User) && self.role() == "DeveloperRead";
        if !reads || self.scope.kind() != Key::Group || self.rest_gives(Resource::Topic, Operation::Read, &cluster) {
            return None;
        }
        let (who, place) = (self.granted.who, cluster.describe());
        Some(Advice::new(
            Rule::ClientsByChance,
            format!(
                "`{who}` may read groups and no topic on {place}, which only shows who consumes, and that not for ever: \
                 declare Operator to see consumers, or DeveloperRead on the topic to consume"
            ),
        ))
    }

    fn keys_for_others(&self) -> Option<Advice> {
        if self.role() != "ResourceKeyAdmin" || self.makes_own_keys(self.rest.held) {
            return None;
        }
        let who = self.granted.who;
        Some(Advice::new(
            Rule::KeysForOthersOnly,
            format!(
                "`{who}` may make keys for service accounts and none of its own: for those, declare Operator as well"
            ),
        ))
    }

    fn makes_own_keys(&self, held: &[Held]) -> bool {
        held.iter().filter_map(|it| Some((it, it.scope()?))).any(|(it, scope)| {
            let (operation, resource, whose) = (Operation::Create, Resource::ResourceKey, Whose::Own);
            let need = Need { operation, resource, place: scope.clone(), whose };
            !given(self.catalogue, std::slice::from_ref(it), &need).is_empty()
        })
    }

    fn contained(&self) -> Option<Advice> {
        let grant = self.granted.held;
        let outer = self.rest.held.iter().find(|it| contains(self.catalogue, it, grant))?;
        let who = self.granted.who;
        Some(Advice::new(
            Rule::ContainedBinding,
            format!("{grant} adds nothing: `{who}` has all of it by {outer}; delete one of the two"),
        ))
    }

    fn unverified(&self) -> Option<Advice> {
        let role = self.catalogue.role(self.role()).filter(|role| role.sure == Sure::Unverified)?;
        Some(Advice::new(
            Rule::UnverifiedRole,
            format!(
                "of {} no source verifies where it is bound or what it is called: the vendor may refuse it",
                role.name
            ),
        ))
    }

    /// What becomes of keys: an administrator's for ksqlDB open everything, other roles' stay, and those of `KsqlAdmin` end.
    fn keys(&self) -> Option<Advice> {
        let (who, role) = (self.granted.who, self.catalogue.role(self.role())?);
        if role.administrative && self.gives(Resource::Ksql, Operation::Create) {
            let said = format!(
                "a key for ksqlDB that `{who}` makes as {} keeps full access when this binding is gone: delete such keys \
                 then",
                role.name
            );
            return Some(Advice::new(Rule::KsqlKeysSurvive, said));
        }
        let end = role.caveats.iter().any(|caveat| caveat.id == "KsqlAdmin.keys-end");
        (!end && self.makes_own_keys(std::slice::from_ref(self.granted.held))).then(|| {
            let said =
                format!("keys that `{who}` makes as {} stay when this binding is gone: delete them then", role.name);
            Advice::new(Rule::KeysOutliveBinding, said)
        })
    }

    fn ksql_without_kafka(&self) -> Option<Advice> {
        let cluster = self.cluster()?;
        if self.role() != "KsqlAdmin" || self.rest_gives(Resource::Topic, Operation::Read, &cluster) {
            return None;
        }
        let who = self.granted.who;
        Some(Advice::new(
            Rule::KsqlAdminWithoutKafka,
            format!(
                "KsqlAdmin by itself gives `{who}` nothing in Kafka, and nothing else reaches the topics of {}: declare a \
                 role on those that are needed outside of ksqlDB",
                cluster.describe()
            ),
        ))
    }

    fn goes_with_ksql(&self) -> Option<Advice> {
        (self.scope.kind() == Key::Ksql).then(|| {
            let said = format!(
                "this binding goes with the {}: take the manifest out when that is deleted",
                self.scope.describe()
            );
            Advice::new(Rule::BindingGoesWithKsql, said)
        })
    }

    fn statements(&self) -> Option<Advice> {
        let flink = self.catalogue.role(self.role()).is_some_and(|role| !role.administrative);
        (flink && self.gives(Resource::Statement, Operation::Run)).then(|| {
            let said = format!(
                "Flink statements that `{}` runs are read by everybody with FlinkDeveloper or FlinkAdmin in that environment: \
                 run sensitive ones in an environment of their own",
                self.granted.who
            );
            Advice::new(Rule::StatementsAreVisible, said)
        })
    }

    fn assigner_on_all(&self) -> Option<Advice> {
        (self.role() == "Assigner" && self.scope.pattern() == Pattern::All).then(|| {
            let said = format!(
                "`{}` may run work as every service account, those of tomorrow among them: name the one that is needed",
                self.granted.who
            );
            Advice::new(Rule::AssignerOnAll, said)
        })
    }

    fn wide_owner(&self) -> Option<Advice> {
        let name = self.scope.steps().last().map_or("", |step| step.value.as_str());
        let wide = match self.scope.pattern() {
            Pattern::All => true,
            Pattern::Prefixed => name.chars().count() < NARROW_PREFIX,
            Pattern::Literal => false,
        };
        (wide && self.role() == "ResourceOwner").then(|| {
            let (who, kind) = (self.granted.who, self.scope.kind().noun());
            let said = if self.scope.pattern() == Pattern::All {
                format!("`{who}` owns every {kind} there, those of tomorrow among them: name the ones that are needed")
            } else {
                format!(
                    "`{who}` owns whatever others name so ({}): declare a longer beginning, or the names themselves",
                    self.scope.describe()
                )
            };
            Advice::new(Rule::WideOwner, said)
        })
    }

    fn steward(&self) -> Option<Advice> {
        let steward = self.role() == "DataSteward" && self.gives(Resource::Subject, Operation::Delete);
        steward.then(|| {
            let (who, place) = (self.granted.who, self.scope.describe());
            let said = format!(
                "`{who}` may delete every schema subject of {place}: declare DataDiscovery where searching the catalogue is \
                 enough, and DeveloperRead on the subjects where reading these is"
            );
            Advice::new(Rule::StewardDeletesSubjects, said)
        })
    }

    fn new_admin(&self) -> Option<Advice> {
        (self.role() == ORGANIZATION_ADMIN).then(|| {
            let said = format!(
                "the vendor writes to every OrganizationAdmin when `{}` becomes one, and its audit log has it as \
                 BindRoleForPrincipal where there is one: tell them before",
                self.granted.who
            );
            Advice::new(Rule::NewOrganizationAdmin, said)
        })
    }
}

/// Whether a role that is held gives the operation on some thing of that kind, of those that are where it is bound.
fn gives(catalogue: &Catalogue, held: &Held, resource: Resource, operation: Operation) -> bool {
    held.scope().is_some_and(|scope| {
        resource.can_be_at(scope) && catalogue.permissions(&held.role, scope).any(|it| it.allows(resource, operation))
    })
}

/// Whether everything that `inner` gives is given by `outer` as well. What is not known to be given is not contained, so a role
/// that nobody knows, or that lists nothing, never is. The same grant twice is no containment.
fn contains(catalogue: &Catalogue, outer: &Held, inner: &Held) -> bool {
    let (Some(at), Some(place)) = (outer.scope(), inner.scope()) else { return false };
    if outer.role == inner.role && at == place {
        return false;
    }
    let gives = |permission: &Permission, resource: Resource, operation: Operation| {
        catalogue
            .permissions(&outer.role, at)
            .filter(|it| it.allows(resource, operation))
            .any(|it| reaches_as_far(it, at, permission, place))
    };
    let mut rights = catalogue
        .permissions(&inner.role, place)
        .flat_map(|it| it.gives.iter().map(move |(resource, operations)| (it, *resource, operations)))
        .filter(|(permission, resource, _)| resource.can_be_at(place) && !is_above(permission, *resource, place))
        .peekable();
    rights.peek().is_some()
        && rights.all(|(permission, resource, operations)| {
            operations.iter().all(|operation| gives(permission, resource, *operation))
        })
}

/// Whether a permission within the place names what is above it, and so comes to nothing there.
fn is_above(permission: &Permission, resource: Resource, place: &Scope) -> bool {
    let kind = place.kind();
    let organization = resource == Resource::Organization && kind != Key::Organization;
    let environment = resource == Resource::Environment && !matches!(kind, Key::Organization | Key::Environment);
    permission.reach == Reach::Within && (organization || environment)
}

/// Whether a permission reaches everything that another one does, each from the place where it is bound.
fn reaches_as_far(outer: &Permission, at: &Scope, inner: &Permission, place: &Scope) -> bool {
    match (outer.reach, inner.reach) {
        (Reach::Organization, _) => true,
        (Reach::Within, Reach::Organization | Reach::Above) => *at == Scope::organization(),
        (Reach::Within, Reach::Within | Reach::Own | Reach::Others)
        | (Reach::Own, Reach::Own)
        | (Reach::OwnAbove, Reach::Own | Reach::OwnAbove)
        | (Reach::Others, Reach::Others)
        | (Reach::Above, Reach::Above) => at.covers(place),
        (Reach::Within | Reach::Own, Reach::OwnAbove) => at.covers(&holder(place).unwrap_or_else(|| place.clone())),
        (Reach::Above | Reach::Own | Reach::OwnAbove | Reach::Others, _) => false,
    }
}
