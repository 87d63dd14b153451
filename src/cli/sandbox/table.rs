//! The remote side as a table, and the lines to try next. No IO.

use comfy_table::{ContentArrangement, Table, presets};

use crate::{
    access::{Crn, PrincipalId},
    simulator::{Simulator, world::publisher::PublisherUser},
};

use super::cluster::Cluster;

/// Everybody in the simulated organization, with every role.
pub(super) fn remote(simulator: &Simulator) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["PRINCIPAL", "ID", "ROLE", "SCOPE"]);
    let rows = simulator.inspect(|world, at| {
        let contents = world.contents(at);
        let name = |id: &PrincipalId| {
            let user = contents.users.iter().find(|user| user.id == id.as_str()).map(|user| user.email.clone());
            let account = contents.service_accounts.iter().find(|account| account.id == id.as_str());
            user.or_else(|| account.map(|account| account.display_name.clone())).unwrap_or_default()
        };
        let mut rows: Vec<[String; 4]> = contents
            .bindings
            .iter()
            .map(|binding| {
                let place = binding.crn.parse::<Crn>().map_or_else(|_| binding.crn.clone(), |crn| crn.scope.describe());
                [name(&binding.principal), binding.principal.to_string(), binding.role.clone(), place]
            })
            .collect();
        let idle =
            contents.users.iter().filter(|user| !contents.bindings.iter().any(|it| it.principal.as_str() == user.id));
        rows.extend(idle.map(|user| [user.email.clone(), user.id.clone(), "(none)".to_owned(), String::new()]));
        rows.sort();
        rows
    });
    table.add_rows(rows);
    format!("{table}\n")
}

/// Everybody on a publisher of the simulated portal.
pub(super) fn portal(simulator: &Simulator, publisher: &str) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["USER", "ROLE", "STATE", "NAME"]);
    let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let rows = simulator.inspect(|world, at| {
        let found = world.contents(at).publishers.into_iter().find(|it| it.publisher.id == publisher);
        let users = found.map(|found| found.users).unwrap_or_default();
        let row = |user: &&PublisherUser| {
            let state = word(serde_json::to_value(user.state).unwrap_or_default());
            [user.who.key(), user.role.as_str().to_owned(), state, user.friendly_name.clone().unwrap_or_default()]
        };
        users.iter().map(row).collect::<Vec<[String; 4]>>()
    });
    table.add_rows(rows);
    format!("{table}\n")
}

/// What a person would try next.
pub(super) fn next(cluster: &Cluster, url: &str) -> String {
    let kubectl = cluster.kubectl_path();
    let kubeconfig = cluster.kubeconfig().display();
    let (namespace, portal) = (super::example::ONBOARDING, super::example::PUBLISHER);
    format!(
        "\nTry next, in another terminal:\n\
         \n  export KUBECONFIG={kubeconfig}\
         \n  alias kubectl={kubectl}\
         \n\
         \n  kubectl get access -A                                   # everything\
         \n  kubectl describe cuser -n {namespace}                    # what the on-call engineer reads\
         \n  kubectl patch corg example --type=merge -p '{{\"spec\":{{\"protection\":{{\"minimumOrganizationAdmins\":0}}}}}}'   # an edit that is refused\
         \n  kubectl delete arb --all -n {namespace}                  # a deletion: the access goes with the object\
         \n  kubectl describe pubuser -n {portal}                   # a publisher's users, with advice\
         \n  curl -s {url}/simulator/state                           # the remote side, all of it\
         \n\
         \nCtrl-C ends it, and nothing is left behind.\n"
    )
}
