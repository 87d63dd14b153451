//! What an answer hinges on, and what it cannot see. No IO.

use crate::{
    access::{
        Catalogue, Key, Listing, PrincipalId, PrincipalKind, Scope,
        catalogue::{Resource, Sure},
        effective::{At, Held, Through},
        listing::ClusterKind,
    },
    plan::Inventory,
};

use super::{Able, Judged, answer::may, name};

/// Kinds of things that ACLs are about, too.
const KAFKA: [Resource; 3] = [Resource::Topic, Resource::Group, Resource::TransactionalId];

/// Whether the cluster that holds the place is one in which no roles exist.
pub(super) fn is_basic(place: &Scope, listing: &Listing) -> bool {
    let id = place.value(Key::CloudCluster);
    listing.clusters.iter().any(|it| Some(it.id.as_str()) == id && it.kind == ClusterKind::Basic)
}

/// What every answer says, whoever it is about.
pub(super) fn of_question(judged: &[Judged<'_>], yes: bool, listing: &Listing) -> Vec<String> {
    let mut notes = Vec::new();
    if judged.iter().any(|it| KAFKA.contains(&it.need.resource)) {
        let acl = if yes {
            "an ACL that denies wins over any role, and ACLs are not seen here"
        } else {
            "an ACL may allow it all the same, and ACLs are not seen here"
        };
        notes.push(acl.to_owned());
    }
    let granular = |it: &&Judged<'_>| it.need.place.kind().needs_granular_cluster();
    if !yes && let Some(it) = judged.iter().filter(granular).find(|it| is_basic(&it.need.place, listing)) {
        let id = it.need.place.value(Key::CloudCluster).unwrap_or_default();
        notes.push(format!(
            "`{id}` is a Basic cluster: no role can be bound to a topic, group, transactional id or connector in it"
        ));
    }
    notes
}

/// What the answer about somebody hinges on.
pub(super) fn of_somebody(
    id: &PrincipalId,
    groups: &[PrincipalId],
    held: &[Held],
    judged: &[Judged<'_>],
    listing: &Listing,
) -> Vec<String> {
    let mut notes = Vec::new();
    if judged.iter().flat_map(|it| &it.given).any(|it| matches!(it.held.through, Through::Mapping(_))) {
        notes.push(
            "this counts on membership in a group, which cannot be read from the vendor; what it gives acts in sessions by \
             single sign-on, not for API keys"
                .to_owned(),
        );
    }
    let surely = |it: &Judged<'_>| it.given.is_empty() || it.given.iter().any(|it| it.permission.sure == Sure::Stated);
    if !judged.iter().all(surely) {
        notes.push(
            "this rests on what is inferred or not verified, and not on what the vendor states: `roster roles show` says more"
                .to_owned(),
        );
    }
    for group in groups.iter().filter(|group| !listing.bindings.iter().any(|it| it.principal == **group)) {
        notes.push(format!(
            "nothing is bound to the group mapping `{group}`: `--group` takes its id, as in `group-abc`"
        ));
    }
    let unread: Vec<String> =
        held.iter().filter(|it| matches!(it.at, At::Unread(_))).map(|it| format!("`{it}`")).collect();
    if !unread.is_empty() {
        notes.push(format!("not counted, since its place is of a form that is not known here: {}", unread.join(", ")));
    }
    notes.extend(invited(std::iter::once(id), listing));
    notes
}

/// Who of them has not accepted an invitation yet.
pub(super) fn invited<'a>(ids: impl Iterator<Item = &'a PrincipalId>, listing: &Listing) -> Option<String> {
    let inventory = Inventory::new(Listing { invitations: listing.invitations.clone(), ..Listing::default() });
    let names: Vec<String> =
        ids.filter(|id| inventory.is_invited(id)).map(|id| format!("`{}`", name(id, listing))).collect();
    match names.as_slice() {
        [] => None,
        [one] => Some(format!("{one} is only invited: bindings of theirs act when they have accepted")),
        many => Some(format!("{} are only invited: bindings of theirs act when they have accepted", many.join(", "))),
    }
}

/// That clients are seen by whoever has anything in the cluster, where nothing that can be relied on shows them.
pub(super) fn clients(catalogue: &Catalogue, held: &[Held], judged: &[Judged<'_>]) -> Option<String> {
    let asked = judged.iter().find(|it| it.need.resource == Resource::Client && it.given.is_empty())?;
    let id = asked.need.place.value(Key::CloudCluster)?;
    held.iter().filter_map(Held::scope).find(|it| it.value(Key::CloudCluster) == Some(id))?;
    let rule = catalogue.rules().iter().find(|it| it.id == "clients-are-visible")?;
    Some(format!("{} ({})", rule.says, rule.id))
}

/// Of whom nobody says whether they can.
pub(super) fn unsure(unsure: &[Able<'_>]) -> Option<String> {
    let one = |it: &Able<'_>| {
        let ways: Vec<String> = it.judged.iter().flat_map(|it| &it.unsaid).map(may).collect();
        format!("`{}` ({})", it.name, ways.join("; "))
    };
    let all: Vec<String> = unsure.iter().map(one).collect();
    (!all.is_empty()).then(|| format!("not known of {}", all.join(", ")))
}

/// What is said where the mappings that nobody declares would give it.
pub(super) fn by_default(catalogue: &Catalogue) -> String {
    let names: Vec<String> = catalogue.defaults().iter().map(|it| format!("`{}`", it.mapping)).collect();
    format!(
        "everybody who signs in by single sign-on can, by the default mapping {}, unless an administrator has changed it",
        names.join(" and ")
    )
}

/// What `who` cannot join, where mappings hold bindings.
pub(super) fn mappings(listing: &Listing) -> Option<String> {
    let some = listing.bindings.iter().any(|it| it.principal.kind() == Some(PrincipalKind::GroupMapping));
    some.then(|| {
        "who is in a group cannot be read from the vendor: what somebody can only by bindings of their own and of a group \
         together is not found here; ask `roster can WHO … --group ID`"
            .to_owned()
    })
}

/// What an answer from manifests leaves out.
pub(super) fn of_manifests(left_out: usize) -> String {
    let refused = match left_out {
        0 => String::new(),
        1 => "; one object would be refused and is left out: see `roster lint`".to_owned(),
        many => format!("; {many} objects would be refused and are left out: see `roster lint`"),
    };
    format!("this is what the manifests declare, whatever else is granted{refused}")
}
